/**
 * Accounts without a server: records in memory, a clock that moves by hand, and a mail box that can be read. Passwords are
 * hashed by the real hasher, made fast, and how often is counted: that is the work that must not differ.
 */
import { hkdfSync } from 'node:crypto';
import { BerthError } from '#contract/berth-error.ts';
import { localOwnerId, type UserId } from '#contract/ids.ts';
import { scopes, scopesOfRole } from '#contract/scopes.ts';
import { noQuota } from '#contract/users.ts';
import { createScryptPasswordHasher } from '#main/adapters/accounts/scrypt-password-hasher.ts';
import { createSealer } from '#main/adapters/accounts/sealed-texts.ts';
import { createTotpCodes } from '#main/adapters/accounts/totp-codes.ts';
import { createSystemRandom } from '#main/adapters/system/random.ts';
import type { RequestOrigin } from '#main/control-plane/account-door.ts';
import type { Access, Caller } from '#main/control-plane/caller.ts';
import type { EarlierSession } from '#main/control-plane/interfaces/earlier-sessions.ts';
import type { Mail, Mailer } from '#main/control-plane/interfaces/mailer.ts';
import type { PasswordHasher } from '#main/control-plane/interfaces/password-hasher.ts';
import { type AccountRules, Accounts } from '#main/control-plane/users/accounts.ts';
import type { PersonsThings } from '#main/control-plane/users/persons-things.ts';
import { afterAnswerMs } from '#main/control-plane/users/outbox.ts';
import { ManualClock } from './manual-clock.ts';
import { MemoryLog } from './memory-log.ts';
import { MemoryRecordStore } from './memory-record-store.ts';

export const origin: RequestOrigin = { address: '192.0.2.7', agent: 'Firefox on Linux' };
export const elsewhere: RequestOrigin = { address: '203.0.113.9', agent: 'curl/8' };
export const goodPassword = 'violet harbour gravel';
export const otherPassword = 'eleven quiet lanterns';
export const linkBase = 'https://berth.example.org';

/** Mails that arrived; set `failure` to have the server refuse. */
export class MailBox implements Mailer {
  readonly mails: Mail[] = [];
  failure: BerthError | undefined;
  attempts = 0;

  async send(mail: Mail): Promise<void> {
    this.attempts += 1;
    if (this.failure) throw this.failure;
    this.mails.push(mail);
  }
  to(address: string): Mail[] {
    return this.mails.filter((mail) => mail.to === address);
  }
  /** The token of the newest mail's link to somebody. */
  tokenTo(address: string): string {
    const token = /\/(?:verify|reset|invite)#([\w-]{43})$/m.exec(this.to(address).at(-1)?.text ?? '')?.[1];
    if (token === undefined) throw new Error(`no mail to ${address} has a link`);
    return token;
  }
}

/** The real one with little work, and a count of it. */
export class CountedHasher implements PasswordHasher {
  readonly #real = createScryptPasswordHasher({ parameters: { logN: 4, r: 1, p: 1 } });
  hashes = 0;

  hash(...given: Parameters<PasswordHasher['hash']>) {
    this.hashes += 1;
    return this.#real.hash(...given);
  }
  verify(...given: Parameters<PasswordHasher['verify']>) {
    this.hashes += 1;
    return this.#real.verify(...given);
  }
}

/** Nobody has anything. */
const ownerlessThings: PersonsThings = {
  usageOf: () => ({ workspaces: 0, cpus: 0, memoryBytes: 0, diskBytes: null, snapshots: 0 }),
  onUsageChange: () => () => undefined,
  takeOver: async () => ({ projects: 0, workspaces: 0, snapshots: 0 }),
};

export interface WorldOptions {
  readonly rules?: Partial<AccountRules>;
  readonly hasMail?: boolean;
  readonly store?: MemoryRecordStore;
  readonly clock?: ManualClock;
  readonly things?: Partial<PersonsThings>;
  readonly earlier?: readonly EarlierSession[];
}

