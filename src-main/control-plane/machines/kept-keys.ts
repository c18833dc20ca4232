/**
 * Keys that this Berth still has of a machine that it lost sight of: an account that was disconnected and is connected
 * again, or data that came back from a copy. With both the machine is a host again without anybody's trust being asked.
 */
import { createHash } from 'node:crypto';
import type { MachineId } from '#contract/ids.ts';
import type { MachineRecord } from './machine.ts';
import { hostKeySecret, loginLabel } from './making/hardware-keys.ts';
import { LOGIN_USER, type MakingDeps } from './making/making-deps.ts';

export type KeptKeys = Pick<MachineRecord, 'hostKey' | 'loginCredentialId' | 'loginUser'>;

/** `name`: as the machine had it when it was made. Undefined: not both are there. Throws credential.*. */
export async function keptKeysOf(
  { credentials, keyMaker, secrets }: Pick<MakingDeps, 'credentials' | 'keyMaker' | 'secrets'>,
  id: MachineId,
  name: string,
): Promise<KeptKeys | undefined> {
  const label = loginLabel(name);
  const logins = credentials.all().filter((each) => each.kind === 'private-key' && each.label === label);
  const [login] = logins;
  if (login === undefined || logins.length > 1) return undefined;
  const secretKey = hostKeySecret(id);
  const privateKey = await secrets.get(secretKey);
  if (privateKey === undefined) return undefined;
  const publicKey = keyMaker.publicKeyOf(privateKey);
  const hostKey = { publicKey, secretKey, fingerprint: fingerprintOf(publicKey) };
  return { hostKey, loginCredentialId: login.id, loginUser: LOGIN_USER };
}

/** As ssh-keygen -l prints it: SHA-256 of the key's bytes, base64 without padding (RFC 4648). */
function fingerprintOf(publicKey: string): string {
  const [, base64 = ''] = publicKey.split(' ');
  const hash = createHash('sha256').update(Buffer.from(base64, 'base64')).digest('base64');
  return `SHA256:${hash.replaceAll('=', '')}`;
}
