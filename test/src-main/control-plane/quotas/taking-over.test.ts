/** Somebody leaves: what they had becomes another's, in every noun, and stays so whatever happens. */
import { afterEach, describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { localOwnerId, type OperationId } from '#contract/ids.ts';
import { Heirs } from '#main/control-plane/heirs.ts';
import { MemoryRecordStore } from '#test/harness/memory-record-store.ts';
import {
  callerOf,
  canaryOf,
  type PeopleWorld,
  peopleWorld,
  thingsOf,
  userOf,
} from '#test/harness/people-world.ts';

let world: PeopleWorld;
afterEach(() => world?.plane.close());
const [a, b] = [userOf('a'), userOf('b')];
const never = new AbortController().signal;

function ownersOf(letter: string): string[] {
  return Object.values(thingsOf(letter)).map((id) => world.plane.ownership.ownerOf(id) ?? 'nobody');
}
/** Names of what `letter` sees in a collection. */
async function namesSeenBy(letter: string, method: 'projects.watch' | 'workspaces.watch'): Promise<string[]> {
  const end = new AbortController();
  const context = { caller: callerOf(letter, 'member'), signal: end.signal };
  for await (const item of world.plane.handlers[method]({}, context)) {
    end.abort();
    if (item.type === 'all') return item.items.map(({ name }) => name).sort();
  }
  throw new Error('nothing came');
}

describe('taking over', () => {
  it('hands everything on, ends the links that were given, and says how much it was', async () => {
    world = await peopleWorld(['a', 'b']);
    const taken = await world.plane.personsThings.takeOver(a, b);
    expect(taken).toEqual({ projects: 1, workspaces: 1, snapshots: 1 });
    const { share, ...rest } = thingsOf('a');
    for (const id of Object.values(rest)) expect(world.plane.ownership.ownerOf(id), id).toBe(b);
    expect(world.plane.ownership.ownerOf(share)).toBeUndefined();
    expect(() => world.plane.guests.enter(canaryOf('a'))).toThrow();
    expect(world.plane.guests.enter(canaryOf('b'))).toBeDefined();
    expect(ownersOf('b')).toEqual(Array(7).fill(b));
    expect(world.plane.personsThings.usageOf(a)).toMatchObject({ workspaces: 0, snapshots: 0, cpus: 0 });
    expect(world.plane.personsThings.usageOf(b)).toMatchObject({ workspaces: 2, snapshots: 2, cpus: 4 });
  });

  it('gives a name that is taken there a number', async () => {
    world = await peopleWorld(['a', 'b']);
    const caller = callerOf('a', 'member');
    const project = world.plane.handlers['projects.edit'];
    await project({ id: thingsOf('a').proj, name: canaryOf('b') } as never, { caller, signal: never });
    await world.plane.personsThings.takeOver(a, b);
    expect(await namesSeenBy('b', 'projects.watch')).toEqual([canaryOf('b'), `${canaryOf('b')} (2)`]);
    expect(await namesSeenBy('b', 'workspaces.watch')).toEqual([canaryOf('a'), canaryOf('b')]);
    expect(await namesSeenBy('a', 'projects.watch')).toEqual([]);
  });

  it('tells whoever watches: it is gone for the one and there for the other', async () => {
    world = await peopleWorld(['a', 'b']);
    const end = new AbortController();
    const told = new Map<string, unknown[]>([
      ['a', []],
      ['b', []],
    ]);
    const following = [...told].map(async ([letter, items]) => {
      const context = { caller: callerOf(letter, 'member'), signal: end.signal };
      for await (const item of world.plane.handlers['workspaces.watch']({}, context)) {
        if (item.type === 'change')
          items.push({ upserted: item.upserted.map(({ id }) => id), removed: item.removed });
      }
    });
    await new Promise((resolve) => setImmediate(resolve));
    await world.plane.personsThings.takeOver(a, b);
    await new Promise((resolve) => setImmediate(resolve));
    end.abort();
    await Promise.all(following);
    const { ws } = thingsOf('a');
    expect(told.get('a')).toEqual([{ upserted: [], removed: [ws] }]);
    expect(told.get('b')).toEqual([{ upserted: [ws], removed: [] }]);
  });

  it('is on disk: the next start knows it, also of what hosts tell with the old labels', async () => {
    const store = new MemoryRecordStore();
    world = await peopleWorld(['a', 'b'], { store });
    await world.plane.personsThings.takeOver(a, b);
    await world.plane.close();
    world = await peopleWorld([], { store });
    world.people.add(b);
    for (const id of [thingsOf('a').ws, thingsOf('a').proj, thingsOf('a').snap, thingsOf('a').term])
      expect(world.plane.ownership.ownerOf(id)).toBe(b);
    const heirs = new Heirs({ store, isPerson: (id) => id === b });
    await heirs.load();
    expect(heirs.ownerOf(a)).toBe(b);
  });

  it('goes on at the next start where the disk was full in the middle', async () => {
    const store = new MemoryRecordStore();
    world = await peopleWorld(['a', 'b'], { store });
    const puts = store.collection('workspaces', (one) => one as { id: string });
    const before = await puts.get(thingsOf('a').ws);
    await world.plane.personsThings.takeOver(a, b);
    await world.plane.close();
    // As if Berth had died before that one was written.
    await puts.put({ ...before, id: thingsOf('a').ws } as never);
    world = await peopleWorld([], { store });
    expect(world.plane.ownership.ownerOf(thingsOf('a').ws)).toBe(b);
  });

  it('is refused while something of theirs is under way, and nothing is handed on', async () => {
    const store = new MemoryRecordStore();
    world = await peopleWorld(['a', 'b'], { store });
    await world.plane.close();
    // One that waits for its host, which is away.
    const records = store.collection('operations', (one) => one as { id: string; operation: object });
    const { op, ws } = thingsOf('a');
    const record = await records.get(op);
    const step = {
      id: 'stop',
      title: 'Stop it',
      state: 'waiting',
      startedAt: null,
      endedAt: null,
      progress: null,
      note: '',
    };
    await records.put({
      ...record,
      id: op,
      operation: { ...record?.operation, state: 'waiting', endedAt: null, steps: [step] },
      input: { id: ws, userId: a },
      journal: [{ id: 'stop', phase: 'waiting' }],
      isEndTold: false,
    } as never);
    world = await peopleWorld([], { store });
    for (const id of [a, b]) world.people.add(id);
    const refused = world.plane.personsThings.takeOver(a, b);
    await expect(refused).rejects.toMatchObject({
      code: 'conflict',
      details: { operationId: op as OperationId },
    });
    await expect(refused).rejects.toBeInstanceOf(BerthError);
    expect(ownersOf('a')).toEqual(Array(7).fill(a));
    // Somebody else's does not hinder.
    await expect(world.plane.personsThings.takeOver(b, a)).resolves.toMatchObject({ workspaces: 1 });
  });
});

describe('whose a label means', () => {
  async function heirsOf(people: string[], left: [string, string][] = []) {
    const heirs = new Heirs({
      store: new MemoryRecordStore(),
      isPerson: (id) => people.map(userOf).includes(id),
    });
    for (const [from, to] of left) await heirs.put(userOf(from), userOf(to));
    return (told: string | undefined) => heirs.ownerOf(told);
  }

  it('is the person that it names', async () => {
    const ownerOf = await heirsOf(['a', 'l']);
    expect(ownerOf(a)).toBe(a);
    expect(ownerOf(localOwnerId)).toBe(localOwnerId);
  });

  it('is the local owner where it names nobody, nonsense, or somebody who is not known', async () => {
    const ownerOf = await heirsOf(['l']);
    for (const told of [
      undefined,
      '',
      'root',
      '../x',
      b,
      'user_guest000000000000000',
      `user_${'A'.repeat(20)}`,
    ])
      expect(ownerOf(told)).toBe(localOwnerId);
  });

  it('is who took over, however often, and nobody’s circle', async () => {
    const ownerOf = await heirsOf(
      ['c', 'l'],
      [
        ['a', 'b'],
        ['b', 'c'],
        ['d', 'e'],
        ['e', 'd'],
      ],
    );
    expect(ownerOf(a)).toBe(userOf('c'));
    expect(ownerOf(b)).toBe(userOf('c'));
    expect(ownerOf(userOf('d'))).toBe(localOwnerId);
  });

  it('is still who it names while they are here', async () => {
    expect((await heirsOf(['a', 'b'], [['a', 'b']]))(a)).toBe(a);
  });
});
