/**
 * Berth is killed (SIGKILL) in every step of every operation that makes, uses or deletes snapshots, and started again: what
 * was asked for is then done, wholly, and nothing is doubled or left. The steps are read from the operations themselves.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SnapshotId } from '#contract/ids.ts';
import type { Project } from '#contract/projects.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { defineMoveOperations } from '#main/control-plane/snapshots/move-operations.ts';
import { defineRestoreOperations } from '#main/control-plane/snapshots/restore-operations.ts';
import { defineSnapshotOperations } from '#main/control-plane/snapshots/snapshot-operations.ts';
import { defineWorkspaceOperations } from '#main/control-plane/workspaces/workspace-operations.ts';
import type { Errand } from '#test/harness/plane-child.ts';
import { expectNothingHalf, type TestHost } from '#test/harness/snapshot-remains.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { busyboxImage, loadImage } from '#test/servers/images.ts';
import { startRemoteHost } from '#test/servers/remote-host.ts';

const child = new URL('../../../harness/plane-child.ts', import.meta.url).pathname;

/** Only the names of the steps are read here, which need none of what they work with. */
const nothing = {} as never;
const snapshotKinds = defineSnapshotOperations(nothing);
const restoreKinds = defineRestoreOperations(nothing);
const moveKinds = defineMoveOperations(nothing);
const workspaceKinds = defineWorkspaceOperations(nothing);
/** Milliseconds after a step began: at its very beginning, and where it may be in the middle. */
const delays = [0, 120];

let folder: string;
let project: Project;
let here: TestHost;
let there: TestHost;
let workspace: Workspace;

beforeAll(async () => {
  const remotes = await Promise.all([startRemoteHost(), startRemoteHost()]);
  for (const remote of remotes) await loadImage(remote, await busyboxImage());
  folder = await mkdtemp(join(tmpdir(), 'berth-crash-'));
  await using plane = await startPlane({ folder });
  const [first, second] = remotes;
  here = { remote: first, host: await plane.addHost(first) };
  there = { remote: second, host: await plane.addHost(second) };
  project = await plane.createProject('berth-busybox:test');
  workspace = await plane.createWorkspace({ host: here.host, project });
  await sh(
    plane,
    workspace,
    'cd /home/dev && mkdir -p d/e && for i in $(seq 40); do head -c 20000 /dev/urandom > d/e/$i; done' +
      ' && ln -s e/1 d/link && ln d/e/2 d/hard && sha256sum d/e/* d/hard > sums && echo first > state',
  );
});
afterAll(async () => {
  await here?.remote.stop();
  await there?.remote.stop();
  await rm(folder, { recursive: true, force: true });
});

async function sh(plane: TestPlane, { id }: Pick<Workspace, 'id'>, text: string): Promise<string> {
  const now = await plane.workspaceIn(id, 'running');
  const { remote } = now.hostId === here.host.id ? here : there;
  return await remote.docker('exec', now.containerId ?? '', 'sh', '-c', text);
}

/** Throws unless each file is as it was written; returns the one that changes. */
async function stateOf(plane: TestPlane, of: Pick<Workspace, 'id'>): Promise<string> {
  const text = 'cd /home/dev && sha256sum -sc sums && test -L d/link && test d/e/2 -ef d/hard && cat state';
  return (await sh(plane, of, text)).trim();
}

