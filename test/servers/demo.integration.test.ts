import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { SshDefinition } from '#contract/hosts.ts';
import { type AddHostFile, DEMO_IMAGES, startDemoHost } from './demo-host.ts';
import { remainsOf, slotOf } from './host-remains.ts';
import { runSsh } from './ssh-client.ts';

// Slots of our own: else another worker's host may take the slot that we are looking at.
beforeAll(() => {
  vi.stubEnv('BERTH_TEST_FIRST_SLOT', '230');
});

afterAll(() => {
  vi.unstubAllEnvs();
});

test('the demo host can be added as its file says, and has images to make workspaces from', async () => {
  await using demo = await startDemoHost();
  const file = JSON.parse(await readFile(demo.addHostPath, 'utf8')) as AddHostFile;
  expect(SshDefinition.parse(file.definition)).toEqual(file.definition);
  expect((await stat(demo.addHostPath)).mode & 0o077).toBe(0);
  const knownHostsLine = `${file.definition.address} ${file.hostKey}`;
  const ran = await runSsh(demo.host, ['docker', 'run', '--rm', DEMO_IMAGES.debian, 'id', '-un'], {
    knownHostsLine,
  });
  expect(ran).toMatchObject({ stdout: 'dev\n', exitCode: 0 });
  expect(demo.images).toEqual([DEMO_IMAGES.debian, DEMO_IMAGES.busybox]);
});

test('Ctrl+C takes the demo away, to the last trace', async () => {
  const script = fileURLToPath(new URL('demo.ts', import.meta.url));
  const demo = spawn(process.execPath, [script, '--host-only'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(demo, 'exit');
  let address: string | undefined;
  let addHostPath: string | undefined;
  for await (const line of createInterface({ input: demo.stdout })) {
    address ??= /root@(10\.78\.\d+\.2)/.exec(line)?.[1];
    addHostPath ??= /--add-host (\S+)/.exec(line)?.[1];
    if (addHostPath !== undefined) break;
  }
  const slot = slotOf(address ?? '');
  expect(await remainsOf(slot)).toContain('loop device');
  expect((await stat(addHostPath ?? '')).isFile()).toBe(true);
  demo.kill('SIGINT');
  demo.kill('SIGINT');
  expect(await exited).toEqual([0, null]);
  expect(await remainsOf(slot)).toEqual([]);
  await expect(stat(addHostPath ?? '')).rejects.toThrow('ENOENT');
});
