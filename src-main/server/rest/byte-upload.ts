/**
 * The body of a request as the client's side of a byte stream. Guarantees: no more of it is read than the plane has used;
 * a body that is shorter or longer than it was said to be, or that stops coming, is refused and the plane is told.
 */
import type { Context } from 'hono';
import { BerthError } from '#contract/berth-error.ts';
import type { ByteChannel } from '../../control-plane/handler.ts';
import { abortWith } from './first-moment.ts';
import { HttpRefusal } from './problem.ts';

/** Milliseconds for which a body may bring nothing. */
const stallMs = 60_000;

type Listener = (bytes: Uint8Array) => void | Promise<void>;

/**
 * How many bytes a body will have: what the request says of itself, or what its query says.
 * @throws HttpRefusal 411 when neither does; BerthError invalid-input when they differ
 */
export function bodySize(context: Context, said: unknown, field: string): number {
  const header = context.req.header('content-length');
  const length = header !== undefined && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
  if (said === undefined && length === undefined)
    throw new HttpRefusal(411, {
      code: 'invalid-input',
      message: `Say how long the body is: with Content-Length, or with ${field} in the query.`,
    });
  if (length !== undefined && typeof said === 'number' && said !== length)
    throw BerthError.atField(field, 'It must be the length of the body.');
  return (said as number | undefined) ?? (length as number);
}

/** Resolves when the plane has taken it all and is done with it. */
export async function takeUpload(
  context: Context,
  sizeBytes: number,
  begin: (signal: AbortSignal) => (channel: ByteChannel) => Promise<void>,
): Promise<void> {
  const abort = abortWith(context.req.raw.signal);
  let listening!: (listener: Listener) => void;
  const listener = new Promise<Listener>((resolve) => (listening = resolve));
  const channel: ByteChannel = {
    // What is uploaded to says nothing but its end.
    send: () => Promise.resolve(),
    waitingBytes: 0,
    dropWaiting: () => 0,
    onReceive: (own) => listening(own),
  };
  const ended = begin(abort.signal)(channel);
  const fed = feed(context.req.raw.body, sizeBytes, listener, abort.signal);
  try {
    // A body that went wrong ends the plane's work; the work's end ends the reading of what is left.
    await Promise.race([ended, fed.then(() => ended)]);
  } finally {
    abort.abort();
    ended.catch(() => undefined);
    fed.catch(() => undefined);
  }
}

async function feed(
  body: ReadableStream<Uint8Array> | null,
  sizeBytes: number,
  listener: Promise<Listener>,
  signal: AbortSignal,
): Promise<void> {
  const stopped = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new BerthError('cancelled', 'The upload has ended.')), {
      once: true,
    });
  });
  stopped.catch(() => undefined);
  const reader = body?.getReader();
  const deliver = await Promise.race([listener, stopped]);
  let length = 0;
  try {
    for (;;) {
      const { done, value } = (await inTime(reader?.read(), stopped)) ?? { done: true, value: undefined };
      if (done) break;
      length += value.byteLength;
      if (length > sizeBytes) throw wrongLength(`more than the ${sizeBytes} bytes`);
      await Promise.race([deliver(value), stopped]);
    }
  } finally {
    await reader?.cancel().catch(() => undefined);
  }
  if (length < sizeBytes) throw wrongLength(`${length} of the ${sizeBytes} bytes`);
}

async function inTime<T>(read: Promise<T> | undefined, stopped: Promise<never>): Promise<T | undefined> {
  if (read === undefined) return undefined;
  let timer: NodeJS.Timeout | undefined;
  const stalled = new Promise<never>((_resolve, reject) => {
    const error = { code: 'timed-out', message: 'The body stopped coming. Send it again.' } as const;
    timer = setTimeout(() => reject(new HttpRefusal(408, error, { Connection: 'close' })), stallMs);
    timer.unref();
  });
  try {
    return await Promise.race([read, stalled, stopped]);
  } finally {
    clearTimeout(timer);
  }
}

function wrongLength(what: string): BerthError {
  return new BerthError('invalid-input', `The body has ${what} that it was said to have.`);
}
