/**
 * A stream of the plane as a response that goes on: server-sent events (WHATWG HTML §9.2) or lines of JSON. Guarantees:
 * an item is asked for only when the client has taken the one before, so a slow reader costs one pending change; the
 * stream of the plane ends when the client is gone, whatever way it went.
 */
import type { Context } from 'hono';
import { problemOf, requestIdOf, shownError } from './problem.ts';
import { abortWith, firstMoment, firstMomentMs } from './first-moment.ts';
import { cutShort } from './cut-short.ts';

export type StreamFormat = 'events' | 'lines';
type Items = AsyncGenerator<unknown, void, void>;

export interface StreamTimes {
  /** Milliseconds of silence after which a comment is sent: proxies cut what is silent, and a dead peer is found only by writing. */
  readonly heartbeatMs: number;
  readonly firstMomentMs: number;
}
export const streamTimes: StreamTimes = { heartbeatMs: 15_000, firstMomentMs };

/** Which of the two forms a client asks for; lines where it does not say. */
export function formatOf(accept: string | undefined): StreamFormat {
  return wantsEvents(accept) ? 'events' : 'lines';
}

export function wantsEvents(accept: string | undefined): boolean {
  return (accept ?? '')
    .split(',')
    .some((one) => one.split(';')[0]?.trim().toLowerCase() === 'text/event-stream');
}

const headersOf: Readonly<Record<StreamFormat, Readonly<Record<string, string>>>> = {
  // nginx collects responses into buffers unless it is told not to.
  events: { 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' },
  lines: { 'Content-Type': 'application/x-ndjson; charset=utf-8', 'X-Accel-Buffering': 'no' },
};

/** @throws what the stream throws before its first item, if that is at once */
export async function streamAnswer(
  context: Context,
  open: (signal: AbortSignal) => Items,
  format: StreamFormat,
  times: StreamTimes = streamTimes,
): Promise<Response> {
  const headers = headersOf[format];
  if (context.req.raw.method === 'HEAD') return context.body(null, 200, headers);
  const abort = abortWith(context.req.raw.signal);
  const items = open(abort.signal);
  let next = items.next();
  const end = () => {
    abort.abort();
    void items.return().catch(() => undefined);
  };
  try {
    await firstMoment(next, times.firstMomentMs);
  } catch (error) {
    end();
    throw error;
  }

  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const say = (text: string) => controller.enqueue(encoder.encode(text));
        try {
          const got = await withHeartbeat(next, format === 'events' ? times.heartbeatMs : undefined);
          if (got === undefined) return say(': still here\n\n');
          if (got.done === true) {
            if (format === 'events') say('event: end\ndata: {}\n\n');
            controller.close();
            return;
          }
          const json = JSON.stringify(got.value);
          say(format === 'events' ? `data: ${json}\n\n` : `${json}\n`);
          next = items.next();
          next.catch(() => undefined);
        } catch (error) {
          if (format === 'lines') return cutShort(context, controller, error);
          const shown = shownError(error);
          const problem = problemOf(shown.error, shown.status, requestIdOf(context));
          say(`event: failure\ndata: ${JSON.stringify(problem)}\n\n`);
          controller.close();
        }
      },
      cancel: end,
    },
    // Nothing is taken from the plane before the client wants it.
    { highWaterMark: 0 },
  );
  return context.body(body, 200, headers);
}

/** undefined: it has been silent for so long. */
async function withHeartbeat<T>(next: Promise<T>, ms: number | undefined): Promise<T | undefined> {
  if (ms === undefined) return next;
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms).unref();
  });
  try {
    return await Promise.race([next, silence]);
  } finally {
    clearTimeout(timer);
  }
}
