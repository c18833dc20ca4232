/**
 * Workspaces that end by themselves on a real host with a real engine: their clock is moved by hand, what they do is real.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '#contract/hosts.ts';
import type { WorkspaceId } from '#contract/ids.ts';
import { type LifecyclePolicy, noPolicy, type WorkSignal } from '#contract/lifecycles.ts';
import type { Project } from '#contract/projects.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import type { Errand } from '#test/harness/plane-child.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { busyboxImage, loadImage } from '#test/servers/images.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';
import { waitUntil } from '#test/servers/wait-until.ts';

const minute = 60_000;
let remote: RemoteHost;
let folder: string;
let plane: TestPlane;
let host: Host;
let project: Project;
let clock: ManualClock;

beforeAll(async () => {
  remote = await startRemoteHost();
  await loadImage(remote, await busyboxImage());
  folder = await mkdtemp(join(tmpdir(), 'berth-lifecycles-'));
  clock = new ManualClock(new Date().toISOString());
  plane = await startPlane({ folder, lifecycleClock: clock });
  host = await plane.addHost(remote);
  project = await plane.createProject('berth-busybox:test');
}, 120_000);
afterAll(async () => {
  await plane?.close();
  await remote?.stop();
  await rm(folder, { recursive: true, force: true });
});

const childScript = new URL('../../../harness/plane-child.ts', import.meta.url).pathname;
const inAMinute = () => new Date(clock.nowMs() + minute).toISOString();
const make = () => plane.createWorkspace({ host, project });
const setPolicy = ({ id }: Workspace, policy: Partial<LifecyclePolicy>) =>
  plane.client.call('lifecycles.setPolicy', { workspaceId: id, policy: { ...noPolicy, ...policy } });
const lifecycleOf = (id: WorkspaceId) =>
  plane.until('lifecycles.watch', {}, (all) => all.find((one) => one.id === id));

/** Readings that the engine gave while this waited. */
async function readings(id: WorkspaceId, count: number): Promise<void> {
  let seen = 0;
  for await (const _ of plane.client.stream('workspaces.stats', { id })) if (++seen > count) return;
}

/** Moves the clock from look to look, which are nearer to each other before an end; with a reading of the engine's for each. */
async function moveUntil({ id }: Workspace, isReached: () => Promise<boolean>): Promise<void> {
  for (let step = 0; step < 60; step++) {
    if (await isReached()) return;
    await readings(id, 1).catch(() => undefined);
    const { next } = await lifecycleOf(id);
    const isNear = next !== null && Date.parse(next.at) - clock.nowMs() <= 3 * minute;
    await clock.advance(isNear ? 10_000 : 30_000);
  }
  throw new Error(`it does not come: ${JSON.stringify(await lifecycleOf(id))}`);
}

/**
 * Time goes on until it is so. Real time goes with it: what the engine is asked, and what an earlier Berth left, is waited for
 * by looks, of which no other would come once the clock stood still.
 */
async function passUntil(isReached: () => Promise<boolean>): Promise<void> {
  const deadlineMs = Date.now() + 60_000;
  while (!(await isReached())) {
    if (Date.now() > deadlineMs) throw new Error('it does not come');
    await clock.advance(10_000);
    await pause(25);
  }
}
const isGone = async ({ containerId }: Workspace) =>
  (await remote.docker('ps', '-aq', '--filter', `id=${containerId}`)) === '';

async function toldOf(id: WorkspaceId, text: RegExp): Promise<string[]> {
  const told: string[] = [];
  const abort = new AbortController();
  for await (const entry of plane.client.stream(
    'lifecycles.timeline',
    { workspaceId: id },
    { signal: abort.signal },
  )) {
    told.push(`${entry.event}: ${entry.text}`);
    if (!text.test(told.at(-1) ?? '')) continue;
    abort.abort();
    return told;
  }
  throw new Error(`the timeline ended: ${told.join('\n')}`);
}

