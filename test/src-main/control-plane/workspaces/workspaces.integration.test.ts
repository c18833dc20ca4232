/** Workspaces on a real engine: what happens to them outside Berth, and what Berth makes of it. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { Host } from '#contract/hosts.ts';
import type { WorkspaceId } from '#contract/ids.ts';
import type { Project } from '#contract/projects.ts';
import type { Workspace, WorkspaceStats } from '#contract/workspaces.ts';
import { remoteName } from '#main/control-plane/workspaces/workspace-spec.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { busyboxImage, loadImage } from '#test/servers/images.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';

let remote: RemoteHost;
let plane: TestPlane;
let host: Host;
let project: Project;

beforeAll(async () => {
  remote = await startRemoteHost();
  await loadImage(remote, await busyboxImage());
  plane = await startPlane();
  host = await plane.addHost(remote);
  project = await plane.createProject('berth-busybox:test', {
    environment: [{ name: 'TOKEN', value: 'canary-7f3a' }],
  });
});
afterAll(async () => {
  await plane?.close();
  await remote?.stop();
});

const create = (name?: string) =>
  plane.createWorkspace(name === undefined ? { host, project } : { host, project, name });
const until = (id: string, find: (workspace: Workspace) => boolean, timeoutMs?: number) =>
  plane.until('workspaces.watch', {}, (all) => all.find((one) => one.id === id && find(one)), timeoutMs);
const inside = (workspace: Workspace, ...argv: string[]) =>
  remote.docker('exec', workspace.containerId ?? '', ...argv);

async function destroy(workspace: Workspace, keepVolume = false): Promise<void> {
  const { id } = await plane.client.call('workspaces.destroy', { id: workspace.id, keepVolume });
  await plane.succeeded(id);
}

/** One that runs and has no trouble: the last test's where it left it so, or a new one. */
let shared: Workspace | undefined;
async function running(): Promise<Workspace> {
  const known = await plane.until('workspaces.watch', {}, (all) => all);
  shared = known.find(({ id }) => id === shared?.id);
  const isWell = ({ state, desired, problem, operationId }: Workspace) =>
    state === 'running' && desired === 'running' && problem === null && operationId === null;
  if (shared !== undefined && !isWell(shared)) {
    await destroy(shared);
    shared = undefined;
  }
  shared ??= await create();
  return shared;
}
/** Nothing is on the host: for tests that count. */
async function destroyShared(): Promise<void> {
  if (shared !== undefined) await destroy(shared);
  shared = undefined;
}

async function timelineOf(workspaceId: WorkspaceId): Promise<string[]> {
  const told: string[] = [];
  const entries = plane.client.stream('lifecycles.timeline', { workspaceId, isFollowed: false });
  for await (const { event, text } of entries) told.push(`${event}: ${text}`);
  return told;
}

async function failureOf(promise: Promise<unknown>): Promise<BerthError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof BerthError) return error;
  throw new Error(`it should have failed, and gave ${JSON.stringify(error)}`);
}

