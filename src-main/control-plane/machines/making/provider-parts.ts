/** What a machine needs at the provider before it is there: the key of its login, and its firewall. Both cost nothing. */
import { BerthError } from '#contract/berth-error.ts';
import type { MachineId } from '#contract/ids.ts';
import type { SshAccess } from '#contract/machines.ts';
import type { CloudClient } from '../../interfaces/cloud-provider.ts';
import { askCloud } from '../ask-cloud.ts';
import { type MachineRecord, operationTag } from '../machine.ts';
import type { Waiting } from '../patience.ts';
import type { MakingDeps } from './making-deps.ts';

type PartsDeps = Pick<MakingDeps, 'clouds' | 'credentials' | 'directory' | 'keyMaker'>;

/** The record says of which operation it is, and has a login. Throws cloud.*, credential.*. */
export async function ensureProviderParts(
  deps: PartsDeps,
  waiting: Waiting,
  record: MachineRecord,
): Promise<void> {
  const { clouds, directory } = deps;
  const { signal } = waiting;
  const name = providerName(record.id);
  const { keyId } = await askCloud(waiting, clouds, record.cloudId, async (client) =>
    client.ensureKey({ name, publicKey: await publicKeyOfLogin(deps, record) }, signal),
  );
  await directory.change(record.id, { keyId });
  const wish = firewallOf(record);
  if (wish === undefined) return;
  const { firewallId } = await askCloud(waiting, clouds, record.cloudId, (client) =>
    client.ensureFirewall(wish, signal),
  );
  await directory.change(record.id, { firewallId });
}

/** Also those whose making was cut off: both are found by what they are. */
export async function removeProviderParts(
  deps: PartsDeps,
  waiting: Waiting,
  record: MachineRecord,
): Promise<void> {
  const { clouds, credentials, directory } = deps;
  const { signal } = waiting;
  const ask = (run: (client: CloudClient) => Promise<void>) =>
    unlessForbidden(waiting, () => askCloud(waiting, clouds, record.cloudId, run));
  await ask(async (client) => {
    // One whose answer was lost gets its id by being asked for once more: it is gone a moment later.
    const wish = firewallOf(record);
    const id =
      record.firewallId ?? (wish && (await client.ensureFirewall(wish, signal)).firewallId) ?? undefined;
    if (id !== undefined) await client.removeFirewall(id, signal);
  });
  await directory.change(record.id, { firewallId: null });
  await ask(async (client) => {
    if (record.keyId !== null) return await client.removeKey(record.keyId, signal);
    if (record.loginCredentialId === null || credentials.get(record.loginCredentialId) === undefined) return;
    const key = { name: providerName(record.id), publicKey: await publicKeyOfLogin(deps, record) };
    await client.removeKey((await client.ensureKey(key, signal)).keyId, signal);
  });
  await directory.change(record.id, { keyId: null });
}

async function publicKeyOfLogin(
  { credentials, keyMaker }: PartsDeps,
  { loginCredentialId, name }: MachineRecord,
): Promise<string> {
  const secret = loginCredentialId === null ? undefined : await credentials.secretOf(loginCredentialId);
  if (secret === undefined)
    throw new BerthError('credential.missing', `The login of “${name}” is not in the keychain any more.`);
  return keyMaker.publicKeyOf(secret);
}

function firewallOf({ id, operationId, sshAccess }: MachineRecord) {
  if (sshAccess === null || operationId === null) return undefined;
  return { name: providerName(id), tag: operationTag(operationId), access: firstAccess(sshAccess) };
}

/** What stays costs nothing: a token that may not remove it is no reason to leave everything else there, too. */
async function unlessForbidden(waiting: Waiting, remove: () => Promise<void>): Promise<void> {
  try {
    await remove();
  } catch (error) {
    if (!BerthError.is(error, 'cloud.permission-missing')) throw error;
    waiting.note(`${error.message} A key or a firewall without machine stays at the provider.`);
  }
}

/**
 * Until the first sign-in nobody knows which address this computer comes from: the machine is the only one that is asked,
 * since asking somebody else would tell them of us. Only the key opens it meanwhile.
 */
function firstAccess(access: SshAccess): SshAccess {
  return access.from === 'mine' ? { from: 'anywhere' } : access;
}

/** Letters, digits and dashes only, as providers allow for firewalls. */
function providerName(id: MachineId): string {
  return `berth-${id.replace('_', '-')}`;
}