describe('for want of work', () => {
  it('a compile without a keystroke is kept awake, and a quiet shell is stopped', async () => {
    // A little of a processor is work enough, and leaves the rest of it to the test.
    const slow = await plane.createProject('berth-busybox:test', {
      limits: { cpus: 0.2, memoryBytes: 128 * 1024 * 1024, pids: 64 },
    });
    const [compile, quiet] = [await plane.createWorkspace({ host, project: slow }), await make()];
    await remote.docker('exec', '-d', compile.containerId ?? '', 'sh', '-c', 'while :; do :; done');
    for (const one of [compile, quiet]) await setPolicy(one, { idleMinutes: 5 });
    await moveUntil(quiet, async () => (await lifecycleOf(quiet.id)).judgement === 'off');
    await plane.workspaceIn(quiet.id, 'stopped');
    expect((await remote.docker('inspect', '-f', '{{.State.Running}}', quiet.containerId ?? '')).trim()).toBe(
      'false',
    );
    const told = await toldOf(quiet.id, /^stopped/);
    expect(told).toContain('warned: Stops in 5 minutes: no work for 5 minutes');
    expect(told.at(-1)).toBe('stopped: Stopped: no work for 5 minutes');
    expect(await lifecycleOf(compile.id)).toMatchObject({ judgement: 'busy', next: null });
    expect((await lifecycleOf(compile.id)).seen[0]?.signal).toBe('cpu');
    // And what a rule names is seen on the host.
    await setPolicy(compile, { idleMinutes: 5, keepAwake: [{ kind: 'process', name: 'sh' }] });
    await moveUntil(compile, async () => {
      const { judgement, seen } = await lifecycleOf(compile.id);
      return judgement === 'busy' && seen.some(({ detail }) => detail === 'sh runs');
    });
    await plane.succeeded(
      (await plane.client.call('workspaces.destroy', { id: compile.id, keepVolume: false })).id,
    );
  }, 90_000);
});

/** What somebody does there, and by what it is seen. */
const works: [WorkSignal, (workspace: Workspace) => Promise<unknown>][] = [
  // Nobody has this address: what is sent to it leaves the container and goes nowhere.
  [
    'network',
    (workspace) => {
      const nobody = remote.address.replace(/\d+$/, '77');
      return during(workspace, `head -c 30000 /dev/zero | nc -u -w 1 ${nobody} 9`);
    },
  ],
  [
    'connection',
    async (workspace) => {
      await during(workspace, 'yes | nc -l -p 7000');
      const { id } = await plane.client.call('forwards.create', {
        workspaceId: workspace.id,
        kind: 'tcp',
        port: 7000,
      });
      const { localPort } = await plane.until('forwards.watch', {}, (all) =>
        all.find((one) => one.id === id && one.state === 'ready'),
      );
      const socket = connect({ port: localPort ?? 0, host: '127.0.0.1' });
      ends.push(() => socket.destroy());
      socket.resume();
      await once(socket, 'data');
    },
  ],
  ['command', async ({ id }) => plane.client.bytes('workspaces.exec', { id, argv: ['sleep', '1000'] })],
  [
    'disk',
    async (workspace) => {
      await countDisk(workspace);
      await during(workspace, 'dd if=/dev/zero of=/home/dev/file bs=64k count=20 oflag=direct; sleep 1');
    },
  ],
  ['keys', (workspace) => typed(workspace, 'echo')],
  ['output', (workspace) => typed(workspace, 'while :; do date; sleep 1; done')],
];
const ends: (() => void)[] = [];
const during = ({ containerId }: Workspace, what: string) =>
  remote.docker('exec', '-d', containerId ?? '', 'sh', '-c', `while :; do ${what}; done`);
/**
 * Cgroups of version 1 count the bytes of a device only where it is throttled (Linux 6.10: block/blk-throttle.c), so it is, to
 * more than it can do. Those of version 2 count all.
 */
