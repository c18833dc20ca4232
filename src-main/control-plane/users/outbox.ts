/**
 * E-mails on their way. Guarantees: what was put in survives a restart and is sent until the mail server takes it, the
 * mail is too old, or it was refused for good; an address gets few within an hour, whoever asks; a link's token is made
 * when its mail is sent, so that none waits anywhere. Nobody waits for a mail: it leaves after the answer.
 */
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import { UserId } from '#contract/ids.ts';
import { EmailAddress } from '#contract/users.ts';
import { type Clock, instantOf } from '../interfaces/clock.ts';
import type { Log } from '../interfaces/log.ts';
import type { Mailer } from '../interfaces/mailer.ts';
import type { Random } from '../interfaces/random.ts';
import type { RecordCollection, RecordStore } from '../interfaces/record-store.ts';
import type { AccountLinks, IssuedLink, LinkKind } from './account-links.ts';
import { mailOf } from './mail-texts.ts';

const MailKind = z.enum([
  'verify',
  'already-registered',
  'invite',
  'reset',
  'password-changed',
  'second-factor-removed',
]);

const WaitingMail = z.object({
  id: z.string().regex(/^mail_[0-9a-f]{24}$/),
  kind: MailKind,
  to: EmailAddress,
  /** Whose link is in it; null: it has none. */
  userId: UserId.nullable(),
  invitedBy: z.string().nullable(),
  createdAtMs: z.number(),
  attempts: z.number().int(),
  nextAtMs: z.number(),
});
export type WaitingMail = z.infer<typeof WaitingMail>;
export type MailWish = Pick<WaitingMail, 'kind' | 'to'> & Partial<Pick<WaitingMail, 'userId' | 'invitedBy'>>;

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** A mail with a link costs a write more than one without: both begin when the answer has long left. */
export const afterAnswerMs = 1_000;
/** Of one address; a person who presses three times has looked into the wrong folder. */
export const maxMailsPerHour = 3;
/** Beyond it something is wrong: more are dropped, and the log says so. */
export const maxWaiting = 1_000;
/** Minutes between tries; the last one repeats. */
const retryMinutes = [1, 5, 15, 60];
/** Nobody needs them later. A link lives from when it is sent. */
const oldAfterMs: Readonly<Record<WaitingMail['kind'], number>> = {
  verify: 24 * hourMs,
  'already-registered': 24 * hourMs,
  invite: 72 * hourMs,
  reset: hourMs,
  'password-changed': 72 * hourMs,
  'second-factor-removed': 72 * hourMs,
};
/** Addresses whose last hour is remembered. */
const maxRemembered = 10_000;

export interface OutboxDeps {
  readonly store: RecordStore;
  /** Null: this server sends none. */
  readonly mailer: Mailer | null;
  readonly links: Pick<AccountLinks, 'issue'>;
  /** Whether somebody still waits for a link: they may have used another, or be gone. */
  readonly isLinkWanted: (userId: UserId, kind: LinkKind) => boolean;
  /** Where links lead; null while nothing listens yet. */
  readonly origin: () => string | null;
  readonly clock: Clock;
  readonly random: Pick<Random, 'bytes'>;
  readonly log: Log;
}

export interface Draft {
  /** Whether it will be on its way. */
  readonly isSent: boolean;
  /** Inside the transaction with what it is about. */
  readonly write: () => Promise<void>;
  /** When that is through. */
  readonly send: () => void;
}

export class Outbox {
  readonly #deps: OutboxDeps;
  readonly #log: Log;
  readonly #records: RecordCollection<WaitingMail>;
  readonly #waiting = new Map<string, WaitingMail>();
  /** Times of mails of the last hour. */
  readonly #sentMs = new Map<string, number[]>();
  #sending: Promise<void> | undefined;
  #stopTimer: () => void = () => undefined;
  #isClosed = false;

  constructor(deps: OutboxDeps) {
    this.#deps = deps;
    this.#log = deps.log.child({ noun: 'mail' });
    this.#records = deps.store.collection('outbox', (value) => WaitingMail.parse(value));
  }

  get canSend(): boolean {
    return this.#deps.mailer !== null;
  }

