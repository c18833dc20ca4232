/**
 * One signed-in SSH connection: whether it lives, its keep-alive and its channels. Guarantees: a dead way is noticed within
 * 15 s without traffic (5 s twice unanswered), and never while bytes still arrive; an open that is not answered in time
 * ends the link, since ssh2 would wait for ever; whoever listens hears of the end once.
 */
import type { Client, ClientChannel } from 'ssh2';
import type { BerthError } from '#contract/berth-error.ts';
import { afterAwake, type Clock } from '../../control-plane/interfaces/clock.ts';
import type { Login } from './login.ts';
import { pingServer } from './ssh2-internals.ts';
import { cancelled, connectionLost, type ErrorSubject, noAnswer } from './ssh-error.ts';

/** Between two looks at whether anything arrived. */
const KEEP_ALIVE_INTERVAL_MS = 5_000;
/** Unanswered keep-alives that end a silent link. With fewer, one lost packet would. */
const KEEP_ALIVE_MISSES = 2;
/** For any channel to open. sshd answers at once; past this the way is half open (demand: no open without a time-out). */
export const OPEN_TIMEOUT_MS = 15_000;

/** ssh2's refusal of a channel, with the server's reason (RFC 4254, 5.1). */
export interface ChannelRefusal extends Error {
  readonly reason?: number | string;
}

export class SshLink {
  readonly client: Client;
  readonly subject: ErrorSubject;
  readonly #login: Login;
  readonly #clock: Clock;
  readonly #lostListeners = new Set<(error: BerthError) => void>();
  #end: { error: BerthError } | 'closed' | undefined;
  #stopTimer: (() => void) | undefined;
  /** Since the last look. A flag: a clock that knows of sleep is too slow to be asked for every packet. */
  #hasReceived = false;
  /** How often anything arrived, for whoever probes. */
  #arrivals = 0;
  #tickedAtMs: number;
  #misses = 0;
  #isPingOpen = false;
  readonly #exitCodes = new WeakMap<ClientChannel, number | null>();

  constructor(login: Login, subject: ErrorSubject, clock: Clock) {
    this.client = login.client;
    this.subject = subject;
    this.#login = login;
    this.#clock = clock;
    this.#tickedAtMs = clock.monotonicMs();
    login.transport.on('data', () => {
      this.#hasReceived = true;
      this.#arrivals += 1;
    });
    this.client.on('error', (error: Error) => this.die(connectionLost(subject.hop, error)));
    this.client.on('close', () => this.die(connectionLost(subject.hop)));
    this.#scheduleTick();
  }

  get isAlive(): boolean {
    return this.#end === undefined;
  }

