/**
 * Work on hosts inside an operation that belongs to none: waits for them, and begins again when a connection breaks. (An
 * operation of a host waits for it by itself; one that destroys the host in its middle would wait for ever.)
 */
import { BerthError } from '#contract/berth-error.ts';
import type { HostId } from '#contract/ids.ts';
import { delay } from '../../delay.ts';
import { type HostLinks, isForgotten } from '../../hosts/host-links.ts';
import type { Clock } from '../../interfaces/clock.ts';
import type { StepContext } from '../../operations/operation-definition.ts';

/** Milliseconds that a host may be away before the operation gives it up. */
export const AWAY_MS = 15 * 60_000;
/** Milliseconds between two looks for a host that is away. */
const LOOK_MS = 1_000;
/** How often work is begun again after a broken connection: a copy goes on where it was. */
const TRIES = 20;
/** Milliseconds before that. */
const AGAIN_AFTER_MS = 2_000;

export interface Reach {
  readonly links: HostLinks;
  readonly clock: Clock;
}

/** `work` is given the context with the first host as its own. Throws host.not-connected after `AWAY_MS`. */
export async function withHosts<T>(
  { links, clock }: Reach,
  context: StepContext<unknown>,
  hostIds: readonly [HostId, ...HostId[]],
  work: (context: StepContext<unknown>) => Promise<T>,
): Promise<T> {
  const [own] = hostIds;
  for (let tries = 1; ; tries += 1) {
    for (const hostId of hostIds) await awaitEngine({ links, clock }, context, hostId);
    const used = hostIds.map((hostId) => links.current(hostId));
    try {
      return await work({ ...context, link: (hostId = own) => context.link(hostId) });
    } catch (error) {
      context.signal.throwIfAborted();
      const isLost = used.some((link) => link === undefined || link.signal.aborted);
      const isPassing =
        isLost ||
        BerthError.is(error, 'host.not-connected', 'connection-lost', 'engine.unreachable', 'timed-out');
      if (!isPassing || tries >= TRIES) throw error;
      const words = BerthError.is(error) ? error.message : 'A connection was lost.';
      context.log(`${words} Trying again.`, 'warning');
      for (const hostId of hostIds) links.suspect(hostId);
      await delay(clock, AGAIN_AFTER_MS, context.signal);
      context.signal.throwIfAborted();
    }
  }
}

/** Resolves when the host and its engine answer. Throws not-found where Berth has forgotten it. */
export async function awaitEngine(
  { links, clock }: Reach,
  context: Pick<StepContext<unknown>, 'signal' | 'note'>,
  hostId: HostId,
): Promise<void> {
  const beganMs = clock.monotonicMs();
  for (;;) {
    context.signal.throwIfAborted();
    const link = links.current(hostId);
    if (link?.engine !== undefined && !link.signal.aborted) return;
    if (isForgotten(links, hostId)) links.require(hostId);
    if (clock.monotonicMs() - beganMs > AWAY_MS) {
      links.require(hostId);
      throw new BerthError('engine.unreachable', 'The container engine of the host does not answer.');
    }
    context.note('Waiting for the host.');
    await delay(clock, LOOK_MS, context.signal);
  }
}
