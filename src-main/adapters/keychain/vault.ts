/**
 * The vault: the master key, wrapped by a passphrase, for computers where no keychain works. scrypt (RFC 7914) with
 * N=2^17, r=8, p=1 (128 MiB, about 0.3 s) and AES-256-GCM. Holds the opened key in memory until `lock`. Wrong
 * passphrases are slowed; whoever has the file can try elsewhere, which is what the cost of scrypt is for.
 */
import { type KeyObject, scrypt } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import type { Clock } from '../../control-plane/interfaces/clock.ts';
import type { Random } from '../../control-plane/interfaces/random.ts';
import type { Secret } from '../../control-plane/interfaces/secret.ts';
import { DamagedFileError, PrivateFile } from './private-file.ts';
import { KEY_BYTES, keyFrom, Sealed, seal, unseal } from './sealing.ts';

/** Bounds on what a file may ask for: N·r·128 bytes of memory. */
const Kdf = z.object({
  name: z.literal('scrypt'),
  N: z
    .number()
    .int()
    .min(2 ** 14)
    .max(2 ** 20)
    .refine((n) => Number.isInteger(Math.log2(n))),
  r: z.number().int().min(8).max(16),
  p: z.number().int().min(1).max(4),
  salt: z.string().min(22).max(128),
});
type Kdf = z.infer<typeof Kdf>;
const File = z.object({ format: z.literal('berth-vault-1'), kdf: Kdf, key: Sealed });

const cost = { N: 2 ** 17, r: 8, p: 1 };
const FREE_TRIES = 5;
const FIRST_PAUSE_MS = 30_000;
const LONGEST_PAUSE_MS = 15 * 60_000;

/** The parameters are part of what the tag covers: a file with a cheaper cost does not open. */
const contextOf = ({ name, N, r, p, salt }: Kdf) => `berth vault 1\n${name} ${N} ${r} ${p} ${salt}`;

export interface VaultOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly random: Random;
}

export class Vault {
  readonly #file: PrivateFile<z.infer<typeof File>>;
  readonly #clock: Clock;
  readonly #random: Random;
  #key: KeyObject | undefined;
  #wrongTries = 0;
  #closedUntilMs = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor({ folder, clock, random }: VaultOptions) {
    this.#file = new PrivateFile(join(folder, 'vault.json'), (value) => File.parse(value));
    this.#clock = clock;
    this.#random = random;
  }

  /** Undefined while locked. */
  get key(): KeyObject | undefined {
    return this.#key;
  }

  async exists(): Promise<boolean> {
    try {
      return (await this.#file.read()) !== undefined;
    } catch (error) {
      // It is there; unlocking says that it is damaged.
      if (error instanceof DamagedFileError) return true;
      throw error;
    }
  }

  lock(): void {
    this.#key = undefined;
  }

  /** Throws conflict when there is one. Opens it again from the disk before it says so. */
  create(passphrase: Secret, masterKey: KeyObject): Promise<void> {
    return this.#inTurn(async () => {
      if (await this.exists()) throw vaultThere();
      const salt = Buffer.from(this.#random.bytes(32)).toString('base64');
      const kdf: Kdf = { name: 'scrypt', ...cost, salt };
      const plain = masterKey.export();
      const wrapping = await derive(passphrase, kdf);
      const key = seal(wrapping, { plain, context: contextOf(kdf), nonce: this.#random.bytes(12) });
      await this.#file.write({ format: 'berth-vault-1', kdf, key });
      const written = await this.#file.read();
      const found = written && unseal(wrapping, written.key, contextOf(written.kdf));
      const isRead = found?.equals(plain) ?? false;
      plain.fill(0);
      if (!isRead)
        throw new BerthError(
          'credential.write-unverified',
          'The vault was written and could not be read back.',
        );
      this.#key = masterKey;
    });
  }

  /** Throws credential.missing (no vault, or damaged), credential.wrong-passphrase, too-many. */
  unlock(passphrase: Secret): Promise<void> {
    return this.#inTurn(async () => {
      const waitMs = this.#closedUntilMs - this.#clock.monotonicMs();
      if (waitMs > 0) {
        const seconds = Math.ceil(waitMs / 1000);
        throw new BerthError('too-many', `Too many wrong passphrases. Try again in ${seconds} s.`, {
          details: { retryAfterSeconds: seconds },
        });
      }
      const file = await this.#readFile();
      const plain = unseal(await derive(passphrase, file.kdf), file.key, contextOf(file.kdf));
      if (plain?.length !== KEY_BYTES) {
        this.#countWrongTry();
        throw new BerthError('credential.wrong-passphrase', 'This passphrase does not open the vault.');
      }
      this.#key = keyFrom(plain);
      plain.fill(0);
      this.#wrongTries = 0;
    });
  }

  async #readFile(): Promise<z.infer<typeof File>> {
    const copies = [this.#file.path, this.#file.backupPath];
    for (const path of copies) {
      try {
        const file = await this.#file.read(path);
        if (file) return file;
      } catch (error) {
        if (!(error instanceof DamagedFileError)) throw error;
        if (path === copies.at(-1)) break;
      }
    }
    throw new BerthError(
      'credential.missing',
      (await this.exists())
        ? `The vault file is damaged (${this.#file.path}). Put back a copy of it.`
        : 'There is no vault yet. Make one first.',
    );
  }

  #countWrongTry(): void {
    this.#wrongTries += 1;
    const over = this.#wrongTries - FREE_TRIES;
    if (over < 0) return;
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** over, LONGEST_PAUSE_MS);
    this.#closedUntilMs = this.#clock.monotonicMs() + pauseMs;
  }

  /** One at a time: each takes 128 MiB. */
  #inTurn<R>(work: () => Promise<R>): Promise<R> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }
}

export function vaultThere(): BerthError {
  return new BerthError('conflict', 'There is a vault already. Unlock it with its passphrase.');
}

/** The passphrase in NFC: the same letters typed on another system are the same bytes. */
function derive(passphrase: Secret, { N, r, p, salt }: Kdf): Promise<KeyObject> {
  return new Promise((resolve, reject) => {
    // Twice what the algorithm needs: the check counts more than the table.
    const options = { N, r, p, maxmem: 256 * N * r };
    const saltBytes = Buffer.from(salt, 'base64');
    scrypt(passphrase.reveal().normalize('NFC'), saltBytes, KEY_BYTES, options, (error, bytes) => {
      if (error) reject(error);
      else resolve(keyFrom(bytes));
    });
  });
}
