/**
 * The links of e-mails: each opens one thing, once, for a while. Guarantees: of a token only the hash is kept; a newer
 * link of a kind ends the older one when it has arrived; of two uses at once one finds it.
 */
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import { UserId } from '#contract/ids.ts';
import { Instant } from '#contract/text.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { Log } from '../interfaces/log.ts';
import type { Random } from '../interfaces/random.ts';
import type { RecordCollection, RecordStore } from '../interfaces/record-store.ts';
import { hashOf, newToken } from './single-use-token.ts';

const LinkKind = z.enum(['verify', 'reset', 'invite']);
export type LinkKind = z.infer<typeof LinkKind>;

const hourMs = 60 * 60_000;
export const linkLifeMs: Readonly<Record<LinkKind, number>> = {
  verify: 24 * hourMs,
  reset: hourMs,
  invite: 7 * 24 * hourMs,
};

const LinkRecord = z.object({
  /** SHA-256 of the token, hex. */
  id: z.string().regex(/^[0-9a-f]{64}$/),
  kind: LinkKind,
  userId: UserId,
  expiresAt: Instant,
});
export type LinkRecord = z.infer<typeof LinkRecord>;

export interface AccountLinksDeps {
  readonly store: RecordStore;
  readonly clock: Clock;
  readonly random: Pick<Random, 'bytes'>;
  readonly log: Log;
}

export interface IssuedLink {
  readonly token: string;
  /** It is in its person's hands: older ones of its kind end. */
  readonly arrived: () => Promise<void>;
  /** Nobody got it: it ends, and the older ones stay. */
  readonly lost: () => Promise<void>;
}

export class AccountLinks {
  readonly #deps: AccountLinksDeps;
  readonly #records: RecordCollection<LinkRecord>;
  readonly #links = new Map<string, LinkRecord>();
  /** Ended, and still in the store because it could not be written. */
  readonly #undeleted = new Set<string>();

  constructor(deps: AccountLinksDeps) {
    this.#deps = deps;
    this.#records = deps.store.collection('account-links', (value) => LinkRecord.parse(value));
  }

  async load(): Promise<void> {
    for (const record of await this.#records.all()) this.#links.set(record.id, record);
  }

  /** A new link, beside the older ones of its kind until it is known to have arrived. Throws store.unwritable. */
  async issue(kind: LinkKind, userId: UserId): Promise<IssuedLink> {
    const { clock, random } = this.#deps;
    const token = newToken(random);
    const record: LinkRecord = {
      id: hashOf(token),
      kind,
      userId,
      expiresAt: new Date(clock.nowMs() + linkLifeMs[kind]).toISOString(),
    };
    await this.#records.put(record);
    this.#links.set(record.id, record);
    return {
      token,
      arrived: () =>
        this.#end(this.#of(userId).filter((link) => link.kind === kind && link.id !== record.id)),
      lost: () => this.#end([record]),
    };
  }

  /** Throws account.link-expired, alike for one that never was. */
  find(token: string, ...kinds: readonly LinkKind[]): LinkRecord {
    const link = this.#links.get(hashOf(token));
    if (link === undefined || !kinds.includes(link.kind) || this.#isOver(link)) throw linkExpired();
    return link;
  }

  /**
   * Uses a link, together with all others of its person. `run` writes what it is good for and calls `forget` inside that
   * transaction. When it fails the links are there again.
   */
  async use<R>(link: LinkRecord, run: (forget: () => Promise<void>) => Promise<R>): Promise<R> {
    if (!this.#links.has(link.id) || this.#isOver(link)) throw linkExpired();
    const all = this.#of(link.userId);
    for (const { id } of all) this.#links.delete(id);
    try {
      return await run(async () => {
        for (const { id } of all) await this.#records.delete(id);
      });
    } catch (error) {
      for (const one of all) this.#links.set(one.id, one);
      throw error;
    }
  }

  /** For somebody who is removed or disabled, inside the transaction that does so; then `drop`. */
  async forget(userId: UserId): Promise<void> {
    for (const { id } of this.#of(userId)) await this.#records.delete(id);
  }
  drop(userId: UserId): void {
    for (const { id } of this.#of(userId)) this.#links.delete(id);
  }

  has(userId: UserId, kind: LinkKind): boolean {
    return this.#of(userId).some((link) => link.kind === kind && !this.#isOver(link));
  }

  /** Takes away what has expired, and what could not be taken before. */
  async sweep(): Promise<void> {
    await this.#end([...this.#links.values()].filter((link) => this.#isOver(link)));
    for (const id of [...this.#undeleted]) await this.#delete(id);
  }

  /** They open nothing from here on, also where the store refuses. */
  async #end(links: readonly LinkRecord[]): Promise<void> {
    for (const { id } of links) this.#links.delete(id);
    for (const { id } of links) await this.#delete(id);
  }

  async #delete(id: string): Promise<void> {
    this.#undeleted.add(id);
    await this.#records.delete(id).then(
      () => this.#undeleted.delete(id),
      (cause: unknown) =>
        this.#deps.log.warn('a link that has ended could not be taken from the store yet', { cause }),
    );
  }

  #of(userId: UserId): LinkRecord[] {
    return [...this.#links.values()].filter((link) => link.userId === userId);
  }
  #isOver(link: LinkRecord): boolean {
    return Date.parse(link.expiresAt) <= this.#deps.clock.nowMs();
  }
}

function linkExpired(): BerthError {
  return new BerthError(
    'account.link-expired',
    'This link has expired or was used before. Ask for a new one.',
  );
}
