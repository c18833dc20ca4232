/**
 * Sleep and roaming on real parts: sshd in a namespace, a whole plane, faults on the way between them. Nobody clicks. The
 * bounds are what a person is promised.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Host, HostState } from '#contract/hosts.ts';
import type { SeenState } from '#test/harness/sleeping-plane.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';
import { stopProcess } from '#test/servers/stop-process.ts';
import { waitUntil } from '#test/servers/wait-until.ts';

let remote: RemoteHost;
let folder: string;

beforeAll(async () => {
  remote = await startRemoteHost({ name: 'roamer', engine: false, diskMiB: 256 });
  folder = await mkdtemp(join(tmpdir(), 'berth-wake-'));
});
afterAll(async () => {
  await remote?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** Milliseconds that `work` took. */
async function timed(work: Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work;
  return performance.now() - startMs;
}

describe('a plane that stays awake', () => {
  let plane: TestPlane;
  let host: Host;
  let lines: string[];
  let states: HostState[];
  const watching = new AbortController();

  beforeAll(async () => {
    lines = [];
    states = [];
    plane = await startPlane({ folder, isRoaming: true, onLogLine: (line) => lines.push(line) });
    const { id } = await plane.client.call('hosts.add', {
      name: 'Roamer',
      definition: {
        kind: 'ssh',
        configName: null,
        address: remote.address,
        port: remote.port,
        user: remote.user,
        auth: { method: 'key', source: { kind: 'file', path: remote.clientKeyPath }, passphraseId: null },
        jumps: [],
        engineSocket: null,
      },
    });
    const question = await plane.until('questions.watch', {}, ([first]) => first);
    await plane.client.call('questions.answer', {
      id: question.id,
      answer: { kind: 'host-key', isTrusted: true },
    });
    host = await plane.until('hosts.watch', {}, (all) => all.find(({ state }) => state.phase === 'ready'));
    expect(host.id).toBe(id);
    void (async () => {
      for await (const item of plane.client.stream('hosts.watch', {}, { signal: watching.signal }))
        for (const { state } of item.type === 'all' ? item.items : item.upserted) states.push(state);
    })();
    await reach('ready');
  });
  afterAll(async () => {
    watching.abort();
    await plane?.close();
  });
  beforeEach(async () => {
    await reach('ready');
    // What an earlier fault left behind is over: the next one is judged alone.
    states.length = 0;
  });

  const current = () => states.at(-1);
  async function reach(phase: HostState['phase'], timeoutMs = 30_000): Promise<HostState> {
    return await plane
      .until('hosts.watch', {}, (all) => all.find(({ state }) => state.phase === phase)?.state, timeoutMs)
      .catch((cause: unknown) => {
        throw new Error(`the host is not ${phase} but ${JSON.stringify(current())}`, { cause });
      });
  }
  const wake = () => plane.client.call('hosts.wake', { reason: 'online' });

  it('a healthy connection lives through a wake', async () => {
    const before = await remote.sshSessionPids();
    await wake();
    await waitUntil(() => states.some((state) => state.phase === 'ready'), { what: 'the probe is answered' });
    expect(states.every((state) => state.phase === 'ready')).toBe(true);
    expect(await remote.sshSessionPids()).toEqual(before);
  });

  it('a black hole is noticed within 4 s of a wake, and the host is back within 3 s of its end', async () => {
    await remote.blackhole();
    try {
      const noticed = timed(reach('lost'));
      await wake();
      expect(await noticed).toBeLessThan(4_000);
      // Deep in the hole: some dials were lost in it.
      await plane.until('hosts.watch', {}, (all) =>
        all.find(({ state }) => state.phase === 'lost' && state.attempt >= 3 && state.retryAt === null),
      );
    } finally {
      await remote.heal();
    }
    expect(await timed(reach('ready'))).toBeLessThan(3_000);
  });

  it('a reset connection is back at once', async () => {
    await wake();
    states.length = 0;
    await remote.killSshSessions('reset');
    const backMs = await timed(waitUntil(() => lostAndBack(states), { what: 'the host is back' }));
    expect(backMs).toBeLessThan(3_000);
  });

  it('a server that restarts is waited for, and met soon after it is up', async () => {
    await wake();
    states.length = 0;
    await remote.killSshSessions('kill');
    await remote.restartSshd();
    const backMs = await timed(waitUntil(() => lostAndBack(states), { what: 'the host is back' }));
    expect(backMs).toBeLessThan(5_000);
  });

  it('another address of this computer is noticed by itself, and the host is back', async () => {
    try {
      await remote.moveCable(3);
      // A look each 2.5 s, a probe of 2.5 s; the ordinary probe alone would take more than 8 s.
      expect(await timed(reach('lost'))).toBeLessThan(7_000);
      expect(await timed(reach('ready'))).toBeLessThan(3_000);
    } finally {
      states.length = 0;
      await remote.moveCable(1);
    }
    await waitUntil(() => lostAndBack(states), { what: 'the host is back at its first address' });
  });

  it('fifteen flaps leave no socket behind and hardly a line', async () => {
    const sockets = async () => (await readdir('/proc/self/fd')).length;
    const before = await sockets();
    const linesBefore = lines.length;
    for (let flap = 0; flap < 15; flap++) {
      states.length = 0;
      await remote.killSshSessions('reset');
      await wake();
      await waitUntil(() => lostAndBack(states), { what: `the host is back from flap ${flap}` });
    }
    await waitUntil(async () => (await sockets()) <= before, {
      what: 'all sockets are closed',
    }).catch(async (cause: unknown) => {
      throw new Error(`${before} files were open, ${await sockets()} are`, { cause });
    });
    expect(await remote.sshSessionPids()).toHaveLength(1);
    expect(lines.slice(linesBefore).length).toBeLessThan(9);
  }, 120_000);
});

