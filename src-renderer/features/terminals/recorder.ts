/**
 * Records what one terminal shows, as an asciicast. Keystrokes are not recorded: passwords are typed unseen.
 * Guarantees: at most `limitBytes`; then it stops by itself and says so. Finished text goes into a Blob, which the
 * browser may keep outside the page's memory.
 */
import { type CastEvent, type CastSize, castHeader, castLine, maximumCastBytes } from './asciicast.ts';

/** Characters that are gathered before they go into the Blob. */
const pieceLength = 1_048_576;

export interface RecorderOptions {
  readonly title: string;
  readonly size: CastSize;
  /** Prints what is on the screen at the start. */
  readonly screen: string;
  readonly startedAt: Date;
  readonly nowMs: () => number;
  readonly onFull: () => void;
  readonly limitBytes?: number;
}

const encoder = new TextEncoder();

export class Recorder {
  readonly title: string;
  readonly startedAt: Date;
  readonly #startMs: number;
  readonly #nowMs: () => number;
  readonly #onFull: () => void;
  readonly #limitBytes: number;
  readonly #decoder = new TextDecoder();
  #blob = new Blob([]);
  #piece = '';
  #sizeBytes = 0;
  #isFull = false;
  #lastMs: number;

  constructor(options: RecorderOptions) {
    this.title = options.title;
    this.startedAt = options.startedAt;
    this.#nowMs = options.nowMs;
    this.#startMs = options.nowMs();
    this.#lastMs = this.#startMs;
    this.#onFull = options.onFull;
    this.#limitBytes = options.limitBytes ?? maximumCastBytes;
    this.#append(castHeader(options));
    this.#add({ atSeconds: 0, kind: 'output', text: options.screen });
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }
  get isFull(): boolean {
    return this.#isFull;
  }
  get durationMs(): number {
    return this.#lastMs - this.#startMs;
  }

  output(bytes: Uint8Array): void {
    if (this.#isFull) return;
    const text = this.#decoder.decode(bytes, { stream: true });
    if (text !== '') this.#add({ atSeconds: this.#seconds(), kind: 'output', text });
  }
  resize(size: CastSize): void {
    this.#add({ atSeconds: this.#seconds(), kind: 'resize', size });
  }
  mark(text: string): void {
    this.#add({ atSeconds: this.#seconds(), kind: 'marker', text });
  }

  /** The file so far. */
  file(): Blob {
    this.#flush();
    return new Blob([this.#blob], { type: 'application/x-asciicast' });
  }

  #seconds(): number {
    this.#lastMs = this.#nowMs();
    return (this.#lastMs - this.#startMs) / 1000;
  }

  #add(event: CastEvent): void {
    if (!this.#isFull) this.#append(castLine(event));
  }

  #append(line: string): void {
    const { byteLength } = encoder.encode(line);
    if (this.#sizeBytes + byteLength > this.#limitBytes) {
      this.#isFull = true;
      this.#onFull();
      return;
    }
    this.#sizeBytes += byteLength;
    this.#piece += line;
    if (this.#piece.length >= pieceLength) this.#flush();
  }

  #flush(): void {
    if (this.#piece === '') return;
    this.#blob = new Blob([this.#blob, this.#piece]);
    this.#piece = '';
  }
}
