/**
 * How a terminal's way is, measured end to end: through window, plane, connection and the terminal's own stream. Asked
 * while somebody looks, often while output is behind, and not at all otherwise. Owns the figures; draws nothing.
 */
import { createStore } from 'zustand/vanilla';
import { BerthError } from '#contract/berth-error.ts';
import type { TerminalId } from '#contract/ids.ts';
import type { TerminalMeasure } from '#contract/terminals.ts';
import type { Client } from '../../transport/client.ts';

/** Milliseconds between two looks at a quiet terminal, and at one that is behind. */
const calmMs = 4_000;
const busyMs = 500;
/** From here on a terminal is said to be catching up: less is on the screen before anybody reads the words. */
export const behindFromBytes = 262_144;
/** An answer that takes longer than this is told as none; it may still come. */
const unansweredMs = 5_000;

export interface WayTimes {
  readonly totalMs: number;
  /** Between this window and the plane. */
  readonly windowMs: number;
  /** Between the plane and the host; null on this computer. */
  readonly hostMs: number | null;
  /** What the terminal's own stream takes beyond that; null where it cannot be asked. */
  readonly sessionMs: number | null;
  /** To draw a small piece of output. */
  readonly drawMs: number;
}

export interface Health {
  readonly behindBytes: number;
  readonly way: WayTimes | null;
  /** Epoch milliseconds since when nothing answers; null while it does. */
  readonly unansweredSinceMs: number | null;
}

const healthy: Health = { behindBytes: 0, way: null, unansweredSinceMs: null };

/** What a session tells of itself, without a round trip. */
export interface Measured {
  readonly unparsedBytes: number;
  readonly isFlooding: boolean;
  readonly drawMs: number;
}

export class TerminalHealths {
  readonly store = createStore<{ readonly of: ReadonlyMap<TerminalId, Health> }>(() => ({ of: new Map() }));

  get(id: TerminalId): Health {
    return this.store.getState().of.get(id) ?? healthy;
  }

  /** Watches one terminal until the returned function is called. */
  watch(id: TerminalId, client: Client, measured: () => Measured): () => void {
    const recent: WayTimes[] = [];
    let isStopped = false;
    let isAsking = false;
    let askedAtMs = Number.NEGATIVE_INFINITY;
    const look = () => {
      const own = measured();
      const isBusy = own.isFlooding || this.get(id).behindBytes >= behindFromBytes;
      if (isBusy || own.unparsedBytes > 0 || this.get(id).behindBytes > 0) this.#set(id, own, {});
      if (isAsking || document.visibilityState !== 'visible') return;
      if (performance.now() - askedAtMs < (isBusy ? busyMs : calmMs)) return;
      isAsking = true;
      askedAtMs = performance.now();
      const sinceMs = this.get(id).unansweredSinceMs ?? Date.now();
      const late = setTimeout(() => {
        if (!isStopped) this.#set(id, measured(), { unansweredSinceMs: sinceMs });
      }, unansweredMs);
      client.call('terminals.measure', { id }).then(
        (answer) =>
          settle(wayOf(answer, performance.now() - askedAtMs, measured().drawMs), answer.behindBytes, null),
        // That its stream does not answer is no answer either; of the rest the terminal's state tells.
        (error: unknown) => settle(null, 0, BerthError.is(error, 'timed-out') ? sinceMs : null),
      );
      const settle = (way: WayTimes | null, behindBytes: number, unansweredSinceMs: number | null) => {
        clearTimeout(late);
        isAsking = false;
        if (isStopped) return;
        const shown = way === null ? null : steady(recent, way);
        this.#set(id, measured(), { way: shown, planeBehindBytes: behindBytes, unansweredSinceMs });
      };
    };
    const timer = setInterval(look, busyMs / 2);
    look();
    return () => {
      isStopped = true;
      clearInterval(timer);
      this.#planeBehind.delete(id);
      this.store.setState(({ of }) => ({ of: new Map([...of].filter(([key]) => key !== id)) }));
    };
  }

  readonly #planeBehind = new Map<TerminalId, number>();

  #set(
    id: TerminalId,
    own: Measured,
    news: { way?: WayTimes | null; planeBehindBytes?: number; unansweredSinceMs?: number | null },
  ): void {
    const before = this.get(id);
    if (news.planeBehindBytes !== undefined) this.#planeBehind.set(id, news.planeBehindBytes);
    const next: Health = {
      behindBytes: own.unparsedBytes + (own.isFlooding ? (this.#planeBehind.get(id) ?? 0) : 0),
      way: news.way === undefined ? before.way : news.way,
      unansweredSinceMs:
        news.unansweredSinceMs === undefined ? before.unansweredSinceMs : news.unansweredSinceMs,
    };
    const isSame =
      next.behindBytes === before.behindBytes &&
      next.way === before.way &&
      next.unansweredSinceMs === before.unansweredSinceMs;
    if (!isSame) this.store.setState(({ of }) => ({ of: new Map(of).set(id, next) }));
  }
}

/** The middle one of the last three: one look while something else is busy is not how the way is. */
function steady(recent: WayTimes[], way: WayTimes): WayTimes {
  recent.push(way);
  if (recent.length > 3) recent.shift();
  const sorted = recent.toSorted((a, b) => a.totalMs - b.totalMs);
  return sorted[Math.floor((sorted.length - 1) / 2)] as WayTimes;
}

/** Host and stream are asked at the same time: what the longer of them took is not the window's. */
export function wayOf({ hostMs, streamMs }: TerminalMeasure, totalMs: number, drawMs: number): WayTimes {
  const beyondPlane = Math.max(hostMs ?? 0, streamMs ?? 0);
  return {
    totalMs,
    windowMs: Math.max(0, totalMs - beyondPlane),
    hostMs,
    sessionMs: streamMs === null ? null : Math.max(0, streamMs - (hostMs ?? 0)),
    drawMs,
  };
}

export const terminalHealths = new TerminalHealths();
