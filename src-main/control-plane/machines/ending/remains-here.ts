/** What Berth itself holds of a machine: its host, its keys and its record; taken away in an order that can be repeated. */
import { BerthError } from '#contract/berth-error.ts';
import { CredentialId, HostId, type MachineId } from '#contract/ids.ts';
import type { MachineRecord } from '../machine.ts';
import type { MachineDirectory } from '../machine-directory.ts';

export interface RemainsHereDeps {
  readonly directory: MachineDirectory;
  /** Removes the host of a machine that goes; throws not-found. */
  readonly removeHost: (id: HostId) => Promise<void>;
  /** Throws not-found. */
  readonly removeCredential: (id: CredentialId) => Promise<void>;
  /** No error where it is gone. */
  readonly deleteSecret: (key: string) => Promise<void>;
}

/** Read before anything goes: once the record says nothing of them any more, this does. JSON. */
export interface RemainsHere {
  readonly hostId: HostId | null;
  readonly credentialId: CredentialId | null;
  readonly secretKeys: readonly string[];
}

export function remainsHere({ bootKey, hostId, hostKey, loginCredentialId }: MachineRecord): RemainsHere {
  return {
    hostId,
    credentialId: loginCredentialId,
    secretKeys: [hostKey, bootKey].flatMap((key) => (key === null ? [] : [key.secretKey])),
  };
}

export function parseRemains(value: unknown): RemainsHere {
  const { credentialId, hostId, secretKeys } = value as Record<keyof RemainsHere, unknown>;
  return {
    hostId: HostId.nullable().parse(hostId),
    credentialId: CredentialId.nullable().parse(credentialId),
    secretKeys: (secretKeys as unknown[]).map(String),
  };
}

export async function removeHost(
  { directory, removeHost: remove }: RemainsHereDeps,
  id: MachineId,
  { hostId }: RemainsHere,
): Promise<void> {
  if (hostId === null) return;
  await unlessGone(() => remove(hostId));
  await directory.change(id, { hostId: null });
}

/** Throws credential.* where the keychain is closed: then all of it is asked for again. */
export async function deleteKeys(
  { deleteSecret, directory, removeCredential }: RemainsHereDeps,
  id: MachineId,
  { credentialId, secretKeys }: RemainsHere,
): Promise<void> {
  for (const key of secretKeys) await deleteSecret(key);
  // A key that a machine uses cannot be removed: first it is nobody's.
  await directory.change(id, { hostKey: null, bootKey: null, loginCredentialId: null });
  const isShared = directory.records().some((other) => other.loginCredentialId === credentialId);
  if (credentialId !== null && !isShared) await unlessGone(() => removeCredential(credentialId));
}

async function unlessGone(remove: () => Promise<void>): Promise<void> {
  try {
    await remove();
  } catch (error) {
    if (!BerthError.is(error, 'not-found')) throw error;
  }
}
