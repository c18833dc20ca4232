/**
 * A plane in a process of its own that rents machines at a double and dies by SIGKILL when an operation reaches a step: as
 * when the app is killed. Argument: one JSON of `MachineErrand`. Exit by signal is success, any other exit is not.
 */
import { flushCompileCache } from 'node:module';
import type { HostId, OperationId } from '#contract/ids.ts';
import { startPlane } from './start-plane.ts';

export interface MachineErrand {
  readonly folder: string;
  readonly apiUrl: string;
  /** Opens the vault. */
  readonly passphrase: string;
  /** `call`: begins an operation; `go-on`: with what an earlier one left. */
  readonly act:
    | { readonly kind: 'call'; readonly method: string; readonly input: unknown }
    | { readonly kind: 'go-on' };
  /** Connected before the call. */
  readonly hostId?: HostId;
  /** The step in which it dies. */
  readonly step: string;
}

// It will not come to a proper end, which is when Node keeps what it compiled for the next one.
flushCompileCache();
const errand = JSON.parse(process.argv[2] ?? '') as MachineErrand;
const plane = await startPlane({ folder: errand.folder, digitalOceanApiUrl: errand.apiUrl });
await plane.client.call('credentials.unlockVault', { passphrase: errand.passphrase });

async function begin(): Promise<OperationId> {
  const { act } = errand;
  if (act.kind === 'call') {
    if (errand.hostId !== undefined) await plane.hostReady(errand.hostId);
    const begun = await plane.client.call(act.method as 'machines.create', act.input as never);
    return ((begun as Partial<typeof begun>).operation ?? (begun as unknown as { id: OperationId })).id;
  }
  return await plane.until('operations.watch', {}, (all) => {
    const newestFirst = all.toSorted((a, b) => b.startedAt.localeCompare(a.startedAt));
    return (newestFirst.find(({ endedAt }) => endedAt === null) ?? newestFirst[0])?.id;
  });
}

const id = await begin();
await plane.until('operations.watch', {}, (all) =>
  all.find(
    (operation) =>
      operation.id === id &&
      (operation.endedAt !== null ||
        operation.steps.some((step) => step.id === errand.step && step.state !== 'waiting')),
  ),
);
process.kill(process.pid, 'SIGKILL');
