/**
 * The second factor: one-time codes of an app, and recovery codes for when it is lost. Guarantees: the secret is kept
 * sealed; a code is good once, and no older one after it; recovery codes are kept as hashes and each is good once.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { UserId } from '#contract/ids.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { OneTimeCodes } from '../interfaces/one-time-codes.ts';
import type { Random } from '../interfaces/random.ts';
import type { Sealer } from '../interfaces/sealer.ts';
import type { Secret } from '../interfaces/secret.ts';
import { hashOf } from './single-use-token.ts';
import type { SecondFactor, UserRecord } from './user.ts';

export const recoveryCodeCount = 10;
/** 80 bits: nobody tries them out, not even with the hashes. */
const recoveryBytes = 10;
/** A secret that was shown and not confirmed. */
const pendingLifeMs = 10 * 60_000;
/** Crockford's base 32: no letter that looks like a digit. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

export interface SecondFactorsDeps {
  readonly codes: OneTimeCodes;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly random: Pick<Random, 'bytes'>;
}

export class SecondFactors {
  readonly #deps: SecondFactorsDeps;
  readonly #pending = new Map<UserId, { readonly secret: Secret; readonly endsAtMs: number }>();

  constructor(deps: SecondFactorsDeps) {
    this.#deps = deps;
  }

  begin(userId: UserId, accountName: string): { secret: string; uri: string; image: string } {
    const { codes, clock } = this.#deps;
    const secret = codes.newSecret();
    this.#pending.set(userId, { secret, endsAtMs: clock.monotonicMs() + pendingLifeMs });
    return { secret: secret.reveal(), ...codes.enrolment(secret, accountName) };
  }

  /** What to keep, and the recovery codes. Undefined: the code is wrong. Throws conflict where nothing was begun. */
  confirm(userId: UserId, code: string): { factor: SecondFactor; recoveryCodes: string[] } | undefined {
    const { codes, clock, random, sealer } = this.#deps;
    const pending = this.#pending.get(userId);
    if (pending === undefined || pending.endsAtMs <= clock.monotonicMs())
      throw new BerthError(
        'conflict',
        'Setting up the second factor took longer than ten minutes. Begin again.',
      );
    const lastStep = codes.stepOf(pending.secret, code, clock.nowMs());
    if (lastStep === null) return undefined;
    const recoveryCodes = Array.from({ length: recoveryCodeCount }, () =>
      recoveryCodeOf(random.bytes(recoveryBytes)),
    );
    return {
      recoveryCodes,
      factor: {
        sealedSecret: sealer.seal(pending.secret, contextOf(userId)),
        lastStep,
        recoveryHashes: recoveryCodes.map((one) => hashOf(plainCode(one))),
      },
    };
  }

  forgetPending(userId: UserId): void {
    this.#pending.delete(userId);
  }

  /**
   * The person's factor after this code was used up: to be kept before anybody is let in. Undefined: the code is wrong
   * or was used before.
   */
  afterUse({ id, secondFactor }: Pick<UserRecord, 'id' | 'secondFactor'>, code: string) {
    if (secondFactor === null) return undefined;
    const { codes, clock, sealer } = this.#deps;
    const hash = hashOf(plainCode(code));
    if (secondFactor.recoveryHashes.includes(hash))
      return {
        ...secondFactor,
        recoveryHashes: secondFactor.recoveryHashes.filter((other) => other !== hash),
      };
    const secret = sealer.open(secondFactor.sealedSecret, contextOf(id));
    const step = secret === undefined ? null : codes.stepOf(secret, code, clock.nowMs());
    return step === null || step <= secondFactor.lastStep ? undefined : { ...secondFactor, lastStep: step };
  }
}

function contextOf(userId: UserId): string {
  return `second factor of ${userId}`;
}

/** As `0123-4567-89ab-cdef`. */
function recoveryCodeOf(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const letters = (bits.match(/.{5}/g) ?? []).map((five) => alphabet[Number.parseInt(five, 2)] ?? '');
  return (letters.join('').match(/.{4}/g) ?? []).join('-');
}

/** As people type it off paper. */
function plainCode(code: string): string {
  return code
    .toLowerCase()
    .replaceAll(/[^0-9a-z]/g, '')
    .replaceAll('o', '0')
    .replaceAll(/[il]/g, '1');
}
