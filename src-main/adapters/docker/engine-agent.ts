/**
 * The HTTP agent whose sockets are streams that the host's connection opens: one SSH connection (or a local socket)
 * carries everything, and an idle stream is used again. Owns every stream that it opened, hijacked ones too; `close`
 * ends them all. Must not know what is said on them.
 */
import { Agent, type ClientRequestArgs } from 'node:http';
import type { Duplex } from 'node:stream';
import { BerthError } from '#contract/berth-error.ts';

export type OpenStream = (signal?: AbortSignal) => Promise<Duplex>;

/** Idle streams kept: enough for a window full of pages, few enough to be no burden on the host. */
const MAX_FREE_STREAMS = 8;

export class EngineAgent extends Agent {
  readonly #openStream: OpenStream;
  readonly #streams = new Set<Duplex>();
  readonly #closing = new AbortController();

  constructor(openStream: OpenStream) {
    super({ keepAlive: true, maxFreeSockets: MAX_FREE_STREAMS });
    this.#openStream = openStream;
  }

  override createConnection(
    _options: ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    this.#open().then(
      (stream) => callback?.(null, stream),
      (error: unknown) =>
        callback?.(error instanceof Error ? error : new Error(String(error)), undefined as never),
    );
    return undefined;
  }

  async #open(): Promise<Duplex> {
    this.#closing.signal.throwIfAborted();
    const stream = await this.#openStream(this.#closing.signal).catch((error: unknown) => {
      // Whoever opens calls it cancelled. Nobody who asks the engine has cancelled anything, and it may be tried again.
      throw this.#closing.signal.aborted ? closedError() : error;
    });
    if (this.#closing.signal.aborted) {
      stream.destroy();
      throw closedError();
    }
    this.#streams.add(stream);
    // Node takes its own listener off when an answer is whole. A request that is aborted at that very moment still destroys
    // its stream with an error, and nobody is left to hear it: that would end the whole process.
    stream.on('error', () => undefined);
    stream.once('close', () => this.#streams.delete(stream));
    return withSocketMethods(stream);
  }

  /** Ends every stream at once. Calls under way fail with connection-lost. */
  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(closedError());
    this.destroy();
    for (const stream of this.#streams) stream.destroy(closedError());
  }
}

function closedError(): BerthError {
  return new BerthError('connection-lost', 'The connection to the container engine was closed.');
}

/** Node's agent takes its streams for net.Sockets; a channel of SSH lacks these, and needs none of them. */
function withSocketMethods(stream: Duplex): Duplex {
  const socket = stream as Duplex & Record<string, unknown>;
  for (const name of ['setTimeout', 'setKeepAlive', 'setNoDelay', 'ref', 'unref'])
    if (typeof socket[name] !== 'function') socket[name] = () => stream;
  if (typeof socket.destroySoon !== 'function') {
    socket.destroySoon = () => {
      if (stream.writableFinished) stream.destroy();
      else stream.end(() => stream.destroy());
    };
  }
  return stream;
}
