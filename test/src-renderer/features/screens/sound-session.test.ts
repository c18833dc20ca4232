/** The sound of a screen through its life: wanted, lost, late, resting, refused. The loudspeaker is stood in for. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { encodeByteFrame } from '#contract/framed-bytes.ts';
import { soundWords } from '#renderer/features/screens/screen-words.ts';
import { restAfterMs, startingForMs } from '#renderer/features/screens/screen-retries.ts';
import { SoundDelay } from '#renderer/features/screens/sound-delay.ts';
import type { SoundMeter, SoundPlayer } from '#renderer/features/screens/sound-player.ts';
import { gapsForMs, quietAfterMs, SoundSession } from '#renderer/features/screens/sound-session.ts';
import { planeStream } from './plane-stream.ts';

const bytesPerMs = 192;
let planes: ReturnType<typeof planeStream>[] = [];
let players: StandInPlayer[] = [];
let openFailure: BerthError | null = null;
let session: SoundSession;

class StandInPlayer implements SoundPlayer {
  playedBytes = 0;
  clears = 0;
  volume = -1;
  isClosed = false;
  meter: ((meter: SoundMeter) => void) | null = null;
  play(bytes: Uint8Array) {
    this.playedBytes += bytes.byteLength;
  }
  clear() {
    this.clears += 1;
  }
  setVolume(volume: number) {
    this.volume = volume;
  }
  onMeter(listener: (meter: SoundMeter) => void) {
    this.meter = listener;
  }
  close() {
    this.isClosed = true;
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  planes = [];
  players = [];
  openFailure = null;
  session = new SoundSession({
    dial: () => {
      const plane = planeStream();
      planes.push(plane);
      return plane.stream;
    },
    openPlayer: async () => {
      if (openFailure !== null) throw openFailure;
      const player = new StandInPlayer();
      players.push(player);
      return player;
    },
  });
});
afterEach(() => {
  session.close();
  vi.useRealTimers();
});

const sound = () => session.store.getState();
const phase = () => sound().state.phase;
const settle = () => vi.advanceTimersByTimeAsync(0);
const meter = (peak: number) =>
  players.at(-1)?.meter?.({ peak, bufferedMs: 100, gaps: 0, skippedMs: 0, taken: 0 });
const give = (ms: number, sample = 1) =>
  planes.at(-1)?.raw(encodeByteFrame({ kind: 'output', bytes: soundOf(ms, sample) }));
const soundOf = (ms: number, sample: number) => new Uint8Array(ms * bytesPerMs).fill(sample);

/** `part` of the sound arrives, for so long; `peak` of it is heard. */
async function run(ms: number, { part = 1, peak = 0 } = {}) {
  for (let at = 0; at < ms; at += 50) {
    await vi.advanceTimersByTimeAsync(50);
    give(50 * part);
    meter(peak);
    await settle();
  }
}

async function on() {
  session.setReachable(true);
  session.setLookedAt(true);
  await session.turnOn();
  give(341);
  await settle();
}

