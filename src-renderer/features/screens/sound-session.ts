/**
 * The sound of one screen for as long as its tab is open: off until a person wants it, comes back by itself after a loss,
 * and lets go of a silence that nobody looks at or that lasts for long, which would keep the workspace awake and the network
 * busy. Guarantees that what is heard is never more than some seconds late: a way that is too narrow loses sound, and the newest is kept.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { BerthError } from '#contract/berth-error.ts';
import { toBerthError } from '../../state/to-berth-error.ts';
import type { ByteStream } from '../../transport/client.ts';
import { ScreenChannel } from './screen-channel.ts';
import { isPassing, restAfterMs, retryAfterMs, startingForMs, startingRetryMs } from './screen-retries.ts';
import { SoundDelay } from './sound-delay.ts';
import type { SoundMeter, SoundPlayer } from './sound-player.ts';

export type SoundState =
  | { readonly phase: 'off' }
  /** The screen's workspace, its host or Berth itself is not there. */
  | { readonly phase: 'away' }
  /** Let go because it was silent and nobody looked, or nobody did anything; it comes back with whoever does. */
  | { readonly phase: 'resting' }
  | { readonly phase: 'connecting' }
  | { readonly phase: 'on' }
  | { readonly phase: 'failed'; readonly error: BerthError };

export interface Sound {
  readonly state: SoundState;
  /** Something is heard now. */
  readonly isHeard: boolean;
  /** The way was too narrow for all of it a moment ago. */
  readonly hasGaps: boolean;
  /** 0 to 1, as a person sets it. */
  readonly volume: number;
}

export interface SoundSessionDeps {
  readonly dial: () => ByteStream;
  /** Called within the click that turns it on. @throws BerthError */
  readonly openPlayer: () => Promise<SoundPlayer>;
}

/** Softer than this is silence: the least step of 16 bit, a few times over (−60 dB). */
const leastHeard = 0.001;
/** Music has rests; the mark does not flicker in them. */
const heardForMs = 1_000;
const tickMs = 1_000;
/** A screen that is shown, and at which nobody may sit. */
export const quietAfterMs = 600_000;
/** Behind by more than this for so many ticks: what is on its way is given up for what is played now. */
export const lateMs = 1_500;
const lateTicks = 3;
export const gapsForMs = 30_000;

export class SoundSession {
  readonly store: StoreApi<Sound> = createStore(() => ({
    state: { phase: 'off' } as SoundState,
    isHeard: false,
    hasGaps: false,
    volume: 1,
  }));
  readonly #deps: SoundSessionDeps;
  #player: SoundPlayer | null = null;
  #channel: ScreenChannel | null = null;
  #delay = new SoundDelay();
  /** Counts attempts, so that what an earlier one brings late is dropped. */
  #attempt = 0;
  #isWanted = false;
  #isReachable = false;
  #awaySinceMs: number | null = null;
  #refusedSinceMs: number | null = null;
  #lostTimes = 0;
  #hasArrived = false;
  #lateCount = 0;
  #heardAtMs = 0;
  #usedAtMs = 0;
  #gapAtMs = Number.NEGATIVE_INFINITY;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #ticker: ReturnType<typeof setInterval> | undefined;

  constructor(deps: SoundSessionDeps) {
    this.#deps = deps;
  }

