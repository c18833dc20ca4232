/** Our own TLS: which versions, what it says to browsers, and certificates that are renewed while it runs. */
import { once } from 'node:events';
import { utimes, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type SecureVersion, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '#test/harness/start-server.ts';
import { runChecked } from '#test/servers/run-process.ts';

let folder: string;
let berth: TestServer;
let files: { certificateFile: string; keyFile: string };

async function makePair(name: string): Promise<{ certificate: string; key: string }> {
  const [certificate, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key];
  await runChecked(['openssl', 'req', '-x509', ...newKey, '-days', '2', '-out', certificate, ...subject]);
  return { certificate, key };
}

/** As whoever renews it does: one file after the other. */
async function install(pair: { certificate: string; key: string }, seconds: number): Promise<void> {
  await writeFile(files.certificateFile, await readFile(pair.certificate));
  await writeFile(files.keyFile, await readFile(pair.key));
  for (const path of [files.certificateFile, files.keyFile]) await utimes(path, seconds, seconds);
}

async function handshake(options: { minVersion?: SecureVersion; maxVersion?: SecureVersion } = {}) {
  const socket: TLSSocket = connect({
    host: '127.0.0.1',
    port: berth.port,
    ca: await readFile(files.certificateFile),
    checkServerIdentity: () => undefined,
    rejectUnauthorized: false,
    ...options,
  });
  try {
    await once(socket, 'secureConnect');
    return { version: socket.getProtocol(), name: String(socket.getPeerCertificate().subject.CN) };
  } finally {
    socket.destroy();
  }
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-tls-'));
  files = { certificateFile: join(folder, 'live.crt'), keyFile: join(folder, 'live.key') };
  await install(await makePair('first'), 1_000);
  berth = await startServer({ served: { tls: files } });
});
afterEach(async () => {
  await berth.close();
  await rm(folder, { recursive: true, force: true });
});

describe('TLS of our own', () => {
  it('speaks 1.2 and 1.3 and nothing older', async () => {
    expect(await handshake()).toEqual({ version: 'TLSv1.3', name: 'first' });
    expect((await handshake({ maxVersion: 'TLSv1.2' })).version).toBe('TLSv1.2');
    await expect(handshake({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1' })).rejects.toThrow();
  });

  it('signs a browser in with a host-bound cookie, and tells it to come with TLS only', async () => {
    const origin = `https://127.0.0.1:${berth.port}`;
    expect(berth.server.origin).toBe(origin);
    const link = berth.server.createSignInLink();
    expect(link.startsWith(`${origin}/sign-in#`)).toBe(true);
    const body = JSON.stringify({ ticket: new URL(link).hash.slice(1) });
    const outgoing = request({
      host: '127.0.0.1',
      port: berth.port,
      method: 'POST',
      path: '/api/v1/session',
      ca: await readFile(files.certificateFile),
      agent: false,
      headers: { 'content-type': 'application/json', origin, 'x-berth': '1' },
    });
    outgoing.end(body);
    const [response] = (await once(outgoing, 'response')) as [import('node:http').IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(200);
    expect(String(response.headers['set-cookie'])).toMatch(
      new RegExp(`^__Host-berth-${berth.port}=[\\w-]{43}; Path=/; .*SameSite=Strict; Secure$`),
    );
    expect(response.headers['strict-transport-security']).toBe('max-age=15552000');
  });

  it('takes a renewed certificate without a restart, and keeps the old one while the new is half there', async () => {
    const second = await makePair('second');
    await writeFile(files.certificateFile, await readFile(second.certificate));
    await utimes(files.certificateFile, 2_000, 2_000);
    berth.server.renewCertificate();
    expect((await handshake()).name).toBe('first');
    expect(
      berth.log.entries.some(({ level, message }) => level === 'warn' && /certificate/.test(message)),
    ).toBe(true);
    await install(second, 3_000);
    berth.server.renewCertificate();
    expect((await handshake()).name).toBe('second');
    await rm(files.keyFile);
    berth.server.renewCertificate();
    expect((await handshake()).name).toBe('second');
  });

  it('says nothing of TLS where there is none', async () => {
    const plain = await startServer();
    expect((await plain.get('/')).headers['strict-transport-security']).toBeUndefined();
    await plain.close();
  });
});
