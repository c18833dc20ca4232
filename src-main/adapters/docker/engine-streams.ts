/** What the engine tells as it happens: events, readings and logs. Each follows until its signal says so. */
import type { Readable } from 'node:stream';
import { BerthError } from '#contract/berth-error.ts';
import type { WorkspaceStats } from '#contract/workspaces.ts';
import { type Clock, instantOf } from '../../control-plane/interfaces/clock.ts';
import type { EngineEvent } from '../../control-plane/interfaces/container-engine.ts';
import { inspectExisting, inspectRaw, isOwnContainer } from './container-inspection.ts';
import { readStatsSample, type StatsSample, statsBetween } from './container-stats.ts';
import { engineTransportError } from './docker-error.ts';
import { type EngineClient, pathPart } from './engine-client.ts';
import { asCount, asRecord, type JsonRecord } from './engine-json.ts';
import { readEvent } from './engine-shapes.ts';
import { jsonLines } from './json-lines.ts';
import { JoinFrames } from './multiplexed-stream.ts';

/** The engine keeps 256; more would be another engine's idea, and is not needed to know how one container ended. */
const MAX_PAST_EVENTS = 1_000;
/** Milliseconds; the period that is asked for has ended, or is about to. */
const PAST_EVENTS_MS = 10_000;

/**
 * Resolves when the signal says so; rejects with connection-lost when the stream ends by itself. Containers that Berth
 * makes for work of its own are not told of.
 */
export async function followEvents(
  client: EngineClient,
  onEvent: (event: EngineEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const query = { filters: JSON.stringify({ type: ['container', 'image', 'volume', 'network', 'daemon'] }) };
  await followLines(client, { path: '/events', query, signal, subject: 'engine' }, (line) => {
    const event = readEvent(line);
    if (event && !isOwnContainer(event.labels)) onEvent(event);
    return true;
  });
  if (!signal.aborted)
    throw new BerthError(
      'connection-lost',
      'The engine ended its stream of events: it is shutting down or gone.',
    );
}

/** Ends by itself: the engine closes the stream at the end of the period. Execs, which come in floods, are not asked for. */
export async function readPastEvents(
  { client, clock }: { client: EngineClient; clock: Clock },
  untilMs: number,
  caller: AbortSignal | undefined,
): Promise<EngineEvent[]> {
  const filters = { type: ['container'], event: ['create', 'start', 'kill', 'die', 'oom', 'stop'] };
  // Without `since` it tells only what is new.
  const query = { filters: JSON.stringify(filters), since: '1', until: (untilMs / 1000).toFixed(3) };
  const late = new AbortController();
  const stopTimer = clock.after(PAST_EVENTS_MS, () =>
    late.abort(new BerthError('timed-out', 'The engine did not tell what it remembers in time.')),
  );
  const signal = AbortSignal.any([late.signal, ...(caller ? [caller] : [])]);
  const found: EngineEvent[] = [];
  try {
    await followLines(client, { path: '/events', query, signal, subject: 'engine' }, (line) => {
      const event = readEvent(line);
      if (event && !isOwnContainer(event.labels)) found.push(event);
      return found.length < MAX_PAST_EVENTS;
    });
  } finally {
    stopTimer();
  }
  signal.throwIfAborted();
  return found;
}

/** Resolves when the signal says so or the container no longer runs; throws workspace.not-running at the beginning. */
export async function followStats(
  { client, clock }: { client: EngineClient; clock: Clock },
  containerId: string,
  { onStats, signal }: { onStats: (stats: WorkspaceStats) => void; signal: AbortSignal },
): Promise<void> {
  const container = await inspectExisting(client, containerId, signal);
  if (asRecord(container.State).Running !== true)
    throw new BerthError('workspace.not-running', 'The container is not running.');
  const { NanoCpus, Memory } = asRecord(container.HostConfig);
  const limits = { cpus: asCount(NanoCpus) / 1e9 || null, memoryBytes: asCount(Memory) || null };
  const path = `/containers/${pathPart(containerId)}/stats`;
  let before: StatsSample | undefined;
  await followLines(client, { path, query: { stream: 1 }, signal, subject: 'container' }, (line) => {
    const after = readStatsSample(line);
    if (!after) return false;
    const stats = before && statsBetween(before, after, limits, instantOf(clock));
    before = after;
    if (stats) onStats(stats);
    return true;
  });
  if (signal.aborted) return;
  const state = asRecord((await inspectRaw(client, containerId, signal))?.State);
  if (state.Running === true)
    throw new BerthError('connection-lost', 'The engine ended its stream of readings.');
}

/** Both outputs as one stream of bytes, which waits for a slow reader. The signal destroys it. */
export async function followLogs(
  client: EngineClient,
  containerId: string,
  { tailLines, isFollowed = true, signal }: { tailLines: number; isFollowed?: boolean; signal: AbortSignal },
): Promise<Readable> {
  const container = await inspectExisting(client, containerId, signal);
  const answer = await client.stream({
    method: 'GET',
    path: `/containers/${pathPart(containerId)}/logs`,
    query: { follow: isFollowed ? 1 : 0, stdout: 1, stderr: 1, tail: tailLines },
    subject: 'container',
    signal,
  });
  // With a terminal of its own a container's output comes bare; else framed.
  if (asRecord(container.Config).Tty === true) return answer;
  const joined = new JoinFrames();
  answer.on('error', (error) => joined.destroy(engineTransportError(error)));
  joined.once('close', () => answer.destroy());
  return answer.pipe(joined);
}

/** Reads lines until the signal, the end, or `take` says false. */
async function followLines(
  client: EngineClient,
  request: {
    readonly path: string;
    readonly query: Readonly<Record<string, string | number>>;
    readonly signal: AbortSignal;
    readonly subject: 'engine' | 'container';
  },
  take: (line: JsonRecord) => boolean,
): Promise<void> {
  try {
    const answer = await client.stream({ method: 'GET', ...request });
    for await (const line of jsonLines(answer)) if (!take(line)) return;
  } catch (error) {
    if (!request.signal.aborted) throw engineTransportError(error);
  }
}
