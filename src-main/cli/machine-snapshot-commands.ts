/** `berth machine …`: snapshots of whole machines at the provider: taking, listing, going back to one, destroying one. */
import type { Machine, MachineSnapshot } from '#contract/machines.ts';
import type { Operation } from '#contract/operations.ts';
import { formatBytes, formatInstant, formatUsd } from './amounts.ts';
import { type Context, type PlaneCommand, yesFlag } from './command.ts';
import { findMachine } from './find-machine.ts';
import { findMachineSnapshot, machineSnapshots } from './find-machine-snapshot.ts';
import { followCall } from './follow-operation.ts';
import { agreed } from './snapshot-commands.ts';
import { newName } from './snapshot-flags.ts';
import { formatTable } from './table.ts';

const snapshot: PlaneCommand = {
  name: 'machine snapshot',
  words: '<machine> [<name>]',
  wordCount: { min: 1, max: 2 },
  summary: 'Takes a snapshot of a whole machine at the provider; it costs by its size.',
  flags: { live: { help: 'The machine stays on; files that are written meanwhile may not fit together.' } },
  read: (typed) => {
    const [word = '', nameWord] = typed.words;
    const given = nameWord === undefined ? undefined : newName('The name', nameWord);
    return async (context) => {
      const machine = await findMachine(context, word);
      const name = given ?? `${machine.name} ${new Date().toISOString().slice(0, 16)}`;
      const operation = await followCall(context, () =>
        context.client.call('machines.takeSnapshot', { id: machine.id, name, isOff: !typed.has('live') }),
      );
      return { json: operation, lines: [`Took "${name}" of "${machine.name}".`] };
    };
  },
};

const snapshots: PlaneCommand = {
  name: 'machine snapshots',
  words: '<machine>',
  wordCount: { min: 1, max: 1 },
  summary: 'Lists snapshots and backups of a whole machine at the provider.',
  flags: {},
  read: (typed) => {
    const [word = ''] = typed.words;
    return async (context) => {
      const all = await machineSnapshots(context, await findMachine(context, word));
      const rows = all.map((one) => [
        one.name,
        one.id,
        one.kind,
        formatInstant(one.createdAt),
        formatBytes(one.sizeBytes),
        formatUsd(one.monthlyUsd),
      ]);
      const headings = ['NAME', 'ID', 'KIND', 'MADE', 'SIZE', 'A MONTH'];
      const { columns } = context.terminal;
      return {
        json: all,
        lines:
          rows.length === 0 ? ['There are none.'] : formatTable({ headings, rows, right: [4, 5], columns }),
      };
    };
  },
};

interface SnapshotAct {
  readonly name: string;
  readonly summary: string;
  readonly question: string;
  /** What is lost by it, before the question. */
  readonly lines: (found: MachineSnapshot, machine: Machine) => readonly string[];
  readonly act: (client: Context['client'], found: MachineSnapshot, machine: Machine) => Promise<Operation>;
  readonly done: (found: MachineSnapshot, machine: Machine) => string;
}

/** What is done with one snapshot of a machine, and cannot be taken back. */
function withSnapshot({ act, done, lines, name, question, summary }: SnapshotAct): PlaneCommand {
  return {
    name,
    words: '<machine> <id>',
    wordCount: { min: 2, max: 2 },
    summary,
    flags: { yes: yesFlag },
    read: (typed) => {
      const [word = '', snapshotWord = ''] = typed.words;
      return async (context) => {
        const machine = await findMachine(context, word);
        const found = await findMachineSnapshot(context, machine, snapshotWord);
        await agreed(context, { lines: [...lines(found, machine)], question, isYes: typed.has('yes') });
        const operation = await followCall(context, () => act(context.client, found, machine));
        return { json: operation, lines: [done(found, machine)] };
      };
    },
  };
}

const restore = withSnapshot({
  name: 'machine restore',
  summary: 'Puts a whole machine back to a snapshot or backup: what came after is gone.',
  question: 'Restore it?',
  lines: (found, machine) => [
    `Puts "${machine.name}" back to "${found.name}" (${formatInstant(found.createdAt)}).`,
    '  All that was written on it since then is gone, in every workspace.',
  ],
  act: (client, { id: snapshotId }, { id, name }) =>
    client.call('machines.restoreSnapshot', { id, snapshot: snapshotId, name }),
  done: (found, machine) => `"${machine.name}" is as it was at ${formatInstant(found.createdAt)}.`,
});

const destroySnapshot = withSnapshot({
  name: 'machine destroy-snapshot',
  summary: 'Destroys a snapshot of a whole machine at the provider, for good.',
  question: 'Destroy it?',
  lines: (found, machine) => [
    `Destroys "${found.name}" of "${machine.name}" (${formatInstant(found.createdAt)}, ${formatBytes(found.sizeBytes)}).`,
    `  It costs ${formatUsd(found.monthlyUsd)} a month.`,
  ],
  act: (client, { id: snapshotId }, { id }) =>
    client.call('machines.destroySnapshot', { id, snapshot: snapshotId }),
  done: (found, machine) => `Destroyed "${found.name}" of "${machine.name}".`,
});

export const machineSnapshotCommands: readonly PlaneCommand[] = [
  snapshot,
  snapshots,
  restore,
  destroySnapshot,
];
