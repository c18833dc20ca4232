/** The files and folders of one snapshot as a tree: folders are read when they are opened, long ones page by page. */
import {
  Cpu,
  File,
  FileSymlink,
  Folder as FolderIcon,
  FolderOpen,
  Link,
  type LucideIcon,
  Workflow,
} from 'lucide-react';
import { useCallback } from 'react';
import type { SnapshotEntry } from '#contract/snapshots.ts';
import { formatBytes } from '../../components/format.ts';
import type { MenuEntry } from '../../components/menu.tsx';
import { RowTree } from '../../components/row-tree.tsx';
import { EntryName } from './entry-name.tsx';
import { type EntryRow, entryRows, findEntry, folderOfRow } from './entry-rows.ts';
import type { EntryStore } from './entry-store.ts';
import { baseName, kindWords } from './entry-words.ts';

const icons: Readonly<Record<SnapshotEntry['kind'], LucideIcon>> = {
  file: File,
  folder: FolderIcon,
  link: FileSymlink,
  'hard-link': Link,
  fifo: Workflow,
  device: Cpu,
};

export interface EntryTreeProps {
  readonly label: string;
  readonly entries: EntryStore;
  readonly rows: readonly EntryRow[];
  readonly checked: ReadonlySet<string>;
  readonly currentKey: string | null;
  readonly onCurrent: (row: EntryRow) => void;
  readonly onCheck: (path: string) => void;
  readonly onOpen: (entry: SnapshotEntry) => void;
  readonly menuFor: (entry: SnapshotEntry) => readonly MenuEntry[];
}

export function EntryTree(props: EntryTreeProps) {
  const { label, entries, rows, checked, currentKey, onCurrent, onCheck, onOpen, menuFor } = props;
  const look = useCallback(
    (first: number, last: number) => {
      const wanted = new Map<string, { first: number; last: number }>();
      for (const row of rows.slice(first, last + 1)) {
        if (row.kind !== 'waiting') continue;
        const range = wanted.get(row.folder);
        wanted.set(row.folder, { first: range?.first ?? row.index, last: row.index });
      }
      for (const [folder, range] of wanted) entries.need(folder, range.first, range.last);
    },
    [entries, rows],
  );
  const find = async (text: string, from: number) => {
    const row = rows[from];
    const hasHoles = row !== undefined && rows.some((one) => one.kind === 'waiting');
    if (!hasHoles) return rows[findEntry(rows, text, from)];
    // Names that are not here yet may come before what was found: all of the folder is read first.
    await entries.readAll(folderOfRow(row)).catch(() => undefined);
    const read = entryRows(entries.store.getState(), checked);
    return read[findEntry(read, text, from)];
  };
  return (
    <RowTree
      label={label}
      rows={rows}
      currentKey={currentKey}
      onCurrent={onCurrent}
      onFold={(row, isOpen) => entries.setOpen(row.key, isOpen)}
      onOpen={(row) => {
        if (row.kind === 'entry') onOpen(row.entry);
        if (row.kind === 'failed') entries.retry(row.folder);
      }}
      onCheck={(row) => onCheck(row.key)}
      find={find}
      menuFor={(row) => (row.kind === 'entry' ? menuFor(row.entry) : [])}
      onVisible={look}
      className="h-full"
    >
      {(row) => <Content row={row} onRetry={(folder) => entries.retry(folder)} />}
    </RowTree>
  );
}

function Content({ row, onRetry }: { row: EntryRow; onRetry: (folder: string) => void }) {
  switch (row.kind) {
    case 'waiting':
      return (
        <>
          <span className="sr-only">Not read yet</span>
          <span aria-hidden className="h-2.5 w-40 max-w-[60%] rounded-sm bg-hover" />
        </>
      );
    case 'empty':
      return <span className="text-muted">An empty folder</span>;
    case 'failed':
      return (
        <>
          <span className="min-w-0 truncate text-failed" title={row.error.message}>
            {row.error.message}
          </span>
          <button
            type="button"
            tabIndex={-1}
            onClick={() => onRetry(row.folder)}
            className="shrink-0 rounded-sm px-1 text-accent hover:underline"
          >
            Read again
          </button>
        </>
      );
    case 'entry': {
      const { entry } = row;
      const Icon = entry.kind === 'folder' && row.isOpen ? FolderOpen : icons[entry.kind];
      return (
        <>
          <Icon aria-hidden size={15} strokeWidth={1.75} className="shrink-0 text-muted" />
          <span className="min-w-0 flex-1 truncate" title={baseName(entry.path)}>
            <EntryName name={baseName(entry.path)} />
            {entry.target !== null && (
              <span className="text-muted">
                {' '}
                → <EntryName name={entry.target} />
              </span>
            )}
          </span>{' '}
          {entry.kind === 'file' ? (
            <span className="tabular shrink-0 text-meta text-muted">{formatBytes(entry.sizeBytes)}</span>
          ) : (
            entry.kind !== 'folder' && (
              <span className="shrink-0 text-meta text-muted">{kindWords[entry.kind]}</span>
            )
          )}
        </>
      );
    }
    default:
      return row satisfies never;
  }
}
