/** What a nudge does to a host, wherever it is: up, dialling, waiting, without a network, given up. */
import { afterEach, describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { HostState } from '#contract/hosts.ts';
import { HandshakeGate } from '#main/control-plane/hosts/handshake-gate.ts';
import { HostSupervisor } from '#main/control-plane/hosts/host-supervisor.ts';
import { KeptAnswers } from '#main/control-plane/hosts/kept-answers.ts';
import { Questions } from '#main/control-plane/hosts/questions.ts';
import { TrialAnswers } from '#main/control-plane/hosts/trial-answers.ts';
import { FakeConnector, FakeEngineFactory } from '#test/harness/fake-connector.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';

const open: HostSupervisor[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((supervisor) => supervisor.disconnect()));
});

const refused = () => new BerthError('host.unreachable', 'Connection refused.');
/** Longer than a link must live to count as stable, so that the next loss is news. */
const LONG_MS = 31_000;

function make(address = 'atlas') {
  const clock = new ManualClock();
  const log = new MemoryLog();
  const connector = new FakeConnector();
  const machine = connector.machine(address);
  const network = { isOnline: true };
  const random = {
    id: () => 'q_00000000000000000001' as never,
    bytes: () => new Uint8Array(),
    fraction: () => 0,
  };
  const questions = new Questions({ clock, random });
  const states: HostState[] = [];
  const supervisor = new HostSupervisor(
    {
      connector,
      engines: new FakeEngineFactory(),
      questions,
      gate: new HandshakeGate(),
      secretOf: async () => undefined,
      clock,
      trials: new TrialAnswers({ clock }),
      kept: new KeptAnswers(),
      random,
      log,
      isOnline: () => network.isOnline,
      onState: (state) => states.push(state),
      prepare: async () => {},
      onReady: () => {},
      onEngine: () => {},
      onEngineLost: () => {},
      onLost: () => {},
    },
    {
      id: 'host_00000000000000000001',
      name: 'Atlas',
      definition: {
        kind: 'ssh',
        configName: null,
        address,
        port: null,
        user: 'dev',
        auth: { method: 'automatic' },
        jumps: [],
        engineSocket: null,
      },
      pinnedFingerprints: [],
    },
  );
  open.push(supervisor);
  const phase = () => supervisor.state.phase;
  const ready = async () => {
    supervisor.connect();
    await clock.advance(0);
    await expect.poll(() => phase()).toBe('ready');
  };
  const wake = () => supervisor.nudge({ why: 'wake' });
  return { clock, log, connector, machine, network, questions, states, supervisor, phase, ready, wake };
}

describe('a host that is up', () => {
  it('is probed on a wake, and keeps its connection when it answers', async () => {
    const { clock, machine, ready, wake, states, phase } = make();
    await ready();
    const [connection] = machine.connections;
    const before = machine.probes;
    for (let times = 0; times < 20; times++) wake();
    await clock.advance(5_000);
    expect(machine.probes - before).toBe(1);
    expect(phase()).toBe('ready');
    expect([...machine.connections]).toEqual([connection]);
    expect(states.filter((state) => state.phase === 'lost')).toEqual([]);
  });

  it('is dropped when it does not answer a wake in 2.75 s, and dialled at once', async () => {
    const { clock, machine, connector, ready, wake, supervisor, phase } = make();
    await ready();
    const [connection] = machine.connections;
    machine.isSilent = true;
    wake();
    await clock.advance(2_700);
    expect(phase()).toBe('ready');
    await clock.advance(100);
    expect(supervisor.state).toMatchObject({ phase: 'lost', retryAt: null, attempt: 1 });
    expect(connection?.isClosed).toBe(true);
    expect(machine.attempts).toBe(2);
    // The dial itself is short, so that a network that comes up is met soon.
    await clock.advance(2_000);
    expect(supervisor.state).toMatchObject({ phase: 'lost', retryAt: expect.any(String), attempt: 1 });
    machine.isSilent = false;
    await clock.advance(500);
    expect(phase()).toBe('ready');
    expect(connector.mostAtOnce).toBe(1);
  });

  it('is judged by the wake although an ordinary probe waits already', async () => {
    const { clock, machine, ready, wake, phase } = make();
    await ready();
    machine.isSilent = true;
    await clock.advance(11_000);
    expect(phase()).toBe('ready');
    wake();
    await clock.advance(2_800);
    expect(phase()).toBe('lost');
  });

  it('is judged by the wake although its engine is waited for', async () => {
    const { clock, machine, ready, wake, phase } = make();
    await ready();
    machine.engine = 'frozen';
    await clock.advance(10_500);
    machine.isSilent = true;
    wake();
    await clock.advance(2_800);
    expect(phase()).toBe('lost');
  });

  it('is probed on a suspicion within the time that is given, and not for each of many', async () => {
    const { clock, machine, ready, supervisor, phase } = make();
    await ready();
    const before = machine.probes;
    for (let times = 0; times < 50; times++) {
      supervisor.nudge({ why: 'suspicion' });
      await clock.advance(100);
    }
    expect(machine.probes - before).toBeLessThanOrEqual(6);
    machine.isSilent = true;
    await clock.advance(1_000);
    supervisor.nudge({ why: 'suspicion', probeMs: 500 });
    await clock.advance(800);
    expect(phase()).toBe('lost');
  });

  it('that breaks is dialled at once, and not again and again without a wait', async () => {
    const { clock, machine, ready, supervisor, phase } = make();
    await ready();
    machine.breakConnections();
    await clock.advance(0);
    expect([phase(), machine.attempts]).toEqual(['ready', 2]);
    machine.breakConnections();
    await clock.advance(0);
    expect(supervisor.state).toMatchObject({ phase: 'lost', attempt: 1, retryAt: expect.any(String) });
    await clock.advance(1_000);
    expect(phase()).toBe('ready');
    await clock.advance(LONG_MS);
    machine.breakConnections();
    await clock.advance(0);
    expect(phase()).toBe('ready');
  });

  it('lives on when the computer slept for an hour and the server did not mind', async () => {
    const { clock, machine, ready, states, wake } = make();
    await ready();
    const [connection] = machine.connections;
    clock.sleep(3_600_000);
    wake();
    await clock.advance(30_000);
    expect([...machine.connections]).toEqual([connection]);
    expect(states.some((state) => state.phase === 'lost')).toBe(false);
  });
});

