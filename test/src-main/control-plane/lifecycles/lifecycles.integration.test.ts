/**
 * Workspaces that end by themselves on a real host with a real engine: their clock is moved by hand, what they do is real.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '#contract/hosts.ts';
import type { WorkspaceId } from '#contract/ids.ts';
import { type LifecyclePolicy, noPolicy } from '#contract/lifecycles.ts';
import type { Project } from '#contract/projects.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
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
    const [compile, quiet] = [await make(), await make()];
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

describe('at its time', () => {
  it('has a snapshot before it is destroyed, and its files stay', async () => {
    const workspace = await make();
    await setPolicy(workspace, {
      endAt: new Date(clock.nowMs() + minute).toISOString(),
      endAction: 'destroy',
    });
    // The hand-moved clock is ahead of the engine's: it seems to have run unseen, and is warned of for ten minutes.
    await clock.advance(12 * minute);
    await waitUntil(
      async () => (await remote.docker('ps', '-aq', '--filter', `id=${workspace.containerId}`)) === '',
      { what: 'the end of the workspace', timeoutMs: 60_000 },
    );
    const snapshot = await plane.until('snapshots.watch', {}, (all) =>
      all.find(({ workspaceId }) => workspaceId === workspace.id),
    );
    expect(snapshot).toMatchObject({ reason: 'safety', problem: null });
    expect((await remote.docker('volume', 'ls', '-q')).split('\n')).toContain(workspace.volumeName);
  }, 90_000);
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