describe('what happens on the host', () => {
  it('follows a deliberate docker stop, a docker start after it, and docker kill', async () => {
    const workspace = await running();
    await remote.docker('stop', '--time', '2', workspace.containerId ?? '');
    const stopped = await until(workspace.id, (one) => one.desired === 'stopped');
    expect(stopped.state).toBe('stopped');
    expect(stopped.note).toMatch(/stopped on the host, outside/i);
    await remote.docker('start', workspace.containerId ?? '');
    const started = await until(workspace.id, (one) => one.state === 'running' && one.desired === 'running');
    expect(started.note).toMatch(/started on the host, outside/i);
    await remote.docker('kill', workspace.containerId ?? '');
    expect((await until(workspace.id, (one) => one.desired === 'stopped')).state).toBe('stopped');
    await plane.succeeded((await plane.client.call('workspaces.start', { id: workspace.id })).id);
    await until(workspace.id, (one) => one.state === 'running' && one.operationId === null);
  });

  it('follows a docker stop that was done while Berth was away, and starts what ended in another way', async () => {
    const [stopped, killed, ended] = [await create(), await create(), await running()];
    await plane.client.call('hosts.disconnect', { id: host.id });
    await remote.docker('stop', '--time', '2', stopped.containerId ?? '');
    await remote.docker('kill', killed.containerId ?? '');
    const pid = await remote.docker('inspect', '--format', '{{.State.Pid}}', ended.containerId ?? '');
    await remote.runChecked(['kill', '-KILL', pid.trim()]);
    await plane.client.call('hosts.connect', { id: host.id });
    for (const { id } of [stopped, killed]) {
      const now = await until(id, (one) => one.desired === 'stopped');
      expect(now.note).toMatch(/stopped on the host, outside/i);
    }
    const again = await until(
      ended.id,
      (one) => one.startedAt !== ended.startedAt && one.state === 'running',
    );
    expect(again.desired).toBe('running');
    for (const workspace of [stopped, killed]) await destroy(workspace);
  }, 120_000);

  it('brings it back when its processes die, and gives up when they die again and again', async () => {
    const workspace = await running();
    const pid = async () =>
      (await remote.docker('inspect', '--format', '{{.State.Pid}}', workspace.containerId ?? '')).trim();
    const first = await pid();
    await remote.runChecked(['kill', '-KILL', first]);
    const mended = await until(
      workspace.id,
      (one) => one.startedAt !== workspace.startedAt && one.state === 'running',
    );
    expect((await until(workspace.id, () => true)).desired).toBe('running');
    await remote.docker('restart', '--time', '0', workspace.containerId ?? '');
    await until(workspace.id, (one) => one.startedAt !== mended.startedAt && one.state === 'running');
    // Why it ended, twice, is in its timeline: by itself, and by somebody on the host.
    await vi.waitFor(
      async () =>
        expect((await timelineOf(workspace.id)).slice(-4)).toEqual([
          'stopped: Ended by itself with exit code 137',
          'started: Started again by its engine',
          expect.stringMatching(/^stopped: Stopped (outside Berth|on the host, outside Berth)$/),
          expect.stringMatching(/^started: Started (outside Berth|on the host, outside Berth)$/),
        ]),
      { timeout: 20_000, interval: 200 },
    );
    const deadline = performance.now() + 40_000;
    for (;;) {
      const now = await until(workspace.id, () => true);
      if (now.state === 'failed') break;
      if (performance.now() > deadline) throw new Error(`it did not give up: ${JSON.stringify(now)}`);
      const current = await pid();
      if (current !== '0') await remote.run(['kill', '-KILL', current]);
      await pause(100);
    }
    const failed = await until(workspace.id, (one) => one.state === 'failed');
    expect(failed.problem?.code).toBe('workspace.exited');
    expect(failed.problem?.message).toContain('137');
    const told = await timelineOf(workspace.id);
    // It was ended many times, and its reason is told once for each.
    expect(told.filter((line) => line.startsWith('failed'))).toEqual([]);
    expect(told.at(-1)).toMatch(/^stopped: .*137/);
    const { id } = await plane.client.call('workspaces.start', { id: workspace.id });
    await plane.succeeded(id);
    expect(await until(workspace.id, (one) => one.state === 'running')).toMatchObject({ problem: null });
  });

  it('shows a removed container as missing, and makes it again on its volume', async () => {
    const workspace = await running();
    await inside(workspace, 'sh', '-c', 'echo kept > /home/dev/file');
    await remote.docker('rm', '-f', workspace.containerId ?? '');
    await until(workspace.id, (one) => one.state === 'missing');
    const { id } = await plane.client.call('workspaces.start', { id: workspace.id });
    await plane.succeeded(id);
    const again = await until(workspace.id, (one) => one.state === 'running');
    expect((await inside(again, 'cat', '/home/dev/file')).trim()).toBe('kept');
    expect((await inside(again, 'sh', '-c', 'echo $TOKEN')).trim()).toBe('canary-7f3a');
  });

  it('can forget a missing workspace, and only such a one', async () => {
    const workspace = await create();
    expect((await failureOf(plane.client.call('workspaces.forget', { id: workspace.id }))).code).toBe(
      'conflict',
    );
    await remote.docker('rm', '-f', workspace.containerId ?? '');
    await until(workspace.id, (one) => one.state === 'missing');
    await plane.client.call('workspaces.forget', { id: workspace.id });
    await plane.until('workspaces.watch', {}, (all) =>
      all.some(({ id }) => id === workspace.id) ? undefined : true,
    );
    await remote.docker('network', 'rm', remoteName(workspace.id));
    await remote.docker('volume', 'rm', workspace.volumeName);
  });

  it('leaves alone what somebody else froze, and thaws it when asked to start', async () => {
    const workspace = await running();
    await remote.docker('pause', workspace.containerId ?? '');
    await until(workspace.id, (one) => one.state === 'paused');
    const { id } = await plane.client.call('workspaces.start', { id: workspace.id });
    await plane.succeeded(id);
    await until(workspace.id, (one) => one.state === 'running');
  });

  it('names the memory limit when a program inside is killed for it', async () => {
    const workspace = await running();
    await inside(
      workspace,
      'sh',
      '-c',
      'x=$(head -c 300000000 /dev/zero | tr "\\0" a); echo "$x" | wc -c',
    ).catch(() => '');
    const noted = await until(workspace.id, (one) => one.problem !== null);
    expect(noted.problem).toMatchObject({ code: 'workspace.out-of-memory' });
    expect(noted.problem?.message).toContain('128 MiB');
    expect(noted.state).toBe('running');
  });

  it('mends what a killed engine left down', async () => {
    const kept = await running();
    const stopped = await create();
    const { id } = await plane.client.call('workspaces.stop', { id: stopped.id });
    await plane.succeeded(id);
    await remote.killEngine();
    const mended = await until(
      kept.id,
      (one) => one.state === 'running' && one.startedAt !== kept.startedAt,
      60_000,
    );
    expect(mended.desired).toBe('running');
    expect(await until(stopped.id, (one) => one.state !== 'unknown')).toMatchObject({
      state: 'stopped',
      desired: 'stopped',
    });
    await destroy(stopped);
  });

  it('does not take the stop of the engine for the stop of a person', async () => {
    const workspace = await running();
    await remote.stopEngine();
    await until(workspace.id, (one) => one.state === 'unknown');
    await remote.startEngine();
    const mended = await until(workspace.id, (one) => one.state === 'running', 60_000);
    expect(mended.desired).toBe('running');
  });
});

