/**
 * How often somebody may ask. Counts in fixed windows, in memory: a restart forgets, which a guesser cannot bring about.
 * Each answer that counted says how much is left (draft-ietf-httpapi-ratelimit-headers-10), a refusal also for how long
 * (Retry-After, RFC 9110). What an account allows is the accounts' matter; here it is about addresses and callers.
 */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { BerthError } from '#contract/berth-error.ts';

export interface LimitRule {
  readonly name: string;
  readonly points: number;
  /** Length of a window, in seconds. */
  readonly seconds: number;
}

/** Constants with their reasons; past each of them an honest client has a fault, or is many behind one address. */
export const limitRules = {
  /** By address: passwords, links, codes. Each costs a hash that is slow on purpose; a classroom behind one address fits. */
  signIn: { name: 'sign-in', points: 30, seconds: 60 },
  /** By address: everything that sends an e-mail to somebody. */
  mail: { name: 'e-mail', points: 10, seconds: 600 },
  /** By address: refresh tokens have 256 bits; this only bounds the work. */
  refresh: { name: 'refresh', points: 120, seconds: 60 },
  /** By person; the settings say how many. */
  calls: { name: 'calls', points: 6_000, seconds: 60 },
  /** By address: requests of the API by nobody who is known. */
  strangers: { name: 'strangers', points: 120, seconds: 60 },
} as const satisfies Record<string, LimitRule>;

/** The rules with another number of calls; none where that is 0. */
export function limitRulesFor(callsPerMinute: number): LimitRules {
  const points = callsPerMinute === 0 ? Number.MAX_SAFE_INTEGER : callsPerMinute;
  return { ...limitRules, calls: { ...limitRules.calls, points } };
}

export type LimitName = keyof typeof limitRules;
export type LimitRules = Readonly<Record<LimitName, LimitRule>>;

export interface RateLimits {
  /** Counts one. `say` is given the headers, also of a refusal. @throws BerthError too-many */
  spend(name: LimitName, who: string, say: (header: string, value: string) => void): Promise<void>;
}

export function createRateLimits(rules: LimitRules = limitRules): RateLimits {
  const limiters = new Map(
    Object.entries(rules).map(([key, { points, seconds }]) => [
      key,
      new RateLimiterMemory({ points, duration: seconds, keyPrefix: key }),
    ]),
  );
  return {
    async spend(name, who, say) {
      const rule = rules[name];
      const limiter = limiters.get(name);
      if (limiter === undefined) throw new TypeError(`there is no limit ${name}`);
      say('RateLimit-Policy', `"${rule.name}";q=${rule.points};w=${rule.seconds}`);
      try {
        tell(await limiter.consume(who));
      } catch (error) {
        if (!(error instanceof RateLimiterRes)) throw error;
        const retryAfterSeconds = tell(error);
        say('Retry-After', String(retryAfterSeconds));
        throw new BerthError('too-many', `Too many requests. Try again in ${retryAfterSeconds} seconds.`, {
          details: { retryAfterSeconds },
        });
      }
      function tell({ remainingPoints, msBeforeNext }: RateLimiterRes): number {
        const seconds = Math.max(1, Math.ceil(msBeforeNext / 1000));
        say('RateLimit', `"${rule.name}";r=${Math.max(0, remainingPoints)};t=${seconds}`);
        return seconds;
      }
    },
  };
}