async function countDisk({ containerId }: Workspace): Promise<void> {
  const script =
    'for folder in $(find /sys/fs/cgroup/blkio -type d -name "*$1*"); do echo "$(mountpoint -d /var/lib/docker) 1000000000000" >"$folder/blkio.throttle.write_bps_device"; done';
  await remote.runChecked([
    'sh',
    '-c',
    `[ ! -d /sys/fs/cgroup/blkio ] || ${script}`,
    'sh',
    containerId ?? '',
  ]);
}
async function typed({ id }: Workspace, text: string): Promise<void> {
  const { id: terminalId } = await plane.client.call('terminals.open', {
    target: { kind: 'workspace', workspaceId: id },
    size: { cols: 80, rows: 24 },
    name: null,
  });
  const screen = plane.attach(terminalId);
  ends.push(() => screen.stream.close());
  await waitUntil(() => screen.text !== '', { what: 'its prompt' });
  // What was before is not new.
  await clock.advance(minute);
  screen.type(`${text}\n`);
  await screen.shows(text.startsWith('while') ? /\d\d:\d\d:\d\d/ : 'echo');
}

describe('work of each kind', () => {
  let workspace: Workspace;
  beforeAll(async () => {
    workspace = await make();
    await setPolicy(workspace, { idleMinutes: 600 });
  });
  /** What one does is not to go on beside the others. */
  afterEach(async () => {
    for (const end of ends.splice(0)) end();
    // Nothing else there has a name of its own, and the shells of terminals ended with them.
    await remote.docker('exec', workspace.containerId ?? '', 'sh', '-c', 'pkill -f "^sh -c while" || true');
  });
  afterAll(async () => {
    await plane.succeeded(
      (await plane.client.call('workspaces.destroy', { id: workspace.id, keepVolume: false })).id,
    );
  });

  it.each(works)('is seen: %s', async (signal, work) => {
    await work(workspace);
    const isSeen = async () => (await lifecycleOf(workspace.id)).seen.some((one) => one.signal === signal);
    await moveUntil(workspace, isSeen);
  });
});

describe('at its time', () => {
  /** Has an end that is near, and comes to it. */
  async function endNow(workspace: Workspace): Promise<void> {
    await setPolicy(workspace, { endAt: inAMinute(), endAction: 'destroy' });
    // The hand-moved clock is ahead of the engine's: it seems to have run unseen, and is warned of for ten minutes.
    await clock.advance(12 * minute);
  }
  async function expectSavedAndGone(workspace: Workspace): Promise<void> {
    await passUntil(() => isGone(workspace));
    const snapshot = await plane.until('snapshots.watch', {}, (all) =>
      all.find(({ workspaceId }) => workspaceId === workspace.id),
    );
    expect(snapshot).toMatchObject({
      reason: 'safety',
      problem: null,
      note: 'Before its end: the time that was set for it has come',
    });
    expect((await remote.docker('volume', 'ls', '-q')).split('\n')).toContain(workspace.volumeName);
  }

  it('one that is stopped has a snapshot before it is destroyed, and its files stay', async () => {
    const workspace = await make();
    await plane.succeeded((await plane.client.call('workspaces.stop', { id: workspace.id })).id);
    await plane.workspaceIn(workspace.id, 'stopped');
    await endNow(workspace);
    await expectSavedAndGone(workspace);
  }, 90_000);

  it('one that is running has one too; where its disk is full it is not destroyed, and its timeline says why', async () => {
    const workspace = await make();
    await remote.fillDisk();
    try {
      await endNow(workspace);
      const told = await toldOf(workspace.id, /^failed/);
      expect(told.at(-1)).toMatch(/^failed: It could not be destroyed: .* Tried again in 5 minutes\.$/);
    } finally {
      await remote.freeDisk();
    }
    expect(await plane.workspaceIn(workspace.id, 'running')).toMatchObject({
      containerId: workspace.containerId,
    });
    await setPolicy(workspace, {});
    await endNow(workspace);
    await expectSavedAndGone(workspace);
  }, 120_000);
});

