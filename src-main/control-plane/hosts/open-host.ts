/**
 * One attempt to reach a host, from the first packet to the round trip that proves it: connection, engine, probe.
 * Used by the supervisor for hosts that are kept connected and by `hosts.test` for definitions that are not saved.
 * Whatever fails on the way, nothing stays open.
 */
import { BerthError, type ErrorShape } from '#contract/berth-error.ts';
import type { ConnectStep, HostDefinition } from '#contract/hosts.ts';
import type { CredentialId, HostId, QuestionId } from '#contract/ids.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { ContainerEngine, ContainerEngineFactory, EngineInfo } from '../interfaces/container-engine.ts';
import type { HostConnection } from '../interfaces/host-connection.ts';
import type { HostConnector } from '../interfaces/host-connector.ts';
import type { Secret } from '../interfaces/secret.ts';
import { createConnectionAsk, type Remembered } from './connection-ask.ts';
import type { KeptAnswers } from './kept-answers.ts';
import type { TrialAnswer, TrialAnswers } from './trial-answers.ts';
import type { HandshakeGate } from './handshake-gate.ts';
import type { EngineRouteShown } from './host.ts';
import type { Questions } from './questions.ts';
import { withinLimit } from './time-limit.ts';

/** Milliseconds for a whole handshake, jumps included; the time that a person takes to answer does not count. */
const CONNECT_MS = 45_000;
const ENGINE_MS = 20_000;
/** Milliseconds for one round trip. With `PROBE_EVERY_MS` of the supervisor: a black hole is noticed within 20 s. */
export const PROBE_MS = 8_000;
/** After a wake or a suspicion: a server that lives answers in well under a second, and somebody may be waiting. */
export const URGENT_PROBE_MS = 2_500;
/** What a connection gets beyond its own limit before it is not waited for any more. */
const PROBE_GRACE_MS = 250;

export interface OpenHostDeps {
  readonly connector: HostConnector;
  readonly engines: ContainerEngineFactory;
  readonly questions: Questions;
  readonly gate: HandshakeGate;
  readonly secretOf: (id: CredentialId) => Promise<Secret | undefined>;
  readonly clock: Clock;
  readonly trials: TrialAnswers;
  readonly kept: KeptAnswers;
}

export interface Attempt {
  readonly hostId: HostId | null;
  readonly definition: HostDefinition;
  /** See ConnectOptions. */
  readonly pinnedFingerprints: readonly string[];
  /** The definition is tried, not kept: its answers are for the host that may be made of it. */
  readonly isTrial?: boolean;
  readonly signal: AbortSignal;
  readonly onStep?: (step: ConnectStep, hop: string | null) => void;
  readonly onAsked?: (id: QuestionId) => void;
  readonly onAnswered?: () => void;
}

export interface OpenEngine {
  readonly engine: ContainerEngine | undefined;
  readonly engineInfo: EngineInfo | undefined;
  readonly engineRoute: EngineRouteShown;
  /** Why there is no engine; null when there is one. */
  readonly engineError: ErrorShape | null;
}

export interface OpenHost extends OpenEngine {
  readonly connection: HostConnection;
  readonly roundTripMs: number;
  readonly remembered: readonly Remembered[];
  readonly answers: readonly TrialAnswer[];
  /** Aborted, with the error as its reason, when the connection is lost. */
  readonly lost: AbortSignal;
}

export async function openHost(deps: OpenHostDeps, attempt: Attempt): Promise<OpenHost> {
  const { connection, remembered, answers } = await openConnection(deps, attempt);
  const lost = new AbortController();
  connection.onLost((error) => lost.abort(error));
  const signal = AbortSignal.any([attempt.signal, lost.signal]);
  let opened: OpenEngine | undefined;
  try {
    attempt.onStep?.('reaching-engine', null);
    opened = await openEngine(deps, connection, signal);
    attempt.onStep?.('probing', null);
    const roundTripMs = await probe(deps.clock, connection, signal);
    return { connection, remembered, answers, lost: lost.signal, roundTripMs, ...opened };
  } catch (error) {
    opened?.engine?.close();
    await closeQuietly(connection);
    throw attempt.signal.aborted ? attempt.signal.reason : error;
  }
}

