/** Streams as responses: what is written, what is not asked for yet, and that nothing runs on when the reader is gone. */
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { formatOf, type StreamFormat, streamAnswer, streamTimes } from '#main/server/rest/event-stream.ts';
import { errorAnswer } from '#main/server/rest/problem.ts';

interface World {
  readonly asked: () => number;
  readonly hasEnded: () => boolean;
  readonly response: Response;
}

async function answer(
  format: StreamFormat,
  make: (signal: AbortSignal, asked: () => void) => AsyncGenerator<unknown, void, void>,
  times: Partial<typeof streamTimes> = {},
): Promise<World> {
  let asked = 0;
  let hasEnded = false;
  const app = new Hono();
  app.get('/', (context) =>
    streamAnswer(
      context,
      async function* (signal) {
        try {
          yield* make(signal, () => (asked += 1));
        } finally {
          hasEnded = true;
        }
      },
      format,
      { ...streamTimes, ...times },
    ),
  );
  app.onError((error, context) => errorAnswer(context, error));
  return { asked: () => asked, hasEnded: () => hasEnded, response: await app.request('/') };
}

const untilAborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

describe('streamAnswer', () => {
  it('asks for the next item when the one before was taken', async () => {
    const { response, asked } = await answer('events', async function* (_signal, ask) {
      for (let n = 0; n < 100; n += 1) {
        ask();
        yield n;
      }
    });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const read = async () => new TextDecoder().decode((await reader.read()).value);
    expect(await read()).toBe('data: 0\n\n');
    expect(await read()).toBe('data: 1\n\n');
    expect(asked()).toBeLessThanOrEqual(4);
    await reader.cancel();
  });

  it('ends the stream when its reader goes, also while it waits', async () => {
    const { response, hasEnded } = await answer('events', async function* (signal) {
      yield 1;
      await untilAborted(signal);
    });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await reader.cancel();
    await expect.poll(hasEnded).toBe(true);
  });

  it('says that it is still there where nothing happens', async () => {
    const { response } = await answer(
      'events',
      async function* (signal) {
        await untilAborted(signal);
        yield 1;
      },
      { heartbeatMs: 1, firstMomentMs: 1 },
    );
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    // A comment: no reader of events takes it for one (WHATWG HTML §9.2.6).
    expect(new TextDecoder().decode((await reader.read()).value)).toBe(': still here\n\n');
    await reader.cancel();
  });

  it('has the status of what fails at once, and tells in an event what fails later', async () => {
    const early = await answer('events', async function* () {
      const nothing: unknown[] = await Promise.reject(new BerthError('host.not-connected', 'Connect it.'));
      yield* nothing;
    });
    expect(early.response.status).toBe(409);
    expect(early.hasEnded()).toBe(true);
    const late = await answer('events', async function* () {
      yield 1;
      throw new Error('foreign');
    });
    const text = await late.response.text();
    expect(text).toContain('event: failure\ndata: {"type":"/api/docs#code-internal"');
    expect(text).not.toContain('foreign');
  });

  it('writes a line for each item, and breaks off where it fails', async () => {
    const good = await answer('lines', async function* () {
      yield { a: 'x\ny' };
      yield null;
    });
    expect(await good.response.text()).toBe('{"a":"x\\ny"}\nnull\n');
    const bad = await answer('lines', async function* () {
      yield 1;
      throw new BerthError('connection-lost', 'Gone.');
    });
    await expect(bad.response.text()).rejects.toThrow('Gone.');
  });

  it.each([
    [undefined, 'lines'],
    ['*/*', 'lines'],
    ['text/event-stream', 'events'],
    ['application/json, TEXT/Event-Stream;q=0.5', 'events'],
    ['text/event-streams', 'lines'],
  ] as const)('takes %s for %s', (accept, format) => {
    expect(formatOf(accept)).toBe(format);
  });
});
