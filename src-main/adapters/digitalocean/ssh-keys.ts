/** SSH keys of the account, found by what they are: the list of them may be asked for ten times a minute only. */
import { createHash } from 'node:crypto';
import { BerthError } from '#contract/berth-error.ts';
import type { ApiClient } from './api-client.ts';
import { isGone } from './digitalocean-error.ts';
import { Nothing, SshKey } from './shapes.ts';

/** MD5 of the key blob, as `3b:16:…`: how the API names keys. Throws invalid-input (field `publicKey`). */
export function fingerprintOf(publicKey: string): string {
  const [, blob = ''] = publicKey.trim().split(/\s+/);
  const bytes = Buffer.from(blob, 'base64');
  if (bytes.length < 16 || !/^[A-Za-z0-9+/]+=*$/.test(blob))
    throw BerthError.atField('publicKey', 'This is no public key of OpenSSH: type and base64 in one line.');
  const hex = createHash('md5').update(bytes).digest('hex');
  return hex.match(/../g)!.join(':');
}

export async function ensureKey(
  api: ApiClient,
  { name, publicKey }: { readonly name: string; readonly publicKey: string },
  signal: AbortSignal,
): Promise<{ keyId: string }> {
  const parts = { key: fingerprintOf(publicKey) };
  const known = await api.find('GET /v2/account/keys/{key}', SshKey, signal, { parts });
  if (known !== undefined) return { keyId: known.ssh_key.id };
  try {
    const body = { name, public_key: publicKey.trim() };
    const made = await api.change('POST /v2/account/keys', SshKey, signal, { body });
    return { keyId: made.ssh_key.id };
  } catch (error) {
    // "SSH Key is already in use on your account": somebody was faster, or it was us and the answer was lost.
    if (!BerthError.is(error, 'cloud.refused', 'cloud.unreachable', 'cloud.failed')) throw error;
    const found = await api.find('GET /v2/account/keys/{key}', SshKey, signal, { parts });
    if (found === undefined) throw error;
    return { keyId: found.ssh_key.id };
  }
}

export async function removeKey(api: ApiClient, keyId: string, signal: AbortSignal): Promise<void> {
  try {
    await api.change('DELETE /v2/account/keys/{key}', Nothing, signal, { parts: { key: keyId } });
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}
