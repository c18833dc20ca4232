import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeKey } from '#main/adapters/ssh/describe-key.ts';
import { generateKey, type SshKeyOptions } from '#test/servers/ssh-keys.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-describe-key-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function made(name: string, options: SshKeyOptions) {
  const key = await generateKey(join(folder, name), options);
  return { key, text: readFileSync(key.path, 'utf8') };
}

describe('describeKey', () => {
  it.each([
    ['ed25519', { type: 'ed25519' }],
    ['rsa', { type: 'rsa', bits: 2048 }],
    ['ecdsa', { type: 'ecdsa', bits: 384 }],
    ['rsa in PEM', { type: 'rsa', bits: 2048, format: 'pem' }],
    ['ecdsa in PEM', { type: 'ecdsa', format: 'pem' }],
    ['ed25519 with a passphrase', { type: 'ed25519', passphrase: 'pass phrase' }],
    ['rsa with a passphrase', { type: 'rsa', bits: 2048, passphrase: 'pass phrase' }],
  ] as const)('says what ssh-keygen says: %s', async (name, options) => {
    const { key, text } = await made(name.replaceAll(' ', '-'), options);
    expect(describeKey(`\n${text}\r\n`)).toEqual({
      type: key.publicLine.split(' ')[0],
      fingerprint: key.fingerprint,
      isEncrypted: 'passphrase' in options,
    });
  });

  it('knows that a PEM key is encrypted, though it hides its public half', async () => {
    const { text } = await made('hidden', {
      type: 'rsa',
      bits: 2048,
      format: 'pem',
      passphrase: 'pass phrase',
    });
    expect(describeKey(text)).toEqual({ type: '', fingerprint: '', isEncrypted: true });
  });

  it('refuses what is no private key and says what to do, without the text', async () => {
    const { key, text } = await made('cut', { type: 'ed25519', passphrase: 'pass phrase' });
    const plain = (await made('plain', { type: 'ed25519' })).text;
    const dsaPem = generateKeyPairSync('x25519')
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString();
    const refused: [string, RegExp][] = [
      [readFileSync(`${key.path}.pub`, 'utf8'), /public key/],
      ['my password', /not a private key/],
      [text.slice(0, 120), /not a private key/],
      [`${text.split('\n').slice(0, 3).join('\n')}\n-----END OPENSSH PRIVATE KEY-----`, /not a private key/],
      [plain.replace(/\n.{20}/, '\nAAAA'), /not a private key/],
      [dsaPem, /not a private key/],
    ];
    for (const [input, message] of refused) {
      let failure: unknown;
      try {
        describeKey(input);
      } catch (error) {
        failure = error;
      }
      expect(failure).toMatchObject({
        code: 'credential.unreadable-key',
        message: expect.stringMatching(message),
      });
      expect(JSON.stringify(failure)).not.toContain(input.slice(30, 60) || 'never');
    }
  });
});