function lostAndBack(states: readonly HostState[]): boolean {
  const lostAt = states.findIndex(({ phase }) => phase === 'lost');
  return lostAt >= 0 && states.slice(lostAt).some(({ phase }) => phase === 'ready');
}

describe('a plane that sleeps', () => {
  const program = fileURLToPath(new URL('../../../harness/sleeping-plane.ts', import.meta.url));
  let child: ChildProcess;
  let seen: SeenState[];

  beforeEach(async () => {
    seen = [];
    const reader = await startPlane({ folder });
    const [host] = await reader.until('hosts.watch', {}, (all) => (all.length > 0 ? all : undefined));
    await reader.close();
    child = spawn(process.execPath, [program, folder, host?.id ?? ''], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    createInterface({ input: child.stdout! }).on('line', (line) => seen.push(JSON.parse(line) as SeenState));
    await waitUntil(() => seen.at(-1)?.phase === 'ready', { what: 'the host is ready', timeoutMs: 30_000 });
  });
  afterEach(async () => {
    child.kill('SIGCONT');
    await stopProcess(child, 10_000);
  });

  /** Long enough that the clock tells, and that probes were due meanwhile. */
  async function sleepThrough(work: () => Promise<void>): Promise<void> {
    child.kill('SIGSTOP');
    const untilMs = performance.now() + 12_000;
    await work();
    await waitUntil(() => performance.now() > untilMs, { what: 'the sleep is over', intervalMs: 200 });
    child.kill('SIGCONT');
  }

  it('probes first: what the server kept is kept', async () => {
    const before = await remote.sshSessionPids();
    const known = seen.length;
    await sleepThrough(async () => {});
    // A whole round of ordinary probes later it is still the same connection.
    const awakeMs = performance.now();
    await waitUntil(() => performance.now() - awakeMs > 6_000, { what: 'a while', intervalMs: 200 });
    expect(seen.slice(known)).toEqual([]);
    expect(await remote.sshSessionPids()).toEqual(before);
  }, 90_000);

  it('is back by itself where the server gave it up unseen', async () => {
    const known = seen.length;
    await sleepThrough(async () => {
      await remote.blackhole();
      await remote.killSshSessions('kill');
      await remote.heal();
    });
    const backMs = await timed(
      waitUntil(() => seen.slice(known).some(({ phase }) => phase === 'ready'), {
        what: 'the host is back',
      }),
    );
    expect(backMs).toBeLessThan(8_000);
    expect(seen.slice(known).map(({ phase }) => phase)).toEqual(['lost', 'ready']);
  }, 90_000);
});
