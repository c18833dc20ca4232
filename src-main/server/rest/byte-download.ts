/**
 * A byte stream of the plane as the body of a response. Guarantees: the plane is asked for no more than `byteFlow` allows
 * while the client does not read; it is told when the client is gone; a failure after the first byte cuts the response.
 */
import type { Context } from 'hono';
import { BerthError } from '#contract/berth-error.ts';
import { byteFlow } from '#contract/frame.ts';
import type { ByteChannel } from '../../control-plane/handler.ts';
import { cutShort } from './cut-short.ts';
import { abortWith, firstMoment } from './first-moment.ts';

export interface Download {
  /** Begins at once; rejects when it cannot, or when it fails on its way. */
  readonly begin: (signal: AbortSignal) => (channel: ByteChannel) => Promise<void>;
  readonly headers: Readonly<Record<string, string>>;
  /** It may be silent for long, as a log: its headers do not wait for its first byte. */
  readonly isLive: boolean;
}

export async function downloadAnswer(
  context: Context,
  { begin, headers, isLive }: Download,
): Promise<Response> {
  const abort = abortWith(context.req.raw.signal);
  const run = begin(abort.signal);
  if (context.req.raw.method === 'HEAD') {
    abort.abort();
    return context.body(null, 200, headers);
  }

  const { readable, channel, close, firstByte } = outlet(() => abort.abort());
  let isOut = false;
  let failure: { error: unknown } | undefined;
  const ended = run(channel).then(
    () => close((controller) => controller.close()),
    (error: unknown) => {
      if (isOut) close((controller) => cutShort(context, controller, error));
      else failure = { error };
    },
  );
  const beginning = Promise.race([firstByte, ended]);
  await (isLive ? firstMoment(beginning) : beginning);
  if (failure !== undefined) {
    abort.abort();
    throw failure.error;
  }
  isOut = true;
  return context.body(readable, 200, headers);
}

function outlet(onCancel: () => void) {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  let isOver = false;
  let waiters: { resolve: () => void; reject: (error: BerthError) => void }[] = [];
  let sayFirst: () => void = () => {};
  const firstByte = new Promise<void>((resolve) => (sayFirst = resolve));
  const over = () => new BerthError('cancelled', 'The download has ended.');
  const end = () => {
    isOver = true;
    for (const { reject } of waiters) reject(over());
    waiters = [];
  };
  const readable = new ReadableStream<Uint8Array>(
    {
      start: (own) => {
        controller = own;
      },
      pull: () => {
        const released = waiters;
        waiters = [];
        for (const { resolve } of released) resolve();
      },
      cancel: () => {
        end();
        onCancel();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: byteFlow.initialBytes }),
  );
  const room = () => controller.desiredSize ?? 0;
  const channel: ByteChannel = {
    send: (bytes) => {
      if (isOver) return handled(Promise.reject(over()));
      // A copy: the sender may use its buffer again.
      if (bytes.byteLength > 0) controller.enqueue(new Uint8Array(bytes));
      sayFirst();
      if (room() > 0) return Promise.resolve();
      return handled(new Promise<void>((resolve, reject) => waiters.push({ resolve, reject })));
    },
    get waitingBytes() {
      return Math.max(0, byteFlow.initialBytes - room());
    },
    // A download is a file or a log: nothing of it may be left out.
    dropWaiting: () => 0,
    onReceive: () => undefined,
  };
  return {
    readable,
    channel,
    firstByte,
    /** Once; nothing is sent after it. */
    close: (how: (controller: ReadableStreamDefaultController<Uint8Array>) => void) => {
      if (isOver) return;
      end();
      how(controller);
    },
  };
}

/** Whoever does not await `send` is not punished with an unhandled rejection; whoever does still gets it. */
function handled(promise: Promise<void>): Promise<void> {
  promise.catch(() => undefined);
  return promise;
}
