/**
 * Isolation between people, over the whole contract: nothing of somebody else's can be named, seen or touched, by members
 * and owners alike, and it looks to the byte as what does not exist. Generated from the contract, so that a new method or
 * field is covered, or fails here until somebody has thought of it.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import type { CollectionItem } from '#contract/collection.ts';
import type { Method } from '#contract/contract.ts';
import { contract, type MethodName } from '#contract/index.ts';
import { noPolicy } from '#contract/lifecycles.ts';
import { createDispatcher } from '#main/control-plane/dispatcher.ts';
import type { Handlers } from '#main/control-plane/handler.ts';
import { isIdField, ownedPrefixes, Ownership } from '#main/control-plane/ownership.ts';
import { FakeByteChannel } from '#test/harness/fake-byte-channel.ts';
import { MemoryRecordStore } from '#test/harness/memory-record-store.ts';
import { ownershipWith } from '#test/harness/ownership.ts';
import {
  callerOf,
  canaryOf,
  hostId,
  type PeopleWorld,
  peopleWorld,
  thingsOf,
  userOf,
} from '#test/harness/people-world.ts';
import { fixedRandom, recordingLog } from '#test/transports/plane-double.ts';

interface IdField {
  /** `target.workspaceId`, `ids[]`. */
  readonly path: string;
  readonly prefix: string;
}

interface JsonSchema {
  readonly type?: string;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly additionalProperties?: JsonSchema | boolean;
}

