/**
 * Who is signed in where. Guarantees: of cookies and tokens only hashes are kept; a refresh token is good once, and one
 * that comes a second time ends its whole family, for whoever holds the newer one may have stolen it; a session ends at
 * its time, whether or not anybody looks; whoever listens is told of each end. Looking one up reads memory alone.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { SignedInSession } from '#contract/account.ts';
import type { SessionId, UserId } from '#contract/ids.ts';
import type { OpenedSession, RequestOrigin } from '../account-door.ts';
import { notFound } from '../dispatcher.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { EarlierSessions } from '../interfaces/earlier-sessions.ts';
import type { Log } from '../interfaces/log.ts';
import type { Random } from '../interfaces/random.ts';
import type { RecordCollection, RecordStore } from '../interfaces/record-store.ts';
import {
  agentLine,
  endOf,
  judgeRefresh,
  maxSessionsPerPerson,
  newSessionToken,
  parseSessionRecord,
  readRefreshToken,
  refreshTokenOf,
  type SessionRecord,
  toSignedIn,
  touchEveryMs,
} from './session.ts';
import { hashOf, newToken } from './single-use-token.ts';

export interface SessionServiceDeps {
  readonly store: RecordStore;
  readonly earlier: EarlierSessions;
  /** Whose the earlier sessions are. */
  readonly earlierOwner: UserId;
  readonly clock: Clock;
  readonly random: Pick<Random, 'id' | 'bytes'>;
  readonly log: Log;
}

export class SessionService {
  readonly #deps: SessionServiceDeps;
  readonly #log: Log;
  readonly #records: RecordCollection<SessionRecord>;
  readonly #sessions = new Map<SessionId, SessionRecord>();
  /** Of browsers: by the hash of the cookie's value. */
  readonly #byCookie = new Map<string, SessionId>();
  readonly #listeners = new Set<(id: SessionId) => void>();
  /** Ended, and still in the store because it could not be written. */
  readonly #undeleted = new Set<SessionId>();

  constructor(deps: SessionServiceDeps) {
    this.#deps = deps;
    this.#log = deps.log.child({ noun: 'sessions' });
    this.#records = deps.store.collection('sessions', parseSessionRecord);
  }

