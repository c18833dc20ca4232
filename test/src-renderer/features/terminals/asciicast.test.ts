import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CastError,
  type CastEvent,
  castHeader,
  castLine,
  readCast,
} from '#renderer/features/terminals/asciicast.ts';
import { Recorder } from '#renderer/features/terminals/recorder.ts';
import { idleLimitSeconds, Replay } from '#renderer/features/terminals/replay.ts';

const header = castHeader({
  size: { cols: 80, rows: 24 },
  title: 'bash',
  startedAt: new Date('2026-01-02T03:04:05Z'),
});

describe('asciicast', () => {
  it('reads what it wrote', () => {
    const event = fc.oneof(
      fc.string({ unit: 'binary' }).map((text) => ({ kind: 'output' as const, text })),
      fc
        .record({ cols: fc.integer({ min: 2, max: 1000 }), rows: fc.integer({ min: 1, max: 500 }) })
        .map((size) => ({ kind: 'resize' as const, size })),
      fc.stringMatching(/^[a-z ]*[a-z]$/).map((text) => ({ kind: 'marker' as const, text: text.trim() })),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(event, fc.integer({ min: 0, max: 5_000 })), { maxLength: 20 }),
        (list) => {
          let atMs = 0;
          const events: CastEvent[] = list.map(([one, delayMs]) => {
            atMs += delayMs;
            return { ...one, atSeconds: atMs / 1000 };
          });
          const cast = readCast(header + events.map(castLine).join(''));
          expect(cast.events).toEqual(events);
          expect(cast).toMatchObject({ version: 2, title: 'bash', size: { cols: 80, rows: 24 } });
        },
      ),
    );
  });

  it('reads version 1', () => {
    const cast = readCast(
      JSON.stringify(
        {
          version: 1,
          width: 80,
          height: 24,
          duration: 3,
          stdout: [
            [0.5, 'a'],
            [1, 'b'],
          ],
        },
        null,
        1,
      ),
    );
    expect(cast.events).toEqual([
      { atSeconds: 0.5, kind: 'output', text: 'a' },
      { atSeconds: 1.5, kind: 'output', text: 'b' },
    ]);
  });

  it('reads version 3: intervals, comments, what it does not know', () => {
    const cast = readCast(
      [
        '{"version":3,"term":{"cols":100,"rows":50},"title":"v3"}',
        '# a comment',
        '[0.5, "o", "a"]',
        '[0.25, "i", "secret"]',
        '[0.25, "r", "90x40"]',
        '[1, "m", "here"]',
        '[1, "x", "0"]',
        '[1, "future", {"a":1}]',
        '',
      ].join('\n'),
    );
    expect(cast.size).toEqual({ cols: 100, rows: 50 });
    expect(cast.events).toEqual([
      { atSeconds: 0.5, kind: 'output', text: 'a' },
      { atSeconds: 1, kind: 'resize', size: { cols: 90, rows: 40 } },
      { atSeconds: 2, kind: 'marker', text: 'here' },
    ]);
    expect(cast.durationSeconds).toBe(4);
  });

  it('forgives a last line that was cut off, and a clock that went back', () => {
    const cast = readCast(`${header}[2,"o","a"]\n[1,"o","b"]\n[3,"o","c`);
    expect(cast.events.map(({ atSeconds }) => atSeconds)).toEqual([2, 2]);
  });

  it('says what is wrong with everything else', () => {
    const wrong: [string, RegExp][] = [
      ['', /header/],
      ['hello', /header/],
      ['{"version":9}', /9/],
      ['{"version":2,"width":0,"height":24}', /size/],
      ['{"version":2,"width":80,"height":99999}', /size/],
      [`${header}nonsense\n[1,"o","a"]\n`, /Line 2/],
      [`${header}[1e99,"o","a"]\n`, /time/],
      [`${header}["1","o","a"]\n`, /Line 2/],
      ['{"version":1,"width":80,"height":24,"stdout":[["a",1]]}', /version 1/],
    ];
    for (const [text, message] of wrong) expect(() => readCast(text), text).toThrow(message);
  });

  it('throws nothing but its own error, whatever the file', () => {
    const line = fc.oneof(
      fc.json(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('[1,"o","a"]', '[1,"r","0x0"]', '#'),
    );
    fc.assert(
      fc.property(fc.array(line), fc.boolean(), (lines, hasHeader) => {
        try {
          const cast = readCast((hasHeader ? header : '') + lines.join('\n'));
          let before = 0;
          for (const { atSeconds } of cast.events) {
            expect(atSeconds).toBeGreaterThanOrEqual(before);
            before = atSeconds;
          }
        } catch (error) {
          expect(error).toBeInstanceOf(CastError);
        }
      }),
    );
  });
});

