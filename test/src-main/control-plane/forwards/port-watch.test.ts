/** What listens in workspaces, on a clock that moves by hand. */
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { type ForwardWorld, forwardWorld, workspaceIdOf } from '#test/harness/forward-world.ts';

let world: ForwardWorld;
afterEach(async () => {
  await world.parts.close();
});

async function settle(): Promise<void> {
  for (let index = 0; index < 10; index++) await turn();
}
describe('ports', () => {
  function watchPorts() {
    const end = new AbortController();
    const told: unknown[] = [];
    const context = { caller: world.caller, signal: end.signal };
    const done = (async () => {
      for await (const item of world.parts.handlers['forwards.ports']({}, context)) told.push(item);
    })();
    return {
      told,
      async end() {
        end.abort();
        await done;
      },
    };
  }

  it('are looked at while somebody watches and not longer, and only changes are told', async () => {
    world = await forwardWorld({ letters: ['a', 'b'] });
    world.run('a');
    world.run('b');
    world.listening = [5173];
    await world.clock.advance(60_000);
    expect(world.looks).toEqual([]);
    const watch = watchPorts();
    await settle();
    // One look for the port, one for its program. Only what the watcher may see is looked at.
    expect(world.looks).toEqual([
      ['ports', '42', 'container-a'],
      ['programs', 'container-a'],
    ]);
    const told = watch.told.length;
    expect(watch.told.at(-1)).toMatchObject({
      upserted: [
        { ports: [{ port: 5173, reach: 'loopback', program: 'node', name: 'Vite' }], problem: null },
      ],
    });
    await world.clock.advance(30_000);
    expect(world.looks).toHaveLength(12);
    expect(watch.told).toHaveLength(told);
    world.listening = [];
    await world.clock.advance(3_000);
    expect(watch.told).toHaveLength(told + 1);
    await watch.end();
    const looks = world.looks.length;
    await world.clock.advance(60_000);
    expect(world.looks.length - looks).toBe(0);
  });

  it('are asked of the relay where the host does not show them; away they stay, stopped they go', async () => {
    world = await forwardWorld();
    world.listening = undefined;
    world.relayed = [6379];
    world.run();
    const watch = watchPorts();
    await settle();
    expect(watch.told.at(-1)).toMatchObject({
      upserted: [{ ports: [{ port: 6379, program: null, name: 'Redis' }], problem: null }],
    });
    world.lose();
    await settle();
    expect(watch.told.at(-1)).toMatchObject({
      upserted: [{ ports: [{ port: 6379 }], problem: { code: 'host.not-connected' } }],
    });
    world.run();
    world.stop();
    await settle();
    expect(watch.told.at(-1)).toMatchObject({ removed: [workspaceIdOf('a')] });
    await watch.end();
  });
});