describe('a host that is dialled', () => {
  it('is given up soon when a wake comes in between, and dialled again at once, one at a time', async () => {
    const { clock, machine, connector, wake, supervisor, phase } = make();
    machine.isSilent = true;
    supervisor.connect();
    await clock.advance(5_000);
    expect(machine.attempts).toBe(1);
    for (let times = 0; times < 5; times++) wake();
    await clock.advance(1_900);
    expect(machine.attempts).toBe(1);
    await clock.advance(200);
    expect(machine.attempts).toBe(2);
    machine.isSilent = false;
    await clock.advance(3_000);
    expect(phase()).toBe('ready');
    expect(connector.mostAtOnce).toBe(1);
    expect(machine.connections.size).toBe(1);
  });

  it('is not cut short while a person answers its question', async () => {
    const { clock, connector, supervisor, questions, wake, phase } = make();
    connector.trusted.delete('atlas');
    supervisor.connect();
    await expect.poll(() => phase()).toBe('needs-you');
    wake();
    await clock.advance(30_000);
    expect(phase()).toBe('needs-you');
    questions.answer('q_00000000000000000001', { kind: 'host-key', isTrusted: true });
    await expect.poll(() => phase()).toBe('ready');
  });

  it('is not given up for an engine that is slow after a wake', async () => {
    const { clock, machine, ready, wake, supervisor, phase } = make();
    await ready();
    machine.engine = 'frozen';
    machine.breakConnections();
    wake();
    await clock.advance(1);
    wake();
    await clock.advance(20_500);
    expect(phase()).toBe('ready');
    expect(supervisor.state).toMatchObject({ engineRoute: 'none' });
    expect(machine.attempts).toBe(2);
  });

  it('is probed once it is up when a wake came meanwhile', async () => {
    const { clock, machine, connector, supervisor, wake, phase } = make();
    let letGo = () => {};
    connector.hold = new Promise((resolve) => (letGo = resolve));
    supervisor.connect();
    await clock.advance(100);
    wake();
    letGo();
    await expect.poll(() => phase()).toBe('ready');
    await clock.advance(100);
    expect(machine.probes).toBe(2);
  });
});

