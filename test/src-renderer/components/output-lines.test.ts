import { describe, expect, it } from 'vitest';
import { OutputLines } from '#renderer/components/output-lines.ts';

const limits = { maxLines: 100, maxLineLength: 20 };
function linesOf(...parts: string[]): string[] {
  const buffer = new OutputLines(limits);
  for (const part of parts) buffer.push(part);
  return buffer.lines().map((line) => line.text);
}

describe('OutputLines', () => {
  it('splits at line ends and shows the unfinished line last', () => {
    expect(linesOf('one\ntw', 'o\r\nthree')).toEqual(['one', 'two', 'three']);
    expect(linesOf('one\n\n')).toEqual(['one', '']);
  });

  it('lets a carriage return write the line anew, also when it came at the end of a part', () => {
    expect(linesOf('10 %\r20 %\r', '30 %\n')).toEqual(['30 %']);
    expect(linesOf('done\r', '\nnext')).toEqual(['done', 'next']);
  });

  it('takes escape sequences out, wherever they were cut', () => {
    const whole =
      '\u001b[2J\u001b]0;a title\u0007a\u001b(Bb\u001b[38;2;1;2;3mc\u001bPq#1\u001b\\d\u001b[?25l';
    expect(linesOf(whole)).toEqual(['abcd']);
    for (let cut = 1; cut < whole.length; cut += 1)
      expect(linesOf(whole.slice(0, cut), whole.slice(cut))).toEqual(['abcd']);
  });

  it('does not wait for ever for the end of a sequence', () => {
    const buffer = new OutputLines(limits);
    buffer.push(`\u001b]0;${'x'.repeat(5000)}`);
    expect(buffer.lines().length).toBeGreaterThan(0);
  });

  it('drops control characters and those that turn the writing direction', () => {
    expect(linesOf('a\u0000\u0007\u009bb\u202ec\u2066d\u2028e')).toEqual(['abcde']);
  });

  it('keeps a few styles and forgets backgrounds', () => {
    const buffer = new OutputLines(limits);
    buffer.push('a\u001b[1;31mb\u001b[41mc\u001b[0md\u001b[38;5;2me\u001b[39mf');
    const segments = buffer.lines()[0]?.segments.map(({ text, style }) => [text, style?.colour ?? null]);
    expect(segments).toEqual([
      ['a', null],
      ['bc', 'red'],
      ['d', null],
      ['e', 'green'],
      ['f', null],
    ]);
  });

  it('is bounded in the length of a line', () => {
    const lines = linesOf(`${'x'.repeat(45)}\n`);
    expect(lines.map((line) => line.length)).toEqual([20, 20, 5]);
  });

  it('is bounded in lines, and a line keeps its name when older ones go', () => {
    const buffer = new OutputLines({ maxLines: 10, maxLineLength: 20 });
    for (let index = 0; index < 1000; index += 1) buffer.push(`line ${index}\n`);
    const lines = buffer.lines();
    expect(lines).toHaveLength(10);
    expect(lines.at(-1)).toMatchObject({ id: 999, text: 'line 999' });
    expect(buffer.droppedLines).toBeGreaterThan(800);
  });
});
