/**
 * Everybody's accounts, for owners. Guarantees: there is always an owner who can sign in; a right that was taken or an
 * account that was shut has no effect from that moment on; an account goes only after what it had became another's.
 */
import { BerthError } from '#contract/berth-error.ts';
import { localOwnerId, type UserId } from '#contract/ids.ts';
import type { OutputOf, ParsedInputOf } from '#contract/index.ts';
import type { Quota, User } from '#contract/users.ts';
import type { Caller } from '../caller.ts';
import { type Clock, instantOf } from '../interfaces/clock.ts';
import type { Random } from '../interfaces/random.ts';
import type { AccountLinks } from './account-links.ts';
import { requireServed } from './account-service.ts';
import type { ApiKeyService } from './api-key-service.ts';
import { linkOf } from './mail-texts.ts';
import type { Outbox } from './outbox.ts';
import type { People } from './people.ts';
import type { PersonsThings } from './persons-things.ts';
import type { SessionService } from './session-service.ts';
import { mergedQuota, nameFor, newUser, requireOwnerLeft, type UserRecord } from './user.ts';

export interface UserServiceDeps {
  readonly people: People;
  readonly things: PersonsThings;
  readonly links: AccountLinks;
  readonly outbox: Outbox;
  readonly sessions: Pick<SessionService, 'endAllOf'>;
  readonly keys: Pick<ApiKeyService, 'removeAllOf'>;
  readonly defaultQuota: Quota;
  /** Where links lead; null while nothing listens: then they are paths. */
  readonly origin: () => string | null;
  readonly clock: Clock;
  readonly random: Pick<Random, 'id'>;
}

export class UserService {
  readonly #deps: UserServiceDeps;
  /** Being removed: they open nothing any more. */
  readonly #leaving = new Set<UserId>();
  readonly #listeners = new Set<(userId: UserId) => void>();

  constructor(deps: UserServiceDeps) {
    this.#deps = deps;
  }

  isLeaving(id: UserId): boolean {
    return this.#leaving.has(id);
  }

  /** Told of each person whose rights changed or ended. */
  onAccessChange(listener: (userId: UserId) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Tells everybody who listens; also for whoever ends a key. */
  accessChanged(id: UserId): void {
    for (const listener of this.#listeners) listener(id);
  }

  /** Inviting somebody again sends a new link. Throws user.email-taken, account.none-here. */
  async invite(
    wish: ParsedInputOf<'users.invite'>,
    caller: Caller,
  ): Promise<{ user: User; link: string | null }> {
    requireServed(caller);
    const { people, links, outbox, origin } = this.#deps;
    const { record, draft } = await people.exclusive(async () => {
      const record = this.#invited(wish);
      const draft = outbox.draft({
        kind: 'invite',
        to: wish.email,
        userId: record.id,
        invitedBy: caller.userName,
      });
      await people.save(record, async () => {
        await links.forget(record.id);
        await draft.write();
      });
      links.drop(record.id);
      return { record, draft };
    });
    draft.send();
    const user = people.user(record.id);
    if (draft.isSent) return { user, link: null };
    const { token, arrived } = await links.issue('invite', record.id);
    await arrived();
    return { user, link: linkOf(origin() ?? '', 'invite', token) };
  }

  async change(
    { id, role, quota, isDisabled }: ParsedInputOf<'users.change'>,
    caller: Caller,
  ): Promise<User> {
    requireServed(caller);
    const { people, links, sessions } = this.#deps;
    const { before, after } = await people.exclusive(async () => {
      const before = people.require(id);
      const after: UserRecord = {
        ...before,
        role: role ?? before.role,
        quota: mergedQuota(before.quota, quota),
        isDisabled: isDisabled ?? before.isDisabled,
      };
      requireOwnerLeft(before, after, people.all());
      await people.save(after, async () => {
        if (after.isDisabled) await links.forget(id);
      });
      if (after.isDisabled) links.drop(id);
      return { before, after };
    });
    if (before.role !== after.role || before.isDisabled !== after.isDisabled) this.accessChanged(id);
    if (after.isDisabled && !before.isDisabled) await sessions.endAllOf(id);
    return people.user(id);
  }

  async signOut(id: UserId, caller: Caller): Promise<void> {
    requireServed(caller);
    this.#deps.people.require(id);
    await this.#shutOut(id);
  }

  /** Throws account.last-owner, account.none-here, conflict, not-found. */
  async remove(id: UserId, caller: Caller): Promise<OutputOf<'users.remove'>> {
    requireServed(caller);
    const { people, things, links } = this.#deps;
    const record = people.require(id);
    requireOwnerLeft(record, null, people.all());
    if (id === caller.userId)
      throw new BerthError('conflict', 'You cannot remove your own account. Ask another owner to do it.');
    if (this.#leaving.has(id))
      throw new BerthError('conflict', `${record.name} is being removed at this moment.`);
    this.#leaving.add(id);
    try {
      await this.#shutOut(id);
      const handedOn = await things.takeOver(id, caller.userId);
      await people.exclusive(async () => {
        requireOwnerLeft(people.require(id), null, people.all());
        await people.remove(id, () => links.forget(id));
        links.drop(id);
      });
      // Whoever was just coming in while the things changed hands.
      await this.#shutOut(id);
      return handedOn;
    } finally {
      this.#leaving.delete(id);
      this.accessChanged(id);
    }
  }

  async #shutOut(id: UserId): Promise<void> {
    this.accessChanged(id);
    await this.#deps.sessions.endAllOf(id);
    await this.#deps.keys.removeAllOf(id);
  }

  /** Somebody new, or somebody who was invited or registered and never came: they are waited for anew. */
  #invited({ email, name, role, quota }: ParsedInputOf<'users.invite'>): UserRecord {
    const { people, clock, random, defaultQuota } = this.#deps;
    const known = people.byEmail(email);
    if (known?.state === 'active' || known?.id === localOwnerId)
      throw new BerthError('user.email-taken', 'Somebody has this address already.', {
        details: { field: 'email', userId: known.id },
      });
    const fresh = newUser({
      id: known?.id ?? (random.id('user') as UserId),
      email,
      name: name ?? nameFor(null, email),
      role,
      source: 'password',
      state: 'invited',
      quota: mergedQuota(defaultQuota, quota),
      createdAt: known?.createdAt ?? instantOf(clock),
    });
    return fresh;
  }
}