describe('a host that is waited for', () => {
  it('is tried at once on a wake, and its waits begin anew', async () => {
    const { clock, machine, supervisor, wake } = make();
    machine.refusal = refused();
    supervisor.connect();
    await clock.advance(70_000);
    expect(supervisor.state).toMatchObject({ phase: 'lost', attempt: 7 });
    const before = machine.attempts;
    wake();
    await clock.advance(0);
    expect(machine.attempts).toBe(before + 1);
    expect(supervisor.state).toMatchObject({ attempt: 1 });
  });

  it('is tried close together for 20 s after a wake, then 1, 2, 4 … s apart again', async () => {
    const { clock, machine, supervisor, wake } = make();
    machine.refusal = refused();
    supervisor.connect();
    await clock.advance(200_000);
    const before = machine.attempts;
    wake();
    await clock.advance(20_000);
    expect(machine.attempts - before).toBeGreaterThanOrEqual(20);
    expect(machine.attempts - before).toBeLessThanOrEqual(24);
    const waits: number[] = [];
    for (let attempt = 0; attempt < 4; attempt++) {
      const { state } = supervisor;
      if (state.phase !== 'lost' || state.retryAt === null) throw new Error('not waiting');
      const waitMs = Date.parse(state.retryAt) - clock.nowMs();
      waits.push(waitMs / 1000);
      await clock.advance(waitMs);
    }
    expect(waits).toEqual([1, 2, 4, 8]);
  });

  it('is not hurried by a suspicion', async () => {
    const { clock, machine, supervisor } = make();
    machine.refusal = refused();
    supervisor.connect();
    await clock.advance(40_000);
    const before = machine.attempts;
    for (let times = 0; times < 100; times++) supervisor.nudge({ why: 'suspicion' });
    await clock.advance(1_000);
    expect(machine.attempts).toBe(before);
  });

  it('that failed for good is tried on the word of a person, not on a wake', async () => {
    const { clock, machine, supervisor, wake, phase } = make();
    machine.refusal = new BerthError('host.auth-failed', 'The server refused the password.');
    supervisor.connect();
    await expect.poll(() => phase()).toBe('failed');
    for (let times = 0; times < 50; times++) {
      wake();
      await clock.advance(1_000);
    }
    expect(machine.attempts).toBe(1);
    machine.refusal = undefined;
    supervisor.connect();
    await expect.poll(() => phase()).toBe('ready');
  });
});

describe('a computer without a network', () => {
  it('dials nothing, says what it waits for, and dials at once when there is one', async () => {
    const { clock, machine, network, ready, supervisor, wake, phase } = make();
    await ready();
    await clock.advance(LONG_MS);
    network.isOnline = false;
    machine.isSilent = true;
    wake();
    await clock.advance(3_000);
    const since = clock.nowMs() - 250;
    expect(supervisor.state).toMatchObject({ phase: 'lost', retryAt: null, isWaitingForNetwork: true });
    for (let times = 0; times < 100; times++) {
      wake();
      await clock.advance(1_000);
    }
    expect(machine.attempts).toBe(1);
    const { state } = supervisor;
    if (state.phase !== 'lost') throw new Error('not lost');
    expect(Math.abs(Date.parse(state.sinceAt) - since)).toBeLessThan(1_000);
    machine.isSilent = false;
    network.isOnline = true;
    wake();
    await clock.advance(0);
    await expect.poll(() => phase()).toBe('ready');
  });

  it('tries all the same when a person says so, and every five minutes for a network that is not seen', async () => {
    const { clock, machine, network, supervisor } = make();
    network.isOnline = false;
    machine.refusal = refused();
    supervisor.connect();
    await clock.advance(1_000);
    expect(machine.attempts).toBe(1);
    expect(supervisor.state).toMatchObject({ isWaitingForNetwork: true });
    supervisor.connect();
    await clock.advance(0);
    expect(machine.attempts).toBe(2);
    await clock.advance(10 * 60_000);
    expect(machine.attempts).toBeLessThanOrEqual(5);
    expect(machine.attempts).toBeGreaterThanOrEqual(3);
  });

  it('pauses tries that were under way when the network goes', async () => {
    const { clock, machine, network, supervisor } = make();
    machine.refusal = refused();
    supervisor.connect();
    await clock.advance(5_000);
    network.isOnline = false;
    await clock.advance(60_000);
    const before = machine.attempts;
    await clock.advance(120_000);
    expect(machine.attempts).toBe(before);
    expect(supervisor.state).toMatchObject({ isWaitingForNetwork: true });
  });

  it('still reaches what listens on its own loopback', async () => {
    const { clock, machine, network, supervisor, phase } = make('localhost');
    network.isOnline = false;
    machine.refusal = refused();
    supervisor.connect();
    await clock.advance(3_000);
    machine.refusal = undefined;
    await clock.advance(5_000);
    expect(phase()).toBe('ready');
  });
});

describe('the log', () => {
  it('of a host that is away for a day is a few lines', async () => {
    const { clock, log, machine, ready } = make();
    await ready();
    machine.refusal = refused();
    machine.breakConnections();
    await clock.advance(24 * 3_600_000);
    expect(machine.attempts).toBeGreaterThan(1_400);
    expect(log.lines.length).toBeLessThan(16);
    expect(log.lines.at(-1)?.fields).toMatchObject({ times: 1_024 });
  });

  it('of a host that breaks again and again is a few lines', async () => {
    const { clock, log, machine, ready, wake } = make();
    await ready();
    for (let flap = 0; flap < 500; flap++) {
      machine.breakConnections();
      wake();
      await clock.advance(2_000);
    }
    expect(machine.attempts).toBeGreaterThan(500);
    expect(machine.connections.size).toBe(1);
    expect(machine.enginesOpened - machine.enginesClosed).toBe(1);
    expect(log.lines.length).toBeLessThan(14);
  });
});
