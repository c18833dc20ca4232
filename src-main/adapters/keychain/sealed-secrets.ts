/**
 * The file of sealed secrets. Each entry names the master key that sealed it, so that entries of a key that was lost
 * stay as they are beside those of a new one. Writes come one after the other, and each is read back from the disk.
 */
import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import { type Clock, instantOf } from '../../control-plane/interfaces/clock.ts';
import type { Log } from '../../control-plane/interfaces/log.ts';
import type { Random } from '../../control-plane/interfaces/random.ts';
import { DamagedFileError, PrivateFile } from './private-file.ts';
import { keyIdOf, Sealed, seal, unseal } from './sealing.ts';

const Entry = Sealed.extend({ keyId: z.string().regex(/^[0-9a-f]{32}$/) });
const File = z.object({ format: z.literal('berth-sealed-secrets-1'), secrets: z.record(z.string(), Entry) });
type File = z.infer<typeof File>;

export interface SealedSecretsOptions {
  readonly folder: string;
  readonly random: Random;
  readonly clock: Clock;
  readonly log: Log;
}

/** Ties a sealed value to its name and its key. */
const contextOf = (name: string, keyId: string) => `berth secret 1\n${keyId}\n${name}`;

export class SealedSecrets {
  readonly #file: PrivateFile<File>;
  readonly #options: SealedSecretsOptions;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: SealedSecretsOptions) {
    this.#options = options;
    this.#file = new PrivateFile(join(options.folder, 'secrets.sealed'), (value) => File.parse(value));
  }

  /** Ids of the master keys that something is sealed under. */
  async keyIds(): Promise<ReadonlySet<string>> {
    const { secrets } = await this.#inTurn(() => this.#read());
    return new Set(Object.values(secrets).map(({ keyId }) => keyId));
  }

  /** The id of the master key of one secret; undefined: there is no such secret. */
  async keyIdOfSecret(name: string): Promise<string | undefined> {
    const { secrets } = await this.#inTurn(() => this.#read());
    return Object.hasOwn(secrets, name) ? secrets[name]?.keyId : undefined;
  }

  /** Undefined: not there. Throws credential.missing when this key does not open it. */
  async get(name: string, key: KeyObject): Promise<Buffer | undefined> {
    const { secrets } = await this.#inTurn(() => this.#read());
    const entry = Object.hasOwn(secrets, name) ? secrets[name] : undefined;
    if (!entry) return undefined;
    const plain = unseal(key, entry, contextOf(name, entry.keyId));
    if (plain) return plain;
    throw new BerthError(
      'credential.missing',
      entry.keyId === keyIdOf(key)
        ? 'The sealed secret is damaged. Enter it again.'
        : 'The secret was sealed under a key that is no longer in the keychain. Enter it again.',
    );
  }

  /** Throws credential.write-unverified when what is on the disk afterwards does not open to `plain`. */
  put(name: string, plain: Uint8Array, key: KeyObject): Promise<void> {
    return this.#inTurn(async () => {
      const file = await this.#read();
      const keyId = keyIdOf(key);
      const nonce = this.#options.random.bytes(12);
      const sealed = seal(key, { plain, context: contextOf(name, keyId), nonce });
      await this.#file.write({ ...file, secrets: { ...file.secrets, [name]: { ...sealed, keyId } } });
      const entry = (await this.#file.read())?.secrets[name];
      const found = entry && unseal(key, entry, contextOf(name, keyId));
      if (!found?.equals(plain))
        throw new BerthError(
          'credential.write-unverified',
          'The secret was written and could not be read back. Check the disk with Berth’s data folder.',
        );
    });
  }

  delete(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const file = await this.#read();
      if (!Object.hasOwn(file.secrets, name)) return;
      const { [name]: _deleted, ...secrets } = file.secrets;
      await this.#file.write({ ...file, secrets });
      await this.#file.refreshBackup();
    });
  }

  /** A damaged file is moved aside and the copy of the one before is used, and that is logged. */
  async #read(): Promise<File> {
    const nothing: File = { format: 'berth-sealed-secrets-1', secrets: {} };
    try {
      return (await this.#file.read()) ?? (await this.#readBackup()) ?? nothing;
    } catch (error) {
      if (!(error instanceof DamagedFileError)) throw error;
      const suffix = instantOf(this.#options.clock).replaceAll(/[-:.]/g, '');
      const movedTo = await this.#file.moveAside(suffix);
      const backup = await this.#readBackup();
      this.#options.log.error('The file of sealed secrets was damaged and moved aside.', {
        movedTo,
        isBackupUsed: backup !== undefined,
        cause: error,
      });
      return backup ?? nothing;
    }
  }

  async #readBackup(): Promise<File | undefined> {
    try {
      return await this.#file.read(this.#file.backupPath);
    } catch (error) {
      if (error instanceof DamagedFileError) return undefined;
      throw error;
    }
  }

  #inTurn<R>(work: () => Promise<R>): Promise<R> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }
}
