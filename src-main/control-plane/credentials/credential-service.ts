/**
 * Keeps credentials: the reference among the records, the secret in the secret store under the reference's id. Guarantees:
 * a credential that was returned can be read back; a failure deletes no secret that was there before. Must not let a
 * secret out but to the plane's own services (`secretOf`).
 */
import type { Credential, CredentialKind, SecretStoreStatus } from '#contract/credentials.ts';
import type { CredentialId } from '#contract/ids.ts';
import { Collection, Watched } from '../changes.ts';
import { type Clock, instantOf } from '../interfaces/clock.ts';
import type { Log } from '../interfaces/log.ts';
import type { Random } from '../interfaces/random.ts';
import type { RecordCollection, RecordStore } from '../interfaces/record-store.ts';
import type { Secret } from '../interfaces/secret.ts';
import type { SecretStore } from '../interfaces/secret-store.ts';
import {
  credentialInUse,
  type DescribeKey,
  noSuchCredential,
  parseCredential,
  publicKeyOf,
} from './credential.ts';

export interface CredentialServiceDeps {
  readonly records: RecordStore;
  readonly secrets: SecretStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly describeKey: DescribeKey;
  /** Names of the hosts that use it. */
  readonly isCredentialUsed: (id: CredentialId) => readonly string[];
}

export async function createCredentialService(deps: CredentialServiceDeps): Promise<CredentialService> {
  const records = deps.records.collection('credentials', parseCredential);
  return new CredentialService(deps, records, await records.all());
}

export class CredentialService {
  readonly #deps: CredentialServiceDeps;
  readonly #records: RecordCollection<Credential>;
  readonly #credentials = new Collection<Credential>();
  readonly #storeStatus = new Watched<SecretStoreStatus | undefined>(undefined);

  constructor(
    deps: CredentialServiceDeps,
    records: RecordCollection<Credential>,
    known: readonly Credential[],
  ) {
    this.#deps = deps;
    this.#records = records;
    for (const credential of known) this.#credentials.put(credential);
    deps.secrets.onStatusChange((status) => this.#storeStatus.set(status));
  }

  get(id: CredentialId): Credential | undefined {
    return this.#credentials.get(id);
  }

  all(): Credential[] {
    return this.#credentials.all();
  }

  /** Throws not-found. */
  require(id: CredentialId): Credential {
    const credential = this.#credentials.get(id);
    if (!credential) throw noSuchCredential(id);
    return credential;
  }

  watch(signal: AbortSignal) {
    return this.#credentials.watch(signal);
  }

  /** Looks anew for whoever begins to watch: the keychain may have been unlocked meanwhile. */
  async *watchStore(signal: AbortSignal): AsyncGenerator<SecretStoreStatus> {
    this.#storeStatus.set(await this.#deps.secrets.status());
    for await (const status of this.#storeStatus.watch(signal)) if (status) yield status;
  }

  /** The secret itself, for the plane's own use. Undefined: gone from the store. Throws credential.*. */
  secretOf(id: CredentialId): Promise<Secret | undefined> {
    return this.#deps.secrets.get(id);
  }

  /** `id`: of whoever wrote it down before, so that a credential whose making was cut off is made once. */
  async add(input: {
    label: string;
    kind: CredentialKind;
    secret: Secret;
    id?: CredentialId;
  }): Promise<Credential> {
    const { secrets, random, clock, log, describeKey } = this.#deps;
    const publicKey = publicKeyOf(input.kind, input.secret, describeKey);
    const id = input.id ?? random.id('cred');
    const credential: Credential = {
      id,
      label: input.label,
      kind: input.kind,
      publicKey,
      createdAt: instantOf(clock),
    };
    // The secret first: a reference without its secret would be worse than a sealed secret without reference.
    await secrets.put(id, input.secret);
    try {
      await this.#records.put(credential);
    } catch (error) {
      await secrets.delete(id).catch((cause: unknown) => {
        log.warn('A secret without reference stays sealed in the store.', { credentialId: id, cause });
      });
      throw error;
    }
    this.#credentials.put(credential);
    return credential;
  }

  async replace(id: CredentialId, secret: Secret): Promise<Credential> {
    const before = this.require(id);
    const publicKey = publicKeyOf(before.kind, secret, this.#deps.describeKey);
    await this.#deps.secrets.put(id, secret);
    const credential: Credential = { ...before, publicKey };
    await this.#records.put(credential);
    this.#credentials.put(credential);
    return credential;
  }

  async remove(id: CredentialId): Promise<void> {
    const credential = this.require(id);
    const hostNames = this.#deps.isCredentialUsed(id);
    if (hostNames.length > 0) throw credentialInUse(credential, hostNames);
    await this.drop(id);
  }

  /** As `remove`, for whoever it was made for: nobody is asked, and it is no error where it is gone. */
  async drop(id: CredentialId): Promise<void> {
    // The secret first: where that fails, the reference is still there to try again.
    await this.#deps.secrets.delete(id);
    await this.#records.delete(id);
    this.#credentials.delete(id);
  }

  createVault(passphrase: Secret): Promise<SecretStoreStatus> {
    return this.#deps.secrets.createVault(passphrase);
  }
  unlockVault(passphrase: Secret): Promise<SecretStoreStatus> {
    return this.#deps.secrets.unlockVault(passphrase);
  }
  lockVault(): Promise<SecretStoreStatus> {
    return this.#deps.secrets.lockVault();
  }
}
