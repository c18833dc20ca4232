/** Berth is killed (SIGKILL) in the middle of an operation: started again it finishes, and nothing is doubled or left. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '#contract/hosts.ts';
import type { WorkspaceId } from '#contract/ids.ts';
import type { Project } from '#contract/projects.ts';
import { childProgram } from '#test/harness/child-program.ts';
import type { Errand } from '#test/harness/plane-child.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { busyboxImage, loadImage } from '#test/servers/images.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';

let child: string;
let remote: RemoteHost;
let folder: string;
let host: Host;
let project: Project;

beforeAll(async () => {
  [child, remote] = await Promise.all([childProgram('plane-child'), startRemoteHost()]);
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

/** Dies in the first step of what it begins; then, in each of the others, one that goes on with that dies again. */
async function dieInEach(steps: readonly string[], act: Errand['act'], delayMs = 0): Promise<void> {
  const [first, ...others] = steps;
  await dieDuring(act, first ?? '', delayMs);
  for (const step of others) await dieDuring({ kind: 'go-on', hostIds: [] }, step, delayMs);
}

/** The next one, once it has brought everything to its end. */
async function next(): Promise<TestPlane> {
  const plane = await startPlane({ folder });
  await plane.hostReady(host.id);
  await allEnded(plane);
  return plane;
}

/** Nothing that an earlier try left is counted. */
async function clear(): Promise<void> {
  await using plane = await next();
  for (const { id } of await plane.until('workspaces.watch', {}, (all) => all)) {
    const operation = await plane.client.call('workspaces.destroy', { id, keepVolume: false });
    await plane.succeeded(operation.id);
  }
}

describe.each([0, 25])('killed in every step, %i ms after it began', (delayMs) => {
  let id: WorkspaceId;

  it('while it creates: there is one workspace afterwards', { timeout: 240_000 }, async ({ task }) => {
    const tries = task.result?.retryCount ?? 0;
    if (tries > 0) await clear();
    const name = `after ${delayMs}, ${tries}`;
    const steps = ['check', 'image', 'network', 'volume', 'container', 'start', 'settle'];
    await dieInEach(steps, { kind: 'create', name, projectId: project.id }, delayMs);
    await using plane = await next();
    const workspace = await plane.until('workspaces.watch', {}, (all) =>
      all.find((found) => found.name === name && found.state === 'running'),
    );
    ({ id } = workspace);
    expect(await plane.until('workspaces.watch', {}, (all) => all)).toHaveLength(1);
    expect(await counts()).toEqual(one);
  });

  it('while it stops: it is stopped afterwards, and stays so', async () => {
    await dieDuring({ kind: 'stop', workspaceId: id }, 'stop', delayMs);
    await using plane = await next();
    expect(await plane.workspaceIn(id, 'stopped')).toMatchObject({ desired: 'stopped', problem: null });
    expect(await counts()).toEqual(one);
  });

  it('while it destroys: nothing is left afterwards', { timeout: 120_000 }, async () => {
    await dieInEach(['container', 'network', 'volume'], { kind: 'destroy', workspaceId: id }, delayMs);
    await using plane = await next();
    await plane.until('workspaces.watch', {}, (all) => (all.length === 0 ? true : undefined));
    expect(await counts()).toEqual(nothing);
  });
});
