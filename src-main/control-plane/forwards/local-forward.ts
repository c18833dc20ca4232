/**
 * The local end of a forward of kind tcp or socks: a listener on this computer's loopback, and a connection into the
 * workspace for each that comes. Guarantees: it listens through whatever happens to the way; who comes while that is cut
 * waits for a few seconds and is then told, in HTTP where HTTP was spoken, else by a reset; nobody is left hanging.
 */
import type { Duplex } from 'node:stream';
import { BerthError } from '#contract/berth-error.ts';
import type { WorkspaceId } from '#contract/ids.ts';
import { delay } from '../delay.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { LocalConnection, LocalListener, LocalNetwork } from '../interfaces/local-network.ts';
import { awayResponse, isHttpRequest } from './away-page.ts';
import type { DialService } from './dial-service.ts';
import { peek, readUntil } from './first-bytes.ts';
import { joinStreams } from './join-streams.ts';
import type { ConnectionMeter } from './metered-connection.ts';
import type { RelayTarget } from './port-relay.ts';
import { duplexOver } from './relayed-duplex.ts';
import { SocksHandshake, socksReply, socksReplyTo, type SocksStep } from './socks.ts';
import type { Ways } from './ways.ts';

/** A link that was lost is back within two seconds, mostly: whoever comes meanwhile need not notice. Milliseconds. */
const patienceMs = 5_000;
/** Between two tries on a way that is said to be open. */
const againMs = 250;
/** A client that speaks first has done so by then. */
const peekMs = 500;
const handshakeMs = 10_000;
/** To take an answer that was written, and to stop sending. */
const goodbyeMs = 2_000;

export interface LocalForwardDeps {
  readonly network: LocalNetwork;
  readonly dials: Pick<DialService, 'open'>;
  readonly ways: Pick<Ways, 'isOpen' | 'untilOpen' | 'problemOf'>;
  readonly clock: Clock;
}

/** Asked for anew with each connection: workspaces are renamed, and move. */
export interface LocalForwardFacts {
  readonly workspaceId: WorkspaceId;
  readonly workspaceName: string;
  /** Null: the client says where to, in SOCKS. */
  readonly port: number | null;
  readonly meter: ConnectionMeter;
}

export class LocalForward {
  readonly #deps: LocalForwardDeps;
  readonly #facts: () => LocalForwardFacts | undefined;
  readonly #closing = new AbortController();
  #listener: LocalListener | undefined;

  /** `facts` undefined: the forward is no more. */
  constructor(deps: LocalForwardDeps, facts: () => LocalForwardFacts | undefined) {
    this.#deps = deps;
    this.#facts = facts;
  }

  /** Once. Returns the port that it got. Throws forward.port-taken. */
  async listen(port: number | null): Promise<number> {
    const listener = await this.#deps.network.listen(port, (connection) => this.#take(connection));
    if (this.#closing.signal.aborted) await listener.close();
    else this.#listener = listener;
    return listener.port;
  }

  /** With all its connections. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#listener?.close();
  }

  #take(connection: LocalConnection): void {
    const gone = new AbortController();
    connection.on('error', () => gone.abort());
    connection.once('close', () => gone.abort());
    const facts = this.#facts();
    if (facts === undefined) {
      connection.resetAndDestroy();
      return;
    }
    const signal = AbortSignal.any([gone.signal, this.#closing.signal]);
    const served =
      facts.port === null
        ? this.#serveSocks(connection, facts, signal)
        : this.#serveTcp(connection, facts, { port: facts.port }, signal);
    served.catch(() => connection.resetAndDestroy());
  }

  async #serveTcp(
    connection: LocalConnection,
    facts: LocalForwardFacts,
    target: RelayTarget,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      joinStreams(connection, await this.#open(facts, target, signal));
    } catch (error) {
      if (!signal.aborted) await this.#refuse(connection, facts, error);
    }
  }

  async #serveSocks(
    connection: LocalConnection,
    facts: LocalForwardFacts,
    signal: AbortSignal,
  ): Promise<void> {
    const handshake = new SocksHandshake((bytes) => connection.write(bytes));
    const steps: SocksStep[] = [];
    await readUntil(
      connection,
      (bytes) => {
        steps.push(handshake.push(bytes));
        return steps.at(-1)?.kind !== 'more';
      },
      { clock: this.#deps.clock, withinMs: handshakeMs },
    );
    const asked = steps.at(-1);
    if (asked === undefined || asked.kind === 'more') {
      connection.resetAndDestroy();
      return;
    }
    if (asked.kind === 'refused') {
      this.#sayGoodbye(connection, asked.reply === null ? Buffer.alloc(0) : socksReply(asked.reply));
      return;
    }
    try {
      const remote = await this.#open(facts, { host: asked.host, port: asked.port }, signal);
      connection.write(socksReply('succeeded'));
      if (handshake.rest.byteLength > 0) connection.unshift(handshake.rest);
      joinStreams(connection, remote);
    } catch (error) {
      if (!signal.aborted) this.#sayGoodbye(connection, socksReply(socksReplyTo(error)));
    }
  }

  /** As soon as there is a way, within our patience. Throws why there is none. */
  async #open(facts: LocalForwardFacts, target: RelayTarget, signal: AbortSignal): Promise<Duplex> {
    const { dials, ways, clock } = this.#deps;
    const { workspaceId, meter } = facts;
    const untilMs = clock.monotonicMs() + patienceMs;
    for (let last: unknown; ; ) {
      if (await ways.untilOpen(workspaceId, Math.max(0, untilMs - clock.monotonicMs()), signal)) {
        try {
          return duplexOver(await dials.open(workspaceId, target, { meter, signal }));
        } catch (error) {
          if (!isAway(error)) throw error;
          last = error;
        }
        await delay(clock, againMs, signal);
      }
      if (signal.aborted) throw new BerthError('cancelled', 'Whoever wanted it is gone.');
      if (clock.monotonicMs() >= untilMs) throw last ?? ways.problemOf(workspaceId);
    }
  }

  async #refuse(connection: LocalConnection, facts: LocalForwardFacts, error: unknown): Promise<void> {
    const request = await peek(connection, { clock: this.#deps.clock, withinMs: peekMs });
    if (!isHttpRequest(request)) {
      connection.resetAndDestroy();
      return;
    }
    const { workspaceName, port } = facts;
    const reason = BerthError.is(error) ? error.message : 'Berth could not open a connection there.';
    this.#sayGoodbye(connection, awayResponse(request, { workspaceName, port, reason }));
  }

  /** What was not read yet would make a reset of the end, and the answer could be lost with it: it is read away. */
  #sayGoodbye(connection: LocalConnection, last: Uint8Array): void {
    const stop = this.#deps.clock.after(goodbyeMs, () => connection.destroy());
    connection.once('close', stop);
    connection.end(last);
    connection.resume();
  }
}

/** It may be back in a moment. Where nothing listens on a port of a workspace that runs, nobody waits for it. */
function isAway(error: unknown): boolean {
  return BerthError.is(
    error,
    'connection-lost',
    'host.not-connected',
    'workspace.not-running',
    'engine.unreachable',
    'engine.failed',
    'not-found',
  );
}
