/** The plane's end of a byte stream whose client is the test: gives credit, takes what was sent, types. */
import type { ByteChannel } from '#main/control-plane/handler.ts';

export class FakeByteChannel implements ByteChannel {
  credit: number;
  #received = Buffer.alloc(0);
  #waiting: Buffer = Buffer.alloc(0);
  #resolvers: (() => void)[] = [];
  #onReceive: (bytes: Uint8Array) => void | Promise<void> = () => {};

  constructor(credit = Number.POSITIVE_INFINITY) {
    this.credit = credit;
  }
  get text(): string {
    return this.#received.toString();
  }
  get receivedBytes(): number {
    return this.#received.length;
  }
  addCredit(bytes: number): void {
    this.credit += bytes;
    this.#flush();
  }
  type(text: string): void | Promise<void> {
    return this.#onReceive(Buffer.from(text));
  }

  send(bytes: Uint8Array): Promise<void> {
    this.#waiting = Buffer.concat([this.#waiting, bytes]);
    this.#flush();
    if (this.credit > 0) return Promise.resolve();
    return new Promise((resolve) => this.#resolvers.push(resolve));
  }
  get waitingBytes(): number {
    return this.#waiting.length;
  }
  dropWaiting(): number {
    const dropped = this.#waiting.length;
    this.#waiting = Buffer.alloc(0);
    this.#release();
    return dropped;
  }
  onReceive(listener: (bytes: Uint8Array) => void | Promise<void>): void {
    this.#onReceive = listener;
  }

  #flush(): void {
    const count = Math.min(this.credit, this.#waiting.length);
    this.#received = Buffer.concat([this.#received, this.#waiting.subarray(0, count)]);
    this.#waiting = this.#waiting.subarray(count);
    this.credit -= count;
    if (this.#waiting.length === 0 && this.credit > 0) this.#release();
  }
  #release(): void {
    const resolvers = this.#resolvers;
    this.#resolvers = [];
    for (const resolve of resolvers) resolve();
  }
}