describe('names', () => {
  it('takes any name, keeps it unique in any case, and never lets it near the host', async () => {
    await destroyShared();
    const name = `../../etc/passwd "quoted" 'x' $(reboot) 😀`;
    const workspace = await create(name);
    const taken = await failureOf(
      plane.client.call('workspaces.create', {
        name: name.toUpperCase(),
        projectId: project.id,
        hostId: host.id,
        volumeName: null,
      }),
    );
    expect(taken.code).toBe('workspace.name-taken');
    const listed = await remote.docker('ps', '--format', '{{.Names}}');
    expect(listed.trim().split('\n')).toEqual([remoteName(workspace.id)]);
    const longest = '😀'.repeat(40);
    const renamed = await plane.client.call('workspaces.rename', { id: workspace.id, name: longest });
    expect(renamed.name).toBe(longest);
    expect(renamed.startedAt).toBe(workspace.startedAt);
    await destroy(workspace);
  });
});

describe('a lost database', () => {
  it('is rebuilt from labels: workspace, project, later name, no environment values', async () => {
    const workspace = await create('before');
    await plane.client.call('workspaces.rename', { id: workspace.id, name: 'äfter “x”' });
    const labels = await remote.docker(
      'inspect',
      '--format',
      '{{json .Config.Labels}}',
      workspace.containerId ?? '',
    );
    expect(labels).not.toContain('canary-7f3a');
    await using other = await startPlane();
    await other.addHost(remote);
    const adopted = await other.workspaceIn(workspace.id, 'running');
    expect(adopted).toMatchObject({
      name: 'äfter “x”',
      isAdopted: true,
      desired: 'running',
      volumeName: workspace.volumeName,
      projectId: project.id,
      mountPoint: workspace.mountPoint,
    });
    const rebuilt = await other.until('projects.watch', {}, (all) => all.find(({ id }) => id === project.id));
    expect(rebuilt).toMatchObject({ name: project.name, image: project.image, limits: project.limits });
    expect(rebuilt.environment).toEqual([{ name: 'TOKEN', value: '' }]);
    const { id } = await other.client.call('workspaces.destroy', { id: workspace.id, keepVolume: false });
    await other.succeeded(id);
    await until(workspace.id, (one) => one.state === 'missing');
    await destroy(workspace);
  });
});

describe('volumes', () => {
  it('keeps a volume unless told otherwise, lists it, gives it to a new workspace, and destroys it', async () => {
    const first = await create('first');
    await inside(first, 'sh', '-c', 'echo mine > /home/dev/file');
    const plan = await plane.client.call('workspaces.destroyPlan', { id: first.id, keepVolume: true });
    expect(plan.keeps[0]?.what).toContain(first.volumeName);
    expect(plan.deletes.map(({ what }) => what).join()).toContain(remoteName(first.id));
    const plan2 = await plane.client.call('workspaces.destroyPlan', { id: first.id, keepVolume: false });
    expect(plan2.deletes.map(({ what }) => what).join()).toContain(first.volumeName);
    const inUse = await failureOf(
      plane.client.call('workspaces.destroyVolume', { hostId: host.id, name: first.volumeName }),
    );
    expect(inUse.code).toBe('workspace.volume-in-use');
    await destroy(first, true);

    const { volumes } = await plane.client.call('workspaces.keptVolumes', { hostId: host.id });
    expect(volumes).toMatchObject([{ name: first.volumeName, workspaceName: 'first' }]);
    const second = await plane.createWorkspace({ host, project, volumeName: first.volumeName });
    expect((await inside(second, 'cat', '/home/dev/file')).trim()).toBe('mine');
    expect((await plane.client.call('workspaces.keptVolumes', { hostId: host.id })).volumes).toEqual([]);
    await destroy(second, true);
    const { id } = await plane.client.call('workspaces.destroyVolume', {
      hostId: host.id,
      name: first.volumeName,
    });
    await plane.succeeded(id);
    expect((await remote.docker('volume', 'ls', '--quiet')).trim()).toBe('');
  });
});