/** Every field of an input whose pattern is that of an id. */
function idFieldsOf(method: Method): IdField[] {
  const found: IdField[] = [];
  const walk = (schema: JsonSchema, path: string): void => {
    const prefix = /^\^\(?([a-z]+)_/.exec(schema.pattern ?? '')?.[1];
    if (prefix !== undefined && schema.pattern?.includes('[0-9a-z]{20}')) found.push({ path, prefix });
    for (const [name, one] of Object.entries(schema.properties ?? {}))
      walk(one, path === '' ? name : `${path}.${name}`);
    if (schema.items !== undefined) walk(schema.items, `${path}[]`);
    for (const one of [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]) walk(one, path);
    if (typeof schema.additionalProperties === 'object') walk(schema.additionalProperties, `${path}.*`);
  };
  walk(z.toJSONSchema(method.input, { io: 'input', unrepresentable: 'any' }) as JsonSchema, '');
  return found;
}

const methods = Object.entries(contract) as [MethodName, Method][];
const ownedFields = methods.flatMap(([name, method]) =>
  idFieldsOf(method)
    .filter(({ prefix }) => (ownedPrefixes as readonly string[]).includes(prefix))
    .map((field) => ({ name, ...field, title: `${name} ${field.path}` })),
);

type Things = ReturnType<typeof thingsOf>;
const size = { cols: 80, rows: 24 };
const uploadKey = '0123456789abcdefghij';
const keep = { last: 1, hourly: 0, daily: 0, weekly: 0, monthly: 0 };

/** A good input of each method that names an owned thing, with all of its ids, of whoever's things are given. */
const inputs: Partial<Record<MethodName, (things: Things) => Record<string, unknown>>> = {
  'projects.edit': ({ proj }) => ({ id: proj, name: 'renamed' }),
  'projects.remove': ({ proj }) => ({ id: proj }),
  'workspaces.create': ({ proj, snap }) => ({
    name: 'n',
    projectId: proj,
    hostId,
    volumeName: null,
    snapshotId: snap,
  }),
  'workspaces.ensure': ({ proj }) => ({ projectId: proj }),
  'workspaces.revealPassword': ({ ws }) => ({ id: ws }),
  'workspaces.changePassword': ({ ws }) => ({ id: ws, value: 'another' }),
  'workspaces.start': ({ ws }) => ({ id: ws }),
  'workspaces.stop': ({ ws }) => ({ id: ws }),
  'workspaces.restart': ({ ws }) => ({ id: ws }),
  'workspaces.rename': ({ ws }) => ({ id: ws, name: 'renamed' }),
  'workspaces.fork': ({ snap }) => ({ snapshotId: snap, name: 'n' }),
  'workspaces.move': ({ ws }) => ({ id: ws, hostId }),
  'workspaces.confirmMove': ({ ws }) => ({ id: ws }),
  'workspaces.cancelMove': ({ ws }) => ({ id: ws }),
  'workspaces.destroyPlan': ({ ws }) => ({ id: ws, keepVolume: true }),
  'workspaces.destroy': ({ ws }) => ({ id: ws }),
  'workspaces.forget': ({ ws }) => ({ id: ws }),
  'workspaces.stats': ({ ws }) => ({ id: ws }),
  'workspaces.logs': ({ ws }) => ({ id: ws }),
  'workspaces.exec': ({ ws }) => ({ id: ws, argv: ['true'] }),
  'workspaces.pathKind': ({ ws }) => ({ id: ws, path: '/home/dev' }),
  'workspaces.readTree': ({ ws }) => ({ id: ws, path: '/home/dev' }),
  'workspaces.writeTree': ({ ws }) => ({ id: ws, path: '/home/dev' }),
  'workspaces.dial': ({ ws }) => ({ id: ws, port: 80 }),
  'snapshots.create': ({ ws }) => ({ workspaceId: ws }),
  'snapshots.change': ({ snap }) => ({ id: snap, note: 'changed' }),
  'snapshots.verify': ({ snap }) => ({ id: snap }),
  'snapshots.destroy': ({ snap }) => ({ ids: [snap] }),
  'snapshots.browse': ({ snap }) => ({ id: snap, path: '.' }),
  'snapshots.search': ({ ws }) => ({ query: 'x', workspaceId: ws }),
  'snapshots.compare': ({ snap }) => ({ id: snap, otherId: snap }),
  'snapshots.restorePlan': ({ snap }) => ({ id: snap }),
  'snapshots.restore': ({ snap }) => ({ id: snap }),
  'snapshots.undoRestore': ({ ws }) => ({ workspaceId: ws }),
  'snapshots.endUndo': ({ ws }) => ({ workspaceId: ws }),
  'snapshots.read': ({ snap }) => ({ id: snap, path: 'a' }),
  'snapshots.putBack': ({ snap }) => ({ id: snap, paths: ['a'] }),
  'snapshots.export': ({ snap }) => ({ id: snap }),
  'snapshots.import': ({ snap, ws }) => ({
    id: snap,
    hostId,
    workspaceId: ws,
    name: 'n',
    sizeBytes: 1,
    image: null,
    mountPoint: null,
  }),
  'snapshotRules.set': ({ ws }) => ({ id: ws, schedule: null }),
  'snapshotRules.keepPlan': ({ ws }) => ({ workspaceId: ws, keep }),
  'snapshotRules.apply': ({ ws, snap }) => ({ workspaceId: ws, keep, destroys: [snap] }),
  'operations.log': ({ op }) => ({ id: op }),
  'operations.cancel': ({ op }) => ({ id: op }),
  'operations.clear': ({ op }) => ({ ids: [op] }),
  'terminals.open': ({ ws }) => ({ target: { kind: 'workspace', workspaceId: ws }, size, name: null }),
  'terminals.attach': ({ term }) => ({ id: term }),
  'terminals.measure': ({ term }) => ({ id: term }),
  'terminals.resize': ({ term }) => ({ id: term, size }),
  'terminals.rename': ({ term }) => ({ id: term, name: 'renamed' }),
  'terminals.dropBacklog': ({ term }) => ({ id: term }),
  'terminals.close': ({ term }) => ({ id: term }),
  'terminals.share': ({ term }) => ({ id: term, access: 'read', expiresInMinutes: 5 }),
  'terminals.unshare': ({ share }) => ({ shareId: share }),
  'forwards.setRules': ({ ws }) => ({ workspaceId: ws, rules: [], announces: true }),
  'forwards.create': ({ ws }) => ({ workspaceId: ws, kind: 'app', port: 80 }),
  'forwards.edit': ({ fwd }) => ({ id: fwd, name: 'renamed' }),
  'forwards.start': ({ fwd }) => ({ id: fwd }),
  'forwards.stop': ({ fwd }) => ({ id: fwd }),
  'forwards.restart': ({ fwd }) => ({ id: fwd }),
  'forwards.remove': ({ fwd }) => ({ id: fwd }),
  'forwards.open': ({ fwd }) => ({ id: fwd }),
  'forwards.openPort': ({ ws }) => ({ workspaceId: ws, port: 80 }),
  'forwards.probe': ({ ws }) => ({ workspaceId: ws, port: 80 }),
  'files.start': ({ ws }) => ({ placeId: ws }),
  'files.list': ({ ws }) => ({ placeId: ws, path: '/a' }),
  'files.look': ({ ws }) => ({ placeId: ws, path: '/a' }),
  'files.read': ({ ws }) => ({ placeId: ws, path: '/a' }),
  'files.readFolder': ({ ws }) => ({ placeId: ws, path: '/a' }),
  'files.uploaded': ({ ws }) => ({ placeId: ws, path: '/a', uploadKey }),
  'files.write': ({ ws }) => ({ placeId: ws, path: '/a', uploadKey, sizeBytes: 1 }),
  'files.discardUpload': ({ ws }) => ({ placeId: ws, path: '/a', uploadKey }),
  'files.readText': ({ ws }) => ({ placeId: ws, path: '/a' }),
  'files.writeText': ({ ws }) => ({ placeId: ws, path: '/a', text: 't', replaces: 'anything' }),
  'files.makeFolder': ({ ws }) => ({ placeId: ws, path: '/a' }),
  'files.rename': ({ ws }) => ({ placeId: ws, path: '/a', toPath: '/b' }),
  'files.remove': ({ ws }) => ({ placeId: ws, path: '/a', names: ['b'] }),
  'files.setPermissions': ({ ws }) => ({ placeId: ws, path: '/a', names: ['b'], mode: 0o600 }),
  'files.copy': ({ ws }) => ({ placeId: ws, path: '/a', names: ['b'], toId: ws, toPath: '/c' }),
  'lifecycles.setPolicy': ({ ws }) => ({ workspaceId: ws, policy: noPolicy }),
  'lifecycles.putOff': ({ ws }) => ({ workspaceId: ws }),
  'lifecycles.timeline': ({ ws }) => ({ workspaceId: ws }),
};

/** `input` with the id at `path` of somebody else's. */
function withOther(input: Record<string, unknown>, path: string, id: string): Record<string, unknown> {
  const copy = structuredClone(input);
  const names = path.split('.');
  let at: Record<string, unknown> = copy;
  for (const name of names.slice(0, -1)) at = at[name] as Record<string, unknown>;
  const last = names.at(-1) as string;
  if (last.endsWith('[]')) (at[last.slice(0, -2)] as unknown[]).push(id);
  else at[last] = id;
  return copy;
}

async function outcomeOf(
  dispatcher: ReturnType<typeof createDispatcher>,
  { name, input, caller }: { name: string; input: unknown; caller: ReturnType<typeof callerOf> },
): Promise<string> {
  const abort = new AbortController();
  const context = { caller, signal: abort.signal };
  try {
    switch (dispatcher.kindOf(name, caller)) {
      case 'stream':
        for await (const item of dispatcher.stream(name, input, context)) return JSON.stringify(item);
        return 'ended';
      case 'bytes': {
        const run = dispatcher.bytes(name, input, context);
        const done = run(new FakeByteChannel());
        abort.abort();
        await done;
        return 'ended';
      }
      case 'call':
      case undefined:
        return JSON.stringify(await dispatcher.call(name, input, context));
    }
  } catch (error) {
    if (!BerthError.is(error)) throw error;
    return JSON.stringify(error.toShape());
  }
}

let world: PeopleWorld;
afterEach(() => world?.plane.close());

/** The plane's own dispatcher, with a note of every handler that was reached. */
function listeningDispatcher() {
  const reached: string[] = [];
  const handlers = Object.fromEntries(
    Object.entries(world.plane.handlers).map(([name, handler]) => [
      name,
      (...given: unknown[]) => {
        reached.push(name);
        return (handler as (...all: unknown[]) => unknown)(...given);
      },
    ]),
  );
  const dispatcher = createDispatcher(handlers as unknown as Handlers, {
    log: recordingLog(),
    random: fixedRandom,
    gate: world.plane.ownership,
  });
  return { dispatcher, reached };
}

async function stored(): Promise<string> {
  const names = [
    'projects',
    'workspaces',
    'snapshots',
    'restore-undos',
    'snapshot-rules',
    'terminals',
    'terminal-shares',
    'operations',
    'forwards',
    'forward-rules',
  ];
  const all = await Promise.all(
    names.map((name) => world.store.collection(name, (one) => one as { id: string }).all()),
  );
  return JSON.stringify(all);
}

describe('the gate', () => {
  it('looks at every field that holds an id, for the contract has them under names that it knows', () => {
    const hidden = methods.flatMap(([name, method]) =>
      idFieldsOf(method)
        .map(({ path }) => path.replace(/\[\]/g, '').split('.').at(-1) as string)
        .filter((field) => !isIdField(field))
        .map((field) => `${name} ${field}`),
    );
    expect(hidden).toEqual([]);
    // The walk itself finds what there is to find.
    expect(ownedFields.map(({ title }) => title)).toEqual(
      expect.arrayContaining([
        'workspaces.create projectId',
        'snapshots.compare otherId',
        'snapshots.destroy ids[]',
        'snapshotRules.apply destroys[]',
        'terminals.open target.workspaceId',
        'terminals.unshare shareId',
      ]),
    );
  });

  it('has an input here for every method that names an owned thing', () => {
    expect([...new Set(ownedFields.map(({ name }) => name))].sort()).toEqual(Object.keys(inputs).sort());
  });

  it.each(ownedFields)('keeps everybody else out: $title', async ({ name, path, prefix }) => {
    world = await peopleWorld(['a', 'b', 'o']);
    const { dispatcher, reached } = listeningDispatcher();
    const before = await stored();
    const nothing = await outcomeOf(dispatcher, {
      name: 'no.such',
      input: {},
      caller: callerOf('a', 'member'),
    });
    for (const [letter, role] of [
      ['a', 'member'],
      ['o', 'owner'],
      ['a', 'owner'],
    ] as const) {
      const caller = callerOf(letter, role);
      const own = inputs[name]!(thingsOf(letter));
      const theirs = thingsOf('b')[prefix as keyof Things];
      const absent = thingsOf('z')[prefix as keyof Things];
      expect(await outcomeOf(dispatcher, { name, input: withOther(own, path, theirs), caller })).toBe(
        nothing,
      );
      // An id that the client makes up is of nothing yet: then it is no secret that there is nothing.
      if (`${name} ${path}` !== 'snapshots.import id')
        expect(await outcomeOf(dispatcher, { name, input: withOther(own, path, absent), caller })).toBe(
          nothing,
        );
    }
    expect(reached).toEqual([]);
    expect(await stored()).toBe(before);
    // And lets everybody in to their own: what they are told then is another matter.
    await outcomeOf(dispatcher, {
      name,
      input: inputs[name]!(thingsOf('a')),
      caller: callerOf('a', 'member'),
    });
    expect(reached).toEqual([name]);
  });

  it('takes an id that the client made, and no other', () => {
    const ownership = ownershipWith({ snap: (id) => (id === thingsOf('b').snap ? userOf('b') : undefined) });
    const admits = (method: string, id: string) => ownership.admits(callerOf('a', 'member'), method, { id });
    expect(admits('snapshots.import', thingsOf('z').snap)).toBe(true);
    expect(admits('snapshots.import', thingsOf('b').snap)).toBe(false);
    expect(admits('snapshots.export', thingsOf('z').snap)).toBe(false);
  });

  it('looks into lists and into objects in them, and at fields for ids alone', () => {
    const ownership = ownershipWith({ ws: (id) => (id === thingsOf('a').ws ? userOf('a') : userOf('b')) });
    const admits = (input: unknown) => ownership.admits(callerOf('a', 'member'), 'x.y', input);
    const [own, other] = [thingsOf('a').ws, thingsOf('b').ws];
    expect(admits({ ids: [own] })).toBe(true);
    expect(admits({ ids: [own, other] })).toBe(false);
    expect(admits({ list: [{ deep: { workspaceIds: [other] } }] })).toBe(false);
    // A name that looks like an id is a name.
    expect(admits({ id: own, name: other, note: [other] })).toBe(true);
    expect(admits({ id: null, hostId })).toBe(true);
  });

  it('asks for more where a shell is on a host', () => {
    const ownership = ownershipWith({ term: () => ({ ownerId: userOf('a'), scope: 'hosts.write' }) });
    const id = thingsOf('a').term;
    expect(ownership.mayReach(callerOf('a', 'owner'), id)).toBe(true);
    expect(ownership.mayReach(callerOf('a', 'member'), id)).toBe(false);
    expect(ownership.mayReach(callerOf('b', 'owner'), id)).toBe(false);
  });

  it('answers for a shell on a host that there is no such method', async () => {
    world = await peopleWorld(['a', 'o']);
    const { dispatcher, reached } = listeningDispatcher();
    const input = { target: { kind: 'host', hostId }, size, name: null };
    const nothing = await outcomeOf(dispatcher, {
      name: 'no.such',
      input: {},
      caller: callerOf('a', 'member'),
    });
    expect(
      await outcomeOf(dispatcher, { name: 'terminals.open', input, caller: callerOf('a', 'member') }),
    ).toBe(nothing);
    expect(reached).toEqual([]);
    await outcomeOf(dispatcher, { name: 'terminals.open', input, caller: callerOf('o', 'owner') });
    expect(reached).toEqual(['terminals.open']);
  });
});

const streams = methods.filter(
  ([, method]) => method.kind === 'stream' && Object.keys((method.input as z.ZodObject).shape).length === 0,
);

/** Everything that somebody is told over all streams that need no input, until `signal` aborts. */
function listen(caller: ReturnType<typeof callerOf>, signal: AbortSignal) {
  const { dispatcher } = listeningDispatcher();
  const told: { stream: string; item: unknown }[] = [];
  const done = Promise.all(
    streams.map(async ([name]) => {
      try {
        for await (const item of dispatcher.stream(name, {}, { caller, signal }))
          told.push({ stream: name, item });
      } catch (error) {
        if (!BerthError.is(error)) throw error;
      }
    }),
  );
  return { told, done };
}

/** Lets everything that is under way come to rest: all here is in memory. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('streams', () => {
  it.each([
    ['a', 'member'],
    ['a', 'viewer'],
    ['o', 'owner'],
  ] as const)(
    'show %s, a %s, their own things and nobody else’s, first and after every change',
    async (letter, role) => {
      world = await peopleWorld(['a', 'b', 'o']);
      const end = new AbortController();
      const { told, done } = listen(callerOf(letter, role), end.signal);
      await settle();
      const seen = (stream: string) =>
        told
          .filter((one) => one.stream === stream)
          .flatMap(({ item }) => {
            const change = item as CollectionItem<{ id: string }>;
            return (change.type === 'all' ? change.items : change.upserted).map(({ id }) => id);
          });
      const own = thingsOf(letter);
      // Not empty, or the rest says nothing.
      expect({
        projects: seen('projects.watch'),
        workspaces: seen('workspaces.watch'),
        snapshots: seen('snapshots.watch'),
        undos: seen('snapshots.undos'),
        rules: seen('snapshotRules.watch'),
        terminals: seen('terminals.watch'),
        shares: seen('terminals.shares'),
        operations: seen('operations.watch'),
        forwards: seen('forwards.watch'),
        forwardRules: seen('forwards.rules'),
      }).toEqual({
        projects: [own.proj],
        workspaces: [own.ws],
        snapshots: [own.snap],
        undos: [own.ws],
        rules: [own.ws],
        terminals: [own.term],
        shares: [own.share],
        operations: [own.op],
        forwards: [own.fwd],
        forwardRules: [own.ws],
      });

      const { dispatcher } = listeningDispatcher();
      const b = callerOf('b', 'member');
      const theirs = thingsOf('b');
      const doAsB = async (name: MethodName, input: unknown) => {
        const outcome = await outcomeOf(dispatcher, { name, input, caller: b });
        expect(outcome, name).not.toContain('"code"');
      };
      await doAsB('projects.create', { ...projectOf('b'), name: `${canaryOf('b')} 2` });
      await doAsB('projects.edit', { id: theirs.proj, name: `${canaryOf('b')} 3` });
      await doAsB('snapshotRules.set', { id: theirs.ws, afterCommand: `echo ${canaryOf('b')}` });
      await doAsB('terminals.rename', { id: theirs.term, name: `${canaryOf('b')} 4` });
      await doAsB('terminals.share', { id: theirs.term, access: 'write', expiresInMinutes: 5 });
      await doAsB('forwards.edit', { id: theirs.fwd, name: `${canaryOf('b')} 5` });
      await doAsB('forwards.setRules', { workspaceId: theirs.ws, rules: [], announces: false });
      await doAsB('settings.change', { theme: 'dark', shortcuts: { [canaryOf('b')]: 'x' } });
      await doAsB('terminals.unshare', { shareId: theirs.share });
      await doAsB('operations.clear', { ids: [theirs.op] });
      await doAsB('terminals.close', { id: theirs.term });
      await settle();
      const before = told.length;
      // The listener still listens: what is its own comes.
      if (role !== 'viewer')
        await outcomeOf(dispatcher, {
          name: 'projects.edit',
          input: { id: own.proj, name: 'mine' },
          caller: callerOf(letter, role),
        });
      await settle();
      if (role !== 'viewer') expect(told.length).toBeGreaterThan(before);
      end.abort();
      await done;
      const text = JSON.stringify(told);
      expect(text).not.toContain(canaryOf('b'));
      for (const id of Object.values(theirs)) expect(text).not.toContain(id);
      const others = letter === 'o' ? 'a' : 'o';
      expect(text).not.toContain(canaryOf(others));
    },
  );

  it('show no terminal on a host to whoever may not change hosts any more', async () => {
    const store = new MemoryRecordStore();
    world = await peopleWorld(['a'], { store });
    const id = thingsOf('a').term;
    await world.plane.close();
    const records = store.collection('terminals', (one) => one as { id: string });
    await records.put({ ...(await records.get(id)), id, target: { kind: 'host', hostId } } as never);
    world = await peopleWorld([], { store });
    const seenBy = async (role: 'owner' | 'member') => {
      const end = new AbortController();
      const { told, done } = listen(callerOf('a', role), end.signal);
      await settle();
      end.abort();
      await done;
      return JSON.stringify(told.filter(({ stream }) => stream.startsWith('terminals.')));
    };
    // Nor the link that was given to it.
    for (const one of [id, thingsOf('a').share]) {
      expect(await seenBy('owner')).toContain(one);
      expect(await seenBy('member')).not.toContain(one);
    }
  });
});

function projectOf(letter: string) {
  return {
    name: canaryOf(letter),
    image: 'debian:12',
    environment: [],
    limits: { cpus: 1, memoryBytes: 1024 ** 3, pids: 100 },
    mountPoint: '/home/dev',
    profile: 'standard',
    runtime: 'default',
    shell: null,
  };
}

describe('names and answers', () => {
  it('are unique among one person’s, and tell nothing of other people’s', async () => {
    world = await peopleWorld(['a', 'b']);
    const { dispatcher } = listeningDispatcher();
    const a = callerOf('a', 'member');
    const ask = (name: MethodName, input: unknown) => outcomeOf(dispatcher, { name, input, caller: a });
    expect(await ask('projects.create', projectOf('a'))).toContain('project.name-taken');
    const made = await ask('projects.create', projectOf('b'));
    expect(made).toContain('"id":"proj_');
    expect(await ask('snapshots.search', { query: '*' })).toBe(
      JSON.stringify({ hits: [], isTruncated: false, notSearched: 1 }),
    );
    const used = await ask('projects.remove', { id: thingsOf('a').proj });
    expect(used).toContain('project.in-use');
    expect(used).not.toContain(canaryOf('b'));
  });

  it('of every method without an id, to a member, hold nothing of anybody else’s', async () => {
    world = await peopleWorld(['a', 'b']);
    const { dispatcher } = listeningDispatcher();
    for (const [name, method] of methods) {
      if (method.kind !== 'call') continue;
      for (const input of [{}, { hostId }, { id: hostId }, { query: 'canary' }]) {
        const outcome = await outcomeOf(dispatcher, { name, input, caller: callerOf('a', 'member') });
        expect(outcome, name).not.toContain(canaryOf('b'));
      }
    }
  });
});

describe('records of an earlier Berth', () => {
  it('which knew no owners are the local owner’s', async () => {
    world = await peopleWorld(['l', 'a'], { old: ['l'] });
    const { ownership } = world.plane;
    for (const id of Object.values(thingsOf('l'))) expect(ownership.ownerOf(id)).toBe(userOf('l'));
    for (const id of Object.values(thingsOf('a'))) expect(ownership.ownerOf(id)).toBe(userOf('a'));
    expect(ownership).toBeInstanceOf(Ownership);
    expect(ownership.ownerOf(hostId)).toBeUndefined();
  });
});
