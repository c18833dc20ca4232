/** Certificates and keys as openssl makes them, and how Berth looks at them before it starts. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readServed } from '#test/harness/read-served.ts';
import { ensureRequirements } from '#test/servers/requirements.ts';

let folder: string;
const at = (name: string) => join(folder, name);
const dayMs = 24 * 3600 * 1000;
const inDays = (days: number) => new Date(Date.now() + days * dayMs);
const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });

/** A key of its own (EC, P-256) and a self-signed certificate of 90 days. */
function make(name: string, subjectAltName: string): void {
  const subject = ['-subj', '/CN=berth', '-addext', `subjectAltName=${subjectAltName}`];
  const key = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    `${name}.key`,
  ];
  openssl('req', '-x509', '-days', '90', ...subject, ...key, '-out', `${name}.crt`);
  chmodSync(at(`${name}.key`), 0o600);
}

beforeAll(async () => {
  await ensureRequirements(['certificates']);
  folder = mkdtempSync(join(tmpdir(), 'berth-tls-'));
  make('berth', 'DNS:berth.example.org,IP:10.0.0.1');
  make('other', 'DNS:other.example.org');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tls = (cert = 'berth.crt', key = 'berth.key') => ({ TLS_CERT: at(cert), TLS_KEY: at(key) });
const read = (env: Record<string, string>, now = new Date()) =>
  readServed({ HOST: '0.0.0.0', ...env }, { now });

describe('TLS', () => {
  it.each(['https://berth.example.org', 'https://berth.example.org:8443', 'https://10.0.0.1'])(
    'lets Berth listen everywhere, as %s',
    (PUBLIC_URL) => {
      const { config, warnings, errors } = read({ ...tls(), PUBLIC_URL });
      expect([errors, warnings]).toEqual([[], []]);
      expect(config).toMatchObject({
        host: '0.0.0.0',
        publicOrigin: PUBLIC_URL,
        served: { tls: { certificateFile: at('berth.crt'), keyFile: at('berth.key') } },
      });
    },
  );

  it('takes a chain, of which the first is its own', () => {
    copyFileSync(at('berth.crt'), at('chain.crt'));
    appendFileSync(at('chain.crt'), execFileSync('cat', [at('other.crt')]));
    expect(read({ ...tls('chain.crt'), PUBLIC_URL: 'https://berth.example.org' }).errors).toEqual([]);
    expect(
      read({ ...tls('chain.crt', 'other.key'), PUBLIC_URL: 'https://berth.example.org' }).errors,
    ).toEqual([expect.stringMatching(/^TLS_KEY is not the key of the certificate/)]);
  });

  it('needs its name, and suggests the one in the certificate', () => {
    expect(read(tls()).errors).toEqual([
      expect.stringMatching(/^TLS_CERT needs PUBLIC_URL.*PUBLIC_URL=https:\/\/berth\.example\.org:7474\./),
    ]);
    expect(read({ ...tls(), PUBLIC_URL: 'http://localhost:7474' }).errors).toEqual([
      expect.stringMatching(/^PUBLIC_URL begins with http/),
    ]);
  });

  it('tells of a certificate for another name', () => {
    expect(read({ ...tls(), PUBLIC_URL: 'https://elsewhere.example.org' }).warnings).toEqual([
      expect.stringMatching(/not made for the name in PUBLIC_URL/),
    ]);
  });

  it.each([
    [91, 'errors', /^TLS_CERT ended on .*browsers refuse it/],
    [-2, 'errors', /^TLS_CERT begins on /],
    [80, 'warnings', /^TLS_CERT: the certificate ends in (9|10) days/],
  ] as const)('looks at the dates: in %i days', (days, kind, words) => {
    const found = read({ ...tls(), PUBLIC_URL: 'https://berth.example.org' }, inDays(days));
    expect(found[kind]).toEqual([expect.stringMatching(words)]);
  });

  it.each([
    ['another key', () => tls('berth.crt', 'other.key'), /^TLS_KEY is not the key/],
    ['no key', () => ({ TLS_CERT: at('berth.crt') }), /^TLS_CERT is given without TLS_KEY/],
    ['no certificate', () => ({ TLS_KEY: at('berth.key') }), /^TLS_KEY is given without TLS_CERT/],
    [
      'a file that is not there',
      () => tls('gone.crt'),
      /^TLS_CERT names a file that cannot be read \(ENOENT\)/,
    ],
    ['a key in the place of the certificate', () => tls('berth.key'), /^TLS_CERT is no certificate/],
    [
      'a certificate in the place of the key',
      () => tls('berth.crt', 'berth.crt'),
      /^TLS_KEY can be read|^TLS_KEY is no private key/,
    ],
  ])('is refused with %s', (_what, env, words) => {
    const { config, errors } = read({ ...env(), PUBLIC_URL: 'https://berth.example.org' });
    expect(config).toBeUndefined();
    expect(errors[0]).toMatch(words);
  });

  it.each([0o644, 0o604, 0o602])('is refused with a key that everybody can read or write (%o)', (mode) => {
    copyFileSync(at('berth.key'), at('open.key'));
    chmodSync(at('open.key'), mode);
    expect(read({ ...tls('berth.crt', 'open.key'), PUBLIC_URL: 'https://berth.example.org' }).errors).toEqual(
      [expect.stringMatching(/^TLS_KEY can be read or written by every user.*chmod 600/)],
    );
  });

  it('is refused with a key behind a passphrase, and says how to take it off', () => {
    openssl('pkey', '-in', 'berth.key', '-aes256', '-passout', 'pass:canary-phrase', '-out', 'locked.key');
    chmodSync(at('locked.key'), 0o600);
    expect(
      read({ ...tls('berth.crt', 'locked.key'), PUBLIC_URL: 'https://berth.example.org' }).errors,
    ).toEqual([expect.stringMatching(/^TLS_KEY is locked with a passphrase.*openssl pkey/)]);
  });

  it('prints nothing of a key that is none', () => {
    writeFileSync(at('none.key'), '-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n', {
      mode: 0o600,
    });
    const { errors } = read({ ...tls('berth.crt', 'none.key'), PUBLIC_URL: 'https://berth.example.org' });
    expect(errors).toEqual([expect.stringMatching(/^TLS_KEY is no private key/)]);
    expect(errors.join()).not.toContain('canary');
  });
});
