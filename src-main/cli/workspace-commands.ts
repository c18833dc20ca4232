/** `berth workspace …`: what there is, and what is made of snapshots and moved between hosts. */
import { BerthError } from '#contract/berth-error.ts';
import type { HostId } from '#contract/ids.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { awaitHost, lookAtHosts } from './await-host.ts';
import { readAll } from './collections.ts';
import { type PlaneCommand, type Context, yesFlag } from './command.ts';
import { CommandFailure } from './failure.ts';
import { labelOf } from './find-snapshot.ts';
import { pickHost, presentWorkspace } from './find-workspace.ts';
import { followCall, followOperation } from './follow-operation.ts';
import { agreed, readySnapshot, readyWorkspace } from './snapshot-commands.ts';
import { newName } from './snapshot-flags.ts';
import { formatTable } from './table.ts';

/** Names of machines that sleep, by their hosts: of a workspace there nobody can say more than that. */
async function sleepingMachines(
  { client }: Context,
  workspaces: readonly Workspace[],
): Promise<ReadonlyMap<HostId, string>> {
  if (workspaces.every(({ state }) => state !== 'unknown')) return new Map();
  const machines = await readAll(client, 'machines.watch').catch((cause: unknown) => {
    // Whoever may not see what is rented sees the workspaces all the same.
    if (BerthError.is(cause) && cause.code === 'not-found') return [];
    throw cause;
  });
  return new Map(
    machines.flatMap(({ hostId, life, name }) =>
      hostId !== null && life === 'asleep' ? [[hostId, name] as const] : [],
    ),
  );
}

function noteWord({ move, problem, note }: Workspace, sleeper: string | undefined): string {
  const moved =
    move === null
      ? []
      : [move.role === 'copy' ? 'moved here, not confirmed' : 'moved away, kept until that is confirmed'];
  const sleep = sleeper === undefined ? [] : [`to wake its machine: berth machine wake ${sleeper}`];
  return [...sleep, ...moved, ...(problem === null ? [] : [problem.message]), ...(note ? [note] : [])].join(
    '; ',
  );
}

const list: PlaneCommand = {
  name: 'workspace list',
  aliases: ['workspace ls'],
  words: '',
  wordCount: { min: 0, max: 0 },
  summary: 'Lists workspaces.',
  flags: {},
  read: () => async (context) => {
    await lookAtHosts(context);
    const [all, hosts] = await Promise.all([
      readAll(context.client, 'workspaces.watch'),
      readAll(context.client, 'hosts.watch'),
    ]);
    const hostNames = new Map(hosts.map(({ id, name }) => [id, name]));
    const sleepers = await sleepingMachines(context, all);
    const workspaces = all.toSorted((a, b) => a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1));
    const rows = workspaces.map((one) => [
      one.name,
      one.id,
      hostNames.get(one.hostId) ?? one.hostId,
      sleepers.has(one.hostId) ? 'asleep' : one.state,
      one.image,
      noteWord(one, sleepers.get(one.hostId)),
    ]);
    const headings = ['NAME', 'ID', 'HOST', 'STATE', 'IMAGE', 'NOTE'];
    const { columns } = context.terminal;
    return {
      json: workspaces.map((one) => ({ ...one, hostName: hostNames.get(one.hostId) ?? null })),
      lines: rows.length === 0 ? ['There are no workspaces.'] : formatTable({ headings, rows, columns }),
    };
  },
};

