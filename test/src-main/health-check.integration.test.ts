/** Health over TLS: the certificate is for the name outside, and the question comes from this very computer. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkHealth } from '#main/health-check.ts';
import { ensureRequirements } from '#test/servers/requirements.ts';

let folder: string;
let server: Server;
let port: number;
const names: (string | undefined)[] = [];

beforeAll(async () => {
  await ensureRequirements(['certificates']);
  folder = mkdtempSync(join(tmpdir(), 'berth-health-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const kind = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-subj',
    '/CN=berth.example.org',
  ];
  execFileSync('openssl', ['req', '-x509', ...kind, '-keyout', key, '-out', cert], { stdio: 'pipe' });
  server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
    names.push(request.headers.host);
    response.end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server?.close();
  server?.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
});

it('is asked for by the public name, whatever the certificate says of loopback', async () => {
  const question = { host: '0.0.0.0', port, publicOrigin: 'https://berth.example.org', isTls: true };
  expect(await checkHealth(question)).toEqual({ isWell: true, text: 'Berth is well.' });
  expect(names).toEqual(['berth.example.org']);
  expect(await checkHealth({ ...question, isTls: false })).toMatchObject({ isWell: false });
});
