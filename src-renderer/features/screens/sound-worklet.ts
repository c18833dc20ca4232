/**
 * The part of a screen's sound that runs in the browser's audio thread (AudioWorklet): takes bytes, plays what the buffer
 * gives, and tells ten times a second what it hears. A module of its own, loaded by sound-player.ts; it imports nothing that
 * needs a page.
 */
import { framesPerSecond, SoundBuffer } from './sound-buffer.ts';
import type { SoundMeter, SoundOrder } from './sound-player.ts';

/** Of AudioWorkletGlobalScope (Web Audio API), which TypeScript's library for pages leaves out. */
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

const reportFrames = framesPerSecond / 10;

class SoundProcessor extends AudioWorkletProcessor {
  readonly #buffer = new SoundBuffer();
  #isOpen = true;
  #taken = 0;
  #peak = 0;
  #sinceReport = 0;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<SoundOrder>) => {
      if (data === 'clear') this.#buffer.clear();
      else if (data === 'end') this.#isOpen = false;
      else {
        this.#taken += 1;
        this.#buffer.push(new Uint8Array(data));
      }
    };
  }

  /** Called by the browser for each 128 frames. False: it is needed no more. */
  process(_inputs: unknown, outputs: readonly (readonly Float32Array[])[]): boolean {
    const [left, right] = outputs[0] ?? [];
    if (left === undefined || right === undefined) return this.#isOpen;
    this.#peak = Math.max(this.#peak, this.#buffer.pull(left, right));
    this.#sinceReport += left.length;
    if (this.#sinceReport >= reportFrames) {
      const { bufferedMs, gaps, skippedFrames } = this.#buffer;
      const skippedMs = (skippedFrames / framesPerSecond) * 1_000;
      const meter: SoundMeter = { peak: this.#peak, bufferedMs, gaps, skippedMs, taken: this.#taken };
      this.port.postMessage(meter);
      this.#peak = 0;
      this.#sinceReport = 0;
    }
    return this.#isOpen;
  }
}

registerProcessor('screen-sound', SoundProcessor);
