/** `berth snapshot …`: the files in snapshots, to look at, to find, to compare and to put back. */
import type { SnapshotEntry } from '#contract/snapshots.ts';
import type { SnapshotId } from '#contract/ids.ts';
import { formatBytes, formatInstant, formatMode } from './amounts.ts';
import { awaitHost, lookAtHosts } from './await-host.ts';
import { readAll } from './collections.ts';
import type { Command, Context } from './command.ts';
import { CommandFailure, TypedWrong } from './failure.ts';
import { labelOf } from './find-snapshot.ts';
import { findWorkspace } from './find-workspace.ts';
import { followCall } from './follow-operation.ts';
import { describeComparison } from './restore-plan.ts';
import { readySnapshot, readySnapshots, readyWorkspace, snapshotList } from './snapshot-commands.ts';
import { entryPath } from './snapshot-flags.ts';
import { formatTable } from './table.ts';

/** Entries that are asked for at once; the most that the plane gives. */
const pageSize = 1000;

/** The entries of a folder, page by page, however many. */
async function* pagesOf({ client }: Context, id: SnapshotId, path: string): AsyncGenerator<SnapshotEntry[]> {
  for (let offset = 0; ; ) {
    const { entries, total } = await client.call('snapshots.browse', { id, path, offset, limit: pageSize });
    yield entries;
    offset += entries.length;
    if (entries.length === 0 || offset >= total) return;
  }
}

async function entriesOf(context: Context, id: SnapshotId, path: string): Promise<SnapshotEntry[]> {
  const pages: SnapshotEntry[][] = [];
  for await (const page of pagesOf(context, id, path)) pages.push(page);
  return pages.flat();
}

/** The entry at a path; undefined for the root, which is in no folder. @throws CommandFailure */
export async function entryAt(
  context: Context,
  id: SnapshotId,
  path: string,
): Promise<SnapshotEntry | undefined> {
  if (path === '.') return undefined;
  const slash = path.lastIndexOf('/');
  for await (const page of pagesOf(context, id, slash === -1 ? '.' : path.slice(0, slash))) {
    const entry = page.find((one) => one.path === path);
    if (entry !== undefined) return entry;
  }
  throw new CommandFailure(`The snapshot has no "${path}". Look around with: berth snapshot ls`);
}

const compare: Command = {
  name: 'snapshot compare',
  aliases: ['snapshot diff'],
  words: '<workspace> <a> [<b>|--live]',
  wordCount: { min: 2, max: 3 },
  summary: 'Shows what differs from one snapshot to another, or to the files of now.',
  flags: { live: { help: 'Compares with what the workspace has now, as without a second snapshot.' } },
  read: (typed) => {
    const [word = '', ...snapshotWords] = typed.words;
    if (typed.has('live') && snapshotWords.length > 1)
      throw new TypedWrong('Name a second snapshot or say --live, not both.');
    return async (context) => {
      const { subject, snapshots } = await readySnapshots(context, word, snapshotWords);
      if (snapshotWords.length === 1) await readyWorkspace(context, subject.id);
      const [from, to = from] = snapshots;
      if (from === undefined || to === undefined) throw new TypedWrong('Name a snapshot.');
      const otherId = snapshotWords.length === 1 ? null : to.id;
      const comparison = await context.client.call('snapshots.compare', {
        id: from.id,
        otherId,
        limit: 5000,
      });
      return { json: comparison, lines: describeComparison(comparison) };
    };
  },
};

