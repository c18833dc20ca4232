/** Which snapshot or backup of a whole machine is meant: by id or name, never guessed between two. */
import type { Machine, MachineSnapshot } from '#contract/machines.ts';
import type { Context } from './command.ts';
import { CommandFailure } from './failure.ts';

/** The newest first. */
export async function machineSnapshots({ client }: Context, { id }: Machine): Promise<MachineSnapshot[]> {
  const { snapshots } = await client.call('machines.snapshots', { id });
  return snapshots.toSorted((a, b) => b.createdAt.localeCompare(a.createdAt));
}

/** @throws CommandFailure */
export async function findMachineSnapshot(
  context: Context,
  machine: Machine,
  word: string,
): Promise<MachineSnapshot> {
  const all = await machineSnapshots(context, machine);
  const byId = all.find(({ id }) => id === word);
  if (byId !== undefined) return byId;
  const [found, ...others] = all.filter(({ name }) => name === word);
  if (found === undefined)
    throw new CommandFailure(
      `"${machine.name}" has no snapshot "${word}". These are there: berth machine snapshots ${machine.name}`,
      { code: 'not-found', message: '', details: {} },
    );
  if (others.length === 0) return found;
  const choices = [found, ...others].map(({ createdAt, id }) => `  ${id}  (${createdAt})`);
  throw new CommandFailure([`Several are called "${word}". Say which:`, ...choices].join('\n'), {
    code: 'conflict',
    message: '',
    details: {},
  });
}
