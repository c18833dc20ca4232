import { createHmac } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  fingerprintOfKey,
  judgeHostKey,
  knownHostName,
  knownKeyTypes,
  lineIsAbout,
  parseKnownHosts,
} from '#main/adapters/ssh/known-hosts.ts';
import { KnownHostsStore } from '#main/adapters/ssh/known-hosts-store.ts';
import { runProcess } from '#test/servers/run-process.ts';
import { generateKey } from '#test/servers/ssh-keys.ts';

let folder: string;
let ed25519: string;
let other: string;
let ecdsa: string;
let fingerprint: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-known-'));
  const key = await generateKey(join(folder, 'one'), { type: 'ed25519' });
  ed25519 = key.publicLine;
  fingerprint = key.fingerprint;
  other = (await generateKey(join(folder, 'two'), { type: 'ed25519' })).publicLine;
  ecdsa = (await generateKey(join(folder, 'three'), { type: 'ecdsa' })).publicLine;
});
afterAll(() => rm(folder, { recursive: true }));

const blob = (line: string) => Buffer.from(line.split(' ')[1] as string, 'base64');
const shown = (line: string, host = 'atlas', port = 22) => ({
  host,
  port,
  isPortPartOfName: true,
  key: blob(line),
});
const files = (text: string) => [parseKnownHosts(text, 'user')];
const judge = (line: string, own: string, user = '', host = 'atlas', port = 22) =>
  judgeHostKey(shown(line, host, port), [files(own), files(user)]);

describe('the verdict on a host key', () => {
  test('known, unknown, changed, revoked', () => {
    expect(judge(ed25519, `atlas ${ed25519}`).kind).toBe('trusted');
    expect(judge(ed25519, `other ${other}`)).toEqual({ kind: 'unknown', alsoKnownAs: [] });
    expect(judge(ed25519, `# note\n\natlas ${other} comment`)).toMatchObject({
      kind: 'changed',
      was: { line: 3 },
    });
    expect(judge(ed25519, `atlas ${ed25519}`, `@revoked * ${ed25519}`).kind).toBe('revoked');
    expect(judge(ed25519, `atlas ${ed25519}`, `@revoked elsewhere ${ed25519}`).kind).toBe('trusted');
  });

  test('a server that shows another type than the known one has changed', () => {
    expect(judge(ecdsa, `atlas ${ed25519}`)).toMatchObject({
      kind: 'changed',
      was: { keyType: 'ssh-ed25519' },
    });
    expect(judge(ecdsa, `atlas ${ed25519}\natlas ${ecdsa}`).kind).toBe('trusted');
  });

  test("Berth's own file decides before the person's", () => {
    expect(judge(ed25519, `atlas ${ed25519}`, `atlas ${other}`).kind).toBe('trusted');
    expect(judge(other, `atlas ${ed25519}`, `atlas ${other}`).kind).toBe('changed');
  });

  test('a certificate authority never stands for a plain key', () => {
    expect(judge(ed25519, '', `@cert-authority * ${ed25519}`).kind).toBe('unknown');
  });

  test('names of the same key elsewhere are told, ports are part of a name, a bare name confirms but never refuses', () => {
    expect(judge(ed25519, '', `old,10.0.0.7 ${ed25519}`)).toEqual({
      kind: 'unknown',
      alsoKnownAs: ['old', '10.0.0.7'],
    });
    expect(judge(ed25519, '', `[atlas]:2222 ${ed25519}`, 'atlas', 2222).kind).toBe('trusted');
    expect(judge(ed25519, '', `atlas ${ed25519}`, 'ATLAS', 2222).kind).toBe('trusted');
    expect(judge(ed25519, '', `atlas ${other}`, 'atlas', 2222).kind).toBe('unknown');
  });

  test('known types are asked for first', () => {
    expect(knownKeyTypes(shown(ed25519), [files(`atlas ${ecdsa}\n@revoked atlas ${ed25519}`)])).toEqual([
      'ecdsa-sha2-nistp256',
    ]);
  });

  test('damaged lines, SSH 1 keys and unknown markers say nothing', () => {
    const text = `atlas 2048 35 1234\natlas ssh-rsa ${ed25519.split(' ')[1]}\n@odd atlas ${other}\natlas\natlas ssh-ed25519 !!!`;
    expect(parseKnownHosts(text, 'x').lines).toEqual([]);
  });
});

