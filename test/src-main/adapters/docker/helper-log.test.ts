/** A log that the engine cuts, ends too early and starts again: each line once and whole. */
import type { ServerResponse } from 'node:http';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LineAssembler } from '#main/adapters/docker/helper-log.ts';
import { cutBytes, pieceLengths } from './cut-bytes.ts';
import { FakeEngine, json } from './fake-engine.ts';

function frame(number: 1 | 2, text: string | Buffer): Buffer {
  const bytes = Buffer.from(text);
  const header = Buffer.from([number, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

test('lines are whole however they are cut, characters too', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), pieceLengths, (texts, sizes) => {
      const lines = texts.map((text) => text.replaceAll('\n', ''));
      const seen: string[] = [];
      const assembler = new LineAssembler((line) => seen.push(line));
      for (const piece of cutBytes(Buffer.from(lines.map((line) => `${line}\n`).join('')), sizes))
        assembler.push(piece);
      assembler.end();
      expect(seen).toEqual(lines);
    }),
  );
});
test('a line without an end is bounded', () => {
  const assembler = new LineAssembler(() => undefined);
  expect(() => {
    for (let count = 0; count < 20; count++) assembler.push(Buffer.alloc(100_000, 0x61));
  }).toThrow('does not end');
});

describe('followed', () => {
  /** Each answer to GET …/logs in turn, the last of them for the whole log at the end. */
  function fakeHelper(logs: readonly Buffer[][], { endsAfter }: { endsAfter: number }) {
    const fake = new FakeEngine();
    let asked = 0;
    const state = () => {
      const isRunning = asked < endsAfter;
      return { Running: isRunning, Status: isRunning ? 'running' : 'exited', ExitCode: isRunning ? 0 : 6 };
    };
    fake.on('GET /containers/h/json', (_request, response) =>
      json(response, 200, { Id: 'id1', State: state(), Config: { Labels: { 'dev.berth.helper': '1' } } }),
    );
    const follows: (string | null)[] = [];
    fake.on('GET /containers/id1/logs', ({ query }, response: ServerResponse) => {
      follows.push(query.get('follow'));
      const pieces = logs[asked++] ?? [];
      response.writeHead(200);
      for (const piece of pieces) response.write(piece);
      response.end();
    });
    return { fake, follows };
  }

  test('a log that ends under a running helper is read on, without repeating', async () => {
    const euro = Buffer.from('e€\n');
    const all = [frame(1, 'a\nb\n'), frame(2, 'oops\n'), frame(1, 'c\n'), frame(1, euro)];
    const { fake, follows } = fakeHelper(
      [
        [frame(1, 'a\n'), frame(1, 'b')],
        [frame(1, 'a\nb\n'), frame(1, 'c\n'), frame(1, euro.subarray(0, 2))],
        [...all, frame(1, 'rest')],
      ],
      { endsAfter: 2 },
    );
    const engine = await fake.open();
    const lines: string[] = [];
    const never = new AbortController().signal;
    expect(await engine.followHelper('h', (line) => lines.push(line), never)).toEqual({
      id: 'id1',
      isRunning: false,
      exitCode: 6,
      isOutOfMemory: false,
      errorText: 'oops\n',
    });
    expect(lines).toEqual(['a', 'b', 'c', 'e€', 'rest']);
    expect(follows).toEqual(['1', '1', '0']);
    engine.close();
  });

  test('the end of much error output is bounded, and begins with a whole character', async () => {
    const { fake } = fakeHelper([[frame(2, `x${'€'.repeat(3000)}`)]], { endsAfter: 0 });
    const engine = await fake.open();
    const { errorText } = await engine.followHelper('h', () => undefined, new AbortController().signal);
    expect(errorText).toMatch(/^€{1365}$/);
    engine.close();
  });

  test('an engine that goes away while it is followed', async () => {
    const { fake } = fakeHelper([], { endsAfter: 9 });
    fake.on('GET /containers/id1/logs', (_request, response) => {
      response.writeHead(200).write(frame(1, 'a\n'));
    });
    const engine = await fake.open();
    const lines: string[] = [];
    const following = engine.followHelper('h', (line) => lines.push(line), new AbortController().signal);
    const failure = following.catch((error: unknown) => error);
    await expect.poll(() => lines).toEqual(['a']);
    engine.close();
    expect(await failure).toMatchObject({ code: 'connection-lost' });
  });

  test('one that is no helper of ours is none', async () => {
    const fake = new FakeEngine();
    fake.on('GET /containers/h/json', (_request, response) => json(response, 200, { Id: 'x', Config: {} }));
    const engine = await fake.open();
    expect(await engine.helperState('h')).toBeUndefined();
    await engine.endHelper('h');
    expect(fake.requests.map(({ method }) => method)).not.toContain('DELETE');
    engine.close();
  });
});
