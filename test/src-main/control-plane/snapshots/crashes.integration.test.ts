/**
 * Berth is killed (SIGKILL) in every step of every operation that makes, uses or deletes snapshots, and started again: what
 * was asked for is then done, wholly, and nothing is doubled or left. The steps are read from the operations themselves.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { SnapshotId } from '#contract/ids.ts';
import type { Project } from '#contract/projects.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { defineMoveOperations } from '#main/control-plane/snapshots/move-operations.ts';
import { defineRestoreOperations } from '#main/control-plane/snapshots/restore-operations.ts';
import { defineSnapshotOperations } from '#main/control-plane/snapshots/snapshot-operations.ts';
import { defineWorkspaceOperations } from '#main/control-plane/workspaces/workspace-operations.ts';
import { childProgram } from '#test/harness/child-program.ts';
import type { Errand } from '#test/harness/plane-child.ts';
import { expectNothingHalf, type TestHost } from '#test/harness/snapshot-remains.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { busyboxImage, loadImage } from '#test/servers/images.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';

/** Only the names of the steps are read here, which need none of what they work with. */
const nothing = {} as never;
const snapshotKinds = defineSnapshotOperations(nothing);
const restoreKinds = defineRestoreOperations(nothing);
const moveKinds = defineMoveOperations(nothing);
const workspaceKinds = defineWorkspaceOperations(nothing);
/** Milliseconds after a long step began, as a plane sees it that goes on with it: where it may be in the middle. */
const MIDDLE_MS = 120;

interface Kind {
  readonly steps: readonly { readonly id: string }[];
}
interface Kill {
  readonly step: string;
  readonly delayMs: number;
}
/**
 * As each step begins; and once more, by the plane that goes on with it, in the middle of the long ones. What another operation
 * does in the same way is killed in the middle there.
 */
const killsIn = ({ steps }: Kind, long: readonly string[] = []): Kill[] => {
  const unknown = long.filter((id) => !steps.some((step) => step.id === id));
  if (unknown.length > 0) throw new Error(`no step is called ${unknown.join(', ')}`);
  return steps.flatMap(({ id: step }) =>
    [0, ...(long.includes(step) ? [MIDDLE_MS] : [])].map((delayMs) => ({ step, delayMs })),
  );
};

let child: string;
let remotes: RemoteHost[] = [];
let folder: string;
let project: Project;
/** Those that Berth knows: one at first, since each plane connects them all. */
const hosts: TestHost[] = [];
let workspace: Workspace;
/** The one that runs, if one does: the test after goes on with it. */
let running: TestPlane | undefined;

async function addHost(plane: TestPlane, remote: RemoteHost | undefined): Promise<TestHost> {
  if (remote === undefined) throw new Error('it was not started');
  const added = { remote, host: await plane.addHost(remote) };
  hosts.push(added);
  return added;
}

beforeAll(async () => {
  [child, ...remotes] = await Promise.all([
    childProgram('plane-child'),
    startRemoteHost(),
    startRemoteHost(),
  ]);
  for (const remote of remotes) await loadImage(remote, await busyboxImage());
  folder = await mkdtemp(join(tmpdir(), 'berth-crash-'));
  const plane = await live();
  const { host } = await addHost(plane, remotes[0]);
  project = await plane.createProject('berth-busybox:test');
  workspace = await plane.createWorkspace({ host, project });
  await sh(
    plane,
    workspace,
    'cd /home/dev && mkdir -p d/e && for i in $(seq 40); do head -c 20000 /dev/urandom > d/e/$i; done' +
      ' && ln -s e/1 d/link && ln d/e/2 d/hard && sha256sum d/e/* d/hard > sums && echo first > state',
  );
});
afterAll(async () => {
  await quit();
  for (const remote of remotes) await remote.stop();
  await rm(folder, { recursive: true, force: true });
});

async function live(): Promise<TestPlane> {
  if (running !== undefined) return running;
  const plane = await startPlane({ folder });
  running = plane;
  for (const { host } of hosts) {
    await plane.hostReady(host.id);
    await plane.until('snapshots.hosts', {}, (all) =>
      all.find(({ id, state }) => id === host.id && state === 'ready'),
    );
  }
  return plane;
}

async function quit(): Promise<void> {
  const plane = running;
  running = undefined;
  await plane?.close();
}

async function sh(plane: TestPlane, { id }: Pick<Workspace, 'id'>, text: string): Promise<string> {
  const now = await plane.workspaceIn(id, 'running');
  const on = hosts.find(({ host }) => host.id === now.hostId) as TestHost;
  return await on.remote.docker('exec', now.containerId ?? '', 'sh', '-c', text);
}

