/** What can happen to a host while a snapshot is taken: it is taken all the same or not at all, and the workspace goes on. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type FaultWorld, startFaultWorld } from '#test/harness/fault-world.ts';
import { lines, storeOf } from '#test/harness/snapshot-remains.ts';
import { waitUntil } from '#test/servers/wait-until.ts';

/** Both cores of a machine may be busy with other tests. */
const LONG_MS = 150_000;

let world: FaultWorld;
beforeAll(async () => {
  world = await startFaultWorld({ hostCount: 1, contentMiB: 300 });
});
afterAll(() => world?.[Symbol.asyncDispose]());
afterEach(() => world.clear());

async function frozen(): Promise<{ id: string; operationId: `op_${string}` }> {
  const { id, operation } = await world.create();
  await world.frozen();
  return { id, operationId: operation.id };
}

describe('while the workspace stands still for a snapshot', { timeout: 120_000 }, () => {
  it('the connection is cut: the host goes on alone, and lets the workspace go on', async () => {
    const { id, operationId } = await frozen();
    await world.cutOff();
    expect(await world.container()).toMatchObject({ isPaused: true });
    await world.thawed();
    await waitUntil(async () => (await storeOf(world.here)).includes(id), { what: 'it is there' });
    await world.here.remote.heal();
    await world.plane.succeeded(operationId, LONG_MS);
    await world.expectEnd(['person'], 'first');
  });

  it('the engine is killed', async () => {
    const { operationId } = await frozen();
    await world.here.remote.killEngine();
    await world.plane.succeeded(operationId, LONG_MS);
    await world.expectEnd(['person'], 'first');
  });

  it('the engine is stopped and started', async () => {
    const { operationId } = await frozen();
    await world.here.remote.stopEngine();
    await world.here.remote.startEngine();
    await world.plane.succeeded(operationId, LONG_MS);
    await world.expectEnd(['person'], 'first');
  });

  it('the power of the host fails', async () => {
    await world.here.remote.syncDisk();
    const { operationId } = await frozen();
    await world.here.remote.powerCut();
    await world.here.remote.boot();
    await world.plane.succeeded(operationId, LONG_MS);
    await world.expectEnd(['person'], 'first');
  });

  it('the guard is killed: Berth lets the workspace go on', async () => {
    const { operationId } = await frozen();
    const [guard = ''] = await world.helpers('archive-guard');
    await world.here.remote.docker('kill', '--signal', 'KILL', guard);
    await world.plane.succeeded(operationId, LONG_MS);
    await world.expectEnd(['person'], 'first');
  });

  it('the guard of a workspace that was stopped is killed, and the connection lost: Berth starts it', async () => {
    const { remote } = world.here;
    const { operation } = await world.create({ consistency: 'stopped' });
    const isStopped = async () => {
      const { isPaused, isRunning } = await world.container();
      return !isPaused && !isRunning;
    };
    await waitUntil(isStopped, { what: 'the workspace is stopped', intervalMs: 5 });
    const [guard = ''] = await world.helpers('archive-guard');
    await world.cutOff();
    await remote.docker('kill', '--signal', 'KILL', guard);
    await remote.heal();
    await world.plane.succeeded(operation.id, LONG_MS);
    await world.expectEnd(['person'], 'first');
  });

  it('the archiver is killed: the guard lets the workspace go on, and it is taken anew', async () => {
    const { remote } = world.here;
    const sinceS = Number(await remote.runChecked(['date', '+%s.%N']));
    const { operationId } = await frozen();
    const [archiver = ''] = await world.helpers('archive');
    await remote.docker('kill', '--signal', 'KILL', archiver);
    await world.plane.succeeded(operationId, LONG_MS);
    const untilS = Number(await remote.runChecked(['date', '+%s.%N']));
    const range = ['--since', sinceS.toFixed(6), '--until', untilS.toFixed(6)];
    const filters = ['pause', 'unpause'].flatMap((event) => ['--filter', `event=${event}`]);
    const events = await remote.docker('events', ...range, ...filters, '--format', '{{.Action}}');
    expect(lines(events)).toEqual(['pause', 'unpause', 'pause', 'unpause']);
    await world.expectEnd(['person'], 'first');
  });
});

describe('a snapshot that is cancelled leaves nothing', { timeout: 120_000 }, () => {
  const moments: Record<string, (id: `op_${string}`) => Promise<unknown>> = {
    'at once': async () => {},
    'when its guard is there': () =>
      waitUntil(async () => (await world.helpers('archive-guard'))[0], { what: 'a guard', intervalMs: 5 }),
    'when its archiver is there': () =>
      waitUntil(async () => (await world.helpers('archive'))[0], { what: 'an archiver', intervalMs: 5 }),
    'while the workspace stands still': () => world.frozen(),
    'while it is checked': (id) => world.inStep(id, 'check', false),
  };
  it.each(Object.keys(moments))('%s', async (moment) => {
    const { operation } = await world.create();
    await moments[moment]?.(operation.id);
    const beganMs = performance.now();
    await world.plane.client.call('operations.cancel', { id: operation.id });
    expect(await world.plane.ended(operation.id, LONG_MS)).toMatchObject({ state: 'cancelled', error: null });
    // Who cancels waits for it: a guard that never froze anything must not be waited for.
    expect(performance.now() - beganMs).toBeLessThan(20_000);
    await world.expectEnd([], 'first');
  });
});
