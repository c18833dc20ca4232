/** What is left of a throw-away host on this machine: the proof that nothing is. */
import { access, readdir, readFile } from 'node:fs/promises';
import { runChecked } from './run-process.ts';
import { serversFolder } from './servers-folder.ts';

/** The slot of a host's address 10.78.N.2. */
export const slotOf = (address: string) => Number(address.split('.')[2]);

/** Everything on this machine that carries the slot's number. */
export async function remainsOf(slot: number): Promise<string[]> {
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

/** Every process of this machine, with its command line. */
export async function processes(): Promise<{ pid: number; words: string[] }[]> {
  const found: { pid: number; words: string[] }[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const text = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    found.push({ pid: Number(name), words: text.split('\0') });
  }
  return found;
}