  async load(): Promise<void> {
    for (const record of await this.#records.all()) this.#waiting.set(record.id, record);
  }

  /**
   * A mail, to be written down with what it is about and sent when that is on the disk. Does nothing where none can be
   * sent: without a mail server, when the address had its share, or when too many wait.
   */
  draft(wish: MailWish): Draft {
    const { clock, random } = this.#deps;
    const nothing: Draft = { isSent: false, write: async () => undefined, send: () => undefined };
    if (!this.#mayLeave(wish)) return nothing;
    const nowMs = clock.nowMs();
    const mail: WaitingMail = {
      userId: null,
      invitedBy: null,
      ...wish,
      id: `mail_${Buffer.from(random.bytes(12)).toString('hex')}`,
      createdAtMs: nowMs,
      attempts: 0,
      nextAtMs: nowMs + afterAnswerMs,
    };
    return {
      isSent: true,
      write: () => this.#records.put(mail),
      send: () => {
        this.#waiting.set(mail.id, mail);
        this.#setTimer();
      },
    };
  }

  /** Sends what is due, in the background. */
  wake(): void {
    if (this.#isClosed || this.#sending !== undefined) return;
    this.#sending = this.#sendDue().finally(() => {
      this.#sending = undefined;
      this.#setTimer();
    });
  }

  /** Resolves when nothing is being sent. */
  async settled(): Promise<void> {
    while (this.#sending !== undefined) await this.#sending;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopTimer();
    await this.settled();
  }

  async #sendDue(): Promise<void> {
    for (;;) {
      const nowMs = this.#deps.clock.nowMs();
      const due = [...this.#waiting.values()].find((mail) => mail.nextAtMs <= nowMs);
      if (due === undefined || this.#isClosed || this.#deps.origin() === null) return;
      if (this.#deps.store.isReadOnly) return;
      await this.#send(due);
    }
  }

  async #send(mail: WaitingMail): Promise<void> {
    const { mailer, clock } = this.#deps;
    if (mailer === null || clock.nowMs() - mail.createdAtMs > oldAfterMs[mail.kind]) {
      this.#log.warn('an e-mail could not be sent in time and was dropped', { kind: mail.kind });
      return this.#forget(mail);
    }
    const link = linkKindOf(mail);
    if (link !== undefined && !this.#deps.isLinkWanted(link.userId, link.kind)) return this.#forget(mail);
    const { to, kind, invitedBy } = mail;
    let issued: IssuedLink | undefined;
    try {
      issued = link && (await this.#deps.links.issue(link.kind, link.userId));
      const facts = { to, origin: this.#deps.origin() ?? '', token: issued?.token ?? null, invitedBy };
      await mailer.send(mailOf(kind, facts));
      await issued?.arrived();
      this.#log.info('an e-mail was sent', { kind: mail.kind, at: instantOf(clock) });
      await this.#forget(mail);
    } catch (cause) {
      // What is in somebody's mail box already stays good.
      await issued?.lost();
      const isFinal = BerthError.is(cause) && cause.details.isFinal === true;
      this.#log.warn(
        isFinal ? 'an e-mail was refused and is not tried again' : 'an e-mail could not be sent yet',
        { kind: mail.kind, cause },
      );
      if (isFinal) await this.#forget(mail);
      else await this.#retryLater(mail);
    }
  }

  async #retryLater(mail: WaitingMail): Promise<void> {
    const waitMs = (retryMinutes[mail.attempts] ?? retryMinutes.at(-1) ?? 60) * minuteMs;
    const later = { ...mail, attempts: mail.attempts + 1, nextAtMs: this.#deps.clock.nowMs() + waitMs };
    this.#waiting.set(mail.id, later);
    await this.#records
      .put(later)
      .catch((cause: unknown) => this.#log.warn('a waiting e-mail could not be written down', { cause }));
  }

  /** Out of memory first: what cannot be taken from the store is not sent twice by this Berth. */
  async #forget({ id }: WaitingMail): Promise<void> {
    this.#waiting.delete(id);
    await this.#records
      .delete(id)
      .catch((cause: unknown) =>
        this.#log.warn('a sent e-mail could not be taken from the store', { cause }),
      );
  }

  #setTimer(): void {
    this.#stopTimer();
    this.#stopTimer = () => undefined;
    if (
      this.#isClosed ||
      this.#sending !== undefined ||
      this.#waiting.size === 0 ||
      this.#deps.origin() === null
    )
      return;
    const next = Math.min(...[...this.#waiting.values()].map(({ nextAtMs }) => nextAtMs));
    const waitMs = Math.max(0, next - this.#deps.clock.nowMs());
    this.#stopTimer = this.#deps.clock.after(waitMs, () => this.wake());
  }

  #mayLeave({ kind, to }: MailWish): boolean {
    if (this.#deps.mailer === null)
      this.#log.warn('an e-mail cannot be sent: this server has no SMTP settings', { kind });
    else if (this.#waiting.size >= maxWaiting)
      this.#log.error('too many e-mails wait to be sent: one was dropped', { kind });
    else if (!this.#mayHaveAnother(to))
      this.#log.info('an address had its e-mails of this hour: one was dropped', { kind });
    else return true;
    return false;
  }

  #mayHaveAnother(address: string): boolean {
    const nowMs = this.#deps.clock.monotonicMs();
    const recent = (this.#sentMs.get(address) ?? []).filter((at) => nowMs - at < hourMs);
    if (recent.length >= maxMailsPerHour) return false;
    this.#sentMs.delete(address);
    this.#sentMs.set(address, [...recent, nowMs]);
    for (const oldest of this.#sentMs.keys()) {
      if (this.#sentMs.size <= maxRemembered) break;
      this.#sentMs.delete(oldest);
    }
    return true;
  }
}

function linkKindOf({ kind, userId }: WaitingMail): { kind: LinkKind; userId: UserId } | undefined {
  const isWithLink = kind === 'verify' || kind === 'reset' || kind === 'invite';
  return isWithLink && userId !== null ? { kind, userId } : undefined;
}