/** Runs a plane that dies in the middle. Rejects when it ends in any other way. */
async function dieDuring(act: Errand['act'], step: string, delayMs: number): Promise<void> {
  const errand: Errand = { folder, hostId: here.host.id, act, step, delayMs };
  const run = spawn(process.execPath, [child, JSON.stringify(errand)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code, signal] = (await once(run, 'exit')) as [number | null, string | null];
  if (signal !== 'SIGKILL') throw new Error(`the plane ended by itself: ${code ?? signal}`);
}

async function again(): Promise<TestPlane> {
  const plane = await startPlane({ folder });
  try {
    for (const { host } of [here, there]) await plane.hostReady(host.id);
    await expectNothingHalf(plane, [here, there]);
    const failed = await plane.until('operations.watch', {}, (all) =>
      all.filter(({ state }) => state !== 'succeeded'),
    );
    expect(failed).toEqual([]);
    return plane;
  } catch (error) {
    await plane.close();
    throw error;
  }
}

/** Begins an operation and dies in each of its steps, one after the other; then everything must be as if it never had. */
async function dieInEachStep(
  { steps }: { readonly steps: readonly { readonly id: string }[] },
  [method, input]: [method: string, input: unknown],
  delayMs: number,
): Promise<TestPlane> {
  let act: Errand['act'] = { kind: 'call', hostIds: [here.host.id, there.host.id], method, input };
  for (const { id } of steps) {
    await dieDuring(act, id, delayMs);
    act = { kind: 'go-on' };
  }
  return await again();
}

/** Deletes every snapshot, so that the next test begins with none. */
async function clear(plane: TestPlane): Promise<void> {
  const all = await plane.until('snapshots.watch', {}, (snapshots) => snapshots);
  for (const { host } of [here, there]) {
    const ids = all.filter(({ hostId }) => hostId === host.id).map(({ id }) => id);
    if (ids.length > 0) await plane.succeeded((await plane.client.call('snapshots.destroy', { ids })).id);
  }
}
const reasonsIn = (plane: TestPlane) =>
  plane.until('snapshots.watch', {}, (all) => all.map(({ reason }) => reason).toSorted());
const setState = async (plane: TestPlane, state: string) =>
  void (await sh(plane, workspace, `echo ${state} > /home/dev/state`));

const withPlane = async <T>(act: (plane: TestPlane) => Promise<T>): Promise<T> => {
  await using plane = await startPlane({ folder });
  for (const { host } of [here, there]) {
    await plane.hostReady(host.id);
    await plane.until('snapshots.hosts', {}, (all) =>
      all.find(({ id, state }) => id === host.id && state === 'ready'),
    );
  }
  return await act(plane);
};

const copyIn = (plane: TestPlane) =>
  plane.until('workspaces.watch', {}, (all) => all.find(({ move }) => move?.role === 'copy'));
const moveWish = () => ({ id: workspace.id, hostId: there.host.id });

describe.each(delays)('killed in every step, %i ms after it began', { timeout: 400_000 }, (delayMs) => {
  it.each(['paused', 'stopped'])(
    'it takes a snapshot of a workspace that is %s: once',
    async (consistency) => {
      const wish = { workspaceId: workspace.id, consistency };
      await using plane = await dieInEachStep(snapshotKinds.create, ['snapshots.create', wish], delayMs);
      expect(await reasonsIn(plane)).toEqual(['person']);
      expect(await stateOf(plane, workspace)).toBe('first');
      await clear(plane);
    },
  );

  it('it restores, with a safety snapshot', async () => {
    const id = await withPlane(async (plane) => {
      const made = await take(plane);
      await setState(plane, 'second');
      return made;
    });
    await using plane = await dieInEachStep(restoreKinds.restore, ['snapshots.restore', { id }], delayMs);
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
    await clear(plane);
  });

  it('it moves a workspace, and takes the move back', async () => {
    {
      await using plane = await dieInEachStep(moveKinds.move, ['workspaces.move', moveWish()], delayMs);
      const copy = await copyIn(plane);
      expect(copy).toMatchObject({ hostId: there.host.id, state: 'running' });
      expect(await stateOf(plane, copy)).toBe('first');
      expect(await reasonsIn(plane)).toEqual(['move', 'move']);
    }
    const wish = { id: workspace.id };
    await using plane = await dieInEachStep(moveKinds.cancel, ['workspaces.cancelMove', wish], delayMs);
    expect(await stateOf(plane, workspace)).toBe('first');
    await clear(plane);
  });
});

describe('killed in every step as it begins', { timeout: 400_000 }, () => {
  it('it verifies one', async () => {
    const id = await withPlane(take);
    await using plane = await dieInEachStep(snapshotKinds.verify, ['snapshots.verify', { id }], 0);
    expect(await reasonsIn(plane)).toEqual(['person']);
    await clear(plane);
  });

  it('it puts files back', async () => {
    const id = await withPlane(async (plane) => {
      const made = await take(plane);
      await sh(plane, workspace, 'rm -r /home/dev/d');
      return made;
    });
    const wish = { id, paths: ['d'] };
    await using plane = await dieInEachStep(snapshotKinds.putBack, ['snapshots.putBack', wish], 0);
    expect(await stateOf(plane, workspace)).toBe('first');
    expect(await sh(plane, workspace, 'ls -A /home/dev')).toBe('d\nstate\nsums\n');
    await clear(plane);
  });

  it('it deletes several', async () => {
    const ids = await withPlane(async (plane) => [await take(plane), await take(plane), await take(plane)]);
    const wish = { ids: ids.slice(0, 2) };
    await using plane = await dieInEachStep(snapshotKinds.destroy, ['snapshots.destroy', wish], 0);
    expect(await plane.until('snapshots.watch', {}, (all) => all.map(({ id }) => id))).toEqual([ids[2]]);
    await clear(plane);
  });

  const restored = () =>
    withPlane(async (plane) => {
      const id = await take(plane);
      await setState(plane, 'second');
      const wish = { id, makesSafetySnapshot: false };
      await plane.succeeded((await plane.client.call('snapshots.restore', wish)).id);
    });

  it('it takes a restore back, and that back again', async () => {
    await restored();
    const wish = { workspaceId: workspace.id };
    await using plane = await dieInEachStep(restoreKinds.undoRestore, ['snapshots.undoRestore', wish], 0);
    expect(await stateOf(plane, workspace)).toBe('second');
    await plane.succeeded((await plane.client.call('snapshots.undoRestore', wish)).id);
    expect(await stateOf(plane, workspace)).toBe('first');
    await plane.succeeded((await plane.client.call('snapshots.endUndo', wish)).id);
    await clear(plane);
  });

  it('it destroys the files from before a restore', async () => {
    await restored();
    const wish = { workspaceId: workspace.id };
    await using plane = await dieInEachStep(restoreKinds.endUndo, ['snapshots.endUndo', wish], 0);
    expect(await plane.until('snapshots.undos', {}, (all) => all)).toEqual([]);
    expect(await stateOf(plane, workspace)).toBe('first');
    await clear(plane);
  });

  it('it confirms a move', async () => {
    const copy = await withPlane(async (plane) => {
      await plane.succeeded((await plane.client.call('workspaces.move', moveWish())).id);
      return await copyIn(plane);
    });
    const wish = { id: workspace.id };
    await using plane = await dieInEachStep(moveKinds.confirm, ['workspaces.confirmMove', wish], 0);
    expect(await stateOf(plane, copy)).toBe('first');
    await clear(plane);
    workspace = copy;
    [here, there] = [there, here];
  });

  it.each(['the same', 'the other'])('it makes a workspace of a snapshot on %s host', async (where) => {
    const snapshotId = await withPlane(take);
    const hostId = where === 'the same' ? here.host.id : there.host.id;
    const wish = { snapshotId, name: 'a fork', hostId };
    await using plane = await dieInEachStep(workspaceKinds.create, ['workspaces.fork', wish], 0);
    const fork = await plane.until('workspaces.watch', {}, (all) =>
      all.find(({ name }) => name === 'a fork'),
    );
    expect(await stateOf(plane, fork)).toBe('first');
    const end = await plane.client.call('workspaces.destroy', { id: fork.id, keepVolume: false });
    await plane.succeeded(end.id);
    await clear(plane);
  });
});

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

async function take(plane: TestPlane): Promise<SnapshotId> {
  const { snapshotId, operation } = await plane.client.call('snapshots.create', {
    workspaceId: workspace.id,
  });
  await plane.succeeded(operation.id);
  return snapshotId;
}
