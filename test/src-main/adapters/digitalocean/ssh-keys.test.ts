import { describe, expect, it } from 'vitest';
import { fingerprintOf } from '#main/adapters/digitalocean/ssh-keys.ts';
import { failureOf, refused, talkTo } from './api-server.ts';

const publicKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f';
/** By `ssh-keygen -l -E md5`. */
const fingerprint = '0f:a2:0a:d7:38:3e:65:45:08:6b:63:84:1c:ff:dc:ba';
const keyPath = `GET /v2/account/keys/${fingerprint}`;
const key = { body: { ssh_key: { id: 512189, fingerprint, public_key: publicKey, name: 'berth' } } };

describe('an SSH key', () => {
  it('has the MD5 of its content for a name', () => {
    expect(fingerprintOf(publicKey)).toBe(fingerprint);
    expect(fingerprintOf(`${publicKey} somebody@somewhere`)).toBe(fingerprint);
  });

  it.each(['', 'ssh-ed25519', 'ssh-ed25519 no/base64!', 'ssh-ed25519 AAAA'])(
    '%j is none, and nothing is asked',
    async (text) => {
      const { api, client, signal } = await talkTo({});
      const made = client.ensureKey({ name: 'berth', publicKey: text }, signal);
      expect(await failureOf(made)).toMatchObject({ code: 'invalid-input' });
      expect(api.asked).toEqual([]);
    },
  );

  it('that is there is taken, whatever its name, and never looked for in the list', async () => {
    const { api, client, signal } = await talkTo({ [keyPath]: key });
    expect(await client.ensureKey({ name: 'berth', publicKey }, signal)).toEqual({ keyId: '512189' });
    expect(api.lines).toEqual([keyPath]);
  });

  it('that is not there is made', async () => {
    const { api, client, signal } = await talkTo({ 'POST /v2/account/keys': { ...key, status: 201 } });
    expect(await client.ensureKey({ name: 'berth', publicKey }, signal)).toEqual({ keyId: '512189' });
    expect(api.bodyOf('POST /v2/account/keys')).toEqual({ name: 'berth', public_key: publicKey });
  });

  it.each([
    ['somebody was faster', refused(422, 'SSH Key is already in use on your account')],
    ['the answer was lost', { isLost: true as const }],
    ['the answer was a failure', refused(502, 'Bad gateway')],
  ])('is found where %s', async (_what, answer) => {
    const { api, client, settle, signal } = await talkTo({
      [keyPath]: [refused(404, 'Not there', 'not_found'), key],
      'POST /v2/account/keys': answer,
    });
    expect(await settle(client.ensureKey({ name: 'berth', publicKey }, signal))).toEqual({ keyId: '512189' });
    expect(api.lines).toEqual([keyPath, 'POST /v2/account/keys', keyPath]);
  });

  it('that is refused for good is told in the provider’s words', async () => {
    const { client, signal } = await talkTo({ 'POST /v2/account/keys': refused(422, 'Key invalid') });
    expect(await failureOf(client.ensureKey({ name: 'berth', publicKey }, signal))).toMatchObject({
      code: 'cloud.refused',
      details: { field: 'key', providerMessage: 'Key invalid' },
    });
  });

  it('is removed, also where it is gone', async () => {
    const { client, signal } = await talkTo({
      'DELETE /v2/account/keys/512189': [{ status: 204 }, refused(404, 'Not there'), refused(403, 'No')],
    });
    await client.removeKey('512189', signal);
    await client.removeKey('512189', signal);
    expect(await failureOf(client.removeKey('512189', signal))).toMatchObject({
      details: { permission: 'ssh_key:delete' },
    });
  });
});
