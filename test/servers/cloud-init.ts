/**
 * Debian's cloud-init, unpacked with what it needs (and what cloud images bring beside it) into a folder that is copied
 * into the rented machines of the tests. It is never installed: on this machine it would act at the next start, as on one
 * that was just rented.
 */
import { access, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withExclusive } from './exclusive.ts';
import { ensureRequirements } from './requirements.ts';
import { type ProcessResult, runChecked, runProcess } from './run-process.ts';
import { serversFolder } from './servers-folder.ts';

/** What images of providers bring, too: `sudo`, which the users that cloud-init makes are for, and the updater. */
const PACKAGES = ['cloud-init', 'sudo', 'unattended-upgrades'];

/** Resolves with the folder: the root of a file tree. Unpacked once per machine; safe to ask for from many workers. */
export async function cloudInitTree(): Promise<string> {
  await ensureRequirements(['cloud-init']);
  const folder = serversFolder('cloud-init');
  // One for each list of packages: this machine may have an older one.
  const tree = join(folder, `tree-${PACKAGES.join('-')}`);
  const isReady = () =>
    access(join(tree, '.ready')).then(
      () => true,
      () => false,
    );
  if (await isReady()) return tree;
  await withExclusive('cloud-init', async () => {
    if (!(await isReady())) await unpack(folder, tree);
  });
  return tree;
}

async function unpack(folder: string, tree: string): Promise<void> {
  const archives = join(folder, 'archives');
  const fresh = join(folder, 'tree.new');
  for (const old of [archives, fresh, tree]) await rm(old, { recursive: true, force: true });
  await mkdir(join(archives, 'partial'), { recursive: true });
  await mkdir(fresh, { recursive: true });
  // Where the machine has it already, apt would say so and bring nothing.
  let fetched = await download(archives);
  if (fetched.exitCode !== 0) {
    await runProcess(['apt-get', '-q', 'update'], { timeoutMs: 600_000 });
    fetched = await download(archives);
  }
  if (fetched.exitCode !== 0)
    throw new Error(
      `cloud-init and its like cannot be fetched from Debian's packages:\n${fetched.stderr.trim()}`,
    );
  // What they need beyond that is for disks and networks, which nothing here touches.
  for (const name of await readdir(archives))
    if (/^(cloud-init|sudo|unattended-upgrades|python3-[^_]*)_.*\.deb$/.test(name))
      await runChecked(['dpkg-deb', '--extract', join(archives, name), fresh]);
  // Units for systemd; and as a folder it would hide the link /lib of the machine that this is copied into.
  await rm(join(fresh, 'lib'), { recursive: true, force: true });
  // Otherwise each machine would compile it at its first start, for seconds.
  await runProcess(['python3', '-m', 'compileall', '-q', join(fresh, 'usr/lib/python3/dist-packages')]);
  await writeFile(join(fresh, '.ready'), '');
  await rename(fresh, tree);
  await rm(archives, { recursive: true, force: true });
}

function download(archives: string): Promise<ProcessResult> {
  const options = ['-q', '-y', '--no-install-recommends', '--download-only', '--reinstall'];
  const argv = ['apt-get', ...options, '-o', `Dir::Cache::archives=${archives}`, 'install', ...PACKAGES];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return runProcess(argv, { env, timeoutMs: 600_000 });
}
