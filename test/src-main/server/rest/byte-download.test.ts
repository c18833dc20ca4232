/** Downloads over a real connection: every byte, no more of them in memory than the flow allows, and an end that shows. */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { byteFlow } from '#contract/frame.ts';
import type { Handlers } from '#main/control-plane/handler.ts';
import { type RestServer, startRest } from '../rest-server.ts';

const archive = '/v1/snapshots/snap_00000000000000000000/archive';
const logs = '/v1/workspaces/ws_00000000000000000000/logs';
let server: RestServer | undefined;
afterEach(() => server?.[Symbol.asyncDispose]());

async function open(path: string, handlers: Partial<Handlers>): Promise<IncomingMessage> {
  server = await startRest(handlers);
  const [response] = (await once(
    get({ host: '127.0.0.1', port: server.port, path, agent: false }),
    'response',
  )) as [IncomingMessage];
  return response;
}

async function bytesOf(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describe('a download', () => {
  it('brings every byte under the name of the thing, from a sender that uses its buffer again', async () => {
    const response = await open(archive, {
      'snapshots.export': async (_input, channel) => {
        const buffer = Buffer.alloc(1000);
        for (let n = 0; n < 50; n += 1) await channel.send(buffer.fill(n));
      },
    });
    expect(response.headers).toMatchObject({
      'content-type': 'application/zstd',
      'content-disposition': 'attachment; filename="snap_00000000000000000000.tar.zst"',
    });
    const bytes = await bytesOf(response);
    expect(bytes.length).toBe(50_000);
    for (let n = 0; n < 50; n += 1) expect(bytes[n * 1000]).toBe(n);
  });

  it('waits for a reader that is slow, and ends with one that goes', async () => {
    let sentBytes = 0;
    let end: unknown;
    const response = await open(archive, {
      'snapshots.export': async (_input, channel, { signal }) => {
        const part = Buffer.alloc(byteFlow.batchBytes);
        try {
          while (!signal.aborted) {
            await channel.send(part);
            sentBytes += part.length;
          }
        } catch (error) {
          end = error;
          throw error;
        }
      },
    });
    // Nobody reads: it stands still with what lies on the way. The kernel's buffers are a few megabytes on loopback.
    let before = -1;
    await expect
      .poll(
        () => {
          const isStill = sentBytes === before;
          before = sentBytes;
          return isStill;
        },
        { interval: 200 },
      )
      .toBe(true);
    expect(sentBytes).toBeLessThan(64 * 1024 * 1024);
    response.destroy();
    await expect.poll(() => BerthError.is(end, 'cancelled')).toBe(true);
  });

  it('has a status for what fails before its first byte', async () => {
    const response = await open(archive, {
      'snapshots.export': () => Promise.reject(new BerthError('snapshot.corrupt', 'Damaged.')),
    });
    // The body of a problem, which nobody would save as an archive.
    expect([response.statusCode, response.headers['content-type']]).toEqual([
      422,
      'application/problem+json',
    ]);
    expect(response.headers['content-disposition']).toBeUndefined();
  });

  it('is cut off by what fails later: nobody takes a part for the whole', async () => {
    let fail: () => void = () => {};
    const response = await open(archive, {
      'snapshots.export': async (_input, channel) => {
        await channel.send(Buffer.from('half'));
        await new Promise<void>((resolve) => (fail = resolve));
        throw new BerthError('connection-lost', 'Gone.');
      },
    });
    const bytes = bytesOf(response);
    fail();
    await expect(bytes).rejects.toThrow('aborted');
  });

  it('that is empty is one', async () => {
    const response = await open(archive, { 'snapshots.export': () => Promise.resolve() });
    expect([response.statusCode, (await bytesOf(response)).length]).toEqual([200, 0]);
  });

  it('names a file of a snapshot by its own name', async () => {
    const path = `/v1/snapshots/snap_00000000000000000000/content?path=${encodeURIComponent('src/Ä "x".txt')}`;
    const response = await open(path, {
      'snapshots.read': (_input, channel) => channel.send(Buffer.from('x')),
    });
    expect(response.headers['content-disposition']).toBe(
      `attachment; filename="_ _x_.txt"; filename*=UTF-8''%C3%84%20_x_.txt`,
    );
  });
});

describe('a log', () => {
  it('begins although nothing was written yet, and goes on', async () => {
    let write: (bytes: Uint8Array) => Promise<void> = () => Promise.resolve();
    const response = await open(logs, {
      'workspaces.logs': async ({ tailLines }, channel, { signal }) => {
        expect(tailLines).toBe(1000);
        write = (bytes) => channel.send(bytes);
        await new Promise<void>((resolve) =>
          signal.addEventListener('abort', () => resolve(), { once: true }),
        );
      },
    });
    expect([response.statusCode, response.headers['content-type']]).toEqual([
      200,
      'text/plain; charset=utf-8',
    ]);
    void write(Buffer.from('line\n'));
    const [chunk] = (await once(response, 'data')) as [Buffer];
    expect(chunk.toString()).toBe('line\n');
    response.destroy();
  });
});
