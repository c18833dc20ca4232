/**
 * The one connection to PostgreSQL. Owns the lock that keeps a second Berth away from the same data: an advisory lock of
 * this very session, so that whoever writes has it. Guarantees: work runs one after the other; a lost connection is made
 * anew for the next piece of work, lock first, and work that could not begin or did not commit is tried again for a while.
 */
import pg from 'pg';
import { BerthError } from '#contract/berth-error.ts';
import type { Clock } from '../../control-plane/interfaces/clock.ts';
import type { Log } from '../../control-plane/interfaces/log.ts';
import type { Secret } from '../../control-plane/interfaces/secret.ts';
import { isConnectionLoss, postgresError } from './postgres-error.ts';

export interface PostgresConnectionOptions {
  /** `postgres://user:password@host:port/database?sslmode=…` */
  readonly url: Secret;
  readonly clock: Clock;
  readonly log: Log;
  /** How long a Berth that is just ending may keep the lock. Milliseconds. */
  readonly lockWaitMs: number;
}

/** "Brth". One Berth per database. */
const LOCK_KEY = 0x42727468;
const CONNECT_TIMEOUT_MS = 10_000;
/** A statement of ours takes milliseconds; past this the way is dead. */
const QUERY_TIMEOUT_MS = 30_000;
/** Pauses before a piece of work is tried again on a new connection: a restart of the server takes a second or two. */
const RETRY_PAUSES_MS = [0, 250, 500, 1_000, 2_000];
const LOCK_POLL_MS = 100;
/**
 * So that the server itself ends the session of a Berth whose network is gone, and with it the lock, in half a minute
 * instead of two hours (PostgreSQL manual, "Connections and Authentication").
 */
const SESSION_SETTINGS = [
  'SET tcp_keepalives_idle = 10',
  'SET tcp_keepalives_interval = 5',
  'SET tcp_keepalives_count = 3',
  "SET application_name = 'berth'",
  'SET synchronous_commit = on',
];

export class PostgresConnection {
  readonly #options: PostgresConnectionOptions;
  #client: pg.Client | undefined;
  #last: Promise<unknown> = Promise.resolve();
  /** Of our sessions that may still hang about in the server, holding our lock. */
  readonly #ownPids = new Set<number>();
  #isClosed = false;

  constructor(options: PostgresConnectionOptions) {
    this.#options = options;
  }

  /**
   * Runs `work` when it is its turn, again on a new connection if this one breaks: so it must be able to run twice.
   * Throws BerthErrors alone: store.in-use, store.unwritable.
   */
  run<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const result = this.#last.then(() => this.#runNow(work));
    this.#last = result.catch(() => {});
    return result;
  }

  async close(): Promise<void> {
    await this.#last;
    this.#isClosed = true;
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => {});
  }

  async #runNow<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    let failure: unknown;
    for (const pauseMs of RETRY_PAUSES_MS) {
      if (this.#isClosed) break;
      if (pauseMs > 0) await new Promise<void>((resolve) => this.#options.clock.after(pauseMs, resolve));
      try {
        this.#client ??= await this.#connect();
        return await work(this.#client);
      } catch (error) {
        failure = error;
        if (!isConnectionLoss(error)) break;
        this.#drop();
      }
    }
    throw postgresError(failure);
  }

  #drop(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.end().catch(() => {});
  }

  async #connect(): Promise<pg.Client> {
    const { url, log } = this.#options;
    const client = new pg.Client({
      connectionString: url.reveal(),
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
    });
    // Between two pieces of work: the next one finds out and connects again.
    client.on('error', (cause) => {
      log.warn('The connection to PostgreSQL was lost.', { cause });
      if (this.#client === client) this.#client = undefined;
    });
    try {
      await client.connect();
      for (const statement of SESSION_SETTINGS) await client.query(statement);
      await this.#lock(client);
      return client;
    } catch (error) {
      client.end().catch(() => {});
      throw error;
    }
  }

  async #lock(client: pg.Client): Promise<void> {
    const { clock, lockWaitMs } = this.#options;
    const untilMs = clock.monotonicMs() + lockWaitMs;
    for (;;) {
      const { rows } = await client.query(
        'SELECT pg_try_advisory_lock($1) AS taken, pg_backend_pid() AS pid',
        [LOCK_KEY],
      );
      if (rows[0]?.taken === true) {
        this.#ownPids.add(Number(rows[0].pid));
        return;
      }
      const holder = await holderOf(client);
      // Ours, cut off: the server has not noticed yet.
      if (holder !== undefined && this.#ownPids.has(holder))
        await client.query('SELECT pg_terminate_backend($1)', [holder]);
      else if (clock.monotonicMs() >= untilMs)
        throw new BerthError(
          'store.in-use',
          'Another Berth uses this PostgreSQL database. Close it first, or give this one a database of its own.',
        );
      await new Promise<void>((resolve) => clock.after(LOCK_POLL_MS, resolve));
    }
  }
}

/** The server's process that has the lock (pg_locks: a bigint key is split in two). */
async function holderOf(client: pg.Client): Promise<number | undefined> {
  const { rows } = await client.query(
    `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND classid = 0 AND objid = $1
     AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    [LOCK_KEY],
  );
  const pid = Number(rows[0]?.pid);
  return Number.isSafeInteger(pid) ? pid : undefined;
}