describe('with Berth killed', () => {
  /** Runs one that dies; then another goes on where its clock was. */
  async function killedIn(act: Errand['act'], step = ''): Promise<void> {
    await plane.close();
    const errand: Errand = { folder, hostId: host.id, act, step, delayMs: 0 };
    const child = startChild(errand);
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    if (signal !== 'SIGKILL') throw new Error(`the plane ended by itself: ${code ?? signal}`);
    await goOn();
  }
  async function goOn(): Promise<void> {
    clock = new ManualClock(new Date(clock.nowMs()).toISOString());
    plane = await startPlane({ folder, lifecycleClock: clock });
    await plane.hostReady(host.id);
  }
  function startChild(errand: Errand) {
    const child = spawn(process.execPath, [childScript, JSON.stringify(errand)], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    ends.push(() => void child.kill('SIGKILL'));
    return child;
  }
  afterAll(() => {
    for (const end of ends.splice(0)) end();
  });

  it.each([
    ['between the snapshot and the destruction', 'snapshot.create', ''],
    ['while it destroys', 'workspace.destroy', 'container'],
  ] as const)(
    '%s: the next one brings it to its end, with a good snapshot',
    async (_, until, step) => {
      const workspace = await make();
      await setPolicy(workspace, { endAt: inAMinute(), endAction: 'destroy' });
      const startAt = new Date(clock.nowMs()).toISOString();
      const kind = 'end';
      await killedIn({ kind, workspaceId: workspace.id, startAt, advanceMs: 12 * minute, until }, step);
      await plane.until('operations.watch', {}, (all) =>
        all.every(({ endedAt }) => endedAt !== null) ? true : undefined,
      );
      await passUntil(() => isGone(workspace));
      await plane.until('workspaces.watch', {}, (all) =>
        all.some(({ id }) => id === workspace.id) ? undefined : true,
      );
      expect((await remote.docker('volume', 'ls', '-q')).split('\n')).toContain(workspace.volumeName);
      const good = await plane.until('snapshots.watch', {}, (all) =>
        all.filter(({ problem, workspaceId }) => workspaceId === workspace.id && problem === null),
      );
      expect(good.length).toBeGreaterThan(0);
    },
    120_000,
  );

  it('between the warning and the stop: the next one warns again, and then stops it', async () => {
    const workspace = await make();
    await setPolicy(workspace, { endAt: new Date(clock.nowMs() + 60 * minute).toISOString() });
    const startAt = new Date(clock.nowMs() + 55 * minute).toISOString();
    // Closed first: it would warn as well, where something makes it look before it is.
    await plane.close();
    clock.sleep(58 * minute);
    await killedIn({ kind: 'end', workspaceId: workspace.id, startAt, advanceMs: 3 * minute, until: null });
    await clock.advance(minute);
    expect((await lifecycleOf(workspace.id)).next).toMatchObject({ why: 'time', isWarned: true });
    expect((await plane.workspaceIn(workspace.id, 'running')).id).toBe(workspace.id);
    const isRunning = () => remote.docker('inspect', '-f', '{{.State.Running}}', workspace.containerId ?? '');
    await passUntil(async () => (await isRunning()).trim() === 'false');
    await plane.workspaceIn(workspace.id, 'stopped');
    const told = await toldOf(workspace.id, /^stopped/);
    expect(told.filter((line) => line.startsWith('warned'))).toHaveLength(2);
    expect(told.at(-1)).toBe('stopped: Stopped: the time that was set for it has come');
  });

  it('a command that nobody waits for any more is ended by the next one', async () => {
    const workspace = await make();
    await plane.close();
    const exec = { id: workspace.id, argv: ['sleep', '98765'] as [string, ...string[]] };
    const child = startChild({ folder, hostId: host.id, act: { kind: 'live', exec }, step: '', delayMs: 0 });
    const runs = async () =>
      (await remote.docker('top', workspace.containerId ?? '', '-eo', 'pid,args')).includes('sleep 98765');
    await waitUntil(runs, { what: 'the command', timeoutMs: 30_000 });
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await runs()).toBe(true);
    await goOn();
    await waitUntil(async () => !(await runs()), { what: 'the end of the command', timeoutMs: 30_000 });
    await plane.workspaceIn(workspace.id, 'running');
  });
});

describe('a lease', () => {
  it('cannot be where there is no systemd, and nothing is left there', async () => {
    await expect(plane.client.call('lifecycles.installLease', { hostId: host.id })).rejects.toMatchObject({
      code: 'lease.not-possible',
      message: expect.stringContaining('does not run systemd'),
    });
    expect((await remote.run(['ls', '/var/lib/berth/lease', '/usr/local/lib/berth'])).exitCode).not.toBe(0);
  });
});
