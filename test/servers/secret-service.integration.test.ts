import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runProcess } from './run-process.ts';
import { environmentWithoutBus, type SecretService, startSecretService } from './secret-service.ts';

const CANARY = 'canary-in-the-keyring';

const tool = (env: Record<string, string>, args: string[], input?: string) =>
  runProcess(['secret-tool', ...args], {
    env: { ...process.env, ...env },
    timeoutMs: 10_000,
    ...(input === undefined ? {} : { input }),
  });
const store = (service: SecretService) =>
  tool(service.env, ['store', '--label=test', 'berth', 'test'], CANARY);
const lookup = (service: SecretService) => tool(service.env, ['lookup', 'berth', 'test']);

test('keeps a secret, sealed on disk, across lock and restart', async () => {
  await using service = await startSecretService();
  expect((await store(service)).exitCode).toBe(0);
  expect((await lookup(service)).stdout).toBe(CANARY);
  for (const name of await readdir(service.keyringsFolder))
    expect(await readFile(join(service.keyringsFolder, name), 'latin1')).not.toContain(CANARY);

  await service.lock();
  expect(await lookup(service)).toMatchObject({ stdout: '', exitCode: 1 });
  await service.unlock();
  expect((await lookup(service)).stdout).toBe(CANARY);

  await service.killService();
  expect((await lookup(service)).stderr).toContain('was not provided by any .service files');
  await service.restartService();
  expect((await lookup(service)).stdout).toBe(CANARY);
});

test('two of them share nothing', async () => {
  await using one = await startSecretService();
  await using other = await startSecretService();
  await store(one);
  expect((await lookup(other)).stdout).toBe('');
});

test('a bus without the service, and no bus at all', async () => {
  await using none = await startSecretService({ service: false });
  expect((await lookup(none)).stderr).toContain('was not provided by any .service files');
  const without = await tool(environmentWithoutBus(), ['lookup', 'berth', 'test']);
  expect(without.stderr).toContain('Could not connect');
});