describe('while it runs', () => {
  it('shares one stream of readings between watchers', async () => {
    const workspace = await running();
    const take = async (count: number) => {
      const readings: WorkspaceStats[] = [];
      for await (const stats of plane.client.stream('workspaces.stats', { id: workspace.id })) {
        readings.push(stats);
        if (readings.length === count) break;
      }
      return readings;
    };
    const [one, two] = await Promise.all([take(3), take(3)]);
    expect(one[0]?.memoryBytes).toBeGreaterThan(0);
    expect(one[0]?.memoryLimitBytes).toBe(128 * 1024 * 1024);
    expect(two.map(({ at }) => at)).toEqual(one.map(({ at }) => at));
    await destroy(workspace);
    const gone = await failureOf(take(1));
    expect(gone.code).toBe('not-found');
  });

  it('follows the log, and ends with the workspace', async () => {
    const workspace = await create();
    await remote.docker('exec', workspace.containerId ?? '', 'sh', '-c', 'echo to-the-log > /proc/1/fd/1');
    const stream = plane.client.bytes('workspaces.logs', { id: workspace.id });
    let text = '';
    stream.onBytes((bytes, done) => {
      text += Buffer.from(bytes).toString();
      done();
    });
    await vi.waitFor(() => expect(text).toContain('to-the-log'), { timeout: 10_000 });
    await remote.docker('exec', workspace.containerId ?? '', 'sh', '-c', 'echo and-more > /proc/1/fd/1');
    await vi.waitFor(() => expect(text).toContain('and-more'), { timeout: 10_000 });
    await destroy(workspace);
    await stream.ended;
  });
});

describe('a start', () => {
  it('that is cancelled leaves it stopped, and nobody starts it again', async () => {
    const workspace = await running();
    await plane.succeeded((await plane.client.call('workspaces.stop', { id: workspace.id })).id);
    await until(workspace.id, (one) => one.state === 'stopped');
    const { id } = await plane.client.call('workspaces.start', { id: workspace.id });
    await plane.until('operations.watch', {}, (all) =>
      all.find((one) => one.id === id && one.steps.at(-1)?.state === 'running'),
    );
    await plane.client.call('operations.cancel', { id });
    expect((await plane.ended(id)).state).toBe('cancelled');
    const after = await until(workspace.id, (one) => one.state === 'stopped' && one.operationId === null);
    expect(after).toMatchObject({ desired: 'stopped', problem: null });
    expect(after.note).toBeUndefined();
    const upNow = await remote.docker('ps', '--quiet', '--no-trunc');
    expect(upNow).not.toContain(workspace.containerId);
    await destroy(workspace);
  });
});

describe('what cannot be made', () => {
  it('says that the disk is full, and makes nothing', async () => {
    await remote.runChecked([
      'sh',
      '-c',
      'fallocate -l "$(($(df --output=avail -B1 /home | tail -1) - 200000000))" /home/.ballast',
    ]);
    const { workspace, operation } = await plane.client.call('workspaces.create', {
      name: 'no room',
      projectId: project.id,
      hostId: host.id,
      volumeName: null,
    });
    const ended = await plane.ended(operation.id);
    await remote.freeDisk();
    expect(ended).toMatchObject({ state: 'failed', error: { code: 'host.disk-full' } });
    await plane.until('workspaces.watch', {}, (all) =>
      all.some(({ id }) => id === workspace.id) ? undefined : true,
    );
    expect((await remote.docker('ps', '-aq')).trim()).toBe('');
  });

  it('says that there is no such runtime, before anything is begun', async () => {
    const kata = await plane.createProject('berth-busybox:test', { runtime: 'kata' });
    const failure = await failureOf(
      plane.client.call('workspaces.create', {
        name: 'k',
        projectId: kata.id,
        hostId: host.id,
        volumeName: null,
      }),
    );
    expect(failure.code).toBe('workspace.runtime-missing');
    expect(failure.message).toContain('runc');
  });

  it('says that a kept volume does not exist', async () => {
    const failure = await failureOf(
      plane.client.call('workspaces.create', {
        name: 'v',
        projectId: project.id,
        hostId: host.id,
        volumeName: 'nobody-knows-it',
      }),
    );
    expect(failure.code).toBe('invalid-input');
  });
});