describe('Recorder', () => {
  const open = (limitBytes?: number) => {
    const clock = { nowMs: 100 };
    let fullCount = 0;
    const recorder = new Recorder({
      title: 'bash',
      size: { cols: 80, rows: 24 },
      screen: 'shown before',
      startedAt: new Date('2026-01-02T03:04:05Z'),
      nowMs: () => clock.nowMs,
      onFull: () => {
        fullCount += 1;
      },
      ...(limitBytes === undefined ? {} : { limitBytes }),
    });
    return { recorder, clock, fullCount: () => fullCount };
  };

  it('begins with the screen and writes what came, letters whole', async () => {
    const { recorder, clock } = open();
    const bytes = new TextEncoder().encode('é');
    clock.nowMs += 500;
    recorder.output(bytes.slice(0, 1));
    clock.nowMs += 500;
    recorder.output(bytes.slice(1));
    recorder.resize({ cols: 90, rows: 30 });
    recorder.mark('make');
    const cast = readCast(await recorder.file().text());
    expect(cast.events).toEqual([
      { atSeconds: 0, kind: 'output', text: 'shown before' },
      { atSeconds: 1, kind: 'output', text: 'é' },
      { atSeconds: 1, kind: 'resize', size: { cols: 90, rows: 30 } },
      { atSeconds: 1, kind: 'marker', text: 'make' },
    ]);
    expect(recorder.sizeBytes).toBe(recorder.file().size);
  });

  it('stops at its bound, once, with a file that can be read', async () => {
    const { recorder, fullCount } = open(2_000);
    for (let index = 0; index < 500; index += 1) recorder.output(new TextEncoder().encode('0123456789'));
    expect(recorder.isFull).toBe(true);
    expect(fullCount()).toBe(1);
    expect(recorder.file().size).toBeLessThanOrEqual(2_000);
    expect(readCast(await recorder.file().text()).events.length).toBeGreaterThan(10);
  });
});

describe('Replay', () => {
  const cast = readCast(`${header}[1,"o","a"]\n[2,"o","b"]\n[60,"m","late"]\n[61,"o","c"]\n`);
  const texts = (events: readonly CastEvent[]) =>
    events.map((event) => ('text' in event ? event.text : '')).join('');

  it('shortens pauses', () => {
    expect(new Replay(cast).durationSeconds).toBe(1 + 1 + idleLimitSeconds + 1);
    expect(new Replay(cast).markers).toEqual([{ atSeconds: 4, text: 'late' }]);
  });

  it('gives what is due, once', () => {
    const replay = new Replay(cast);
    expect(texts(replay.advance(0.5).events)).toBe('');
    expect(texts(replay.advance(1.6).events)).toBe('ab');
    expect(replay.isAtEnd).toBe(false);
    expect(texts(replay.advance(100).events)).toBe('latec');
    expect(replay.isAtEnd).toBe(true);
    expect(replay.atSeconds).toBe(replay.durationSeconds);
  });

  it('seeks forwards from where it is and backwards from the start', () => {
    const replay = new Replay(cast);
    expect(replay.seek(2)).toMatchObject({ reset: null });
    const back = replay.seek(1);
    expect(back.reset).toEqual({ cols: 80, rows: 24 });
    expect(texts(back.events)).toBe('a');
    expect(texts(replay.seek(999).events)).toBe('blatec');
  });
});
