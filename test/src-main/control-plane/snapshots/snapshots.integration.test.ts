/** Snapshots on a real engine, through a whole plane: made, looked into, restored, taken back, forked, deleted. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { Host } from '#contract/hosts.ts';
import type { SnapshotId } from '#contract/ids.ts';
import type { InputOf } from '#contract/index.ts';
import type { Project } from '#contract/projects.ts';
import type { Snapshot } from '#contract/snapshots.ts';
import type { Workspace } from '#contract/workspaces.ts';
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
  project = await plane.createProject('berth-busybox:test');
});
afterAll(async () => {
  await plane?.close();
  await remote?.stop();
});

const sh = async (workspace: Workspace, text: string) =>
  await remote.docker('exec', await containerOf(workspace), 'sh', '-c', text);
async function containerOf({ id }: Workspace): Promise<string> {
  const now = await plane.until('workspaces.watch', {}, (all) =>
    all.find((one) => one.id === id && one.containerId !== null),
  );
  return now.containerId ?? '';
}
async function take(
  workspace: Workspace,
  wish: Partial<InputOf<'snapshots.create'>> = {},
): Promise<Snapshot> {
  const { snapshotId, operation } = await plane.client.call('snapshots.create', {
    workspaceId: workspace.id,
    ...wish,
  });
  await plane.succeeded(operation.id);
  return await snapshot(snapshotId);
}
const snapshot = (id: SnapshotId) =>
  plane.until('snapshots.watch', {}, (all) => all.find((one) => one.id === id));

async function failureOf(promise: Promise<unknown>): Promise<BerthError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof BerthError) return error;
  throw new Error(`it should have failed, and gave ${JSON.stringify(error)}`);
}
const labelled = async (kind: 'ps' | 'volume') =>
  (
    await remote.docker(
      ...(kind === 'ps' ? ['ps', '--all'] : ['volume', 'ls']),
      '--quiet',
      '--filter',
      'label=dev.berth.managed',
    )
  )
    .split('\n')
    .filter(Boolean).length;

describe('a snapshot', () => {
  it('is taken of a running workspace that stands still meanwhile, and says so', async () => {
    const workspace = await plane.createWorkspace({ host, project });
    await sh(workspace, 'mkdir -p /home/dev/src && echo one > /home/dev/src/a.txt && ln -s a.txt /home/dev/src/b');
    const made = await take(workspace, { name: 'first "one"', note: "it's $(touch /tmp/x); `id`" });
    expect(made).toMatchObject({
      name: 'first "one"',
      note: "it's $(touch /tmp/x); `id`",
      consistency: 'paused',
      workspaceId: workspace.id,
      entryCount: 4,
      problem: null,
      isHostAway: false,
    });
    expect(made.frozenMs).toBeGreaterThan(0);
    const { entries } = await plane.client.call('snapshots.browse', { id: made.id, path: 'src' });
    expect(entries.map(({ path, kind, sizeBytes }) => [path, kind, sizeBytes])).toEqual([
      ['src/a.txt', 'file', 4],
      ['src/b', 'link', 0],
    ]);
    expect(await sh(workspace, 'cat /home/dev/src/a.txt')).toContain('one');
    expect(await labelled('ps')).toBe(1);
  }, 120_000);
});