/** Never rejects for what is wrong with the engine: the machine may be of use without. Rejects when the signal aborts. */
export async function openEngine(
  deps: Pick<OpenHostDeps, 'engines' | 'clock'>,
  connection: HostConnection,
  signal: AbortSignal,
): Promise<OpenEngine> {
  const limit = { clock: deps.clock, timeoutMs: ENGINE_MS, what: 'the container engine', signal };
  try {
    const opened = await withinLimit(
      limit,
      async (inner) => {
        const engine = await deps.engines.open(
          (streamSignal) => connection.openEngineStream(streamSignal),
          inner,
        );
        try {
          await engine.ping(inner);
          return { engine, engineInfo: await engine.info(inner) };
        } catch (error) {
          engine.close();
          throw error;
        }
      },
      ({ engine }) => engine.close(),
    );
    return { ...opened, engineRoute: connection.engineRoute ?? 'none', engineError: null };
  } catch (error) {
    if (signal.aborted) throw error;
    return {
      engine: undefined,
      engineInfo: undefined,
      engineRoute: 'none',
      engineError: engineErrorOf(error),
    };
  }
}

export function probe(
  clock: Clock,
  connection: HostConnection,
  signal: AbortSignal,
  timeoutMs = PROBE_MS,
): Promise<number> {
  const limit = { clock, timeoutMs: timeoutMs + PROBE_GRACE_MS, what: 'the host', signal };
  return withinLimit(limit, () => connection.probe(timeoutMs));
}

export function engineErrorOf(error: unknown): ErrorShape {
  // A stream that ends says "connection lost"; the connection itself is judged by its own probe.
  if (BerthError.is(error, 'connection-lost', 'timed-out'))
    return new BerthError(
      'engine.unreachable',
      'The container engine does not answer. Is it running?',
    ).toShape();
  if (error instanceof BerthError) return error.toShape();
  return new BerthError(
    'engine.failed',
    'The container engine could not be used; the log says more.',
  ).toShape();
}

export async function closeQuietly(connection: HostConnection): Promise<void> {
  // It is given up in any case; how its end fails changes nothing.
  await connection.close().catch(() => undefined);
}

async function openConnection(
  deps: OpenHostDeps,
  attempt: Attempt,
): Promise<Pick<OpenHost, 'connection' | 'remembered' | 'answers'>> {
  const over = new AbortController();
  const signal = AbortSignal.any([attempt.signal, over.signal]);
  const leave = await deps.gate.enter(attempt.signal);
  let hop: string | null = null;
  let stopTimer = () => {};
  const startTimer = () => {
    stopTimer = deps.clock.after(CONNECT_MS, () =>
      over.abort(
        new BerthError(
          'timed-out',
          `No connection within ${CONNECT_MS / 1000} s. Is the address right, is a firewall in between?`,
        ),
      ),
    );
  };
  const { definition, isTrial = false, hostId } = attempt;
  const keeper = isTrial || hostId === null ? undefined : hostId;
  const { ask, remembered, answers } = createConnectionAsk({
    questions: deps.questions,
    hostId,
    definition,
    prepared: isTrial
      ? undefined
      : (kind, subject) =>
          (keeper && deps.kept.use(keeper, kind, subject)) ?? deps.trials.take(definition, kind, subject),
    onWrong: (kind, subject) => keeper && deps.kept.wrong(keeper, kind, subject),
    hop: () => hop,
    signal,
    onAsked: (id) => {
      // A person takes minutes: others must not wait for that, and it is no time-out of the server.
      stopTimer();
      leave();
      attempt.onAsked?.(id);
    },
    onAnswered: () => {
      if (!signal.aborted) startTimer();
      attempt.onAnswered?.();
    },
  });
  startTimer();
  const connecting = deps.connector.connect(definition, {
    signal,
    ask,
    secretOf: deps.secretOf,
    pinnedFingerprints: attempt.pinnedFingerprints,
    onStep: (step, at) => {
      hop = at;
      attempt.onStep?.(step, at);
    },
  });
  try {
    const connection = await new Promise<HostConnection>((resolve, reject) => {
      const onAbort = () => reject(signal.reason as Error);
      if (signal.aborted) onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      connecting
        .then((late) => {
          if (signal.aborted) void closeQuietly(late);
          else resolve(late);
        }, reject)
        .finally(() => signal.removeEventListener('abort', onAbort));
    });
    if (keeper) deps.kept.keep(keeper, notRemembered(answers));
    return { connection, remembered, answers };
  } catch (error) {
    if (keeper && BerthError.is(error, 'host.auth-failed')) deps.kept.drop(keeper);
    // Takes back a question that is still open for an attempt that has failed.
    over.abort(error);
    throw error;
  } finally {
    stopTimer();
    leave();
  }
}

function notRemembered(answers: readonly TrialAnswer[]): TrialAnswer[] {
  return answers.filter(({ remember }) => !remember);
}
