/** What can happen to hosts while a workspace is moved: it is here or there, whole, and only once. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { OperationId } from '#contract/ids.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { type FaultWorld, startFaultWorld } from '#test/harness/fault-world.ts';
import { storeOf } from '#test/harness/snapshot-remains.ts';
import { waitUntil } from '#test/servers/wait-until.ts';

/** Both cores of a machine may be busy with other tests. */
const LONG_MS = 150_000;

let world: FaultWorld;
beforeAll(async () => {
  world = await startFaultWorld({ hostCount: 2, contentMiB: 150 });
});
afterAll(() => world?.[Symbol.asyncDispose]());
afterEach(() => world.clear());

describe('while a workspace is moved', { timeout: 240_000 }, () => {
  const begin = async (step: string): Promise<OperationId> => {
    const wish = { id: world.workspace.id, hostId: world.there.host.id };
    const { id } = await world.plane.client.call('workspaces.move', wish);
    await world.inStep(id, step);
    return id;
  };
  async function moved(id: OperationId): Promise<void> {
    const { plane } = world;
    await plane.succeeded(id, LONG_MS);
    await world.wholeAgain();
    const copy: Workspace = await plane.until('workspaces.watch', {}, (all) =>
      all.find(({ move }) => move?.role === 'copy'),
    );
    expect(await world.stateOf(copy)).toBe('first');
    await plane.succeeded((await plane.client.call('workspaces.cancelMove', { id: copy.id })).id);
    await world.expectEnd(['move', 'move'], 'first');
  }

  it('and read, the connection to its host is cut', async () => {
    const id = await begin('archive');
    await world.cutOff();
    const isThere = async () => (await storeOf(world.here)).some((name) => name.startsWith('snap_'));
    await waitUntil(isThere, { what: 'the snapshot is there' });
    await world.here.remote.heal();
    await moved(id);
  });

  it.each(['here', 'there'] as const)('and copied, the connection to the host %s is cut', async (where) => {
    const id = await begin('copy');
    await world.cutOff(world[where]);
    await world[where].remote.heal();
    await moved(id);
  });

  it.each(['here', 'there'] as const)('and copied, the engine %s is killed', async (where) => {
    const id = await begin('copy');
    await world[where].remote.killEngine();
    await moved(id);
  });

  it('and copied, the power of the other host fails', async () => {
    const id = await begin('copy');
    await world.there.remote.powerCut();
    await world.there.remote.boot();
    await moved(id);
  });

  it('and copied, the disk of the other host fills up: it stays where it is', async () => {
    const id = await begin('copy');
    await world.there.remote.fillDisk();
    try {
      expect((await world.plane.ended(id, LONG_MS)).error?.code).toBe('host.disk-full');
    } finally {
      await world.there.remote.freeDisk();
    }
    await world.expectEnd([], 'first');
  });

  it.each(['check', 'stop', 'archive', 'copy', 'fill', 'container', 'start'])(
    'it is cancelled in step %s: it stays where it is, and nothing is left',
    async (step) => {
      const wish = { id: world.workspace.id, hostId: world.there.host.id };
      const { id } = await world.plane.client.call('workspaces.move', wish);
      await world.inStep(id, step, false);
      await world.plane.client.call('operations.cancel', { id });
      expect(await world.plane.ended(id, LONG_MS)).toMatchObject({ state: 'cancelled', error: null });
      await world.expectEnd([], 'first');
    },
  );
});
