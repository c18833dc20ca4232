/**
 * A plane in a process of its own that dies by SIGKILL while it makes a machine: as when the app is killed. Arguments: one
 * JSON of `MachineErrand`. Prints nothing; exit by signal is success, any other exit is not.
 */
import type { InputOf } from '#contract/index.ts';
import type { MachineId } from '#contract/ids.ts';
import { startPlane } from './start-plane.ts';

export interface MachineErrand {
  readonly folder: string;
  readonly digitalOceanApiUrl: string;
  readonly passphrase: string;
  /** Null: goes on with what an earlier one left. */
  readonly wish: InputOf<'machines.create'> | null;
  /** The step in which it dies; null: when it is killed from outside. */
  readonly step: string | null;
}

const errand = JSON.parse(process.argv[2] ?? '') as MachineErrand;
const { folder, digitalOceanApiUrl, passphrase, wish, step } = errand;
const plane = await startPlane({ folder, digitalOceanApiUrl });
await plane.client.call('credentials.unlockVault', { passphrase });
let machineId: MachineId | undefined;
if (wish !== null) machineId = (await plane.client.call('machines.create', wish)).machine.id;
await plane.until(
  'operations.watch',
  {},
  (operations) =>
    operations.find(
      ({ endedAt, kind, steps, subject }) =>
        kind === 'machine.create' &&
        (machineId === undefined || subject.id === machineId) &&
        step !== null &&
        (endedAt !== null || steps.some((one) => one.id === step && one.state !== 'waiting')),
    ),
  120_000,
);
process.kill(process.pid, 'SIGKILL');
