/**
 * Session channels (exec, pty) over as many connections of one login as it takes. sshd allows MaxSessions (10) to a
 * connection; what goes beyond opens another one, with what is in memory of the first login and without asking anyone.
 * Guarantees: the limit is learnt from the server, never assumed; connections that carry nothing for a minute are closed.
 */
import type { Client, ClientChannel } from 'ssh2';
import { BerthError } from '#contract/berth-error.ts';
import type { Clock } from '../../control-plane/interfaces/clock.ts';
import type { Log } from '../../control-plane/interfaces/log.ts';
import { cancelled, toBerthError } from './ssh-error.ts';
import type { ChannelRefusal, SshLink } from './ssh-link.ts';

/** 32 connections of 10 sessions each: far beyond what one window shows, and well within what sshd forks. */
const MAX_LINKS = 32;
/** An idle further connection is kept this long: opening a tab right after closing one needs no handshake. */
const IDLE_MS = 60_000;

interface Member {
  readonly link: SshLink;
  /** Sessions that are open or being opened. */
  sessions: number;
  /** Of these, the ones that the server has confirmed. */
  confirmed: number;
  readonly opening: Set<Promise<unknown>>;
  stopIdleTimer?: () => void;
}

export interface SessionPoolDeps {
  readonly primary: SshLink;
  /** One more connection of the same login. Rejects when that needs a person. */
  readonly openLink: (signal: AbortSignal) => Promise<SshLink>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Session {
  readonly channel: ClientChannel;
  readonly link: SshLink;
}

export class SessionPool {
  readonly #deps: SessionPoolDeps;
  readonly #members: Member[];
  readonly #closing = new AbortController();
  #growing: Promise<Member> | undefined;
  /** Sessions per connection, once a server has refused one. */
  #capacity = Number.POSITIVE_INFINITY;

  constructor(deps: SessionPoolDeps) {
    this.#deps = deps;
    this.#members = [{ link: deps.primary, sessions: 0, confirmed: 0, opening: new Set() }];
  }

  /** How many connections the login has now. */
  get size(): number {
    return this.#members.length;
  }

  get links(): readonly SshLink[] {
    return this.#members.map((member) => member.link);
  }

  /**
   * Opens a session through one of ssh2's calls.
   * @throws host.sessions-exhausted, timed-out, connection-lost, cancelled
   */
  async open(
    start: (client: Client, callback: (error: Error | undefined, channel: ClientChannel) => void) => void,
    signal?: AbortSignal,
  ): Promise<Session> {
    for (;;) {
      if (!this.#deps.primary.isAlive) throw this.#deps.primary.endError();
      const isWithRoom = (candidate: Member) => candidate.link.isAlive && candidate.sessions < this.#capacity;
      const member = this.#members.find(isWithRoom) ?? (await this.#grow(signal));
      if (!isWithRoom(member)) continue;
      member.sessions++;
      member.stopIdleTimer?.();
      const opening = member.link.open((callback) => start(member.link.client, callback), signal);
      member.opening.add(opening);
      try {
        const channel = await opening;
        member.confirmed++;
        channel.once('close', () => {
          member.confirmed--;
          this.#freed(member);
        });
        return { channel, link: member.link };
      } catch (error) {
        member.opening.delete(opening);
        this.#freed(member);
        if (BerthError.is(error)) {
          // A further connection died under us: the login itself may live.
          const isOnlyFurther = member.link !== this.#deps.primary && this.#deps.primary.isAlive;
          if (error.code !== 'connection-lost' || !isOnlyFurther) throw error;
        } else if (!isOpenRefusal(error) || member.sessions === 0)
          throw toBerthError(error, member.link.subject);
        else await this.#learnCapacity(member);
      } finally {
        member.opening.delete(opening);
      }
    }
  }

  /** A session was refused while others are open or on their way: those that get through are what the server allows. */
  async #learnCapacity(member: Member): Promise<void> {
    await Promise.allSettled(member.opening);
    if (member.confirmed === 0 || member.confirmed >= this.#capacity) return;
    this.#capacity = member.confirmed;
    this.#deps.log.debug('the server opens no more sessions on one connection', {
      hop: member.link.subject.hop,
      sessions: this.#capacity,
    });
  }

  close(): void {
    this.#closing.abort();
    for (const member of this.#members) {
      member.stopIdleTimer?.();
      member.link.close();
    }
  }

  async #grow(signal: AbortSignal | undefined): Promise<Member> {
    this.#growing ??= this.#openMember().finally(() => {
      this.#growing = undefined;
    });
    if (signal === undefined) return this.#growing;
    const growing = this.#growing;
    return new Promise((resolve, reject) => {
      const onAbort = () => reject(cancelled());
      if (signal.aborted) onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      growing.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    });
  }

  async #openMember(): Promise<Member> {
    const { primary, openLink, log } = this.#deps;
    const { hop } = primary.subject;
    if (this.#members.length >= MAX_LINKS)
      throw exhausted(hop, `${MAX_LINKS} connections are open already. Close terminals.`, undefined);
    try {
      const link = await openLink(this.#closing.signal);
      const member: Member = { link, sessions: 0, confirmed: 0, opening: new Set() };
      this.#members.push(member);
      link.onLost(() => this.#remove(member));
      log.info('opened a further connection for more sessions', { hop, connections: this.#members.length });
      return member;
    } catch (error) {
      if (!primary.isAlive) throw primary.endError();
      throw exhausted(
        hop,
        'Another connection could not be opened without asking you. Close terminals, or raise MaxSessions in its sshd_config.',
        error,
      );
    }
  }

  #freed(member: Member): void {
    member.sessions--;
    if (member.sessions > 0 || member.link === this.#deps.primary || !member.link.isAlive) return;
    member.stopIdleTimer = this.#deps.clock.after(IDLE_MS, () => {
      this.#remove(member);
      member.link.close();
    });
  }

  #remove(member: Member): void {
    member.stopIdleTimer?.();
    const index = this.#members.indexOf(member);
    if (index > 0) this.#members.splice(index, 1);
  }
}

/** The server would not open the channel at all (as opposed to refusing the program or the terminal in it). */
function isOpenRefusal(error: unknown): error is ChannelRefusal {
  return error instanceof Error && /Channel open failure/i.test(error.message);
}

function exhausted(hop: string, remedy: string, cause: unknown): BerthError {
  return new BerthError(
    'host.sessions-exhausted',
    `${hop} opens no more sessions on this connection. ${remedy}`,
    {
      details: { hop },
      cause,
    },
  );
}
