import { afterEach, describe, expect, it, vi } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { HostDefinition } from '#contract/hosts.ts';
import type { CredentialId, HostId } from '#contract/ids.ts';
import type { Question } from '#contract/questions.ts';
import { hostHandlers } from '#main/control-plane/hosts/host-handlers.ts';
import { HostService } from '#main/control-plane/hosts/host-service.ts';
import type { MachineOfHost } from '#main/control-plane/hosts/machine-of-host.ts';
import { Questions } from '#main/control-plane/hosts/questions.ts';
import type { Secret } from '#main/control-plane/interfaces/secret.ts';
import { FakeConnector, FakeEngineFactory } from '#test/harness/fake-connector.ts';
import { FakeNetwork } from '#test/harness/fake-network.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { MemoryRecordStore } from '#test/harness/memory-record-store.ts';

const open: HostService[] = [];
afterEach(async () => {
  for (const service of open.splice(0)) await service.close();
});

let count = 0;
async function make(store = new MemoryRecordStore(), connector = new FakeConnector()) {
  const clock = new ManualClock();
  const log = new MemoryLog();
  const random = {
    id: (prefix: string) => `${prefix}_${String(count++).padStart(20, '0')}` as never,
    bytes: (length: number) => new Uint8Array(length),
    fraction: () => 0,
  };
  const questions = new Questions({ clock, random });
  const kept = new Map<CredentialId, Secret>();
  const network = new FakeNetwork();
  const guard = { isWanted: true };
  const machines = new Map<HostId, MachineOfHost>();
  const sleepers = new Map<HostId, string[]>();
  let tellUsable = () => {};
  const hosts = new HostService({
    connector,
    engines: new FakeEngineFactory(),
    questions,
    clock,
    random,
    log,
    network,
    store,
    secrets: {
      secretOf: async (id) => kept.get(id),
      exists: (id) => kept.has(id),
      remember: async ({ secret, replaces }) => {
        const id: CredentialId = replaces ?? random.id('cred');
        kept.set(id, secret);
        return id;
      },
      onUsable: (listener) => {
        tellUsable = listener;
        return () => {};
      },
    },
    mayGuard: () => true,
    machineOf: (id) => machines.get(id),
    sleepersOn: (hostId) => sleepers.get(hostId) ?? [],
    isGuardWanted: () => guard.isWanted,
  });
  open.push(hosts);
  await hosts.load();
  hosts.start();
  const stateOf = (id: HostId) => hosts.get(id)?.state;
  const phase = (id: HostId) => stateOf(id)?.phase;
  return {
    hosts,
    questions,
    connector,
    clock,
    log,
    network,
    kept,
    guard,
    machines,
    sleepers,
    store,
    stateOf,
    phase,
    secretsUsable: () => tellUsable(),
  };
}

function at(
  address: string,
  auth: Extract<HostDefinition, { kind: 'ssh' }>['auth'] = { method: 'automatic' },
) {
  const definition: HostDefinition = {
    kind: 'ssh',
    configName: null,
    address,
    port: null,
    user: 'dev',
    auth,
    jumps: [],
    engineSocket: null,
  };
  return definition;
}

async function asked(questions: Questions): Promise<Question> {
  for await (const item of questions.watch(new AbortController().signal)) {
    const [question] = item.type === 'all' ? item.items : item.upserted;
    if (question) return question;
  }
  throw new Error('no question');
}

const lost = () => new BerthError('host.unreachable', 'No route to host.');

