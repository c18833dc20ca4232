/** Terminals that nobody uses, and what a shell says of its commands. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CommandMarks } from '#main/control-plane/terminals/command-marks.ts';
import { durationWords } from '#main/control-plane/duration-words.ts';
import { isIdle, lookEveryMs } from '#main/control-plane/terminals/idle-terminals.ts';

describe('a terminal', () => {
  const unused = { clientCount: 0, usedAtMs: 1_000, isCommandRunning: false };
  it('is idle when nobody watched, typed or printed for so long, to the millisecond', () => {
    expect(isIdle(unused, 60_999, 60_000)).toBe(false);
    expect(isIdle(unused, 61_000, 60_000)).toBe(true);
  });
  it('is never idle while somebody watches or a command runs', () => {
    expect(isIdle({ ...unused, clientCount: 1 }, 1e9, 60_000)).toBe(false);
    expect(isIdle({ ...unused, isCommandRunning: true }, 1e9, 60_000)).toBe(false);
  });
  it('is looked at often enough and not too often', () => {
    expect(lookEveryMs(100)).toBe(1_000);
    expect(lookEveryMs(300_000)).toBe(30_000);
    expect(lookEveryMs(86_400_000)).toBe(60_000);
  });
  it.each([
    [1_500, '1.5 seconds'],
    [90_000, '90 seconds'],
    [1_800_000, '30 minutes'],
    [5_400_000, '90 minutes'],
    [7_200_000, '2 hours'],
  ])('was silent for %i ms: %s', (timeMs, words) => expect(durationWords(timeMs)).toBe(words));
});

describe('marks of commands', () => {
  const [begin, end, prompt, other] = [
    '\x1b]133;C\x07',
    '\x1b]133;D;0\x07',
    '\x1b]133;A\x07',
    '\x1b]133;B\x07',
  ];
  const isRunning = (...pieces: string[]) => {
    const marks = new CommandMarks();
    for (const piece of pieces) marks.append(Buffer.from(piece));
    return marks.isRunning;
  };

  it('tell whether one runs', () => {
    expect(isRunning()).toBe(false);
    expect(isRunning(`$ sleep 9\r\n${begin}`)).toBe(true);
    expect(isRunning(begin, 'output '.repeat(1000), '133;D is no mark')).toBe(true);
    expect(isRunning(begin, 'done', end)).toBe(false);
    expect(isRunning(begin, prompt)).toBe(false);
    expect(isRunning(`${begin}x${end}${prompt}${other}$ `)).toBe(false);
    expect(isRunning(`${end}${prompt}${other}ls\r\n${begin}${other}`)).toBe(true);
  });

  it('say the same wherever the output is cut', () => {
    const piece = fc.constantFrom(
      begin,
      end,
      prompt,
      other,
      'text',
      '\x1b',
      '\x1b]133;',
      ']133;C',
      '\x1b]0;t\x07',
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
        (parts, cuts) => {
          const text = parts.join('');
          const cut: string[] = [];
          for (let at = 0; at < text.length; ) {
            const length = cuts.next().value as number;
            cut.push(text.slice(at, at + length));
            at += length;
          }
          expect(isRunning(...cut)).toBe(isRunning(text));
        },
      ),
    );
  });
});
