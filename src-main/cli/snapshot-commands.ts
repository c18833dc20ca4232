/** `berth snapshot …`: making snapshots, going back to them, and keeping them in order. */
import { formatBytes, formatInstant } from './amounts.ts';
import { awaitHost, lookAtHosts } from './await-host.ts';
import { readAll } from './collections.ts';
import { type Answer, type Command, type Context, type PlaneCommand, yesFlag } from './command.ts';
import { cancelled } from './failure.ts';
import { findSnapshot, findSnapshots, labelOf, latest, newestFirst } from './find-snapshot.ts';
import { findWorkspace, presentWorkspace, type Subject } from './find-workspace.ts';
import { followCall, followOperation } from './follow-operation.ts';
import { describeRestorePlan } from './restore-plan.ts';
import { consistencyFlag, consistencyOf, newSnapshotName } from './snapshot-flags.ts';
import { formatTable } from './table.ts';
import type { Snapshot } from '#contract/snapshots.ts';

export async function readyWorkspace(context: Context, word: string): Promise<Subject> {
  const subject = await findWorkspace(context, word);
  presentWorkspace(subject);
  await awaitHost(context, subject.hostId);
  return subject;
}

/** The host of a snapshot is its workspace's, unless that one has moved. */
export async function readySnapshots(
  context: Context,
  word: string,
  snapshotWords: readonly string[],
): Promise<{ readonly subject: Subject; readonly snapshots: Snapshot[] }> {
  const subject = await findWorkspace(context, word);
  await awaitHost(context, subject.hostId);
  const snapshots = await findSnapshots(context, subject, snapshotWords);
  for (const hostId of new Set(snapshots.map((snapshot) => snapshot.hostId)))
    if (hostId !== subject.hostId) await awaitHost(context, hostId);
  return { subject, snapshots };
}

export async function readySnapshot(
  context: Context,
  word: string,
  snapshotWord: string,
): Promise<{ readonly subject: Subject; readonly snapshot: Snapshot }> {
  const { subject, snapshots } = await readySnapshots(context, word, [snapshotWord]);
  return { subject, snapshot: snapshots[0] ?? (await findSnapshot(context, subject, snapshotWord)) };
}

/** Shows what will happen, and asks unless told not to. */
export async function agreed(
  { terminal, interrupts }: Context,
  { lines, question, isYes }: { lines: readonly string[]; question: string; isYes: boolean },
): Promise<void> {
  for (const line of lines) terminal.note(line);
  if (isYes) return;
  const interrupted = new AbortController();
  const isAgreed = await interrupts.during(
    () => interrupted.abort(),
    () => terminal.confirm(question, interrupted.signal),
  );
  if (!isAgreed) throw cancelled('Nothing was changed.');
}

const create: Command = {
  name: 'snapshot create',
  words: '<workspace> [<snapshot>]',
  wordCount: { min: 1, max: 2 },
  summary: 'Makes a snapshot of a workspace, on its host.',
  flags: {
    note: { value: 'TEXT', help: 'What a person should know about it.' },
    consistency: consistencyFlag,
    before: { value: 'CMD', help: 'Runs in the workspace before; its failure stops the snapshot.' },
    after: { value: 'CMD', help: 'Runs in the workspace when it goes on.' },
  },
  details: ['Without flags the workspace’s rules say how: berth snapshot rules <workspace>'],
  read: (typed) => {
    const [word = '', nameWord] = typed.words;
    const name = nameWord === undefined ? null : newSnapshotName(nameWord);
    const [note, before, after] = [typed.text('note'), typed.text('before'), typed.text('after')];
    const consistency = consistencyOf(typed.text('consistency'));
    return async (context) => {
      const { id } = await readyWorkspace(context, word);
      const snapshotId = await followOperation(context, async () => {
        const made = await context.client.call('snapshots.create', {
          workspaceId: id,
          name,
          ...(note === undefined ? {} : { note }),
          ...(consistency === undefined ? {} : { consistency }),
          ...(before === undefined ? {} : { beforeCommand: before }),
          ...(after === undefined ? {} : { afterCommand: after }),
        });
        return { operation: made.operation, result: made.snapshotId };
      });
      const snapshots = await readAll(context.client, 'snapshots.watch');
      const snapshot = snapshots.find((one) => one.id === snapshotId);
      return {
        json: snapshot ?? { id: snapshotId },
        lines: [
          snapshot === undefined
            ? `Made ${snapshotId}.`
            : `Made ${labelOf(snapshot)}, ${formatBytes(snapshot.sizeBytes)}: ${snapshotId}`,
          ...(snapshot?.isChangedWhileRead === true
            ? ['Files changed while they were read; they may not fit together.']
            : []),
        ],
      };
    };
  },
};

const restore: Command = {
  name: 'snapshot restore',
  words: '<workspace> [<snapshot>]',
  wordCount: { min: 1, max: 2 },
  summary: 'Takes a workspace back to a snapshot; without one, to the newest.',
  flags: { 'no-safety': { help: 'Makes no snapshot of the present files first.' }, yes: yesFlag },
  details: [
    'Shows what will change, end and stay, and asks. For some time it can be undone: berth snapshot undo <workspace>',
  ],
  read: (typed) => {
    const [word = '', snapshotWord = latest] = typed.words;
    return async (context) => {
      await readyWorkspace(context, word);
      const { subject, snapshot } = await readySnapshot(context, word, snapshotWord);
      const plan = await context.client.call('snapshots.restorePlan', { id: snapshot.id });
      const makesSafetySnapshot = plan.makesSafetySnapshot && !typed.has('no-safety');
      await agreed(context, {
        lines: describeRestorePlan(plan, makesSafetySnapshot),
        question: `Restore "${subject.name}"?`,
        isYes: typed.has('yes'),
      });
      const operation = await followCall(context, () =>
        context.client.call('snapshots.restore', { id: snapshot.id, makesSafetySnapshot }),
      );
      const line = `Restored "${subject.name}" to ${labelOf(snapshot)}. To take that back: berth snapshot undo ${subject.id}`;
      return { json: operation, lines: [line] };
    };
  },
};

