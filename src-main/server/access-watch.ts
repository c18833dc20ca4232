/**
 * Ends what was opened with somebody's access when that access ends: a session signed out, an account closed or narrowed,
 * a key removed or expired, a token past its time. Told by the accounts at once; what only time ends is looked at twice a
 * minute. Owns no socket: whoever opened something says how it is ended.
 */
import type { AccountDoor } from '../control-plane/account-door.ts';
import type { Caller } from '../control-plane/caller.ts';
import type { Identity } from './identify.ts';

export type EndReason = 'signed out' | 'access changed';

export interface AccessWatch {
  /** Whether one more would be too many for this session or, without one, this person. */
  isFull(identity: Identity): boolean;
  /** `end` is called at most once. Returns what is to be called when it ended by itself. */
  hold(identity: Identity, end: (reason: EndReason) => void): () => void;
  close(): void;
}

/** A browser's session has a window or two, not hundreds; programs have one for each thing that they follow. */
const maxPerSession = 32;
const maxPerPerson = 256;
export const recheckEveryMs = 30_000;

interface Held {
  readonly identity: Identity;
  readonly end: (reason: EndReason) => void;
}

export function createAccessWatch(
  accounts: AccountDoor,
  { nowMs, everyMs = recheckEveryMs }: { readonly nowMs: () => number; readonly everyMs?: number },
): AccessWatch {
  const held = new Set<Held>();

  function endWhere(isOver: (one: Held) => EndReason | undefined): void {
    for (const one of [...held]) {
      const reason = isOver(one);
      if (reason === undefined) continue;
      held.delete(one);
      one.end(reason);
    }
  }

  function judge({ identity }: Held): EndReason | undefined {
    if (identity.endsAtMs !== null && identity.endsAtMs <= nowMs()) return 'signed out';
    const now = identity.renew();
    if (now === undefined) return 'signed out';
    return isSame(now, identity.caller) ? undefined : 'access changed';
  }

  const stops = [
    accounts.onSessionEnd((id) =>
      endWhere(({ identity }) => (identity.caller.access?.sessionId === id ? 'signed out' : undefined)),
    ),
    accounts.onAccessChange((userId) =>
      endWhere((one) => (one.identity.caller.userId === userId ? judge(one) : undefined)),
    ),
  ];
  const timer = setInterval(() => endWhere(judge), everyMs);
  timer.unref();

  return {
    isFull(identity) {
      const holder = holderOf(identity);
      const count = [...held].filter((one) => holderOf(one.identity) === holder).length;
      return count >= (identity.session === undefined ? maxPerPerson : maxPerSession);
    },
    hold(identity, end) {
      const one = { identity, end };
      held.add(one);
      return () => void held.delete(one);
    },
    close() {
      clearInterval(timer);
      for (const stop of stops) stop();
      held.clear();
    },
  };
}

function holderOf({ session, caller }: Identity): string {
  return session?.id ?? caller.userId;
}

function isSame(now: Caller, then: Caller): boolean {
  return now.scopes.size === then.scopes.size && [...now.scopes].every((scope) => then.scopes.has(scope));
}
