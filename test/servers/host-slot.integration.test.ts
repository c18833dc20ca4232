import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, readdir, readFile, readlink } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { sweepStaleHosts } from './host-slot.ts';
import { startRemoteHost } from './remote-host.ts';
import { runChecked } from './run-process.ts';
import { serversFolder } from './servers-folder.ts';

/** Everything on this machine that carries the slot's number. */
async function remainsOf(slot: number): Promise<string[]> {
  const remains: string[] = [];
  for (const name of await readdir('/run/netns').catch(() => []))
    if (name.startsWith(`berth-${slot}-`)) remains.push(`network namespace ${name}`);
  for (const name of await readdir('/sys/class/net'))
    if (name === `berth${slot}`) remains.push(`cable ${name}`);
  const folder = `${serversFolder('hosts')}/${slot}`;
  if ((await runChecked(['losetup', '-a'])).includes(`${folder}/`)) remains.push('loop device');
  if (await exists(folder)) remains.push('folder');
  for (const hierarchy of await readdir('/sys/fs/cgroup'))
    if (await exists(`/sys/fs/cgroup/${hierarchy}/berth-test-${slot}`))
      remains.push(`cgroup in ${hierarchy}`);
  for (const { pid, words } of await processes())
    if (words.includes(folder) && words.includes('inside')) remains.push(`process ${pid}`);
  return remains;
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

async function processes(): Promise<{ pid: number; words: string[] }[]> {
  const found: { pid: number; words: string[] }[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const text = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    found.push({ pid: Number(name), words: text.split('\0') });
  }
  return found;
}

const slotOf = (address: string) => Number(address.split('.')[2]);

/** Another process with a host; resolves when the host is up. */
async function startInAnotherProcess(): Promise<{
  kill: () => Promise<void>;
  slot: number;
  keeperPid: number;
}> {
  const module = fileURLToPath(new URL('remote-host.ts', import.meta.url));
  const script = `import(process.argv[1]).then(async ({ startRemoteHost }) => {
    const host = await startRemoteHost({ engine: false });
    console.log(host.address);
    setInterval(() => undefined, 1000);
  });`;
  const child = spawn(process.execPath, ['-e', script, module], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const slot = slotOf(line.toString().trim());
  const keepers = await processes();
  const keeper = keepers.find(({ words }) => words.includes('keep') && words.includes(String(slot)));
  if (!keeper) throw new Error('no keeper');
  const kill = async () => {
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  return { kill, slot, keeperPid: keeper.pid };
}

test('stop leaves nothing, and may be called twice', async () => {
  const host = await startRemoteHost();
  const slot = slotOf(host.address);
  expect(await remainsOf(slot)).not.toEqual([]);
  await host.stop();
  expect(await remainsOf(slot)).toEqual([]);
  await host.stop();
});

test('a killed test process leaves nothing: its keeper destroys the host', async () => {
  const { kill, slot } = await startInAnotherProcess();
  expect(await remainsOf(slot)).toContain('folder');
  await kill();
  await vi.waitFor(async () => expect(await remainsOf(slot)).toEqual([]), { timeout: 20_000, interval: 50 });
});

test('when the keeper is killed too, the next start sweeps what is left', async () => {
  const { kill, slot, keeperPid } = await startInAnotherProcess();
  process.kill(keeperPid, 'SIGKILL');
  await vi.waitFor(async () => await expect(readlink(`/proc/${keeperPid}/exe`)).rejects.toThrow());
  await kill();
  expect(await remainsOf(slot)).toContain('loop device');
  // Another worker may start a host at this very moment and be the one that sweeps.
  await sweepStaleHosts();
  await vi.waitFor(async () => expect(await remainsOf(slot)).not.toContain('loop device'), {
    timeout: 20_000,
  });
});

test('a sweep leaves the hosts of living processes alone', async () => {
  await using host = await startRemoteHost({ engine: false });
  expect(await sweepStaleHosts()).not.toContain(slotOf(host.address));
  expect((await host.run(['hostname'])).stdout.trim()).toBe(host.name);
});
