/**
 * Compares accounts at providers with what Berth knows: on start, every few minutes, when an account becomes usable, and
 * when somebody asks. Owns when that happens and how it went; what follows from it is the reconciliation's to do.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { CloudId } from '#contract/ids.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { Log } from '../interfaces/log.ts';
import type { Random } from '../interfaces/random.ts';
import type { CloudClients } from './cloud-clients.ts';
import type { LookState } from './look-state.ts';
import { isPassing } from './patience.ts';
import type { Reconciliation } from './reconciliation.ts';

/** Milliseconds between two looks: what is lost costs a cent at most before it is found. */
const EVERY_MS = 5 * 60_000;
/** Milliseconds after a look that failed for a reason that passes. */
const AGAIN_MS = 60_000;
/** Share of a wait that is left to chance: accounts, and Berths with the same account, do not come at once. */
const JITTER = 0.2;
/** Milliseconds that the first look may wait, by chance. */
const FIRST_WITHIN_MS = 2_000;

export interface ReconcilerDeps {
  readonly clients: CloudClients;
  readonly reconciliation: Pick<Reconciliation, 'look' | 'forget'>;
  readonly clock: Clock;
  readonly random: Pick<Random, 'fraction'>;
  readonly log: Log;
  /** After an account was compared in whole. */
  readonly onReconciled: (id: CloudId) => Promise<void>;
}

interface Account {
  state: LookState;
  running: Promise<void> | undefined;
  /** `running` has asked the provider already. */
  hasAsked: boolean;
  /** Begins when `running` has ended: what it saw may be older than the wish. */
  next: Promise<void> | undefined;
  stopTimer: () => void;
}

export class Reconciler {
  readonly #deps: ReconcilerDeps;
  readonly #accounts = new Map<CloudId, Account>();
  readonly #listeners = new Set<() => void>();
  readonly #stop = new AbortController();
  readonly #ends: (() => void)[] = [];

  constructor(deps: ReconcilerDeps) {
    this.#deps = deps;
  }

  start(): void {
    const { clients, random } = this.#deps;
    this.#ends.push(
      clients.onUsable((id) => this.#soon(id)),
      clients.onRemoved((id) => void this.#forget(id)),
    );
    for (const id of clients.ids()) this.#later(id, FIRST_WITHIN_MS * random.fraction());
  }

  async close(): Promise<void> {
    this.#stop.abort(new BerthError('cancelled', 'Berth is ending.'));
    for (const end of this.#ends.splice(0)) end();
    for (const account of this.#accounts.values()) account.stopTimer();
    const looks = [...this.#accounts.values()].flatMap(({ next, running }) => next ?? running ?? []);
    await Promise.allSettled(looks);
  }

  stateOf(id: CloudId): LookState | undefined {
    return this.#accounts.get(id)?.state;
  }

  /** Told after each look. */
  onLook(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** A look that begins now or later than now. Throws cloud.*, credential.*, cancelled. */
  async check(id: CloudId, signal: AbortSignal): Promise<void> {
    await untilAborted(this.#look(id), signal);
  }

  #soon(id: CloudId): void {
    if (!this.#stop.signal.aborted) this.#look(id).catch(() => undefined);
  }

  #later(id: CloudId, waitMs: number): void {
    const account = this.#account(id);
    account.stopTimer();
    if (!this.#stop.signal.aborted) account.stopTimer = this.#deps.clock.after(waitMs, () => this.#soon(id));
  }

  /** One at a time for an account; all who ask after one has asked the provider get the one after it. */
  #look(id: CloudId): Promise<void> {
    const account = this.#account(id);
    if (account.running !== undefined && !account.hasAsked) return account.running;
    if (account.running === undefined) {
      account.hasAsked = false;
      account.running = this.#lookOnce(id, account).finally(() => {
        account.running = undefined;
      });
      return account.running;
    }
    account.next ??= account.running
      .catch(() => undefined)
      .then(() => {
        account.next = undefined;
        return this.#look(id);
      });
    return account.next;
  }

  async #lookOnce(id: CloudId, account: Account): Promise<void> {
    const { clients, log, onReconciled, random } = this.#deps;
    const { signal } = this.#stop;
    let waitMs = EVERY_MS;
    try {
      signal.throwIfAborted();
      const client = await clients.client(id);
      account.hasAsked = true;
      account.state = { ...(await this.#deps.reconciliation.look(id, client, signal)), error: null };
      clients.noteSuccess(id);
      if (clients.ids().includes(id)) await onReconciled(id);
    } catch (error) {
      if (signal.aborted || !clients.ids().includes(id)) throw error;
      clients.noteFailure(id, error);
      if (isPassing(error)) waitMs = AGAIN_MS;
      if (!BerthError.is(error)) log.error('an account could not be compared', { id, cause: error });
      account.state = {
        ...account.state,
        error: BerthError.is(error)
          ? error
          : new BerthError('internal', 'Berth made a mistake; the log says more.'),
      };
      throw error;
    } finally {
      if (clients.ids().includes(id)) this.#later(id, Math.round(waitMs * (1 - JITTER * random.fraction())));
      for (const listener of this.#listeners) listener();
    }
  }

  async #forget(id: CloudId): Promise<void> {
    const { log, reconciliation } = this.#deps;
    const account = this.#accounts.get(id);
    account?.stopTimer();
    this.#accounts.delete(id);
    try {
      // What a look that is under way still brings is forgotten with the rest.
      await account?.running?.catch(() => undefined);
      await reconciliation.forget(id);
    } catch (cause) {
      log.error('what was found in an account could not be forgotten', { id, cause });
    }
  }

  #account(id: CloudId): Account {
    const account = this.#accounts.get(id) ?? {
      state: { unseen: [], isBackupPriceUnknown: false, error: null },
      running: undefined,
      hasAsked: false,
      next: undefined,
      stopTimer: () => {},
    };
    this.#accounts.set(id, account);
    return account;
  }
}

async function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    const abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    stop = () => signal.removeEventListener('abort', abort);
  });
  try {
    await Promise.race([work, aborted]);
  } finally {
    stop();
  }
}