describe('turning it on and off', () => {
  it('dials nothing before a person wants it, plays what comes, and lets go of all of it', async () => {
    session.setReachable(true);
    session.setLookedAt(true);
    await settle();
    expect([phase(), planes.length, players.length]).toEqual(['off', 0, 0]);
    expect(soundWords(sound())).toContain('1.5 Mbit/s');
    await on();
    expect(phase()).toBe('on');
    await run(500, { peak: 0.5 });
    expect(players[0]?.playedBytes).toBe(841 * bytesPerMs);
    expect(sound().isHeard).toBe(true);
    session.turnOff();
    expect([phase(), planes[0]?.isClosed(), players[0]?.isClosed]).toEqual(['off', true, true]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('tells what sounds from what is silent', async () => {
    await on();
    await run(2_000, { peak: 0.0005 });
    expect(sound().isHeard).toBe(false);
    await run(100, { peak: 0.01 });
    expect(sound().isHeard).toBe(true);
    await run(900);
    expect(sound().isHeard).toBe(true);
    await run(200);
    expect(sound().isHeard).toBe(false);
  });

  it('off again before the loudspeaker is there: it is closed', async () => {
    session.setReachable(true);
    const opening = session.turnOn();
    session.turnOff();
    await opening;
    expect([phase(), players[0]?.isClosed, planes.length]).toEqual(['off', true, 0]);
  });

  it('says why this computer plays none, and tries again when asked', async () => {
    openFailure = new BerthError('conflict', 'This browser did not let Berth play sound.');
    session.setReachable(true);
    await session.turnOn();
    expect(soundWords(sound())).toContain('did not let Berth');
    openFailure = null;
    await on();
    expect(phase()).toBe('on');
  });

  it('is as loud as it is set, also before it is on', async () => {
    session.setVolume(0.5);
    await on();
    expect(players[0]?.volume).toBe(0.25);
    session.setVolume(0);
    expect(players[0]?.volume).toBe(0);
  });
});

describe('a way that is lost', () => {
  it('comes back by itself, with nothing of before, and later each time', async () => {
    await on();
    planes[0]?.fail(new BerthError('connection-lost', 'The connection to the host was lost.'));
    await settle();
    expect(phase()).toBe('connecting');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(planes).toHaveLength(2);
    planes[1]?.fail(new BerthError('host.not-connected', 'It is not connected.'));
    await vi.advanceTimersByTimeAsync(1_999);
    expect(planes).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    give(341);
    await settle();
    expect([phase(), planes.length, players.length, players[0]?.clears]).toEqual(['on', 3, 1, 3]);
  });

  it('waits while the workspace is not there, and comes with it', async () => {
    await on();
    session.setReachable(false);
    expect([phase(), planes[0]?.isClosed(), players[0]?.isClosed]).toEqual(['away', true, false]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(planes).toHaveLength(1);
    session.setReachable(true);
    await settle();
    expect(planes).toHaveLength(2);
  });

  it('waits for an image that is still starting, and then says that it gives none', async () => {
    session.setReachable(true);
    await session.turnOn();
    const refuse = () =>
      planes.at(-1)?.fail(new BerthError('workspace.port-refused', 'Nothing listens on port 4711.'));
    refuse();
    await settle();
    expect(phase()).toBe('connecting');
    await vi.advanceTimersByTimeAsync(startingForMs);
    refuse();
    await settle();
    expect(sound().state).toMatchObject({ phase: 'failed', error: { code: 'workspace.port-refused' } });
    expect(soundWords(sound())).toContain('Nothing listens on port 4711');
  });
});

describe('a way that is too narrow', () => {
  it('gives up what is on its way for what is played now, and says so for a while', async () => {
    await on();
    await run(10_000, { part: 0.5 });
    expect(planes.length).toBeGreaterThan(1);
    expect(planes[0]?.isClosed()).toBe(true);
    expect(sound().hasGaps).toBe(true);
    expect(soundWords(sound())).toContain('too slow');
    const dialled = planes.length;
    await run(gapsForMs + 2_000);
    expect([planes.length, sound().hasGaps]).toEqual([dialled, false]);
  });

  it('is not one on which nothing is sent while nothing plays', async () => {
    await on();
    for (let time = 0; time < 3; time += 1) {
      await run(5_000, { peak: 0.5 });
      give(500, 0);
      await vi.advanceTimersByTimeAsync(10_000);
      expect([phase(), sound().isHeard]).toEqual(['on', true]);
      meter(0);
      expect(sound().isHeard).toBe(false);
    }
    await run(5_000, { peak: 0.5 });
    expect([planes.length, sound().hasGaps, sound().isHeard]).toEqual([1, false, true]);
  });

  it('is not one that stood still for a moment and brought all of it then', async () => {
    await on();
    await run(2_000);
    await vi.advanceTimersByTimeAsync(5_000);
    give(5_000);
    await run(10_000);
    expect([planes.length, sound().hasGaps]).toEqual([1, false]);
  });
});

describe('nobody looks', () => {
  it('goes on while something is heard, rests when it is silent, and comes back with the next look', async () => {
    await on();
    session.setLookedAt(false);
    await run(restAfterMs + 5_000, { peak: 0.2 });
    expect(phase()).toBe('on');
    await run(restAfterMs + 2_000);
    expect([phase(), planes[0]?.isClosed()]).toEqual(['resting', true]);
    session.setLookedAt(true);
    await settle();
    expect([phase(), planes.length]).toEqual(['connecting', 2]);
  });

  it('a silence that is only shown rests after ten minutes, and comes back with whoever does something', async () => {
    await on();
    await run(quietAfterMs / 2);
    session.use();
    await run(quietAfterMs - 2_000);
    expect([phase(), planes.length]).toEqual(['on', 1]);
    await run(4_000);
    expect([phase(), planes[0]?.isClosed()]).toEqual(['resting', true]);
    session.use();
    await settle();
    expect([phase(), planes.length]).toEqual(['connecting', 2]);
  });
});

describe('how late it is', () => {
  it('takes no clock for a narrow way, however long it lasts', () => {
    const delay = new SoundDelay();
    const aSecond = soundOf(999.8, 1);
    let behind = 0;
    for (let second = 0; second < 24 * 3_600; second += 1) {
      delay.arrived(aSecond, second * 1_000);
      behind = Math.max(behind, delay.behindMs(second * 1_000));
    }
    expect(behind).toBeLessThan(100);
  });

  it('grows by what does not come', () => {
    const delay = new SoundDelay();
    expect(delay.behindMs(5_000)).toBe(0);
    for (let second = 0; second <= 10; second += 1) delay.arrived(soundOf(500, 1), second * 1_000);
    expect(delay.behindMs(10_000)).toBeGreaterThan(4_500);
  });

  it('does not grow by a silence of which nothing is sent, but by a sound that stands still', () => {
    const delay = new SoundDelay();
    const give = (fromMs: number, pieces: number, sample: number) => {
      for (let piece = 0; piece < pieces; piece += 1) delay.arrived(soundOf(50, sample), fromMs + piece * 50);
    };
    give(0, 20, 1);
    give(1_000, 10, 0);
    expect(delay.behindMs(60_000)).toBe(0);
    give(60_000, 20, 1);
    expect(delay.behindMs(61_000)).toBeLessThan(100);
    expect(delay.behindMs(65_000)).toBeGreaterThan(3_900);
  });
});
