/**
 * A tree that nothing may be lost of goes out and comes back, through a whole plane and a real engine: compared by rsync, not
 * by our own list.
 */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Host } from '#contract/hosts.ts';
import type { Project } from '#contract/projects.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { busyboxImage, loadImage } from '#test/servers/images.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';
import { ensureRequirements } from '#test/servers/requirements.ts';

const nastyTree = new URL('../../../resources/remote/nasty-tree.py', import.meta.url);

let remote: RemoteHost;
let plane: TestPlane;
let host: Host;
let project: Project;

beforeAll(async () => {
  await ensureRequirements(['snapshots']);
  remote = await startRemoteHost({ diskMiB: 12_000 });
  await loadImage(remote, await busyboxImage());
  plane = await startPlane();
  host = await plane.addHost(remote);
  project = await plane.createProject('berth-busybox:test');
}, 120_000);
afterAll(async () => {
  await plane?.close();
  await remote?.stop();
});

const dataOf = (volumeName: string) => `/var/lib/docker/volumes/${volumeName}/_data`;

it('a tree of every kind of entry, 100,000 small files and a sparse file of 4 GiB comes back identical', async () => {
  const workspace = await plane.createWorkspace({ host, project });
  const from = dataOf(workspace.volumeName);
  await remote.runChecked(['mkdir', `${from}/nasty`, `${from}/many`]);
  await remote.runChecked(['/usr/bin/python3', '-', `${from}/nasty`], { input: await readFile(nastyTree) });
  const many = `
import os, sys
for folder in range(100):
    path = os.path.join(sys.argv[1], 'f%03d' % folder)
    os.mkdir(path)
    for number in range(1000):
        with open(os.path.join(path, 'n%04d.txt' % number), 'w') as file:
            file.write('%d of %d\\n' % (number, folder) * (number % 7))
with open(os.path.join(sys.argv[1], 'large'), 'wb') as file:
    file.truncate(4 << 30)
    file.seek(3 << 30)
    file.write(b'far away')
`;
  await remote.runChecked(['/usr/bin/python3', '-', `${from}/many`], { input: many });

  const { snapshotId, operation } = await plane.client.call('snapshots.create', {
    workspaceId: workspace.id,
  });
  await plane.succeeded(operation.id);
  const made = await plane.until('snapshots.watch', {}, (all) => all.find(({ id }) => id === snapshotId));
  expect(made.entryCount).toBeGreaterThan(100_000);
  expect(made.sizeBytes).toBeLessThan(64 * 1024 * 1024);
  const before = performance.now();
  const { total } = await plane.client.call('snapshots.browse', { id: snapshotId, path: 'many/f042' });
  console.log(`first look into ${made.entryCount} entries: ${(performance.now() - before).toFixed(0)} ms`);
  expect(total).toBe(1000);

  const restore = await plane.client.call('snapshots.restore', {
    id: snapshotId,
    makesSafetySnapshot: false,
  });
  await plane.succeeded(restore.id);
  const restored = await plane.workspaceIn(workspace.id, 'running');
  const to = dataOf(restored.volumeName);
  expect(to).not.toBe(from);
  // A socket is the one thing that no archive holds.
  await remote.runChecked(['find', from, '-type', 's', '-delete']);
  const differences = await remote.runChecked(
    [
      'rsync',
      '-aHAXS',
      '--numeric-ids',
      '--checksum',
      '--delete',
      '--dry-run',
      '--itemize-changes',
      `${from}/`,
      `${to}/`,
    ],
    { timeoutMs: 300_000 },
  );
  // Removing the socket changed the time of the folder that it was in.
  expect(differences.split('\n').filter((line) => line !== '' && !line.startsWith('.d..t......'))).toEqual(
    [],
  );
  const used = (path: string) => remote.runChecked(['du', '-s', '--block-size=1', path]);
  const [usedBefore, usedAfter] = [await used(`${from}/many/large`), await used(`${to}/many/large`)];
  expect(Number.parseInt(usedAfter, 10)).toBeLessThanOrEqual(Number.parseInt(usedBefore, 10) + 65_536);
  const difference = await plane.client.call('snapshots.compare', { id: snapshotId, otherId: null });
  expect(difference).toMatchObject({ added: 0, removed: 0, changed: 0 });
}, 600_000);
