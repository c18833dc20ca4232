/** A terminal without a screen: counts its bytes, gives credit back at once, and looks only at the newest line. */
import type { TerminalTarget } from '#contract/terminals.ts';
import type { ByteStream } from '#renderer/transport/client.ts';
import type { TestPlane } from '#test/harness/start-plane.ts';
import { within } from './measures.ts';

const tailBytes = 160;
/** What a shell shows when it waits. */
export const promptPattern = /[$#] $/;

export class CountingTerminal {
  readonly id: string;
  readonly #plane: TestPlane;
  readonly #stream: ByteStream;
  #tail = '';
  #receivedBytes = 0;
  #wanted: { pattern: RegExp; resolve: () => void } | undefined;

  private constructor(plane: TestPlane, id: string, stream: ByteStream) {
    this.id = id;
    this.#plane = plane;
    this.#stream = stream;
    stream.ended.catch(() => undefined);
    stream.onBytes((bytes, done) => {
      this.#receivedBytes += bytes.byteLength;
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).subarray(-tailBytes);
      this.#tail = (this.#tail + text.toString('latin1')).slice(-tailBytes);
      if (this.#wanted?.pattern.test(this.#tail)) this.#wanted.resolve();
      done();
    });
  }

  /** Resolves when the shell shows its prompt. */
  static async open(plane: TestPlane, target: TerminalTarget): Promise<CountingTerminal> {
    const size = { cols: 120, rows: 40 };
    const { id } = await plane.client.call('terminals.open', { target, size, name: null });
    const terminal = new CountingTerminal(plane, id, plane.client.bytes('terminals.attach', { id }));
    await terminal.shows(promptPattern);
    return terminal;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  type(text: string): void {
    this.#stream.send(Buffer.from(text));
  }

  /** Resolves as soon as the last bytes look like that. */
  async shows(pattern: RegExp, timeoutMs = 60_000): Promise<void> {
    if (pattern.test(this.#tail)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wanted = { pattern, resolve };
    try {
      await within(timeoutMs, `a terminal shows ${pattern}; it shows ${JSON.stringify(this.#tail)}`, promise);
    } finally {
      this.#wanted = undefined;
    }
  }

  async close(): Promise<void> {
    this.#stream.close();
    await this.#plane.client.call('terminals.close', { id: this.id as never });
  }
}