const search: Command = {
  name: 'snapshot search',
  words: '<words>…',
  wordCount: { min: 1, max: 100 },
  summary: 'Finds files over all snapshots by words of their path; * and ? as in a shell.',
  flags: { workspace: { value: 'WORKSPACE', help: 'Looks only at this one’s snapshots.' } },
  read: (typed) => {
    const query = typed.words.join(' ');
    const word = typed.text('workspace');
    return async (context) => {
      const subject = word === undefined ? undefined : await findWorkspace(context, word);
      await lookAtHosts(context, subject === undefined ? undefined : [subject.hostId]);
      const result = await context.client.call('snapshots.search', {
        query,
        workspaceId: subject?.id ?? null,
        limit: 500,
      });
      const snapshots = new Map(
        (await readAll(context.client, 'snapshots.watch')).map((one) => [one.id, one]),
      );
      const rows = result.hits.flatMap(({ path, found }) =>
        found.map(({ snapshotId, entry }) => {
          const snapshot = snapshots.get(snapshotId);
          return [
            formatBytes(entry.sizeBytes),
            formatInstant(new Date(entry.modifiedAtMs).toISOString()),
            snapshot?.workspaceName ?? '–',
            snapshot === undefined ? snapshotId : (snapshot.name ?? snapshot.id),
            path,
          ];
        }),
      );
      const headings = ['SIZE', 'CHANGED', 'WORKSPACE', 'SNAPSHOT', 'PATH'];
      const { notSearched, isTruncated } = result;
      return {
        json: result,
        lines: [
          ...(rows.length === 0 ? ['Nothing was found.'] : formatTable({ headings, rows, right: [0] })),
          ...(isTruncated ? ['There is more than is shown. More words find less.'] : []),
          ...(notSearched > 0 ? [`${notSearched} not searched: their host is away.`] : []),
        ],
      };
    };
  },
};

const ls: Command = {
  name: 'snapshot ls',
  words: '[<workspace> [<snapshot> [<path>]]]',
  wordCount: { min: 0, max: 3 },
  summary: 'Lists snapshots, as snapshot list does; with a snapshot, a folder of it, or one file.',
  flags: {},
  read: (typed) => {
    if (typed.words.length < 2) return snapshotList.read(typed);
    const [word = '', snapshotWord = '', pathWord = '.'] = typed.words;
    return async (context) => {
      const { snapshot } = await readySnapshot(context, word, snapshotWord);
      const path = entryPath(pathWord, snapshot.mountPoint);
      const itself = await entryAt(context, snapshot.id, path);
      const isFolder = itself === undefined || itself.kind === 'folder';
      const entries = isFolder ? await entriesOf(context, snapshot.id, path) : [itself];
      const rows = entries.map((entry) => [
        formatMode(entry.kind, entry.mode),
        String(entry.uid),
        String(entry.gid),
        entry.kind === 'folder' ? '–' : formatBytes(entry.sizeBytes),
        formatInstant(new Date(entry.modifiedAtMs).toISOString()),
        entryName(entry),
      ]);
      const headings = ['MODE', 'USER', 'GROUP', 'SIZE', 'CHANGED', 'NAME'];
      return {
        json: entries,
        lines: rows.length === 0 ? ['It is empty.'] : formatTable({ headings, rows, right: [1, 2, 3] }),
      };
    };
  },
};

function entryName({ path, kind, target }: SnapshotEntry): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (kind === 'folder') return `${name}/`;
  return target === null ? name : `${name} -> ${target}`;
}

const putBack: Command = {
  name: 'snapshot put-back',
  words: '<workspace> <snapshot> <path>…',
  wordCount: { min: 3, max: 102 },
  summary: 'Puts files or folders back into the workspace; what is there is kept beside them.',
  flags: {},
  read: (typed) => {
    const [word = '', snapshotWord = '', ...pathWords] = typed.words;
    return async (context) => {
      await readyWorkspace(context, word);
      const { subject, snapshot } = await readySnapshot(context, word, snapshotWord);
      await awaitHost(context, snapshot.hostId);
      const paths = [...new Set(pathWords.map((one) => entryPath(one, snapshot.mountPoint)))];
      const operation = await followCall(context, () =>
        context.client.call('snapshots.putBack', { id: snapshot.id, paths }),
      );
      const lines = paths.map((path) => `Put "${path}" of ${labelOf(snapshot)} back into "${subject.name}".`);
      return { json: operation, lines };
    };
  },
};

export const snapshotFileCommands: readonly Command[] = [compare, search, ls, putBack];
