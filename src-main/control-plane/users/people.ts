/**
 * Everybody with an account: the records on the disk, the same in memory, and the view of them. The one place where
 * these change, one change at a time. Guarantees: what is shown and what lets somebody in is on the disk; there is
 * always the local owner; an address belongs to one person. Decides nothing else.
 */
import { BerthError } from '#contract/berth-error.ts';
import { localOwnerId, type UserId } from '#contract/ids.ts';
import type { Quota, User } from '#contract/users.ts';
import { Collection } from '../changes.ts';
import { type Clock, instantOf } from '../interfaces/clock.ts';
import type { Log } from '../interfaces/log.ts';
import type { RecordCollection, RecordStore } from '../interfaces/record-store.ts';
import type { PersonsThings } from './persons-things.ts';
import { newLocalOwner, noSuchUser, parseUserRecord, toUser, type UserRecord } from './user.ts';

/** Milliseconds between two notes that somebody was there: for people to read, not for minutes. */
const touchEveryMs = 60 * 60_000;

const nothing: Quota = { workspaces: 0, cpus: 0, memoryBytes: 0, diskBytes: 0, snapshots: 0 };

export interface PeopleDeps {
  readonly store: RecordStore;
  readonly things: Pick<PersonsThings, 'usageOf' | 'onUsageChange'>;
  /** Of the local owner, when it is made. */
  readonly ownersQuota: Quota;
  readonly clock: Clock;
  readonly log: Log;
}

export class People {
  readonly collection = new Collection<User>();
  readonly #deps: PeopleDeps;
  readonly #records: RecordCollection<UserRecord>;
  readonly #people = new Map<UserId, UserRecord>();
  readonly #byEmail = new Map<string, UserId>();
  readonly #byIdentity = new Map<string, UserId>();
  #last: Promise<unknown> = Promise.resolve();
  #stopListening: () => void = () => undefined;

  constructor(deps: PeopleDeps) {
    this.#deps = deps;
    this.#records = deps.store.collection('users', parseUserRecord);
  }

  async load(): Promise<void> {
    const { store, clock, log, things, ownersQuota } = this.#deps;
    for (const record of await this.#records.all()) this.#show(record);
    if (!this.#people.has(localOwnerId)) {
      const owner = newLocalOwner(ownersQuota, instantOf(clock));
      if (!store.isReadOnly)
        await this.#records
          .put(owner)
          .catch((cause: unknown) => log.warn('the local owner could not be written down', { cause }));
      this.#show(owner);
    }
    this.#stopListening = things.onUsageChange((id) => this.#refresh(id));
  }

  async close(): Promise<void> {
    this.#stopListening();
    await this.#last.catch(() => undefined);
  }

  get(id: UserId): UserRecord | undefined {
    return this.#people.get(id);
  }
  /** Throws not-found. */
  require(id: UserId): UserRecord {
    const record = this.#people.get(id);
    if (record === undefined) throw noSuchUser();
    return record;
  }
  byEmail(email: string): UserRecord | undefined {
    const id = this.#byEmail.get(email.toLowerCase());
    return id && this.#people.get(id);
  }
  byIdentity(identity: { readonly issuer: string; readonly subject: string }): UserRecord | undefined {
    const id = this.#byIdentity.get(identityKey(identity));
    return id && this.#people.get(id);
  }
  all(): UserRecord[] {
    return [...this.#people.values()];
  }
  /** Somebody with an account, also one that is disabled. */
  isPerson(id: UserId): boolean {
    return this.#people.has(id);
  }
  /** What somebody may have; of nobody’s: nothing. */
  quotaOf(id: UserId): Quota {
    return this.#people.get(id)?.quota ?? nothing;
  }
  user(id: UserId): User {
    const user = this.collection.get(id);
    if (user === undefined) throw noSuchUser();
    return user;
  }

  /** One at a time: what `run` looked at still holds when it writes. Not to be called from inside itself. */
  exclusive<R>(run: () => Promise<R>): Promise<R> {
    const result = this.#last.then(run, run);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Within `exclusive`. `also`: further writes that happen with it or not at all. Throws user.email-taken. */
  async save(record: UserRecord, also: () => Promise<void> = async () => undefined): Promise<void> {
    const other = record.email === null ? undefined : this.byEmail(record.email);
    if (other !== undefined && other.id !== record.id)
      throw new BerthError('user.email-taken', 'Somebody has this address already.', {
        details: { field: 'email' },
      });
    await this.#deps.store.transaction(async () => {
      await this.#records.put(record);
      await also();
    });
    this.#show(record);
  }

  /** Within `exclusive`. */
  async remove(id: UserId, also: () => Promise<void> = async () => undefined): Promise<void> {
    await this.#deps.store.transaction(async () => {
      await this.#records.delete(id);
      await also();
    });
    this.#hide(id);
    this.collection.delete(id);
  }

  /** `edit` sees the newest record; what it throws changes nothing. Throws not-found. */
  change(
    id: UserId,
    edit: (before: UserRecord) => UserRecord,
    also?: () => Promise<void>,
  ): Promise<UserRecord> {
    return this.exclusive(async () => {
      const after = edit(this.require(id));
      await this.save(after, also);
      return after;
    });
  }

  /** Notes that somebody is there, at most hourly, without making anybody wait. */
  touch(id: UserId): void {
    const { clock, store, log } = this.#deps;
    const record = this.#people.get(id);
    const at = instantOf(clock);
    if (record === undefined || store.isReadOnly) return;
    if (record.lastSeenAt !== null && Date.parse(at) - Date.parse(record.lastSeenAt) < touchEveryMs) return;
    // Shown before it is written: otherwise every call until then would write it again.
    this.#show({ ...record, lastSeenAt: at });
    this.change(id, (before) => ({ ...before, lastSeenAt: at })).catch((cause: unknown) =>
      log.warn('it could not be noted that somebody was there', { userId: id, cause }),
    );
  }

  #show(record: UserRecord): void {
    this.#hide(record.id);
    this.#people.set(record.id, record);
    if (record.email !== null) this.#byEmail.set(record.email, record.id);
    if (record.identity !== null) this.#byIdentity.set(identityKey(record.identity), record.id);
    this.#refresh(record.id);
  }

  #hide(id: UserId): void {
    const before = this.#people.get(id);
    if (before === undefined) return;
    this.#people.delete(id);
    if (before.email !== null) this.#byEmail.delete(before.email);
    if (before.identity !== null) this.#byIdentity.delete(identityKey(before.identity));
  }

  #refresh(id: UserId): void {
    const record = this.#people.get(id);
    if (record !== undefined) this.collection.put(toUser(record, this.#deps.things.usageOf(id)));
  }
}

function identityKey({ issuer, subject }: { readonly issuer: string; readonly subject: string }): string {
  return JSON.stringify([issuer, subject]);
}
