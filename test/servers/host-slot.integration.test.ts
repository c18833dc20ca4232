import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlink } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { processes, remainsOf, slotOf } from './host-remains.ts';
import { sweepStaleHosts } from './host-slot.ts';
import { startRemoteHost } from './remote-host.ts';

// Slots of our own: else another worker's host may take the slot that we are looking at.
beforeAll(() => {
  vi.stubEnv('BERTH_TEST_FIRST_SLOT', '220');
});

afterAll(() => {
  vi.unstubAllEnvs();
});

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
  await vi.waitFor(async () => await expect(readlink(`/proc/${keeperPid}/exe`)).rejects.toThrow(), {
    timeout: 15_000,
  });
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
