/**
 * Password hashes with scrypt (RFC 7914) at N=2^17, r=8, p=1: 128 MiB and some tenths of a second each (OWASP Password
 * Storage Cheat Sheet). The result names its parameters, as `$scrypt$ln=17,r=8,p=1$salt$hash` in base 64 without
 * padding. Guarantees: at most two run at once, a bounded line waits, and what does not fit is refused before it costs.
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { BerthError } from '#contract/berth-error.ts';
import type { PasswordHasher } from '../../control-plane/interfaces/password-hasher.ts';
import type { Secret } from '../../control-plane/interfaces/secret.ts';

interface Parameters {
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

export interface ScryptOptions {
  /** Default: today's, 2^17 with blocks of 8. */
  readonly parameters?: Parameters;
  /** Default 2: each takes a core and 128 MiB. */
  readonly maxRunning?: number;
  /** Default 20: with two at once the last one waits for some seconds, which is as long as a person waits. */
  readonly maxWaiting?: number;
}

const today: Parameters = { logN: 17, r: 8, p: 1 };
const saltBytes = 16;
const hashBytes = 32;
/** Twice what today's parameters need (128 * N * r); a stored hash that asks for more is none of ours. */
const maxMemoryBytes = 256 * 1024 * 1024;
const shape =
  /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{22,86})\$([A-Za-z0-9+/]{43,86})$/;

export function createScryptPasswordHasher(options: ScryptOptions = {}): PasswordHasher {
  const { parameters = today, maxRunning = 2, maxWaiting = 20 } = options;
  const inTurn = turns(maxRunning, maxWaiting);

  return {
    async hash(password) {
      const salt = randomBytes(saltBytes);
      const bytes = await inTurn(() => derive(password, salt, parameters, hashBytes));
      return encode(parameters, salt, bytes);
    },

    async verify(password, encoded) {
      const known = encoded === null ? undefined : decode(encoded);
      const salt = known?.salt ?? randomBytes(saltBytes);
      const wanted = known?.bytes ?? randomBytes(hashBytes);
      const bytes = await inTurn(() =>
        derive(password, salt, known?.parameters ?? parameters, wanted.length),
      );
      const isSame = timingSafeEqual(bytes, wanted);
      if (known === undefined) return { isRight: false, isOutdated: false };
      return { isRight: isSame, isOutdated: isSame && isWeaker(known.parameters, parameters) };
    },
  };
}

/** A few at once, some waiting, in order. */
function turns(maxRunning: number, maxWaiting: number) {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async <R>(run: () => Promise<R>): Promise<R> => {
    if (running >= maxRunning) {
      if (waiting.length >= maxWaiting)
        throw new BerthError(
          'too-many',
          'Too many people are signing in at this moment. Try again in some seconds.',
        );
      // Whoever ends hands its place on, so that nobody slips in between.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running++;
    try {
      return await run();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}

function derive(
  password: Secret,
  salt: Uint8Array,
  { logN, r, p }: Parameters,
  length: number,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { N: 2 ** logN, r, p, maxmem: maxMemoryBytes };
    scrypt(password.reveal(), salt, length, options, (error, bytes) => {
      if (error === null) resolve(bytes);
      else reject(error);
    });
  });
}

function encode({ logN, r, p }: Parameters, salt: Uint8Array, bytes: Uint8Array): string {
  return `$scrypt$ln=${logN},r=${r},p=${p}$${unpadded(salt)}$${unpadded(bytes)}`;
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '');
}

/** Undefined: not one of ours, or one that would cost more than any of ours. */
function decode(encoded: string): { parameters: Parameters; salt: Buffer; bytes: Buffer } | undefined {
  const [, ln, r, p, salt, bytes] = shape.exec(encoded) ?? [];
  if (salt === undefined || bytes === undefined) return undefined;
  const parameters = { logN: Number(ln), r: Number(r), p: Number(p) };
  const memoryBytes = 128 * 2 ** parameters.logN * parameters.r;
  if (parameters.logN < 1 || parameters.r < 1 || parameters.p < 1 || parameters.p > 4) return undefined;
  if (memoryBytes >= maxMemoryBytes) return undefined;
  return { parameters, salt: Buffer.from(salt, 'base64'), bytes: Buffer.from(bytes, 'base64') };
}

function isWeaker(one: Parameters, other: Parameters): boolean {
  return one.logN < other.logN || one.r < other.r || one.p < other.p;
}
