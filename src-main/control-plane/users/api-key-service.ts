/**
 * API keys. Guarantees: of a key only the hash is kept; it can do at most what its maker may, when it is made and each
 * time it is used; a key that has expired or was removed opens nothing from that moment on.
 */
import type { ApiKey } from '#contract/account.ts';
import { BerthError } from '#contract/berth-error.ts';
import type { CollectionItem } from '#contract/collection.ts';
import type { ApiKeyId, UserId } from '#contract/ids.ts';
import type { Scope } from '#contract/scopes.ts';
import type { Caller } from '../caller.ts';
import { Collection } from '../changes.ts';
import { notFound } from '../dispatcher.ts';
import { type Clock, instantOf } from '../interfaces/clock.ts';
import type { Log } from '../interfaces/log.ts';
import type { Random } from '../interfaces/random.ts';
import type { RecordCollection, RecordStore } from '../interfaces/record-store.ts';
import {
  type ApiKeyRecord,
  hintOf,
  keyOf,
  keyTouchEveryMs,
  maxKeysPerPerson,
  parseApiKeyRecord,
  readKey,
  toApiKey,
} from './api-key.ts';
import { hashOf, isToken, newToken } from './single-use-token.ts';

const dayMs = 24 * 60 * 60_000;

export interface ApiKeyServiceDeps {
  readonly store: RecordStore;
  readonly clock: Clock;
  readonly random: Pick<Random, 'id' | 'bytes'>;
  readonly log: Log;
}

export class ApiKeyService {
  readonly #deps: ApiKeyServiceDeps;
  readonly #log: Log;
  readonly #records: RecordCollection<ApiKeyRecord>;
  readonly #keys = new Collection<ApiKeyRecord>();
  readonly #listeners = new Set<(userId: UserId) => void>();
  /** Being written: they count, so that many at once are no more than the limit. */
  readonly #beingMade = new Map<UserId, number>();
  readonly #undeleted = new Set<ApiKeyId>();

  constructor(deps: ApiKeyServiceDeps) {
    this.#deps = deps;
    this.#log = deps.log.child({ noun: 'api-keys' });
    this.#records = deps.store.collection('api-keys', parseApiKeyRecord);
  }

  async load(): Promise<void> {
    for (const record of await this.#records.all()) this.#keys.put(record);
  }

  async *watch(userId: UserId, signal: AbortSignal): AsyncGenerator<CollectionItem<ApiKey>> {
    for await (const item of this.#keys.watch(signal, (key) => key.userId === userId))
      yield item.type === 'all'
        ? { ...item, items: item.items.map(toApiKey) }
        : { ...item, upserted: item.upserted.map(toApiKey) };
  }

  /**
   * A key may not make keys: it could outlive itself. Throws invalid-input for a scope that the caller has not, too-many,
   * not-found.
   */
  async create(
    wish: { readonly name: string; readonly scopes: readonly Scope[]; readonly expiresInDays: number | null },
    caller: Caller,
  ): Promise<{ apiKey: ApiKey; key: string }> {
    if (caller.access?.by === 'api-key') throw notFound();
    const beyond = wish.scopes.filter((scope) => !caller.scopes.has(scope));
    if (beyond.length > 0)
      throw BerthError.atField('scopes', `You cannot give away what you may not do: ${beyond.join(', ')}.`);
    const { userId } = caller;
    const { clock, random } = this.#deps;
    const waiting = this.#beingMade.get(userId) ?? 0;
    if (this.#of(userId).length + waiting >= maxKeysPerPerson)
      throw new BerthError(
        'too-many',
        `You have ${maxKeysPerPerson} API keys, and that is the limit. Remove some first.`,
        { details: { limit: maxKeysPerPerson } },
      );
    const id = random.id('key') as ApiKeyId;
    const secret = newToken(random);
    const expiresAt =
      wish.expiresInDays === null ? null : new Date(clock.nowMs() + wish.expiresInDays * dayMs).toISOString();
    const record: ApiKeyRecord = {
      id,
      userId,
      name: wish.name,
      hint: hintOf(id),
      scopes: [...new Set(wish.scopes)],
      secretHash: hashOf(secret),
      createdAt: instantOf(clock),
      expiresAt,
      usedAt: null,
    };
    this.#beingMade.set(userId, waiting + 1);
    try {
      await this.#records.put(record);
    } finally {
      const left = (this.#beingMade.get(userId) ?? 1) - 1;
      if (left > 0) this.#beingMade.set(userId, left);
      else this.#beingMade.delete(userId);
    }
    this.#keys.put(record);
    return { apiKey: toApiKey(record), key: keyOf(id, secret) };
  }

  /** Throws not-found, also for somebody else's. */
  async remove(id: ApiKeyId, userId: UserId): Promise<void> {
    const record = this.#keys.get(id);
    if (record === undefined || record.userId !== userId) throw notFound();
    await this.#finish(record);
  }

  async removeAllOf(userId: UserId): Promise<void> {
    await Promise.all(this.#of(userId).map((record) => this.#finish(record)));
  }

  /** The live key of this text. Counts as a use. */
  find(key: string): ApiKeyRecord | undefined {
    const read = readKey(key);
    const record = read && this.#keys.get(read.id);
    if (read === undefined || record === undefined || !isToken(read.secret, record.secretHash))
      return undefined;
    const nowMs = this.#deps.clock.nowMs();
    if (this.#isOver(record, nowMs)) return undefined;
    if (record.usedAt === null || nowMs - Date.parse(record.usedAt) >= keyTouchEveryMs) {
      const used = { ...record, usedAt: new Date(nowMs).toISOString() };
      this.#keys.put(used);
      if (!this.#deps.store.isReadOnly)
        this.#records
          .put(used)
          .catch((cause: unknown) => this.#log.warn('the use of a key could not be written down', { cause }));
    }
    return record;
  }

  /** Told of each person of whom a key ended. */
  onEnd(listener: (userId: UserId) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Takes away keys that have expired, and what could not be taken before. */
  async sweep(): Promise<void> {
    const nowMs = this.#deps.clock.nowMs();
    const warn = (cause: unknown) =>
      this.#log.warn('a key that has ended could not be taken from the store yet', { cause });
    for (const record of this.#keys.all().filter((key) => this.#isOver(key, nowMs)))
      await this.#finish(record).catch(warn);
    for (const id of [...this.#undeleted])
      await this.#records.delete(id).then(() => this.#undeleted.delete(id), warn);
  }

  #of(userId: UserId): ApiKeyRecord[] {
    return this.#keys.all().filter((key) => key.userId === userId);
  }

  #isOver({ expiresAt }: ApiKeyRecord, nowMs: number): boolean {
    return expiresAt !== null && Date.parse(expiresAt) <= nowMs;
  }

  /** It opens nothing from here on, also where the store refuses. */
  async #finish({ id, userId }: ApiKeyRecord): Promise<void> {
    this.#keys.delete(id);
    for (const listener of this.#listeners) listener(userId);
    this.#undeleted.add(id);
    await this.#records.delete(id);
    this.#undeleted.delete(id);
  }
}