  async load(): Promise<void> {
    for (const record of await this.#records.all()) this.#keep(record);
    if (this.#deps.store.isReadOnly) return;
    await this.#takeOver();
  }

  /** Throws store.unwritable. */
  async open(userId: UserId, kind: 'browser' | 'token', origin: RequestOrigin): Promise<OpenedSession> {
    const { clock, random } = this.#deps;
    const id = random.id('sess') as SessionId;
    const { token, ...hashes } = newSessionToken(kind, id, random);
    const nowMs = clock.nowMs();
    const record: SessionRecord = {
      id,
      userId,
      kind,
      ...hashes,
      agent: agentLine(origin.agent),
      address: origin.address,
      createdAtMs: nowMs,
      usedAtMs: nowMs,
    };
    await this.#write(record);
    this.#keep(record);
    const byAge = this.#of(userId).sort((a, b) => a.usedAtMs - b.usedAtMs);
    for (const old of byAge.slice(0, Math.max(0, byAge.length - maxSessionsPerPerson)))
      await this.#finish(old.id).catch((cause: unknown) => this.#warnUndeleted(cause));
    return { id, userId, token, endsAtMs: endOf(record) };
  }

  byCookie(cookieValue: string): SessionRecord | undefined {
    const id = this.#byCookie.get(hashOf(cookieValue));
    return id === undefined ? undefined : this.live(id);
  }

  /** Undefined where it has ended. Counts as a use. */
  live(id: SessionId): SessionRecord | undefined {
    const record = this.#sessions.get(id);
    if (record === undefined) return undefined;
    const nowMs = this.#deps.clock.nowMs();
    if (endOf(record) <= nowMs) {
      this.#finish(id).catch((cause: unknown) => this.#warnUndeleted(cause));
      return undefined;
    }
    if (nowMs - record.usedAtMs < touchEveryMs) return record;
    const used = { ...record, usedAtMs: nowMs };
    this.#keep(used);
    this.#write(used).catch((cause: unknown) =>
      this.#log.warn('the use of a session could not be written down', { cause }),
    );
    return used;
  }

  /**
   * The next refresh token for the newest one. Throws not-signed-in; `onReuse` is told when an older one came, which has
   * ended the family.
   */
  async refresh(
    token: string,
    origin: RequestOrigin,
    onReuse: (record: SessionRecord) => void,
  ): Promise<OpenedSession> {
    const read = readRefreshToken(token);
    const record = read && this.#sessions.get(read.id);
    if (read === undefined || record === undefined || endOf(record) <= this.#deps.clock.nowMs())
      throw signInAgain();
    const verdict = judgeRefresh(record, read);
    if (verdict === 'foreign') throw signInAgain();
    if (verdict === 'older') {
      onReuse(record);
      await this.#finish(record.id).catch((cause: unknown) => this.#warnUndeleted(cause));
      throw signInAgain();
    }
    const changing = newToken(this.#deps.random);
    const next: SessionRecord = {
      ...record,
      tokenHash: hashOf(changing),
      agent: agentLine(origin.agent),
      address: origin.address,
      usedAtMs: this.#deps.clock.nowMs(),
    };
    // Before anything is awaited: the same token at the same moment is one that was used before.
    this.#keep(next);
    try {
      await this.#write(next);
    } catch (error) {
      // Nobody has the new one: the old one stays good.
      if (this.#sessions.get(record.id)?.tokenHash === next.tokenHash) this.#keep(record);
      throw error;
    }
    // A second use may have ended it while that was written; the record must not outlive it.
    if (!this.#sessions.has(record.id)) {
      await this.#finish(record.id).catch((cause: unknown) => this.#warnUndeleted(cause));
      throw signInAgain();
    }
    return {
      id: record.id,
      userId: record.userId,
      token: refreshTokenOf(record.id, read.family, changing),
      endsAtMs: endOf(next),
    };
  }

  list(userId: UserId, ownId: SessionId | null): SignedInSession[] {
    const nowMs = this.#deps.clock.nowMs();
    return this.#of(userId)
      .filter((record) => endOf(record) > nowMs)
      .sort((a, b) => b.usedAtMs - a.usedAtMs)
      .map((record) => toSignedIn(record, ownId));
  }

  /** Whether this person was signed in from there, as far as is remembered. */
  isKnownAddress(userId: UserId, address: string): boolean {
    return this.#of(userId).some((record) => record.address === address);
  }

  /** It has ended when this is called, also where the store refuses (then it throws, and tries again later). */
  end(id: SessionId): Promise<void> {
    return this.#sessions.has(id) ? this.#finish(id) : Promise.resolve();
  }

  /** Throws not-found, also for somebody else's. */
  async endOwn(id: SessionId, userId: UserId): Promise<void> {
    if (this.#sessions.get(id)?.userId !== userId) throw notFound();
    await this.#finish(id);
  }

  async endAllOf(userId: UserId, except: SessionId | null = null): Promise<void> {
    const ids = this.#of(userId)
      .map(({ id }) => id)
      .filter((id) => id !== except);
    await Promise.all(ids.map((id) => this.#finish(id)));
  }

  onEnd(listener: (id: SessionId) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Ends what is over, and takes from the store what could not be taken before. */
  async sweep(): Promise<void> {
    const nowMs = this.#deps.clock.nowMs();
    const over = [...this.#sessions.values()].filter((record) => endOf(record) <= nowMs);
    for (const id of [...over.map((record) => record.id), ...this.#undeleted])
      await this.#finish(id).catch((cause: unknown) => this.#warnUndeleted(cause));
  }

  #of(userId: UserId): SessionRecord[] {
    return [...this.#sessions.values()].filter((record) => record.userId === userId);
  }

  #keep(record: SessionRecord): void {
    this.#sessions.set(record.id, record);
    if (record.kind === 'browser') this.#byCookie.set(record.tokenHash, record.id);
  }

  async #finish(id: SessionId): Promise<void> {
    const record = this.#sessions.get(id);
    if (record !== undefined) {
      this.#sessions.delete(id);
      this.#byCookie.delete(record.tokenHash);
      for (const listener of this.#listeners) listener(id);
    }
    if (this.#deps.store.isReadOnly) return;
    this.#undeleted.add(id);
    await this.#records.delete(id);
    this.#undeleted.delete(id);
  }

  /** Data of a newer Berth is only looked at; its sessions last as long as this one runs. */
  async #write(record: SessionRecord): Promise<void> {
    if (!this.#deps.store.isReadOnly) await this.#records.put(record);
  }

  async #takeOver(): Promise<void> {
    const { earlier, earlierOwner, random, store } = this.#deps;
    const taken = await earlier.take();
    const records = taken
      .filter(({ tokenHash }) => !this.#byCookie.has(tokenHash))
      .map(
        (session): SessionRecord => ({
          id: random.id('sess') as SessionId,
          userId: earlierOwner,
          kind: 'browser',
          tokenHash: session.tokenHash,
          familyHash: null,
          agent: '',
          address: null,
          createdAtMs: session.createdAtMs,
          usedAtMs: session.usedAtMs,
        }),
      );
    for (const record of records) this.#keep(record);
    await store
      .transaction(async () => {
        for (const record of records) await this.#records.put(record);
      })
      .catch((cause: unknown) =>
        this.#log.warn('the sessions of before could not be written down', { cause }),
      );
  }

  #warnUndeleted(cause: unknown): void {
    this.#log.warn('an ended session could not be taken from the store yet', { cause });
  }
}

function signInAgain(): BerthError {
  return new BerthError('not-signed-in', 'This session has ended. Sign in again.');
}