describe('against ssh-keygen', () => {
  const lines = [
    ['plain', 'atlas'],
    ['list', 'atlas,10.1.2.3'],
    ['wildcard', '*.example.com'],
    ['negation', '!bad.example.com,*.example.com'],
    ['question mark', 'host?'],
    ['port', '[atlas]:2222'],
    ['IPv6', '2001:db8::1'],
    ['IPv6 with port', '[2001:db8::1]:2200'],
    ['upper case', 'ATLAS.Example.COM'],
    ['any', '*'],
    ['any port', '[*]:2222'],
  ] as const;
  const names: [string, number][] = [
    ['atlas', 22],
    ['ATLAS', 22],
    ['atlas', 2222],
    ['10.1.2.3', 22],
    ['a.example.com', 22],
    ['bad.example.com', 22],
    ['host1', 22],
    ['host12', 22],
    ['2001:db8::1', 22],
    ['2001:db8::1', 2200],
    ['atlas.example.com', 22],
  ];

  test.each(lines)('%s (%s): the same names match', async (label, pattern) => {
    const path = join(folder, `match-${label.replaceAll(' ', '-')}`);
    await writeFile(path, `${pattern} ${ed25519}\n`);
    const [line] = parseKnownHosts(await readFile(path, 'utf8'), path).lines;
    for (const [host, port] of names) {
      const name = knownHostName(host, port);
      const { exitCode } = await runProcess(['ssh-keygen', '-F', name, '-f', path]);
      expect([name, line !== undefined && lineIsAbout(line, name)]).toEqual([name, exitCode === 0]);
    }
  });

  test('hashed names (ssh-keygen -H)', async () => {
    const path = join(folder, 'hashed');
    await writeFile(path, `atlas ${ed25519}\n[atlas]:2222 ${other}\n`);
    await runProcess(['ssh-keygen', '-H', '-f', path]);
    const text = await readFile(path, 'utf8');
    expect(text).toMatch(/^\|1\|/);
    expect(judge(ed25519, '', text).kind).toBe('trusted');
    expect(judge(other, '', text, 'atlas', 2222).kind).toBe('trusted');
    expect(judge(other, '', text).kind).toBe('changed');
    expect(judge(ed25519, '', text, 'atlantis').kind).toBe('unknown');
  });

  test('fingerprints', () => expect(fingerprintOfKey(blob(ed25519))).toBe(fingerprint));

  test('a hash is HMAC-SHA1 of the name under the salt', () => {
    const salt = Buffer.alloc(20, 7);
    const hash = createHmac('sha1', salt).update('[atlas]:2222').digest('base64');
    const [line] = parseKnownHosts(`|1|${salt.toString('base64')}|${hash} ${ed25519}`, 'x').lines;
    expect(line && lineIsAbout(line, '[atlas]:2222')).toBe(true);
    expect(line && lineIsAbout(line, 'atlas')).toBe(false);
  });
});

describe("Berth's own file", () => {
  test('is private, keeps what others wrote, replaces only what is about the name', async () => {
    const store = new KnownHostsStore(join(folder, 'deep', 'er', 'known_hosts'));
    await Promise.all([
      store.add('atlas', blob(ed25519)),
      store.add('[atlas]:2222', blob(other)),
      store.add('b', blob(ecdsa)),
    ]);
    expect((await store.readOwn()).lines).toHaveLength(3);
    expect((await stat(store.path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'deep', 'er'))).mode & 0o777).toBe(0o700);
    await store.replace('atlas', blob(other));
    const text = await readFile(store.path, 'utf8');
    expect(text).not.toContain(`atlas ${ed25519}`);
    expect(text).toContain(`[atlas]:2222 ${other}\n`);
    expect(text).toContain(`\natlas ${other}\n`);
  });

  test('a file that cannot be read is an error, not an empty one', async () => {
    await expect(new KnownHostsStore(folder).readOwn()).rejects.toMatchObject({ code: 'store.unwritable' });
  });
});