const fork: PlaneCommand = {
  name: 'workspace fork',
  words: '<workspace> <snapshot> <new name>',
  wordCount: { min: 3, max: 3 },
  summary: 'Makes another workspace of a snapshot.',
  flags: { host: { value: 'HOST', help: 'Where it is made. Else where the snapshot is.' } },
  read: (typed) => {
    const [word = '', snapshotWord = '', nameWord = ''] = typed.words;
    const name = newName('The name', nameWord);
    const hostWord = typed.text('host');
    return async (context) => {
      const { client } = context;
      const host =
        hostWord === undefined ? undefined : pickHost(hostWord, await readAll(client, 'hosts.watch'));
      const { snapshot } = await readySnapshot(context, word, snapshotWord);
      if (host !== undefined) await awaitHost(context, host.id);
      const made = await followOperation(context, async () => {
        const { workspace, operation } = await client.call('workspaces.fork', {
          snapshotId: snapshot.id,
          name,
          hostId: host?.id ?? null,
        });
        return { operation, result: workspace };
      });
      const now = (await readAll(client, 'workspaces.watch')).find(({ id }) => id === made.id) ?? made;
      return { json: now, lines: [`Made "${name}" of ${labelOf(snapshot)}: ${now.id}`] };
    };
  },
};

const move: PlaneCommand = {
  name: 'workspace move',
  words: '<workspace> <host>',
  wordCount: { min: 2, max: 2 },
  summary: 'Moves a workspace to another host; the old one is kept until that is confirmed.',
  flags: {},
  read: (typed) => {
    const [word = '', hostWord = ''] = typed.words;
    return async (context) => {
      const host = pickHost(hostWord, await readAll(context.client, 'hosts.watch'));
      const subject = await readyWorkspace(context, word);
      if (host.id === subject.hostId)
        throw new CommandFailure(`"${subject.name}" is on "${host.name}" already.`);
      await awaitHost(context, host.id);
      const operation = await followCall(context, () =>
        context.client.call('workspaces.move', { id: subject.id, hostId: host.id }),
      );
      return {
        json: operation,
        lines: [
          `"${subject.name}" is on "${host.name}" now. On "${subject.hostName}" it is stopped, and its files are kept.`,
          `To keep it there: berth workspace confirm-move ${subject.id}`,
          `To take it back:  berth workspace cancel-move ${subject.id}`,
        ],
      };
    };
  },
};

/** Both halves of a move must be reachable before either is destroyed. */
async function movedWorkspace(context: Context, word: string) {
  const subject = await readyWorkspace(context, word);
  const { move: state } = presentWorkspace(subject);
  if (state === null)
    throw new CommandFailure(
      `"${subject.name}" was not moved, or that is settled. There is nothing to decide.`,
    );
  await awaitHost(context, state.otherHostId);
  return subject;
}

function settling(given: {
  readonly name: 'confirm-move' | 'cancel-move';
  readonly method: 'workspaces.confirmMove' | 'workspaces.cancelMove';
  readonly summary: string;
  readonly deletes: string;
  readonly done: string;
}): PlaneCommand {
  return {
    name: `workspace ${given.name}`,
    words: '<workspace>',
    wordCount: { min: 1, max: 1 },
    summary: given.summary,
    flags: { yes: yesFlag },
    read: (typed) => {
      const [word = ''] = typed.words;
      return async (context) => {
        const { id, name } = await movedWorkspace(context, word);
        await agreed(context, {
          lines: [`Of "${name}", ${given.deletes}`],
          question: given.name === 'confirm-move' ? 'Confirm the move?' : 'Take the move back?',
          isYes: typed.has('yes'),
        });
        const operation = await followCall(context, () => context.client.call(given.method, { id }));
        return { json: operation, lines: [`"${name}" ${given.done}`] };
      };
    },
  };
}

export const workspaceCommands: readonly PlaneCommand[] = [
  list,
  fork,
  move,
  settling({
    name: 'confirm-move',
    method: 'workspaces.confirmMove',
    summary: 'Destroys what a move left on the old host.',
    deletes: 'what is still on the old host is destroyed, with its files. The copy stays.',
    done: 'is only on its new host now.',
  }),
  settling({
    name: 'cancel-move',
    method: 'workspaces.cancelMove',
    summary: 'Takes a move back: destroys the copy.',
    deletes: 'the copy on the new host is destroyed, with everything changed there. The old one stays.',
    done: 'is where it was.',
  }),
];
