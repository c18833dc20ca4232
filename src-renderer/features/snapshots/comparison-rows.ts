/** The changes of a comparison as a tree: folders that hold changes, and the changes in them. Pure. */
import type { EntryChange, SnapshotComparison, SnapshotEntry } from '#contract/snapshots.ts';
import type { TreeRow } from '../../components/row-tree.tsx';

export type ChangeFilter = 'all' | EntryChange['change'];

export interface ChangeRow extends TreeRow {
  /** Of a folder that only holds changes: the path from the row above, as "src/routes". */
  readonly name: string;
  readonly path: string;
  readonly change: EntryChange | null;
  /** Changes below it. */
  readonly count: number;
}

export function filteredChanges(
  changes: readonly EntryChange[],
  filter: ChangeFilter,
  text: string,
): EntryChange[] {
  const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return changes.filter(
    ({ change, path }) =>
      (filter === 'all' || change === filter) &&
      words.every((word) => path.toLocaleLowerCase().includes(word)),
  );
}

interface Node {
  readonly path: string;
  readonly name: string;
  change: EntryChange | null;
  readonly children: Map<string, Node>;
}

function treeOf(changes: readonly EntryChange[]): Node {
  const root: Node = { path: '.', name: '', change: null, children: new Map() };
  for (const change of changes) {
    let node = root;
    if (change.path !== '.')
      for (const name of change.path.split('/')) {
        let child = node.children.get(name);
        if (!child) {
          const path = node === root ? name : `${node.path}/${name}`;
          child = { path, name, change: null, children: new Map() };
          node.children.set(name, child);
        }
        node = child;
      }
    node.change = change;
  }
  return root;
}

/** A folder that is not changed itself and holds one folder stands in one row with it. */
function joined(node: Node): Node {
  const [only] = node.children.values();
  if (node.change !== null || node.children.size !== 1 || !only || only.children.size === 0) return node;
  if (only.change !== null) return node;
  const next = joined(only);
  return { ...next, name: `${node.name}/${next.name}` };
}

function changesIn(node: Node): number {
  let count = 0;
  for (const child of node.children.values()) count += changesIn(child) + (child.change ? 1 : 0);
  return count;
}

export function changeRows(changes: readonly EntryChange[], folded: ReadonlySet<string>): ChangeRow[] {
  const rows: ChangeRow[] = [];
  const root = treeOf(changes);
  if (root.change !== null)
    rows.push({
      ...{ key: '.', level: 1, position: 1, siblings: 1, isOpen: null, parentKey: null },
      ...{ name: 'the folder itself', path: '.', change: root.change, count: 0 },
    });
  const add = (node: Node, level: number, parentKey: string | null) => {
    const siblings = node.children.size;
    for (const [index, own] of [...node.children.values()].entries()) {
      const child = joined(own);
      const isOpen = child.children.size === 0 ? null : !folded.has(child.path);
      rows.push({
        ...{ key: child.path, level, position: index + 1, siblings, isOpen, parentKey },
        ...{ name: child.name, path: child.path, change: child.change, count: changesIn(child) },
      });
      if (isOpen) add(child, level + 1, child.path);
    }
  };
  add(root, 1, null);
  return rows;
}

/** Whether anything differs at all. */
export function isIdentical({ added, removed, changed }: SnapshotComparison): boolean {
  return added + removed + changed === 0;
}

/** By how much the changed files grew, in bytes. Null: not all changes are listed. */
export function changedBytes(comparison: SnapshotComparison): number | null {
  if (comparison.isTruncated) return null;
  return comparison.changes
    .filter(({ change }) => change === 'changed')
    .reduce((sum, { before, after }) => sum + (after?.sizeBytes ?? 0) - (before?.sizeBytes ?? 0), 0);
}

export const whatWords: Readonly<Record<EntryChange['what'][number], string>> = {
  content: 'content',
  kind: 'kind',
  mode: 'permissions',
  owner: 'owner',
  time: 'time',
  target: 'target',
  attributes: 'attributes',
};

/** Growth of one change in bytes; null where it has no content. */
export function growthOf({ before, after }: EntryChange): number | null {
  const size = (entry: SnapshotEntry | null) => (entry?.kind === 'file' ? entry.sizeBytes : null);
  const was = size(before);
  const is = size(after);
  return was === null && is === null ? null : (is ?? 0) - (was ?? 0);
}
