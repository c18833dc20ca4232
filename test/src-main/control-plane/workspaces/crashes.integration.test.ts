/** Berth is killed (SIGKILL) in the middle of an operation: started again it finishes, and nothing is doubled or left. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '#contract/hosts.ts';
import type { Project } from '#contract/projects.ts';
import type { Errand } from '#test/harness/plane-child.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { busyboxImage, loadImage } from '#test/servers/images.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';

const child = new URL('../../../harness/plane-child.ts', import.meta.url).pathname;

let remote: RemoteHost;
let folder: string;
let host: Host;
let project: Project;

beforeAll(async () => {
  remote = await startRemoteHost();
  await loadImage(remote, await busyboxImage());
  folder = await mkdtemp(join(tmpdir(), 'berth-crash-'));
  const plane = await startPlane({ folder });
  host = await plane.addHost(remote);
  project = await plane.createProject('berth-busybox:test');
  await plane.close();
});
afterAll(async () => {
  await remote?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Runs a plane that dies in the middle. Rejects when it ends in any other way. */
async function dieDuring(act: Errand['act'], step: string, delayMs: number): Promise<void> {
  const errand: Errand = { folder, hostId: host.id, act, step, delayMs };
  const run = spawn(process.execPath, [child, JSON.stringify(errand)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code, signal] = (await once(run, 'exit')) as [number | null, string | null];
  if (signal !== 'SIGKILL') throw new Error(`the plane ended by itself: ${code ?? signal}`);
}

async function counts(): Promise<{ containers: number; networks: number; volumes: number }> {
  const lines = async (...args: string[]) =>
    (await remote.docker(...args, '--quiet', '--filter', 'label=dev.berth.managed'))
      .split('\n')
      .filter(Boolean).length;
  const [containers, networks, volumes] = await Promise.all([
    lines('ps', '--all'),
    lines('network', 'ls'),
    lines('volume', 'ls'),
  ]);
  return { containers, networks, volumes };
}
const nothing = { containers: 0, networks: 0, volumes: 0 };
const one = { containers: 1, networks: 1, volumes: 1 };

async function allEnded(plane: TestPlane): Promise<void> {
  await plane.until('operations.watch', {}, (all) =>
    all.every(({ endedAt }) => endedAt !== null) ? true : undefined,
  );
}

describe('killed while it creates', () => {
  const steps = ['check', 'image', 'network', 'volume', 'container', 'start', 'settle'];
  const moments = steps.flatMap((step) => [0, 25].map((delayMs) => [step, delayMs] as const));

  it.each(moments)(
    'in step %s, %i ms after it began: there is one workspace afterwards',
    async (step, delayMs) => {
      await dieDuring({ kind: 'create', name: `${step} ${delayMs}`, projectId: project.id }, step, delayMs);
      await using plane = await startPlane({ folder });
      await plane.hostReady(host.id);
      await allEnded(plane);
      const workspace = await plane.until('workspaces.watch', {}, (all) =>
        all.find(({ name, state }) => name === `${step} ${delayMs}` && state === 'running'),
      );
      expect(await counts()).toEqual(one);
      const { id } = await plane.client.call('workspaces.destroy', { id: workspace.id, keepVolume: false });
      await plane.succeeded(id);
      expect(await counts()).toEqual(nothing);
    },
  );
});

describe('killed while it destroys', () => {
  it.each(['container', 'network', 'volume'])('in step %s: nothing is left afterwards', async (step) => {
    const plane = await startPlane({ folder });
    await plane.hostReady(host.id);
    const workspace = await plane.createWorkspace({ host, project });
    await plane.close();
    await dieDuring({ kind: 'destroy', workspaceId: workspace.id }, step, 0);
    await using next = await startPlane({ folder });
    await next.hostReady(host.id);
    await allEnded(next);
    await next.until('workspaces.watch', {}, (all) => (all.length === 0 ? true : undefined));
    expect(await counts()).toEqual(nothing);
  });
});

describe('killed while it stops', () => {
  it('is stopped afterwards, and stays so', async () => {
    const plane = await startPlane({ folder });
    await plane.hostReady(host.id);
    const workspace = await plane.createWorkspace({ host, project });
    await plane.close();
    await dieDuring({ kind: 'stop', workspaceId: workspace.id }, 'stop', 0);
    await using next = await startPlane({ folder });
    await next.hostReady(host.id);
    await allEnded(next);
    expect(await next.workspaceIn(workspace.id, 'stopped')).toMatchObject({
      desired: 'stopped',
      problem: null,
    });
    const { id } = await next.client.call('workspaces.destroy', { id: workspace.id, keepVolume: false });
    await next.succeeded(id);
    expect(await counts()).toEqual(nothing);
  });
});