  /** Called once when the link is lost (at once if it is), not when it was closed. Returns how to take it back. */
  onLost(listener: (error: BerthError) => void): () => void {
    if (typeof this.#end === 'object') listener(this.#end.error);
    else this.#lostListeners.add(listener);
    return () => this.#lostListeners.delete(listener);
  }

  /** The error of using a link that has ended. */
  endError(): BerthError {
    return typeof this.#end === 'object' ? this.#end.error : connectionLost(this.subject.hop);
  }

  die(error: BerthError): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.#teardown();
    for (const listener of this.#lostListeners) listener(error);
    this.#lostListeners.clear();
  }

  /** Says goodbye; the socket is gone when it returns. */
  close(): void {
    if (this.#end !== undefined) return;
    this.#end = 'closed';
    this.#lostListeners.clear();
    this.client.end();
    this.#teardown();
  }

  /**
   * One round trip to the server's process for this connection, in milliseconds. Where the answer stands in line behind
   * a flood, bytes that still arrive in the second half of the time are the proof.
   * @throws timed-out, and then the link is dead; connection-lost
   */
  probe(timeoutMs: number): Promise<number> {
    const startedAtMs = this.#clock.monotonicMs();
    return new Promise((resolve, reject) => {
      if (!this.isAlive) return reject(this.endError());
      const stopListening = this.onLost((error) => settle(() => reject(error)));
      let seen = Number.POSITIVE_INFINITY;
      // What waited in the socket since before a sleep has been read by then.
      const stopLooking = afterAwake(this.#clock, timeoutMs / 2, () => {
        seen = this.#arrivals;
      });
      const stopTimer = afterAwake(this.#clock, timeoutMs, () => {
        if (this.#arrivals > seen) settle(() => resolve(this.#clock.monotonicMs() - startedAtMs));
        else this.die(noAnswer(this.subject.hop, 'answer', timeoutMs));
      });
      const settle = (done: () => void) => {
        stopTimer();
        stopLooking();
        stopListening();
        done();
      };
      pingServer(this.client, () => {
        // Called when the connection closes, too.
        settle(() =>
          this.isAlive ? resolve(this.#clock.monotonicMs() - startedAtMs) : reject(this.endError()),
        );
      });
    });
  }

  /**
   * Opens a channel through one of ssh2's calls.
   * @throws ssh2's own refusal, timed-out (the link is then dead), connection-lost, cancelled
   */
  open(
    start: (callback: (error: Error | undefined, channel: ClientChannel) => void) => void,
    signal?: AbortSignal,
  ): Promise<ClientChannel> {
    return new Promise((resolve, reject) => {
      if (!this.isAlive) return reject(this.endError());
      if (signal?.aborted) return reject(cancelled());
      let isSettled = false;
      const settle = (done: () => void) => {
        if (isSettled) return;
        isSettled = true;
        stopTimer();
        stopListening();
        signal?.removeEventListener('abort', onAbort);
        done();
      };
      const onAbort = () => settle(() => reject(cancelled()));
      const stopTimer = afterAwake(this.#clock, OPEN_TIMEOUT_MS, () =>
        this.die(noAnswer(this.subject.hop, 'open a channel', OPEN_TIMEOUT_MS)),
      );
      const stopListening = this.onLost((error) => settle(() => reject(error)));
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        start((error, channel) => {
          // ssh2 calls back with an error for every open channel just before it tells of the lost connection.
          if (error) return setImmediate(() => settle(() => reject(this.isAlive ? error : this.endError())));
          // At once: the end of a short program stands in the same packet, and is told before any promise goes on.
          channel.on('exit', (code: number | null) => this.#exitCodes.set(channel, code));
          if (isSettled) return discard(channel);
          settle(() => resolve(channel));
        });
      } catch (error) {
        settle(() => reject(this.isAlive ? error : this.endError()));
      }
    });
  }

  /** Of a channel that `open` gave; null: a signal ended the program, or it has not ended. */
  exitCodeOf(channel: ClientChannel): number | null {
    return this.#exitCodes.get(channel) ?? null;
  }

  #scheduleTick(): void {
    this.#stopTimer = this.#clock.after(KEEP_ALIVE_INTERVAL_MS, () => {
      this.#tick();
      if (this.isAlive) this.#scheduleTick();
    });
  }

  #tick(): void {
    const nowMs = this.#clock.monotonicMs();
    const isLate = nowMs - this.#tickedAtMs > 2 * KEEP_ALIVE_INTERVAL_MS;
    const isQuiet = !this.#hasReceived;
    this.#hasReceived = false;
    this.#tickedAtMs = nowMs;
    // A busy link is not a dead link: the answer may stand in line behind megabytes.
    if (!isQuiet) this.#misses = 0;
    // After a sleep the timers are late: what they did not see counts for nothing, and the open ping tells soon.
    else if (this.#isPingOpen && !isLate) this.#misses++;
    if (this.#misses >= KEEP_ALIVE_MISSES) {
      this.die(connectionLost(this.subject.hop));
      return;
    }
    if (this.#isPingOpen) return;
    this.#isPingOpen = true;
    pingServer(this.client, () => {
      this.#isPingOpen = false;
      this.#misses = 0;
    });
  }

  #teardown(): void {
    this.#stopTimer?.();
    // Nobody listens any more, and ssh2 may still emit.
    this.client.on('error', () => undefined);
    this.client.destroy();
    this.#login.transport.destroy();
  }
}

/** Ends a channel that no one wants any more, and lets its buffered bytes go so that it can close. */
export function discard(channel: ClientChannel): void {
  channel.on('error', () => undefined);
  channel.resume();
  channel.stderr.resume();
  channel.destroy();
}