  /** In a click. Again after a failure. */
  async turnOn(): Promise<void> {
    this.#isWanted = true;
    if (this.#player === null) {
      this.#set({ phase: 'connecting' });
      try {
        const player = await this.#deps.openPlayer();
        // Turned off, or on a second time, meanwhile.
        if (!this.#isWanted || this.#player !== null) return player.close();
        this.#player = player;
        player.setVolume(loudness(this.store.getState().volume));
        player.onMeter((meter) => this.#heard(meter));
      } catch (cause) {
        if (this.#isWanted) this.#set({ phase: 'failed', error: toBerthError(cause) });
        return;
      }
    }
    this.#ticker ??= setInterval(() => this.#tick(), tickMs);
    this.#heardAtMs = this.#usedAtMs = Date.now();
    this.#begin();
  }

  turnOff(): void {
    this.#isWanted = false;
    this.#letGo();
    clearInterval(this.#ticker);
    this.#ticker = undefined;
    this.#player?.close();
    this.#player = null;
    this.#set({ phase: 'off' });
  }

  setVolume(volume: number): void {
    this.store.setState({ volume });
    this.#player?.setVolume(loudness(volume));
  }

  /** Whether Berth, the host and the workspace are all there. */
  setReachable(isReachable: boolean): void {
    if (this.#isReachable === isReachable) return;
    this.#isReachable = isReachable;
    if (this.#player !== null) this.#begin();
  }

  /** Whether the tab is in front of a person. What sounds goes on without. */
  setLookedAt(isLookedAt: boolean): void {
    this.#awaySinceMs = isLookedAt ? null : (this.#awaySinceMs ?? Date.now());
    if (isLookedAt) this.use();
  }

  /** Somebody looks at the screen anew, or does something on it. */
  use(): void {
    this.#usedAtMs = Date.now();
    if (this.store.getState().state.phase === 'resting') this.#begin();
  }

  close(): void {
    this.turnOff();
  }

  #set(state: SoundState): void {
    this.store.setState(state.phase === 'on' ? { state } : { state, isHeard: false, hasGaps: false });
  }

  #begin(): void {
    this.#refusedSinceMs = null;
    this.#lostTimes = 0;
    if (this.#isReachable) return void this.#connect();
    this.#letGo();
    this.#set({ phase: 'away' });
  }

  #letGo(): void {
    this.#attempt += 1;
    clearTimeout(this.#retryTimer);
    const channel = this.#channel;
    this.#channel = null;
    channel?.close();
  }

  async #connect(): Promise<void> {
    this.#letGo();
    const player = this.#player;
    if (player === null) return;
    const attempt = this.#attempt;
    const isStale = () => attempt !== this.#attempt;
    if (this.store.getState().state.phase !== 'on') this.#set({ phase: 'connecting' });
    const delay = new SoundDelay();
    this.#delay = delay;
    this.#lateCount = 0;
    player.clear();
    const channel = new ScreenChannel(this.#deps.dial());
    this.#channel = channel;
    channel.onmessage = ({ data }) => {
      if (isStale()) return;
      this.#hasArrived = true;
      delay.arrived(data, Date.now());
      player.play(data);
    };
    channel.onclose = () => {
      if (!isStale()) this.#fail(channel.failure);
    };
    try {
      await channel.opened;
      if (isStale()) return;
      this.#refusedSinceMs = null;
      this.#lostTimes = 0;
      this.#set({ phase: 'on' });
      channel.flow();
    } catch {
      // `onclose` tells why.
    }
  }

  /** Null: what gives the sound ended in good order, as when it begins anew. */
  #fail(error: BerthError | null): void {
    this.#letGo();
    if (BerthError.is(error, 'workspace.port-refused')) {
      this.#refusedSinceMs ??= Date.now();
      if (Date.now() - this.#refusedSinceMs < startingForMs) {
        this.#set({ phase: 'connecting' });
        this.#retryTimer = setTimeout(() => void this.#connect(), startingRetryMs);
        return;
      }
    } else if (error === null || isPassing(error)) {
      this.#set({ phase: 'connecting' });
      this.#retryTimer = setTimeout(() => void this.#connect(), retryAfterMs(this.#lostTimes));
      this.#lostTimes += 1;
      return;
    }
    this.#set({ phase: 'failed', error });
  }

  #heard({ peak }: SoundMeter): void {
    const now = Date.now();
    if (peak >= leastHeard) this.#heardAtMs = now;
    const isHeard = this.store.getState().state.phase === 'on' && now - this.#heardAtMs < heardForMs;
    if (isHeard !== this.store.getState().isHeard) this.store.setState({ isHeard });
  }

  #tick(): void {
    if (this.store.getState().state.phase !== 'on') return;
    const now = Date.now();
    const silentMs = now - this.#heardAtMs;
    const isAway = this.#awaySinceMs !== null && now - this.#awaySinceMs >= restAfterMs;
    if ((isAway && silentMs >= restAfterMs) || Math.min(silentMs, now - this.#usedAtMs) >= quietAfterMs) {
      this.#letGo();
      this.#set({ phase: 'resting' });
      return;
    }
    const isLate = this.#hasArrived && this.#delay.behindMs(now) > lateMs;
    this.#hasArrived = false;
    this.#lateCount = isLate ? this.#lateCount + 1 : 0;
    if (this.#lateCount >= lateTicks) {
      this.#gapAtMs = now;
      void this.#connect();
    }
    const hasGaps = now - this.#gapAtMs < gapsForMs;
    if (hasGaps !== this.store.getState().hasGaps) this.store.setState({ hasGaps });
  }
}

/** Ears hear powers of ten: of a straight line the lower half would do nearly nothing. */
function loudness(volume: number): number {
  return volume ** 2;
}