describe('a host', () => {
  it('is ready only after a round trip to its engine, and told of', async () => {
    const { hosts, connector, phase, stateOf, clock } = await make();
    const machine = connector.machine('atlas');
    machine.scripts.set('facts', () => ({ stdout: 'hostname=atlas\ncpus=4\ntmux=tmux 3.3a\nend=yes\n' }));
    machine.engine = 'frozen';
    const ready: string[] = [];
    hosts.links.onReady((link) => ready.push(link.hostName));
    const { id } = await hosts.add({ name: 'Atlas', definition: at('atlas') });
    await expect.poll(() => stateOf(id)).toMatchObject({ phase: 'connecting', step: 'reaching-engine' });
    expect(ready).toEqual([]);
    // An engine that answers nothing is given up after 20 s, and the machine is of use without it.
    await clock.advance(20_000);
    await expect.poll(() => phase(id)).toBe('ready');
    expect(stateOf(id)).toMatchObject({ engineRoute: 'none', engineError: { code: 'engine.unreachable' } });
    expect(() => hosts.links.requireEngine(id)).toThrow(
      expect.objectContaining({ code: 'engine.unreachable' }),
    );
    expect(hosts.links.require(id).engine).toBeUndefined();
    machine.engine = 'up';
    await clock.advance(2_000);
    await expect.poll(() => stateOf(id)).toMatchObject({ engineRoute: 'stream-forward', engineError: null });
    expect(ready).toEqual(['Atlas', 'Atlas']);
    expect(hosts.links.requireEngine(id).engineInfo.version).toBe('28.2.2');
    await expect.poll(() => hosts.get(id)?.facts).toMatchObject({ hostname: 'atlas', tmuxVersion: '3.3a' });
    expect(hosts.get(id)?.lastReadyAt).not.toBeNull();
  });

  it('sets the network rules before it is shown as ready', async () => {
    const { hosts, connector, phase } = await make();
    const machine = connector.machine('atlas');
    const phases: unknown[] = [];
    const { id } = await hosts.add({ name: 'Atlas', definition: at('atlas') });
    machine.scripts.set('network-guard', () => {
      phases.push(phase(id));
      return { stdout: 'privilege=root\nguard=on\nend=yes\n' };
    });
    await expect.poll(() => phase(id)).toBe('ready');
    expect(machine.ran[0]).toEqual(['network-guard', 'apply', 'berth-*']);
    expect(phases).toEqual(['connecting']);
  });

  it('is opened and closed at once when the person changes their mind', async () => {
    const { hosts, connector, phase, guard } = await make();
    const [atlas, bora] = [connector.machine('atlas'), connector.machine('bora')];
    const verbs = (machine: typeof atlas) =>
      machine.ran.filter(([script]) => script === 'network-guard').map(([, verb]) => verb);
    const { id } = await hosts.add({ name: 'Atlas', definition: at('atlas') });
    await expect.poll(() => phase(id)).toBe('ready');
    guard.isWanted = false;
    await hosts.settleGuards();
    expect(verbs(atlas)).toEqual(['apply', 'remove']);
    // A host that was away follows when it comes.
    const other = await hosts.add({ name: 'Bora', definition: at('bora') });
    await expect.poll(() => phase(other.id)).toBe('ready');
    expect(verbs(bora)).toEqual(['remove']);
    guard.isWanted = true;
    await hosts.settleGuards();
    expect([verbs(atlas), verbs(bora)]).toEqual([
      ['apply', 'remove', 'apply'],
      ['remove', 'apply'],
    ]);
  });

  it('has the rules that are wanted when it is shown, although the mind was changed while they were set', async () => {
    const { hosts, connector, phase, guard } = await make();
    const machine = connector.machine('atlas');
    machine.scripts.set('network-guard', ([verb]) => {
      guard.isWanted = false;
      return { stdout: `privilege=root\nguard=${verb === 'apply' ? 'on' : 'off'}\nend=yes\n` };
    });
    const { id } = await hosts.add({ name: 'Atlas', definition: at('atlas') });
    await expect.poll(() => phase(id)).toBe('ready');
    expect(machine.ran.slice(0, 2).map(([script, verb]) => `${script} ${verb}`)).toEqual([
      'network-guard apply',
      'network-guard remove',
    ]);
  });

  it('in a black hole is lost within 20 s, and comes back by itself', async () => {
    const { hosts, connector, clock, phase, stateOf } = await make();
    const machine = connector.machine('atlas');
    const { id } = await hosts.add({ name: 'Atlas', definition: at('atlas') });
    await expect.poll(() => phase(id)).toBe('ready');
    const link = hosts.links.require(id);
    const told: HostId[] = [];
    hosts.links.onLost((hostId) => told.push(hostId));
    await clock.advance(60_000);
    expect(phase(id)).toBe('ready');
    machine.isSilent = true;
    await clock.advance(20_000);
    expect(phase(id)).toBe('lost');
    expect(told).toEqual([id]);
    expect(link.signal.aborted).toBe(true);
    expect(machine.connections.size).toBe(0);
    expect(machine.enginesClosed).toBe(1);
    expect(() => hosts.links.require(id)).toThrow(expect.objectContaining({ code: 'host.not-connected' }));
    const since = (stateOf(id) as { sinceAt: string }).sinceAt;
    await clock.advance(120_000);
    expect(stateOf(id)).toMatchObject({ phase: 'lost', sinceAt: since });
    machine.isSilent = false;
    await clock.advance(60_000);
    expect(phase(id)).toBe('ready');
  });

  it('waits 1, 2, 4 … 60 s between attempts, and says when the next begins', async () => {
    const { hosts, connector, clock, stateOf } = await make();
    const machine = connector.machine('atlas');
    machine.refusal = lost();
    const { id } = await hosts.add({ name: 'Atlas', definition: at('atlas') });
    await expect.poll(() => stateOf(id)?.phase).toBe('lost');
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 8; attempt++) {
      const state = stateOf(id);
      if (state?.phase !== 'lost' || state.retryAt === null) throw new Error('not waiting');
      expect(state.attempt).toBe(attempt);
      expect(machine.attempts).toBe(attempt);
      const waitMs = Date.parse(state.retryAt) - clock.nowMs();
      waits.push(waitMs / 1000);
      await clock.advance(waitMs);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  });

  it('is tried at once when the person says so, and from the start after a long good time', async () => {
    const { hosts, connector, clock, phase, stateOf } = await make();
    const machine = connector.machine('atlas');
    machine.refusal = lost();
    const { id } = await hosts.add({ name: 'Atlas', definition: at('atlas') });
    await clock.advance(40_000);
    expect(stateOf(id)).toMatchObject({ phase: 'lost', attempt: 6 });
    machine.refusal = undefined;
    await hosts.connect(id);
    await expect.poll(() => phase(id)).toBe('ready');
    await clock.advance(31_000);
    machine.breakConnections();
    // The first attempt after a good time comes at once.
    await expect.poll(() => [machine.connections.size, phase(id)]).toEqual([1, 'ready']);
    machine.breakConnections();
    // One that broke again right away waits.
    await expect.poll(() => stateOf(id)).toMatchObject({ phase: 'lost', attempt: 1 });
    expect(machine.connections.size).toBe(0);
  });

  it('waits for the person after a refusal that trying would not mend', async () => {
    const { hosts, connector, clock, phase, stateOf } = await make();
    const machine = connector.machine('atlas');
    machine.fingerprint = 'SHA256:second';
    const { id } = await hosts.add({ name: 'Atlas', definition: at('atlas') });
    await expect
      .poll(() => stateOf(id))
      .toMatchObject({ phase: 'failed', error: { code: 'host.key-changed' } });
    await clock.advance(3_600_000);
    expect(machine.attempts).toBe(1);
    const wrong = hosts.replaceKey({ id, oldFingerprint: 'SHA256:other', newFingerprint: 'SHA256:second' });
    await expect(wrong).rejects.toMatchObject({ code: 'conflict' });
    expect(machine.attempts).toBe(1);
    await hosts.replaceKey({ id, oldFingerprint: 'SHA256:first', newFingerprint: 'SHA256:second' });
    await expect.poll(() => phase(id)).toBe('ready');
  });

  it('that failed for want of secrets is tried when they can be read', async () => {
    const { hosts, connector, phase, secretsUsable } = await make();
    const machine = connector.machine('atlas');
    machine.refusal = new BerthError('credential.vault-locked', 'Unlock the vault.');
    const { id } = await hosts.add({ name: 'Atlas', definition: at('atlas') });
    await expect.poll(() => phase(id)).toBe('failed');
    machine.refusal = undefined;
    secretsUsable();
    await expect.poll(() => phase(id)).toBe('ready');
  });

  it('is probed at once on suspicion and after a sleep', async () => {
    const { hosts, connector, clock, phase } = await make();
    const machine = connector.machine('atlas');
    const { id } = await hosts.add({ name: 'Atlas', definition: at('atlas') });
    await expect.poll(() => phase(id)).toBe('ready');
    const before = machine.probes;
    hosts.links.suspect(id);
    await expect.poll(() => machine.probes).toBe(before + 1);
    machine.isSilent = true;
    clock.sleep(3_600_000);
    await clock.advance(8_000);
    expect(phase(id)).toBe('lost');
    machine.isSilent = false;
    clock.sleep(3_600_000);
    await clock.advance(1);
    await expect.poll(() => phase(id)).toBe('ready');
  });

  it('is probed on every wake, from wherever it is told, at most once a second', async () => {
    const { hosts, questions, connector, clock, network, phase, log } = await make();
    const machine = connector.machine('atlas');
    const { id } = await hosts.add({ name: 'Atlas', definition: at('atlas') });
    await expect.poll(() => phase(id)).toBe('ready');
    const handlers = hostHandlers(hosts, questions);
    const context = {} as never;
    await clock.advance(2_000);
    const before = machine.probes;
    for (let times = 0; times < 30; times++) await handlers['hosts.wake']({ reason: 'online' }, context);
    await clock.advance(900);
    expect(machine.probes).toBe(before + 1);
    // The last of them was told too late for the first round: it has its own.
    await clock.advance(200);
    expect(machine.probes).toBe(before + 2);
    await clock.advance(2_000);
    const later = machine.probes;
    network.move();
    await clock.advance(0);
    expect(machine.probes).toBe(later + 1);
    for (let second = 0; second < 3_600; second++) {
      hosts.wake('network');
      await clock.advance(1_000);
    }
    expect(log.messages('info').length).toBeLessThan(20);
    expect(phase(id)).toBe('ready');
  });

  it('waits for a network when the computer has none, and comes back with it', async () => {
    const { hosts, connector, clock, network, stateOf, phase } = await make();
    const machine = connector.machine('atlas');
    const { id } = await hosts.add({ name: 'Atlas', definition: at('atlas') });
    await expect.poll(() => phase(id)).toBe('ready');
    machine.isSilent = true;
    network.unplug();
    await clock.advance(60_000);
    expect(stateOf(id)).toMatchObject({ phase: 'lost', isWaitingForNetwork: true, retryAt: null });
    expect(machine.attempts).toBe(1);
    machine.isSilent = false;
    network.plug();
    await clock.advance(0);
    await expect.poll(() => phase(id)).toBe('ready');
  });

  it('keeps its connection when only the engine is lost, and opens that again', async () => {
    const { hosts, connector, clock, phase, stateOf } = await make();
    const machine = connector.machine('atlas');
    const { id } = await hosts.add({ name: 'Atlas', definition: at('atlas') });
    await expect.poll(() => phase(id)).toBe('ready');
    const first = hosts.links.require(id);
    let losses = 0;
    hosts.links.onLost(() => (losses += 1));
    const engines: unknown[] = [];
    hosts.links.onReady((link) => engines.push(link.engine));
    machine.engine = 'down';
    hosts.links.suspect(id);
    await expect.poll(() => stateOf(id)).toMatchObject({ phase: 'ready', engineRoute: 'none' });
    expect(first.signal.aborted).toBe(false);
    expect(() => hosts.links.requireEngine(id)).toThrow(
      expect.objectContaining({ code: 'engine.unreachable' }),
    );
    machine.engine = 'up';
    await clock.advance(5_000);
    await expect.poll(() => hosts.links.current(id)?.engine).toBeDefined();
    expect(hosts.links.require(id).engine).not.toBe(first.engine);
    expect(hosts.links.require(id).connection).toBe(first.connection);
    expect([losses, engines.length, machine.attempts]).toEqual([0, 2, 1]);
    expect([machine.enginesOpened, machine.enginesClosed]).toEqual([2, 1]);
  });

  it('that hangs in the handshake is given up after 45 s, and a late connection is closed', async () => {
    const { hosts, connector, clock, stateOf } = await make();
    const machine = connector.machine('atlas');
    let letGo = () => {};
    connector.hold = new Promise((resolve) => (letGo = resolve));
    const { id } = await hosts.add({ name: 'Atlas', definition: at('atlas') });
    await clock.advance(44_000);
    expect(stateOf(id)).toMatchObject({ phase: 'connecting', step: 'dialling' });
    await clock.advance(1_500);
    expect(stateOf(id)).toMatchObject({ phase: 'lost', error: { code: 'timed-out' } });
    await hosts.disconnect(id);
    letGo();
    await expect.poll(() => machine.connecting).toBe(0);
    await expect.poll(() => machine.connections.size).toBe(0);
    expect(stateOf(id)?.phase).toBe('disconnected');
  });

  it('that was disconnected stays so, also at the next start; one that was connected comes back', async () => {
    const store = new MemoryRecordStore();
    const connector = new FakeConnector();
    connector.machine('atlas');
    connector.machine('bora');
    const first = await make(store, connector);
    const atlas = await first.hosts.add({ name: 'Atlas', definition: at('atlas') });
    const bora = await first.hosts.add({ name: 'Bora', definition: at('bora') });
    await expect.poll(() => [first.phase(atlas.id), first.phase(bora.id)]).toEqual(['ready', 'ready']);
    expect((await first.hosts.disconnect(atlas.id)).state).toEqual({ phase: 'disconnected' });
    expect(connector.machine('atlas').connections.size).toBe(0);
    await first.hosts.close();
    expect(connector.machine('bora').connections.size).toBe(0);
    const second = await make(store, connector);
    await expect.poll(() => second.phase(bora.id)).toBe('ready');
    expect(second.phase(atlas.id)).toBe('disconnected');
    expect(connector.machine('atlas').attempts).toBe(1);
  });
});