function verifiedWord({ problem, verifiedAt }: Snapshot): string {
  if (problem !== null) return 'damaged';
  return verifiedAt === null ? 'no' : formatInstant(verifiedAt);
}

function noteWord({ isPinned, reason, isHostAway, note }: Snapshot): string {
  const marks = [
    ...(isPinned ? ['pinned'] : []),
    ...(reason === 'safety' ? ['before a restore'] : []),
    ...(isHostAway ? ['host away'] : []),
  ];
  return [...(marks.length === 0 ? [] : [`[${marks.join(', ')}]`]), note].join(' ').trim();
}

export const snapshotList: PlaneCommand = {
  name: 'snapshot list',
  words: '[<workspace>]',
  wordCount: { min: 0, max: 1 },
  summary: 'Lists snapshots, the newest first.',
  flags: {},
  read: (typed) => {
    const [word] = typed.words;
    return async (context) => {
      const subject = word === undefined ? undefined : await findWorkspace(context, word);
      await lookAtHosts(context, subject === undefined ? undefined : [subject.hostId]);
      const all = newestFirst(await readAll(context.client, 'snapshots.watch'));
      const snapshots = all.filter((one) => subject === undefined || one.workspaceId === subject.id);
      const shared = ['name', 'id', 'made', 'size', 'consistency', 'verified', 'note'];
      const rows = snapshots.map((one) => [
        ...(subject === undefined ? [one.workspaceName] : []),
        one.name ?? '–',
        one.id,
        formatInstant(one.createdAt),
        formatBytes(one.sizeBytes),
        one.consistency,
        verifiedWord(one),
        noteWord(one),
      ]);
      const headings = [...(subject === undefined ? ['workspace'] : []), ...shared].map((text) =>
        text.toUpperCase(),
      );
      const right = [headings.indexOf('SIZE')];
      const { columns } = context.terminal;
      return {
        json: snapshots,
        lines:
          rows.length === 0 ? ['There are no snapshots.'] : formatTable({ headings, rows, right, columns }),
      };
    };
  },
};

const undo: Command = {
  name: 'snapshot undo',
  words: '<workspace>',
  wordCount: { min: 1, max: 1 },
  summary: 'Takes the last restore of a workspace back.',
  flags: {},
  read: (typed) => {
    const [word = ''] = typed.words;
    return async (context) => {
      const { id, name } = await readyWorkspace(context, word);
      const operation = await followCall(context, () =>
        context.client.call('snapshots.undoRestore', { workspaceId: id }),
      );
      return { json: operation, lines: [`"${name}" has the files from before its restore again.`] };
    };
  },
};

const verify: Command = {
  name: 'snapshot verify',
  words: '<workspace> <snapshot>',
  wordCount: { min: 2, max: 2 },
  summary: 'Reads every byte of a snapshot and compares it with what was written down.',
  flags: {},
  read: (typed) => {
    const [word = '', snapshotWord = ''] = typed.words;
    return async (context) => {
      const { snapshot } = await readySnapshot(context, word, snapshotWord);
      const operation = await followCall(context, () =>
        context.client.call('snapshots.verify', { id: snapshot.id }),
      );
      return { json: operation, lines: [`${labelOf(snapshot)} is good.`] };
    };
  },
};

const destroy: Command = {
  name: 'snapshot delete',
  aliases: ['snapshot rm'],
  words: '<workspace> <snapshot>…',
  wordCount: { min: 2, max: 1001 },
  summary: 'Deletes snapshots, for good.',
  flags: { yes: yesFlag },
  read: (typed) => {
    const [word = '', ...snapshotWords] = typed.words;
    return async (context) => {
      const { subject, snapshots } = await readySnapshots(context, word, snapshotWords);
      const labels = snapshots.map((one) => `  ${labelOf(one)}, ${formatBytes(one.sizeBytes)}`);
      await agreed(context, {
        lines: [`Deletes for good, of "${subject.name}":`, ...labels],
        question: snapshots.length === 1 ? 'Delete it?' : `Delete these ${snapshots.length}?`,
        isYes: typed.has('yes'),
      });
      const operation = await followCall(context, () =>
        context.client.call('snapshots.destroy', { ids: snapshots.map(({ id }) => id) }),
      );
      return { json: operation, lines: snapshots.map((one) => `Deleted ${labelOf(one)}.`) };
    };
  },
};

function pinning(name: string, isPinned: boolean, summary: string): Command {
  return {
    name: `snapshot ${name}`,
    words: '<workspace> <snapshot>…',
    wordCount: { min: 2, max: 1001 },
    summary,
    flags: {},
    read: (typed) => {
      const [word = '', ...snapshotWords] = typed.words;
      return async (context): Promise<Answer> => {
        const { snapshots } = await readySnapshots(context, word, snapshotWords);
        const changed: Snapshot[] = [];
        for (const { id } of snapshots)
          changed.push(await context.client.call('snapshots.change', { id, isPinned }));
        const done = isPinned ? 'is pinned: no rule deletes it' : 'is not pinned any more';
        return { json: changed, lines: changed.map((one) => `${labelOf(one)} ${done}.`) };
      };
    },
  };
}

export const snapshotCommands: readonly Command[] = [
  create,
  restore,
  snapshotList,
  undo,
  verify,
  destroy,
  pinning('pin', true, 'Keeps rules from deleting snapshots.'),
  pinning('unpin', false, 'Lets rules delete snapshots again.'),
];
