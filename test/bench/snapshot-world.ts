/**
 * Where snapshots are measured: a host of its own with a larger disk than the others' (whose figures stay as they are), a
 * workspace with a tree like a person's and one with 100,000 entries, and a served Berth that can be started again on the
 * same data. Nothing of it is left after `Symbol.asyncDispose`.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OperationId, SnapshotId } from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import type { Snapshot } from '#contract/snapshots.ts';
import type { Workspace } from '#contract/workspaces.ts';
import type { TestPlane } from '#test/harness/start-plane.ts';
import { addHostFileFor } from '#test/servers/demo-host.ts';
import { busyboxImage, loadImage } from '#test/servers/images.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';
import { startServedProcess } from './served-process.ts';

/** Sparse. The tree, its copy in a container's layer, that committed, a restored volume, an extracted copy, a repository. */
const diskMiB = 20_000;
const treeMiB = { full: 1024, quick: 128 };
export const manyEntries = 100_000;
/** For one step on the host, also on two busy cores. */
export const longMs = 300_000;
/** Berth's own of the host. */
const storeFolder = '/var/lib/berth/snapshots';
const image = 'berth-busybox:test';
const treeScript = new URL('snapshot-tree.py', import.meta.url);

export interface SnapshotWorld extends AsyncDisposable {
  readonly remote: RemoteHost;
  readonly dataFolder: string;
  readonly plane: TestPlane;
  readonly tree: Workspace;
  readonly treeBytes: number;
  readonly treeEntries: number;
  readonly many: Workspace;
  /** Ends the served Berth; another can then be started on `dataFolder`. */
  readonly stopBerth: () => Promise<void>;
}

export async function openSnapshotWorld(isQuick: boolean): Promise<SnapshotWorld> {
  await using stack = new AsyncDisposableStack();
  const dataFolder = await mkdtemp(join(tmpdir(), 'berth-bench-snapshots-'));
  stack.defer(() => rm(dataFolder, { recursive: true, force: true }));
  const remote = stack.use(await startRemoteHost({ name: 'bench-snapshots', diskMiB }));
  await loadImage(remote, await busyboxImage());
  const addHostPath = join(dataFolder, 'host.json');
  await writeFile(addHostPath, JSON.stringify(addHostFileFor(remote, 'bench')), { mode: 0o600 });
  const served = stack.use(await startServedProcess({ dataFolder, args: ['--add-host', addHostPath] }));
  const plane = stack.adopt(await served.connect(), (one) => one.client.close());
  const host = await plane.until('hosts.watch', {}, (hosts) =>
    hosts.find(({ state }) => state.phase === 'ready' && state.engineRoute !== 'none'),
  );
  const project = await plane.createProject(image, { limits: { cpus: null, memoryBytes: null, pids: 1024 } });
  const many = await plane.createWorkspace({ host, project, name: 'many' });
  const tree = await plane.createWorkspace({ host, project, name: 'tree' });
  await makeTree(remote, 'many', volumePath(many), manyEntries);
  const wanted = (isQuick ? treeMiB.quick : treeMiB.full) * 1024 * 1024;
  const made = await makeTree(remote, 'copy', volumePath(tree), wanted);
  await remote.syncDisk();
  const kept = stack.move();
  return {
    remote,
    dataFolder,
    plane,
    tree,
    treeBytes: made.bytes,
    treeEntries: made.entries,
    many,
    stopBerth: async () => {
      plane.client.close();
      await served.stop();
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

export function volumePath({ volumeName }: Pick<Workspace, 'volumeName'>): string {
  return `/var/lib/docker/volumes/${volumeName}/_data`;
}

export function snapshotPath(id: SnapshotId): string {
  return `${storeFolder}/${id}`;
}

async function makeTree(remote: RemoteHost, how: 'copy' | 'many', target: string, wanted: number) {
  const argv = ['/usr/bin/python3', '-', how, target, String(wanted)];
  const said = await remote.runChecked(argv, { input: await readFile(treeScript), timeoutMs: longMs });
  return JSON.parse(said) as { bytes: number; entries: number };
}

/** Resolves with the operation when it has succeeded; it may take longer than the tests' patience. */
export async function finished(plane: TestPlane, id: OperationId): Promise<Operation> {
  const find = (all: Operation[]) => all.find((one) => one.id === id && one.endedAt !== null);
  const operation = await plane.until('operations.watch', {}, find, longMs);
  if (operation.state !== 'succeeded')
    throw new Error(`${operation.title}: ${operation.state}: ${JSON.stringify(operation.error)}`);
  return operation;
}

export function stepSeconds({ steps, kind }: Operation, ...ids: readonly string[]): number {
  const chosen = steps.filter(({ id }) => ids.includes(id));
  if (chosen.length !== ids.length) throw new Error(`${kind} has no step ${ids.join(' or ')}`);
  return chosen.reduce(
    (sum, { startedAt, endedAt }) => sum + (Date.parse(endedAt ?? '') - Date.parse(startedAt ?? '')) / 1e3,
    0,
  );
}

export interface Taken {
  readonly snapshot: Snapshot;
  readonly operation: Operation;
  /** From the call to the operation's end, as a client sees it. */
  readonly seconds: number;
}

export async function takeSnapshot(plane: TestPlane, { id }: Workspace): Promise<Taken> {
  const begunAtMs = performance.now();
  const wish = { workspaceId: id, consistency: 'paused' } as const;
  const { snapshotId, operation } = await plane.client.call('snapshots.create', wish);
  const ended = await finished(plane, operation.id);
  const seconds = (performance.now() - begunAtMs) / 1e3;
  const snapshot = await plane.until('snapshots.watch', {}, (all) =>
    all.find((one) => one.id === snapshotId),
  );
  // Berth fetches a new snapshot's list at once: that shall not run beside what is measured next.
  await plane.client.call('snapshots.browse', { id: snapshotId, path: '.' });
  return { snapshot, operation: ended, seconds };
}
