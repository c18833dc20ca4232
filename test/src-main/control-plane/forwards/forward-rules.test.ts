/** Ports that are forwarded by themselves, on a clock that moves by hand. */
import { afterEach, describe, expect, it } from 'vitest';
import { type ForwardWorld, forwardWorld, workspaceIdOf } from '#test/harness/forward-world.ts';

let world: ForwardWorld;
afterEach(async () => {
  await world.parts.close();
});

describe('a rule', () => {
  const setRules = (rules: object[], announces = true) =>
    world.call('forwards.setRules', { workspaceId: workspaceIdOf('a'), rules, announces });

  it('forwards a port while it listens and for a minute after', async () => {
    world = await forwardWorld();
    world.run();
    world.listening = [3000, 9000];
    await setRules([{ fromPort: 3000, toPort: 3999, kind: 'tcp' }]);
    await expect.poll(() => world.theForward()).toMatchObject({ port: 3000, isByRule: true });
    world.listening = [9000];
    await world.clock.advance(57_000);
    expect(await world.forwards()).toHaveLength(1);
    world.listening = [3000];
    await world.clock.advance(3_000);
    world.listening = [];
    await world.clock.advance(57_000);
    expect(await world.forwards()).toHaveLength(1);
    await world.clock.advance(12_000);
    await world.settle();
    expect(await world.forwards()).toEqual([]);
  });

  it('waits with a workspace that is away: nobody knows that its port is gone', async () => {
    world = await forwardWorld();
    world.run();
    world.listening = [3000];
    await setRules([{ fromPort: 3000, toPort: 3000, kind: 'tcp' }]);
    await expect.poll(() => world.forwards()).toHaveLength(1);
    world.lose();
    await world.clock.advance(600_000);
    expect(await world.theForward()).toMatchObject({ state: 'waiting' });
  });

  it('takes its own with it when it goes, and nothing that a person made', async () => {
    world = await forwardWorld();
    world.run();
    world.listening = [3000, 4000];
    const { id } = await world.make({ port: 4000 });
    await setRules([{ fromPort: 3000, toPort: 4000, kind: 'tcp' }]);
    await expect.poll(() => world.forwards()).toHaveLength(2);
    await setRules([]);
    await world.settle();
    expect((await world.forwards()).map((one) => one.id)).toEqual([id]);
  });
});
