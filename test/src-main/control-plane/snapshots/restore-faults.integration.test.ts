/** What can happen to a host while a workspace is restored: its files are as before or as in the snapshot, and nothing else. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { OperationId, SnapshotId } from '#contract/ids.ts';
import { type FaultWorld, startFaultWorld } from '#test/harness/fault-world.ts';
import { waitUntil } from '#test/servers/wait-until.ts';

/** Both cores of a machine may be busy with other tests. */
const LONG_MS = 150_000;

let world: FaultWorld;
/** The one that everything here is restored from. */
let snapshotId: SnapshotId;
beforeAll(async () => {
  world = await startFaultWorld({ hostCount: 1, contentMiB: 300 });
  ({ id: snapshotId } = await world.take());
});
afterAll(() => world?.[Symbol.asyncDispose]());
afterEach(() => world.clear(snapshotId));

describe('while a new volume is filled for a restore', { timeout: 180_000 }, () => {
  async function filling(): Promise<OperationId> {
    await world.sh('echo second > /home/dev/state && sync');
    const wish = { id: snapshotId, makesSafetySnapshot: false };
    const operation = await world.plane.client.call('snapshots.restore', wish);
    await world.inStep(operation.id, 'fill');
    return operation.id;
  }
  async function restored(id: OperationId): Promise<void> {
    await world.plane.succeeded(id, LONG_MS);
    await world.expectEnd(['person'], 'first');
  }
  async function stayed(id: OperationId, state: 'failed' | 'cancelled'): Promise<void> {
    expect(await world.plane.ended(id, LONG_MS)).toMatchObject({ state });
    await world.expectEnd(['person'], 'second');
    await world.sh('echo first > /home/dev/state');
  }

  it('the connection is cut: the host goes on alone', async () => {
    const id = await filling();
    await world.cutOff();
    const isDone = async () => (await world.helpers('restore')).length === 0;
    await waitUntil(isDone, { what: 'the volume is filled', timeoutMs: 60_000 });
    await world.here.remote.heal();
    await restored(id);
  });

  it('the engine is killed', async () => {
    const id = await filling();
    await world.here.remote.killEngine();
    await restored(id);
  });

  it('the power of the host fails', async () => {
    const id = await filling();
    await world.here.remote.powerCut();
    await world.here.remote.boot();
    await restored(id);
  });

  it('its helper is killed', async () => {
    const id = await filling();
    const [helper = ''] = await world.helpers('restore');
    await world.here.remote.docker('kill', '--signal', 'KILL', helper);
    await restored(id);
  });

  it('the disk of the engine is full: the files stay as they are', async () => {
    const id = await filling();
    await world.here.remote.fillDisk();
    try {
      await world.plane.ended(id, LONG_MS);
    } finally {
      await world.here.remote.freeDisk();
    }
    expect((await world.plane.ended(id, LONG_MS)).error?.code).toBe('host.disk-full');
    await stayed(id, 'failed');
  });

  it('it is cancelled: the files stay as they are', async () => {
    const id = await filling();
    await world.plane.client.call('operations.cancel', { id });
    await stayed(id, 'cancelled');
  });
});

describe('a restore that is cancelled', { timeout: 180_000 }, () => {
  it.each(['check', 'safety', 'stop', 'swap', 'start'])(
    'in step %s leaves the files as they are',
    async (step) => {
      await world.sh('echo second > /home/dev/state && sync');
      const operation = await world.plane.client.call('snapshots.restore', { id: snapshotId });
      await world.inStep(operation.id, step, false);
      await world.plane.client.call('operations.cancel', { id: operation.id });
      expect(await world.plane.ended(operation.id, LONG_MS)).toMatchObject({
        state: 'cancelled',
        error: null,
      });
      await world.expectEnd(['person'], 'second');
      await world.sh('echo first > /home/dev/state');
    },
  );
});