/** Throws unless each file is as it was written; returns the one that changes. */
async function stateOf(plane: TestPlane, of: Pick<Workspace, 'id'>): Promise<string> {
  const text = 'cd /home/dev && sha256sum -sc sums && test -L d/link && test d/e/2 -ef d/hard && cat state';
  return (await sh(plane, of, text)).trim();
}

/** Runs a plane that dies in the middle. Rejects when it ends in any other way. */
async function dieDuring(act: Errand['act'], { step, delayMs }: Kill): Promise<void> {
  const errand: Errand = { folder, hostId: workspace.hostId, act, step, delayMs };
  const run = spawn(process.execPath, [child, JSON.stringify(errand)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code, signal] = (await once(run, 'exit')) as [number | null, string | null];
  if (signal !== 'SIGKILL') throw new Error(`the plane ended by itself: ${code ?? signal}`);
}

/** Begins an operation and dies at each of these, one after the other; then everything must be as if it never had. */
async function dieAtEach(
  kills: readonly Kill[],
  [method, input]: [method: string, input: unknown],
): Promise<TestPlane> {
  await quit();
  const hostIds = hosts.map(({ host }) => host.id);
  let act: Errand['act'] = { kind: 'call', hostIds, method, input };
  for (const kill of kills) {
    await dieDuring(act, kill);
    act = { kind: 'go-on', hostIds };
  }
  const plane = await live();
  await expectNothingHalf(plane, hosts);
  const failed = await plane.until('operations.watch', {}, (all) =>
    all.filter(({ state }) => state !== 'succeeded'),
  );
  expect(failed).toEqual([]);
  return plane;
}

/** Every snapshot is deleted, so that the next test begins with none. */
afterEach(async () => {
  const plane = await live();
  const all = await plane.until('snapshots.watch', {}, (snapshots) => snapshots);
  for (const { host } of hosts) {
    const ids = all.filter(({ hostId }) => hostId === host.id).map(({ id }) => id);
    if (ids.length > 0) await plane.succeeded((await plane.client.call('snapshots.destroy', { ids })).id);
  }
});

const reasonsIn = (plane: TestPlane) =>
  plane.until('snapshots.watch', {}, (all) => all.map(({ reason }) => reason).toSorted());
const setState = async (plane: TestPlane, state: string) =>
  void (await sh(plane, workspace, `echo ${state} > /home/dev/state`));

describe('killed in every step, on one host', { timeout: 400_000 }, () => {
  it.each([
    ['paused', ['archive', 'check']],
    ['stopped', ['archive']],
  ] as const)('it takes a snapshot of a workspace that is %s: once', async (consistency, long) => {
    const wish = { workspaceId: workspace.id, consistency };
    const plane = await dieAtEach(killsIn(snapshotKinds.create, long), ['snapshots.create', wish]);
    expect(await reasonsIn(plane)).toEqual(['person']);
    expect(await stateOf(plane, workspace)).toBe('first');
  });

  it('it restores, with a safety snapshot', async () => {
    const id = await take();
    await setState(await live(), 'second');
    const kills = killsIn(restoreKinds.restore, ['safety', 'fill', 'stop', 'swap', 'start']);
    const plane = await dieAtEach(kills, ['snapshots.restore', { id }]);
    expect(await reasonsIn(plane)).toEqual(['person', 'safety']);
    expect(await stateOf(plane, workspace)).toBe('first');
    const safety = await plane.until('snapshots.watch', {}, (all) =>
      all.find(({ reason }) => reason === 'safety'),
    );
    const wish = { query: 'state', workspaceId: workspace.id };
    const { hits } = await plane.client.call('snapshots.search', wish);
    const sizes = hits.flatMap(({ found }) =>
      found.map(({ snapshotId, entry }) => [snapshotId, entry.sizeBytes]),
    );
    expect(Object.fromEntries(sizes)).toMatchObject({
      [safety.id]: 'second\n'.length,
      [id]: 'first\n'.length,
    });
    const end = await plane.client.call('snapshots.endUndo', { workspaceId: workspace.id });
    await plane.succeeded(end.id);
  });

  it('it verifies one', async () => {
    const id = await take();
    const plane = await dieAtEach(killsIn(snapshotKinds.verify), ['snapshots.verify', { id }]);
    expect(await reasonsIn(plane)).toEqual(['person']);
  });

  it('it puts files back', async () => {
    const id = await take();
    await sh(await live(), workspace, 'rm -r /home/dev/d');
    const wish = { id, paths: ['d'] };
    const plane = await dieAtEach(killsIn(snapshotKinds.putBack), ['snapshots.putBack', wish]);
    expect(await stateOf(plane, workspace)).toBe('first');
    expect(await sh(plane, workspace, 'ls -A /home/dev')).toBe('d\nstate\nsums\n');
  });

  it('it deletes several', async () => {
    const ids = [await take(), await take(), await take()];
    const wish = { ids: ids.slice(0, 2) };
    const plane = await dieAtEach(killsIn(snapshotKinds.destroy), ['snapshots.destroy', wish]);
    expect(await plane.until('snapshots.watch', {}, (all) => all.map(({ id }) => id))).toEqual([ids[2]]);
  });

  it('it takes a restore back, and that back again, and destroys the files from before it', async () => {
    const id = await take();
    await setState(await live(), 'second');
    const restore = { id, makesSafetySnapshot: false };
    const begun = await (await live()).client.call('snapshots.restore', restore);
    await (await live()).succeeded(begun.id);
    const wish = { workspaceId: workspace.id };
    const undone = await dieAtEach(killsIn(restoreKinds.undoRestore), ['snapshots.undoRestore', wish]);
    expect(await stateOf(undone, workspace)).toBe('second');
    await undone.succeeded((await undone.client.call('snapshots.undoRestore', wish)).id);
    expect(await stateOf(undone, workspace)).toBe('first');
    const plane = await dieAtEach(killsIn(restoreKinds.endUndo), ['snapshots.endUndo', wish]);
    expect(await plane.until('snapshots.undos', {}, (all) => all)).toEqual([]);
    expect(await stateOf(plane, workspace)).toBe('first');
  });

  it('it makes a workspace of a snapshot', () => forkTo(workspace.hostId, killsIn(workspaceKinds.create)));
});

describe('killed in every step, between two hosts', { timeout: 400_000 }, () => {
  let there: TestHost;
  beforeAll(async () => {
    there = await addHost(await live(), remotes[1]);
  });
  const copyIn = (plane: TestPlane) =>
    plane.until('workspaces.watch', {}, (all) => all.find(({ move }) => move?.role === 'copy'));
  const moveWish = () => ({ id: workspace.id, hostId: there.host.id });

  // But for this step it is made there as it is made on the host of the snapshot, which is above.
  it('it makes a workspace of a snapshot on the other host', () =>
    forkTo(
      there.host.id,
      killsIn(workspaceKinds.create, ['fill']).filter(({ step }) => step === 'fill'),
    ));

  it('it moves a workspace, and takes the move back', async () => {
    const kills = killsIn(moveKinds.move, ['copy', 'fill']);
    const moved = await dieAtEach(kills, ['workspaces.move', moveWish()]);
    const copy = await copyIn(moved);
    expect(copy).toMatchObject({ hostId: there.host.id, state: 'running' });
    expect(await stateOf(moved, copy)).toBe('first');
    expect(await reasonsIn(moved)).toEqual(['move', 'move']);
    const wish = { id: workspace.id };
    const long = ['copy', 'source'];
    const plane = await dieAtEach(killsIn(moveKinds.cancel, long), ['workspaces.cancelMove', wish]);
    expect(await stateOf(plane, workspace)).toBe('first');
  });

  it('it confirms a move', async () => {
    const plane = await live();
    await plane.succeeded((await plane.client.call('workspaces.move', moveWish())).id);
    const copy = await copyIn(plane);
    const wish = { id: workspace.id };
    const after = await dieAtEach(killsIn(moveKinds.confirm), ['workspaces.confirmMove', wish]);
    expect(await stateOf(after, copy)).toBe('first');
    workspace = copy;
  });
});

async function forkTo(hostId: Workspace['hostId'], kills: readonly Kill[]): Promise<void> {
  const snapshotId = await take();
  const wish = { snapshotId, name: 'a fork', hostId };
  const plane = await dieAtEach(kills, ['workspaces.fork', wish]);
  const fork = await plane.until('workspaces.watch', {}, (all) => all.find(({ name }) => name === 'a fork'));
  expect(await stateOf(plane, fork)).toBe('first');
  const end = await plane.client.call('workspaces.destroy', { id: fork.id, keepVolume: false });
  await plane.succeeded(end.id);
}

/** What Berth is killed in above: a kind that is new must be added there, and here. */
it('leaves out no kind of operation on snapshots', () => {
  const kinds = [snapshotKinds, restoreKinds, moveKinds].flatMap((one) => Object.keys(one));
  expect(kinds.toSorted()).toEqual([
    'cancel',
    'confirm',
    'create',
    'destroy',
    'endUndo',
    'move',
    'putBack',
    'restore',
    'undoRestore',
    'verify',
  ]);
});

async function take(): Promise<SnapshotId> {
  const plane = await live();
  const { snapshotId, operation } = await plane.client.call('snapshots.create', {
    workspaceId: workspace.id,
  });
  await plane.succeeded(operation.id);
  return snapshotId;
}
