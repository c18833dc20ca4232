/**
 * The loudspeakers of this computer, as the browser gives them. Guarantees that what the audio thread does not take is
 * dropped, not kept: a thread that stands still makes no page grow.
 */
import { BerthError } from '#contract/berth-error.ts';
import { framesPerSecond } from './sound-buffer.ts';
// A file of its own from Berth's own origin: the page's policy lets no other script in.
import workletUrl from './sound-worklet.ts?worker&url';

/** To the audio thread: bytes to play; `clear`: another stream begins; `end`: nothing more comes. */
export type SoundOrder = ArrayBuffer | 'clear' | 'end';

/** From it, ten times a second. */
export interface SoundMeter {
  /** The loudest sample since the last one, from 0 to 1, before the volume. */
  readonly peak: number;
  readonly bufferedMs: number;
  /** How often there was nothing to play, and how much came too late, since it was opened. */
  readonly gaps: number;
  readonly skippedMs: number;
  /** Pieces that it has taken. */
  readonly taken: number;
}

export interface SoundPlayer {
  /** A copy goes to the audio thread. */
  play(bytes: Uint8Array): void;
  /** Another stream begins. */
  clear(): void;
  /** 0 to 1. */
  setVolume(volume: number): void;
  onMeter(listener: (meter: SoundMeter) => void): void;
  close(): void;
}

/** Pieces on their way to the audio thread: some seconds of sound. */
const mostWaiting = 64;
/** Of the volume, so that it does not click. Seconds. */
const volumeTime = 0.02;

/** Browsers have it only where the page came in a way that nobody can change: over HTTPS, or from this computer. */
export function canPlaySound(): boolean {
  return typeof AudioWorkletNode !== 'undefined';
}

/** To be called in a click: browsers let nothing sound before one. @throws BerthError conflict */
export async function openSoundPlayer(): Promise<SoundPlayer> {
  const context = new AudioContext({ sampleRate: framesPerSecond, latencyHint: 'interactive' });
  try {
    // It ends at once where there are loudspeakers, and never where there are none: what plays then is heard by nobody.
    void context.resume();
    await context.audioWorklet.addModule(workletUrl);
    return playerOf(context);
  } catch (cause) {
    void context.close();
    throw new BerthError('conflict', 'This browser did not let Berth play sound.', { cause });
  }
}

function playerOf(context: AudioContext): SoundPlayer {
  const node = new AudioWorkletNode(context, 'screen-sound', { numberOfInputs: 0, outputChannelCount: [2] });
  const gain = new GainNode(context);
  node.connect(gain).connect(context.destination);
  const send = (order: SoundOrder) =>
    node.port.postMessage(order, order instanceof ArrayBuffer ? [order] : []);
  let sent = 0;
  let taken = 0;
  let listener: ((meter: SoundMeter) => void) | undefined;
  node.port.onmessage = ({ data }: MessageEvent<SoundMeter>) => {
    taken = data.taken;
    listener?.(data);
  };
  return {
    play: (bytes) => {
      if (sent - taken >= mostWaiting) return;
      sent += 1;
      send(bytes.slice().buffer);
    },
    clear: () => send('clear'),
    setVolume: (volume) => void gain.gain.setTargetAtTime(volume, context.currentTime, volumeTime),
    onMeter: (to) => {
      listener = to;
    },
    close: () => {
      send('end');
      node.disconnect();
      void context.close();
    },
  };
}