describe('many hosts', () => {
  it('shake hands 16 at a time, and a question holds nobody up', async () => {
    const { hosts, connector, phase, questions } = await make();
    for (let index = 0; index < 16; index++) {
      connector.machine(`new${index}`);
      connector.trusted.delete(`new${index}`);
    }
    const asking: HostId[] = [];
    for (let index = 0; index < 16; index++)
      asking.push((await hosts.add({ name: `New ${index}`, definition: at(`new${index}`) })).id);
    await expect.poll(() => asking.map(phase)).toEqual(Array(16).fill('needs-you'));
    expect(await asked(questions)).toMatchObject({ kind: 'host-key' });
    let letGo = () => {};
    connector.hold = new Promise((resolve) => (letGo = resolve));
    const ids: HostId[] = [];
    for (let index = 0; index < 100; index++) {
      connector.machine(`host${index}`);
      ids.push((await hosts.add({ name: `Host ${index}`, definition: at(`host${index}`) })).id);
    }
    const before = connector.mostAtOnce;
    expect(before).toBe(32);
    connector.hold = undefined;
    letGo();
    await expect.poll(() => ids.map(phase)).toEqual(Array(100).fill('ready'));
    expect(connector.mostAtOnce).toBe(32);
  });
});

describe('questions of a connection', () => {
  it('show as "needs you", take no time-out while open, and fail the attempt when they expire', async () => {
    const { hosts, connector, clock, stateOf, questions } = await make();
    connector.machine('atlas');
    connector.trusted.delete('atlas');
    const { id } = await hosts.add({ name: 'Atlas', definition: at('atlas') });
    const question = await asked(questions);
    expect(question).toMatchObject({ kind: 'host-key', hostId: id, fingerprint: 'SHA256:first' });
    expect(stateOf(id)).toEqual({ phase: 'needs-you', questionId: question.id });
    await clock.advance(170_000);
    expect(stateOf(id)?.phase).toBe('needs-you');
    await clock.advance(11_000);
    expect(stateOf(id)).toMatchObject({ phase: 'failed', error: { code: 'question.expired' } });
    await hosts.connect(id);
    const again = await asked(questions);
    questions.answer(again.id, { kind: 'host-key', isTrusted: true });
    await expect.poll(() => stateOf(id)?.phase).toBe('ready');
  });

  it('keep a password once it has worked, refer to it, and never say it', async () => {
    const store = new MemoryRecordStore();
    const { hosts, connector, stateOf, questions, kept, log } = await make(store);
    const machine = connector.machine('atlas');
    machine.password = 'canary-correct';
    const { id } = await hosts.add({ name: 'Atlas', definition: at('atlas') });
    const first = await asked(questions);
    questions.answer(first.id, { kind: 'password', password: 'canary-wrong', remember: true });
    await expect.poll(() => asked(questions)).toMatchObject({ wasWrong: true });
    const second = await asked(questions);
    questions.answer(second.id, { kind: 'password', password: 'canary-correct', remember: true });
    await expect.poll(() => stateOf(id)?.phase).toBe('ready');
    await expect.poll(() => kept.size).toBe(1);
    const [[credentialId, secret]] = [...kept] as [[CredentialId, Secret]];
    expect(secret.reveal()).toBe('canary-correct');
    await expect
      .poll(() => hosts.get(id)?.definition)
      .toMatchObject({ auth: { method: 'password', credentialId } });
    expect(hosts.usersOf(credentialId).map((host) => host.id)).toEqual([id]);
    const stored = await store.collection('hosts', (value) => value as { id: string }).all();
    expect(JSON.stringify(stored)).not.toContain('canary');
    expect(log.text()).not.toContain('canary');
    await hosts.disconnect(id);
    await hosts.connect(id);
    await expect.poll(() => stateOf(id)?.phase).toBe('ready');
    expect(connector.machine('atlas').attempts).toBe(2);
  });

  it('that were refused keep nothing', async () => {
    const { hosts, connector, stateOf, questions, kept } = await make();
    connector.machine('atlas').password = 'right';
    const { id } = await hosts.add({ name: 'Atlas', definition: at('atlas') });
    for (let tries = 0; tries < 2; tries++) {
      const question = await vi.waitFor(
        async () => {
          const present = await asked(questions);
          expect(present).toMatchObject({ wasWrong: tries > 0 });
          return present;
        },
        { timeout: 15_000 },
      );
      questions.answer(question.id, { kind: 'password', password: 'wrong', remember: true });
    }
    await expect
      .poll(() => stateOf(id))
      .toMatchObject({ phase: 'failed', error: { code: 'host.auth-failed' } });
    expect(kept.size).toBe(0);
  });
});

