/**
 * Keys of a machine: the pair that Berth signs in with, and the host keys that the machine shall show. Guarantees: where each
 * private half lies is in the record before it is made, and it lies in the secret store before it is used; making them again
 * makes nothing twice.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { MachineId } from '#contract/ids.ts';
import type { Secret } from '../../interfaces/secret.ts';
import type { MachineRecord, PinnedKey } from '../machine.ts';
import type { MakingDeps } from './making-deps.ts';

type KeyDeps = Pick<MakingDeps, 'credentials' | 'directory' | 'keyMaker' | 'random' | 'secrets'>;

/** What the credential of a machine's login is called. */
export function loginLabel(name: string): string {
  return `Login of ${name}`.slice(0, 80);
}
/** Under which the private half of its lasting host key is in the secret store. */
export function hostKeySecret(id: MachineId): string {
  return `${id}.host-key`;
}

/** Throws credential.*. */
export async function ensureKeys(deps: KeyDeps, id: MachineId): Promise<void> {
  const { credentials, directory, keyMaker, random } = deps;
  const { loginCredentialId, name } = directory.require(id);
  const credentialId = loginCredentialId ?? random.id('cred');
  await directory.change(id, { loginCredentialId: credentialId });
  if (credentials.get(credentialId) === undefined)
    await credentials.add({
      id: credentialId,
      label: loginLabel(name),
      kind: 'private-key',
      secret: keyMaker.make().privateKey,
    });
  await ensureHostKey(deps, id, 'hostKey');
  await ensureHostKey(deps, id, 'bootKey');
}

/** The lasting key comes back with the machine: where there is one, it stays. */
async function ensureHostKey(deps: KeyDeps, id: MachineId, which: 'hostKey' | 'bootKey'): Promise<void> {
  const { directory, keyMaker, secrets } = deps;
  const present = directory.require(id)[which];
  if (present !== null && (await secrets.get(present.secretKey)) !== undefined) return;
  const { fingerprint, privateKey, publicKey } = keyMaker.make();
  // By the machine's id: a key whose record was not written is written over, and never left behind.
  const secretKey = which === 'hostKey' ? hostKeySecret(id) : bootKeyOf(id);
  await secrets.put(secretKey, privateKey);
  await directory.change(id, { [which]: { fingerprint, publicKey, secretKey } });
}

/** Throws credential.missing where it was taken away behind Berth's back. */
export async function privateHalf({ secrets }: KeyDeps, { secretKey }: PinnedKey): Promise<Secret> {
  const secret = await secrets.get(secretKey);
  if (secret === undefined)
    throw new BerthError('credential.missing', 'A host key of the machine is not in the keychain any more.');
  return secret;
}

/** For a disk that is written anew: it boots for the first time once more, with what it was given when it was made. */
export async function trustFirstBoot(
  { directory }: Pick<KeyDeps, 'directory'>,
  id: MachineId,
): Promise<void> {
  const record = directory.require(id);
  if (record.bootKey !== null) return;
  await directory.change(id, { bootKey: { ...requireFirstBootKey(record), secretKey: bootKeyOf(id) } });
}

/** Throws conflict where it is not known. */
export function requireFirstBootKey({
  bootKey,
  firstBootKey,
  name,
}: MachineRecord): Omit<PinnedKey, 'secretKey'> {
  const known = bootKey ?? firstBootKey;
  if (known) return { fingerprint: known.fingerprint, publicKey: known.publicKey };
  throw new BerthError(
    'conflict',
    `Which key a fresh disk of “${name}” would show is not known: Berth did not make it. Make another machine instead.`,
  );
}

export async function dropBootKey({ directory, secrets }: KeyDeps, id: MachineId): Promise<void> {
  const { bootKey } = directory.require(id);
  if (bootKey === null) return;
  const { secretKey, ...firstBootKey } = bootKey;
  await secrets.delete(secretKey);
  await directory.change(id, { bootKey: null, firstBootKey });
}

/** All of them. `keepsIdentity`: what comes back with the machine stays. */
export async function dropKeys(deps: KeyDeps, record: MachineRecord, keepsIdentity: boolean): Promise<void> {
  const { credentials, directory, secrets } = deps;
  await dropBootKey(deps, record.id);
  if (keepsIdentity) return;
  if (record.hostKey !== null) await secrets.delete(record.hostKey.secretKey);
  if (record.loginCredentialId !== null) await credentials.drop(record.loginCredentialId);
  // Also what was made by a run that did not live to write it down.
  await secrets.delete(hostKeySecret(record.id));
  await secrets.delete(bootKeyOf(record.id));
  await directory.change(record.id, { hostKey: null, loginCredentialId: null });
}

function bootKeyOf(id: MachineId): string {
  return `${id}.boot-key`;
}
