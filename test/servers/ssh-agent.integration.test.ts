import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { runChecked, runProcess } from './run-process.ts';
import { startSshAgent } from './ssh-agent.ts';
import { generateKey, signKey } from './ssh-keys.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-test-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test.each([
  { type: 'ed25519' },
  { type: 'rsa', bits: 2048 },
  { type: 'rsa', bits: 2048, format: 'pem', passphrase: 'old form' },
  { type: 'ecdsa', bits: 521, passphrase: 'pass phrase' },
] as const)('makes a key of $type $format $passphrase with its fingerprint', async (options) => {
  const key = await generateKey(join(folder, JSON.stringify(options).replace(/\W/g, '-')), options);
  expect(await runChecked(['ssh-keygen', '-l', '-f', `${key.path}.pub`])).toContain(key.fingerprint);
  const passphrase = 'passphrase' in options ? options.passphrase : '';
  const open = (phrase: string) => runProcess(['ssh-keygen', '-y', '-P', phrase, '-f', key.path]);
  expect((await open(passphrase)).stdout).toContain(key.publicLine);
  if (passphrase !== '') expect((await open('wrong')).exitCode).not.toBe(0);
});

test('signs host keys for @cert-authority', async () => {
  const authority = await generateKey(join(folder, 'authority'), { type: 'ed25519' });
  const hostKey = await generateKey(join(folder, 'host'), { type: 'ed25519' });
  const certificate = await signKey({
    authorityPath: authority.path,
    publicKey: hostKey.publicLine,
    principals: ['example.test'],
    kind: 'host',
  });
  const shown = await runChecked(['ssh-keygen', '-L', '-f', '-'], { input: `${certificate}\n` });
  expect(shown).toContain('host certificate');
  expect(shown).toContain('example.test');
  expect(shown).toContain(authority.fingerprint);
});

test('an agent offers its keys in order, and none while it is locked', async () => {
  const plain = await generateKey(join(folder, 'plain'), { type: 'ed25519' });
  const sealed = await generateKey(join(folder, 'sealed'), {
    type: 'rsa',
    bits: 2048,
    passphrase: 'open me',
  });
  const agent = await startSshAgent([plain.path]);
  await expect(agent.add(sealed.path, { passphrase: 'wrong' })).rejects.toThrow();
  await agent.add(sealed.path, { passphrase: 'open me' });
  expect(await agent.fingerprints()).toEqual([plain.fingerprint, sealed.fingerprint]);
  await agent.lock('x');
  expect(await agent.fingerprints()).toEqual([]);
  await agent.unlock('x');
  expect(await agent.fingerprints()).toHaveLength(2);
  await agent.stop();
  await expect(access(agent.socketPath)).rejects.toThrow();
});

test('an agent does not outlive a killed test process', async () => {
  const module = fileURLToPath(new URL('ssh-agent.ts', import.meta.url));
  const script = `import(process.argv[1]).then(async ({ startSshAgent }) => {
    const agent = await startSshAgent();
    console.log(agent.agentPid);
    setInterval(() => undefined, 1000);
  });`;
  const child = spawn(process.execPath, ['-e', script, module], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const agentPid = Number(line.toString());
  expect(() => process.kill(agentPid, 0)).not.toThrow();
  child.kill('SIGKILL');
  // The agent looks for its command's end every ten seconds.
  await vi.waitFor(() => expect(() => process.kill(agentPid, 0)).toThrow(), {
    timeout: 20_000,
    interval: 100,
  });
});