describe('a password that was typed and not remembered', () => {
  async function connected() {
    const world = await make();
    const { hosts, connector, questions, phase, clock } = world;
    const machine = connector.machine('atlas');
    machine.password = 'canary-typed';
    const { id } = await hosts.add({ name: 'Atlas', definition: at('atlas') });
    const type = async (password: string) => {
      const question = await asked(questions);
      questions.answer(question.id, { kind: 'password', password, remember: false });
      return question;
    };
    await type('canary-typed');
    await expect.poll(() => phase(id)).toBe('ready');
    /** Lost after a good time, so that the next attempt begins at once. */
    const lose = async () => {
      await clock.advance(31_000);
      machine.breakConnections();
    };
    return { ...world, id, machine, type, lose };
  }
  const needsYou = (world: { phase(id: HostId): unknown }, id: HostId) =>
    vi.waitFor(() => expect(world.phase(id)).toBe('needs-you'), { timeout: 15_000 });

  it('brings the host back after each loss without a question, and is written nowhere', async () => {
    const { id, lose, phase, machine, questions, kept, store, log } = await connected();
    const shown: string[] = [];
    const watching = new AbortController();
    void (async () => {
      for await (const item of questions.watch(watching.signal))
        for (const { kind } of item.type === 'all' ? item.items : item.upserted) shown.push(kind);
    })();
    for (let attempts = 2; attempts <= 6; attempts++) {
      await lose();
      await expect.poll(() => [machine.attempts, phase(id)]).toEqual([attempts, 'ready']);
    }
    watching.abort();
    expect(shown).toEqual([]);
    expect(kept.size).toBe(0);
    const stored = await store.collection('hosts', (value) => value as { id: string }).all();
    expect(JSON.stringify(stored) + log.text()).not.toContain('canary');
  });

  it('is asked for again once the server says that it is wrong', async () => {
    const world = await connected();
    const { id, machine, type, lose, phase } = world;
    machine.password = 'canary-changed';
    await lose();
    await needsYou(world, id);
    expect(await type('canary-changed')).toMatchObject({ kind: 'password', wasWrong: true });
    await expect.poll(() => phase(id)).toBe('ready');
    await lose();
    await expect.poll(() => [machine.attempts, phase(id)]).toEqual([3, 'ready']);
  });

  it.each([
    [
      'a disconnection',
      async ({ hosts, id }: Awaited<ReturnType<typeof connected>>) => {
        await hosts.disconnect(id);
        await hosts.connect(id);
      },
    ],
    [
      'an edit of the definition',
      async ({ hosts, id }: Awaited<ReturnType<typeof connected>>) => {
        await hosts.edit({ id, definition: { ...at('atlas'), kind: 'ssh', port: 22 } as HostDefinition });
      },
    ],
    [
      'another host key',
      async ({ hosts, id, machine, lose, phase }: Awaited<ReturnType<typeof connected>>) => {
        machine.fingerprint = 'SHA256:second';
        await lose();
        await expect.poll(() => phase(id)).toBe('failed');
        const change = { oldFingerprint: 'SHA256:first', newFingerprint: 'SHA256:second' };
        await hosts.replaceKey({ id, ...change });
      },
    ],
  ])('is gone after %s', async (_name, act) => {
    const world = await connected();
    await act(world);
    await needsYou(world, world.id);
    expect(await asked(world.questions)).toMatchObject({ kind: 'password', wasWrong: false });
  });

  it('outlives a change of the name', async () => {
    const { hosts, id, lose, machine, phase } = await connected();
    await hosts.edit({ id, name: 'Bora' });
    await lose();
    await expect.poll(() => [machine.attempts, phase(id)]).toEqual([2, 'ready']);
  });
});