/** What accounts are made of, without a network, a disk or the time that a real hash takes. */
export function accountParts(
  options: {
    readonly rules?: Partial<AccountRules> | undefined;
    readonly mailer?: Mailer | null;
    readonly earlier?: EarlierSession[];
  } = {},
) {
  const { rules, mailer = null, earlier = [] } = options;
  return {
    rules: {
      registration: 'open',
      defaultQuota: noQuota,
      issuersThatMakeUsers: [],
      ...rules,
    } as AccountRules,
    hasher: new CountedHasher(),
    knownPasswords: {
      has: async (password: string) => ['password', 'qwertyuiop', 'iloveyou'].includes(password),
    },
    codes: createTotpCodes(),
    sealer: createSealer(new Uint8Array(hkdfSync('sha256', 'a key of the tests', '', 'second-factor', 32))),
    mailer,
    earlierSessions: { take: async () => earlier.splice(0) },
  };
}

export type AccountsWorld = Awaited<ReturnType<typeof accountsWorld>>;

export async function accountsWorld(options: WorldOptions = {}) {
  const clock = options.clock ?? new ManualClock();
  const log = new MemoryLog();
  const store = options.store ?? new MemoryRecordStore();
  const box = new MailBox();
  const hasher = new CountedHasher();
  const codes = createTotpCodes();
  const earlier = [...(options.earlier ?? [])];
  const accounts = new Accounts({
    ...accountParts({ rules: options.rules, mailer: options.hasMail === false ? null : box, earlier }),
    store,
    things: { ...ownerlessThings, ...options.things },
    hasher,
    codes,
    clock,
    random: createSystemRandom(),
    log,
  });
  await accounts.load();
  accounts.setLinkBase(linkBase);

  /** Resolves when what happens after an answer has happened, and its e-mails are there. */
  async function settled(): Promise<void> {
    // What was asked for is looked up a second later, and its mail leaves a second after that.
    for (let step = 0; step < 2; step++) {
      await clock.advance(afterAnswerMs);
      await accounts.settled();
    }
  }

  async function member(email: string, password = goodPassword): Promise<UserId> {
    const taken = hasher.hashes;
    await accounts.register({ email, password, name: null, isOwnerSetUp: false }, origin);
    await settled();
    await accounts.verify(box.tokenTo(email), origin);
    hasher.hashes = taken;
    return accounts.people.byEmail(email)!.id;
  }

  return {
    accounts,
    box,
    clock,
    hasher,
    log,
    store,
    codes,
    settled,
    /** Somebody with an account that was confirmed. */
    member,
    /** As `member`, and an owner. */
    async owner(email: string): Promise<UserId> {
      const id = await member(email);
      await accounts.users.change({ id, role: 'owner' }, localOwner);
      return id;
    },
    signIn: (email: string, password = goodPassword, code: string | null = null, from = origin) =>
      accounts.signIn({ email, password, code }, from),
    /** The same data after a restart; the old one is left as a crash leaves it. */
    restart: (over: WorldOptions = {}) => accountsWorld({ ...options, store, clock, earlier: [], ...over }),
    callerOf: (userId: UserId, access?: Partial<Access>): Caller => {
      const record = accounts.people.require(userId);
      return {
        userId,
        userName: record.name,
        scopes: scopesOfRole[record.role],
        mode: 'served',
        access: { by: 'browser', sessionId: null, address: origin.address, ...access },
      };
    },
  };
}

/** Who starts Berth, on the computer itself. */
export const localOwner: Caller = {
  userId: localOwnerId,
  userName: 'Owner',
  scopes: new Set(scopes),
  mode: 'served',
};
export const atTheDesktop: Caller = { ...localOwner, mode: 'desktop' };

/** The failure as it crosses the wall, or `done`. */
export async function answerOf(act: () => Promise<unknown>): Promise<string> {
  try {
    await act();
    return 'done';
  } catch (error) {
    if (BerthError.is(error)) return JSON.stringify(error.toShape());
    throw error;
  }
}

export async function codeOf(act: () => Promise<unknown>): Promise<string> {
  const answer = await answerOf(act);
  return answer === 'done' ? answer : (JSON.parse(answer) as { code: string }).code;
}

/** All that is in the store, as text: for searching what must not be there. */
export async function storedText(store: MemoryRecordStore): Promise<string> {
  const names = ['users', 'account-links', 'outbox', 'sessions', 'api-keys', 'audit-pages', 'audit-index'];
  const all = names.map((name) => store.collection(name, (value) => value as { id: string }).all());
  return JSON.stringify(await Promise.all(all));
}
