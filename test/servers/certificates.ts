/** A certificate authority of a test's own, and a certificate of a server on loopback that it vouches for. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureRequirements } from './requirements.ts';
import { runChecked } from './run-process.ts';

export interface Certificates {
  /** Of the authority, PEM. */
  readonly authority: string;
  /** For `localhost` and 127.0.0.1, PEM. */
  readonly certificate: string;
  readonly key: string;
}

export async function makeCertificates(): Promise<Certificates> {
  await ensureRequirements(['certificates']);
  const folder = await mkdtemp(join(tmpdir(), 'berth-certificates-'));
  const at = (name: string) => join(folder, name);
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  try {
    await runChecked([
      ...['openssl', 'req', '-x509', ...newKey, '-days', '2', '-subj', '/CN=Berth test authority'],
      ...['-keyout', at('authority.key'), '-out', at('authority.pem')],
    ]);
    await runChecked([
      ...['openssl', 'req', ...newKey, '-subj', '/CN=localhost'],
      ...['-keyout', at('server.key'), '-out', at('server.csr')],
    ]);
    await writeFile(at('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
    await runChecked([
      ...['openssl', 'x509', '-req', '-in', at('server.csr'), '-days', '2', '-extfile', at('names')],
      ...['-CA', at('authority.pem'), '-CAkey', at('authority.key'), '-CAcreateserial'],
      ...['-out', at('server.pem')],
    ]);
    const [authority, certificate, key] = await Promise.all(
      ['authority.pem', 'server.pem', 'server.key'].map((name) => readFile(at(name), 'utf8')),
    );
    return { authority: authority ?? '', certificate: certificate ?? '', key: key ?? '' };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
