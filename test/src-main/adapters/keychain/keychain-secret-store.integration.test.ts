/** The secret store against a real gnome-keyring on a private bus, and against the ways in which a keychain is missing. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SecretStoreStatus } from '#contract/credentials.ts';
import {
  environmentWithoutBus,
  type SecretService,
  startSecretService,
} from '#test/servers/secret-service.ts';
import type { ChildRequest } from './secret-store-child.ts';

const canary = 'c4n4ry-0f-b3rth-k3ych41n';
let folder: string;
const cleanUps: (() => unknown)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-keychain-real-'));
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  rmSync(folder, { recursive: true, force: true });
});

class StoreProcess {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #replies: AsyncIterator<string>;
  stderr = '';

  constructor(env: Readonly<Record<string, string>>) {
    const childEnv: NodeJS.ProcessEnv = { ...process.env, ...env };
    for (const name of ['DISPLAY', 'WAYLAND_DISPLAY']) delete childEnv[name];
    const script = join(import.meta.dirname, 'secret-store-child.ts');
    this.child = spawn(process.execPath, [script, folder], {
      env: childEnv,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.child.stderr.on('data', (text) => (this.stderr += text));
    this.#replies = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
    cleanUps.push(() => this.end());
  }

  async ask<R = unknown>(request: ChildRequest): Promise<R> {
    this.child.stdin.write(`${JSON.stringify(request)}\n`);
    const reply = await this.#replies.next();
    if (reply.done) throw new Error(`the store's process ended: ${this.stderr}`);
    const { value, error } = JSON.parse(reply.value);
    if (error) throw Object.assign(new Error(error.message), error);
    return value;
  }

  status(): Promise<SecretStoreStatus> {
    return this.ask({ verb: 'status' });
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.stdin.end();
    await exited;
  }
}

async function secretService(options?: { service: boolean }): Promise<SecretService> {
  const service = await startSecretService(options);
  cleanUps.push(() => service.stop());
  return service;
}

function everyFileBelow(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

describe('with GNOME Keyring', () => {
  it('keeps secrets over restarts, and the canary is nowhere in clear', async () => {
    const service = await secretService();
    const first = new StoreProcess(service.env);
    expect(await first.status()).toEqual({
      backend: 'keychain',
      name: 'Secret Service (GNOME Keyring)',
      state: 'ready',
      detail: '',
      vaultExists: false,
    });
    await first.ask({ verb: 'put', key: 'cred_a', secret: canary });
    const proc = `/proc/${first.child.pid}`;
    const outside = [readFileSync(`${proc}/cmdline`, 'latin1'), readFileSync(`${proc}/environ`, 'latin1')];
    await first.end();

    const second = new StoreProcess(service.env);
    expect(await second.ask({ verb: 'get', key: 'cred_a' })).toBe(canary);
    await second.end();

    const files = [...everyFileBelow(folder), ...everyFileBelow(service.keyringsFolder)];
    expect(files.map((path) => path.split('/').at(-1))).toEqual(
      expect.arrayContaining(['secrets.sealed', 'berth.log', 'login.keyring']),
    );
    for (const path of files) outside.push(readFileSync(path, 'latin1'));
    for (const text of [...outside, first.stderr, second.stderr]) {
      expect(text).not.toContain(canary);
      expect(text).not.toContain(Buffer.from(canary).toString('base64').replace(/=+$/, ''));
    }
  });

  it('says that the ring is locked, deletes nothing, and works again when it is unlocked', async () => {
    const service = await secretService();
    const store = new StoreProcess(service.env);
    await store.ask({ verb: 'put', key: 'cred_a', secret: canary });
    await store.end();
    await service.lock();

    const locked = new StoreProcess(service.env);
    expect(await locked.status()).toMatchObject({
      name: 'Secret Service (GNOME Keyring)',
      state: 'locked',
      detail: expect.stringContaining('Unlock'),
    });
    for (const request of [
      { verb: 'get', key: 'cred_a' },
      { verb: 'put', key: 'cred_b', secret: 'x' },
    ] as const)
      await expect(locked.ask(request)).rejects.toMatchObject({ code: 'credential.keychain-unavailable' });
    await locked.end();

    await service.unlock();
    const unlocked = new StoreProcess(service.env);
    expect(await unlocked.status()).toMatchObject({ state: 'ready' });
    expect(await unlocked.ask({ verb: 'get', key: 'cred_a' })).toBe(canary);
  });

  it('notices that the service died, reads on, and goes on after a start when it is back', async () => {
    const service = await secretService();
    const store = new StoreProcess(service.env);
    await store.ask({ verb: 'put', key: 'cred_a', secret: canary });
    await service.killService();
    expect(await store.status()).toMatchObject({
      state: 'missing',
      detail: expect.stringContaining('No Secret Service runs'),
    });
    await expect(store.ask({ verb: 'put', key: 'cred_b', secret: 'x' })).rejects.toMatchObject({
      code: 'credential.keychain-unavailable',
      message: expect.stringContaining('No Secret Service runs'),
    });
    // What is open stays open.
    expect(await store.ask({ verb: 'get', key: 'cred_a' })).toBe(canary);
    await service.restartService();
    // libsecret cannot go on with a service that is not the one it began with: the person is told what to do.
    expect(await store.status()).toMatchObject({
      state: 'missing',
      detail: expect.stringContaining('Start Berth again'),
    });
    await expect(store.ask({ verb: 'put', key: 'cred_b', secret: 'x' })).rejects.toMatchObject({
      code: 'credential.keychain-unavailable',
    });
    const again = new StoreProcess(service.env);
    expect(await again.status()).toMatchObject({ state: 'ready', detail: '' });
    await again.ask({ verb: 'put', key: 'cred_b', secret: 'two' });
    for (const [key, value] of [
      ['cred_a', canary],
      ['cred_b', 'two'],
    ] as const)
      expect(await again.ask({ verb: 'get', key })).toBe(value);
  });
});

describe('without a keychain', () => {
  it.each([
    ['no bus', async () => environmentWithoutBus(), 'session bus'],
    [
      'a bus without a Secret Service',
      async () => (await secretService({ service: false })).env,
      'No Secret Service',
    ],
  ])('%s: says which part is missing, and keeps secrets in a vault', async (_what, environment, part) => {
    const env = await environment();
    const store = new StoreProcess(env);
    const status = await store.status();
    expect(status).toMatchObject({ backend: 'keychain', state: 'missing', vaultExists: false });
    expect(status.detail).toContain(part);
    await expect(store.ask({ verb: 'put', key: 'cred_a', secret: canary })).rejects.toMatchObject({
      code: 'credential.keychain-unavailable',
      message: expect.stringContaining(part),
    });
    await store.ask({ verb: 'createVault', secret: `${canary} passphrase` });
    await store.ask({ verb: 'put', key: 'cred_a', secret: canary });
    await store.end();

    const again = new StoreProcess(env);
    expect(await again.status()).toMatchObject({ backend: 'vault', state: 'locked' });
    await again.ask({ verb: 'unlockVault', secret: `${canary} passphrase` });
    expect(await again.ask({ verb: 'get', key: 'cred_a' })).toBe(canary);
    await again.end();
    for (const path of everyFileBelow(folder)) expect(readFileSync(path, 'latin1')).not.toContain(canary);
  });
});
