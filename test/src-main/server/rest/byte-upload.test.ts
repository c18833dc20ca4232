/** Uploads over a real connection: every byte once, as fast as they are used, and nothing that is not as it was said to be. */
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { Handlers } from '#main/control-plane/handler.ts';
import { type RestServer, startRest } from '../rest-server.ts';

const path = '/v1/snapshots/snap_00000000000000000000/archive?hostId=host_00000000000000000000&name=a';
let server: RestServer | undefined;
afterEach(() => server?.[Symbol.asyncDispose]());

interface Taken {
  bytes: Buffer;
  input: unknown;
  signal: AbortSignal | undefined;
}

/** Takes the bytes as an import does: ends when it has as many as were said. */
function taker(
  taken: Taken,
  use: (bytes: Uint8Array) => Promise<void> = () => Promise.resolve(),
): Partial<Handlers> {
  return {
    'snapshots.import': async (input, channel, { signal }) => {
      taken.input = input;
      taken.signal = signal;
      await new Promise<void>((resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
        channel.onReceive(async (bytes) => {
          await use(bytes);
          taken.bytes = Buffer.concat([taken.bytes, bytes]);
          if (taken.bytes.length === input.sizeBytes) resolve();
        });
      });
    },
  };
}
const nothing = (): Taken => ({ bytes: Buffer.alloc(0), input: undefined, signal: undefined });

async function begin(handlers: Partial<Handlers>, headers: Record<string, string | number>, at = path) {
  server = await startRest(handlers);
  const outgoing = request({
    host: '127.0.0.1',
    port: server.port,
    method: 'PUT',
    path: at,
    headers: { 'content-type': 'application/octet-stream', ...headers },
    agent: false,
  });
  outgoing.on('error', () => undefined);
  return outgoing;
}
async function answerOf(outgoing: ClientRequest) {
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return { status: response.statusCode, headers: response.headers, text };
}

describe('an upload', () => {
  it('brings every byte, and is there', async () => {
    const taken = nothing();
    const body = Buffer.alloc(300_000, 'abc');
    const outgoing = await begin(taker(taken), { 'content-length': body.length });
    outgoing.end(body);
    const answer = await answerOf(outgoing);
    expect([answer.status, answer.text]).toEqual([201, '{}']);
    expect(answer.headers.location).toBe('/v1/snapshots/snap_00000000000000000000/archive');
    expect(taken.bytes.equals(body)).toBe(true);
    // Its length is the body's, and what may be null and was left out is.
    expect(taken.input).toMatchObject({ sizeBytes: body.length, workspaceId: null, image: null, name: 'a' });
  });

  it('is read no faster than it is used', async () => {
    const taken = nothing();
    let useOn: () => void = () => {};
    let used = 0;
    const outgoing = await begin(
      taker(taken, () => {
        used += 1;
        return new Promise((resolve) => (useOn = resolve));
      }),
      { 'content-length': 32 * 1024 * 1024 },
    );
    const part = Buffer.alloc(1024 * 1024);
    let written = 0;
    while (written < 32 && outgoing.write(part)) written += 1;
    await expect.poll(() => used).toBe(1);
    for (let n = 0; n < 50; n += 1) await turn();
    expect(used).toBe(1);
    useOn();
    await expect.poll(() => used).toBe(2);
    outgoing.destroy();
    // A connection that is not read says nothing of its end: it shows with the next reading.
    await expect
      .poll(() => {
        useOn();
        return taken.signal?.aborted;
      })
      .toBe(true);
  });

  it('says how long it is, one way or the other, and not two', async () => {
    const chunked = await begin(taker(nothing()), { 'transfer-encoding': 'chunked' });
    chunked.end('abc');
    expect((await answerOf(chunked)).status).toBe(411);
    await server?.[Symbol.asyncDispose]();
    const taken = nothing();
    const said = await begin(taker(taken), { 'transfer-encoding': 'chunked' }, `${path}&sizeBytes=3`);
    said.end('abc');
    expect((await answerOf(said)).status).toBe(201);
    expect(taken.bytes.toString()).toBe('abc');
    await server?.[Symbol.asyncDispose]();
    const both = await begin(taker(nothing()), { 'content-length': 3 }, `${path}&sizeBytes=4`);
    both.end('abc');
    expect(JSON.parse((await answerOf(both)).text)).toMatchObject({
      status: 400,
      errors: [{ field: 'sizeBytes' }],
    });
  });

  it.each([
    ['shorter', 'ab'],
    ['longer', 'abcd'],
  ])('that is %s than it was said to be is refused, and its work ended', async (_name, body) => {
    const taken = nothing();
    const handlers = taker(taken);
    const outgoing = await begin(
      {
        'snapshots.import': async (input, channel, context) => {
          // Never content: only the body's own end can end it.
          await handlers['snapshots.import']?.({ ...input, sizeBytes: 99 }, channel, context);
        },
      },
      { 'transfer-encoding': 'chunked' },
      `${path}&sizeBytes=3`,
    );
    outgoing.end(body);
    const answer = await answerOf(outgoing);
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([400, { code: 'invalid-input' }]);
    await expect.poll(() => taken.signal?.aborted).toBe(true);
  });

  it('that its client breaks off ends the work', async () => {
    const taken = nothing();
    const outgoing = await begin(taker(taken), { 'content-length': 1000 });
    outgoing.write('abc');
    await expect.poll(() => taken.bytes.length).toBe(3);
    outgoing.destroy();
    await expect.poll(() => taken.signal?.aborted).toBe(true);
  });

  it('that the plane refuses is answered before its body is there', async () => {
    const refuse = () => Promise.reject(new BerthError('host.not-connected', 'Connect it.'));
    const outgoing = await begin({ 'snapshots.import': refuse }, { 'content-length': 1_000_000 });
    outgoing.write('abc');
    expect((await answerOf(outgoing)).status).toBe(409);
    outgoing.destroy();
  });

  it('is bytes and nothing else', async () => {
    const outgoing = await begin(taker(nothing()), {
      'content-type': 'application/json',
      'content-length': 2,
    });
    outgoing.end('{}');
    const answer = await answerOf(outgoing);
    expect([answer.status, answer.headers.accept]).toEqual([415, 'application/octet-stream']);
  });
});