describe('the list of hosts', () => {
  it('refuses a name that is taken, whatever its case, and a credential that is gone', async () => {
    const { hosts, connector } = await make();
    connector.machine('atlas');
    const { id } = await hosts.add({ name: 'Atlas', definition: at('atlas') });
    await expect(hosts.add({ name: 'ATLAS', definition: at('atlas') })).rejects.toMatchObject({
      code: 'host.name-taken',
    });
    const gone = at('atlas', { method: 'password', credentialId: 'cred_00000000000000000000' });
    await expect(hosts.add({ name: 'B', definition: gone })).rejects.toMatchObject({
      code: 'credential.missing',
    });
    await expect(hosts.edit({ id, name: 'atlas' })).resolves.toMatchObject({ name: 'atlas' });
    expect(hosts.all()).toHaveLength(1);
  });

  it('is as before when the disk refuses', async () => {
    const { hosts, connector, store } = await make();
    connector.machine('atlas');
    const { id } = await hosts.add({ name: 'Atlas', definition: at('atlas') });
    store.failure = new BerthError('store.unwritable', 'No space left.');
    await expect(hosts.add({ name: 'B', definition: at('atlas') })).rejects.toMatchObject({
      code: 'store.unwritable',
    });
    await expect(hosts.edit({ id, name: 'C' })).rejects.toMatchObject({ code: 'store.unwritable' });
    await expect(hosts.remove(id)).rejects.toMatchObject({ code: 'store.unwritable' });
    expect(hosts.all().map((host) => host.name)).toEqual(['Atlas']);
    store.failure = undefined;
    await hosts.edit({ id, name: 'C' });
    expect(hosts.all().map((host) => host.name)).toEqual(['C']);
  });

  it('reconnects when the definition changes, and not for a name', async () => {
    const { hosts, connector, phase } = await make();
    const atlas = connector.machine('atlas');
    const bora = connector.machine('bora');
    const { id } = await hosts.add({ name: 'Atlas', definition: at('atlas') });
    await expect.poll(() => phase(id)).toBe('ready');
    await hosts.edit({ id, name: 'Bora' });
    expect([atlas.attempts, phase(id)]).toEqual([1, 'ready']);
    await hosts.edit({ id, definition: at('bora') });
    await expect.poll(() => phase(id)).toBe('ready');
    expect([atlas.connections.size, bora.connections.size]).toEqual([0, 1]);
  });

  it('forgets a host: closed, told of, gone from the disk and not coming back', async () => {
    const store = new MemoryRecordStore();
    const { hosts, connector, phase } = await make(store);
    const machine = connector.machine('atlas');
    const { id } = await hosts.add({ name: 'Atlas', definition: at('atlas') });
    await expect.poll(() => phase(id)).toBe('ready');
    const removed: HostId[] = [];
    hosts.links.onRemoved((hostId) => removed.push(hostId));
    await hosts.remove(id);
    expect([machine.connections.size, removed, hosts.all()]).toEqual([0, [id], []]);
    expect(() => hosts.links.require(id)).toThrow(expect.objectContaining({ code: 'not-found' }));
    expect(await store.collection('hosts', (value) => value as { id: string }).all()).toEqual([]);
    await expect(hosts.connect(id)).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('a test of a definition', () => {
  const doctorSays = (clock: ManualClock) => () => ({
    stdout: `os.id=debian\nuser=root\nclock=${Math.floor(clock.nowMs() / 1000)}\nend=yes\n`,
  });

  it('tells facts and findings, saves nothing and leaves nothing open', async () => {
    const { hosts, connector, clock, questions } = await make();
    const machine = connector.machine('atlas');
    machine.scripts.set('facts', () => ({ stdout: 'hostname=atlas\nend=yes\n' }));
    machine.scripts.set('doctor', doctorSays(clock));
    machine.scripts.set('network-guard', () => ({ stdout: 'privilege=none\nguard=unknown\nend=yes\n' }));
    const { signal } = new AbortController();
    const handlers = hostHandlers(hosts, questions);
    const context = { signal, caller: undefined as never };
    const result = await handlers['hosts.test']({ definition: at('atlas'), hostId: null }, context);
    expect(result).toMatchObject({
      roundTripMs: 12,
      engineRoute: 'stream-forward',
      facts: { hostname: 'atlas' },
    });
    expect(result.findings.map((finding) => finding.check)).toContain('network-guard');
    expect(machine.ran.map(([script, verb]) => `${script} ${verb ?? ''}`)).not.toContain(
      'network-guard apply',
    );
    expect([machine.connections.size, machine.enginesClosed, hosts.all().length]).toEqual([0, 1, 0]);
  });

  it('fails with what is wrong, and ends with its caller', async () => {
    const { hosts, connector } = await make();
    const machine = connector.machine('atlas');
    const test = (signal = new AbortController().signal) =>
      hosts.test({ definition: at('atlas'), hostId: null }, signal);
    machine.refusal = lost();
    await expect(test()).rejects.toMatchObject({ code: 'host.unreachable' });
    machine.refusal = undefined;
    machine.engineRefusal = new BerthError('engine.permission-denied', 'Not in the group.');
    await expect(test()).rejects.toMatchObject({ code: 'engine.permission-denied' });
    machine.engineRefusal = undefined;
    machine.isSilent = true;
    const caller = new AbortController();
    const pending = test(caller.signal);
    caller.abort(new BerthError('cancelled', 'The window was closed.'));
    await expect(pending).rejects.toMatchObject({ code: 'cancelled' });
    expect(machine.connections.size).toBe(0);
  });
});

describe('a host that is a machine', () => {
  const id: HostId = 'host_m0000000000000000000';
  const machine = (pins: string[], address = 'atlas') => ({
    id,
    name: 'Atlas',
    definition: at(address),
    pinnedFingerprints: pins,
  });

  it('is known by its key, not by its address', async () => {
    const { connector, hosts, phase, stateOf } = await make();
    connector.machine('atlas').fingerprint = 'SHA256:own';
    // Whoever had the address before was trusted under it.
    connector.trusted.set('atlas', 'SHA256:first');
    await hosts.addForMachine(machine(['SHA256:own']));
    await expect.poll(() => phase(id)).toBe('ready');
    connector.machine('other').fingerprint = 'SHA256:somebody';
    connector.trusted.set('other', 'SHA256:somebody');
    await hosts.changeForMachine(id, { definition: at('other') });
    await expect.poll(() => phase(id)).toBe('failed');
    expect(stateOf(id)).toMatchObject({ error: { code: 'host.key-changed' } });
    await expect(
      hosts.replaceKey({ id, oldFingerprint: 'SHA256:own', newFingerprint: 'SHA256:somebody' }),
    ).rejects.toMatchObject({ code: 'conflict' });
    await hosts.changeForMachine(id, { pinnedFingerprints: ['SHA256:own', 'SHA256:somebody'] });
    await expect.poll(() => phase(id)).toBe('ready');
  });

  it('keeps its keys over a restart, and shows them to nobody', async () => {
    const { connector, hosts, phase, store } = await make();
    connector.machine('atlas').fingerprint = 'SHA256:own';
    await hosts.addForMachine(machine(['SHA256:own']));
    await expect.poll(() => phase(id)).toBe('ready');
    await hosts.edit({ id, name: 'Atlas of old' });
    expect(JSON.stringify(hosts.all())).not.toContain('pinned');
    await hosts.close();
    const again = await make(store, connector);
    await expect.poll(() => again.phase(id)).toBe('ready');
    connector.machine('atlas').fingerprint = 'SHA256:evil';
    connector.trusted.set('atlas', 'SHA256:evil');
    connector.machine('atlas').breakConnections();
    await expect.poll(() => again.phase(id)).toBe('failed');
  });

  it('is added once, also when that is said twice', async () => {
    const { connector, hosts, phase } = await make();
    connector.machine('atlas').fingerprint = 'SHA256:own';
    await hosts.addForMachine(machine(['SHA256:own'], 'nowhere'));
    await hosts.addForMachine(machine(['SHA256:own']));
    expect(hosts.all()).toHaveLength(1);
    await expect.poll(() => phase(id)).toBe('ready');
  });

  it('is not forgotten while the machine is there, but by the machine itself', async () => {
    const { hosts, connector, machines } = await make();
    connector.machine('atlas');
    await hosts.addForMachine(machine([]));
    machines.set(id, { name: 'atlas', away: null });
    await expect(hosts.remove(id)).rejects.toMatchObject({ code: 'conflict' });
    expect(hosts.get(id)).toBeDefined();
    await hosts.removeForMachine(id);
    expect(hosts.get(id)).toBeUndefined();
    await hosts.removeForMachine(id);
  });

  it('says that it sleeps, and is not dialled then', async () => {
    const { hosts, connector, machines } = await make();
    const attempts = () => connector.machine('atlas').attempts;
    await hosts.addForMachine(machine([]));
    await hosts.disconnect(id);
    const before = attempts();
    machines.set(id, { name: 'atlas', away: 'asleep' });
    await expect(hosts.connect(id)).rejects.toMatchObject({ code: 'conflict', message: /asleep/ });
    expect(() => hosts.links.require(id)).toThrow(/“atlas” is asleep. Wake the machine first./);
    machines.set(id, { name: 'atlas', away: 'off' });
    expect(() => hosts.links.require(id)).toThrow(/switched off/);
    machines.set(id, { name: 'atlas', away: null });
    expect(() => hosts.links.require(id)).toThrow(/is not connected/);
    expect(attempts()).toBe(before);
    expect(hosts.get(id)?.desired).toBe('disconnected');
  });

  it('is not forgotten while files of another machine sleep on it', async () => {
    const { hosts, connector, sleepers } = await make();
    connector.machine('atlas');
    await hosts.addForMachine(machine([]));
    sleepers.set(id, ['box']);
    await expect(hosts.remove(id)).rejects.toMatchObject({
      code: 'conflict',
      message: /“box” sleep on this host/,
    });
    sleepers.clear();
    await hosts.remove(id);
    expect(hosts.get(id)).toBeUndefined();
  });

  it('lets nobody begin anything while it goes to sleep or wakes, and lets go on what is under way', async () => {
    const { hosts, connector, machines, phase } = await make();
    connector.machine('atlas');
    await hosts.addForMachine(machine([]));
    await expect.poll(() => phase(id)).toBe('ready');
    for (const turning of ['asleep', 'awake'] as const) {
      machines.set(id, { name: 'atlas', away: null, turning });
      expect(() => hosts.links.requireEngine(id)).toThrow(
        turning === 'asleep' ? /going to sleep/ : /is waking/,
      );
      expect(hosts.links.require(id).hostId).toBe(id);
    }
    machines.set(id, { name: 'atlas', away: null, turning: null });
    expect(() => hosts.links.requireEngine(id)).not.toThrow(/asleep|waking/);
  });
});
