import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clip, displayWidth, plain, plainJson, plainLines } from '#main/cli/plain-text.ts';

const unsafe = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/;
const nasty = fc.array(
  fc.oneof(
    fc.constantFrom('\u001b[2J', '\u009b31m', '\u0007', '\r', '\n', '\u202e', '\u2066', '\u0000', '\u007f'),
    fc.string({ unit: 'binary' }),
  ),
);

describe('plain text', () => {
  it('spells out what would steer a terminal, and leaves the rest alone', () => {
    expect(plain('a\u001b]0;x\u0007\r\nb\u009b\u202eä"\'`$日')).toBe(
      'a\\x1b]0;x\\x07\\x0d\\x0ab\\x9b\\u202eä"\'`$日',
    );
    expect(plainLines('a\tb\n\u001bc')).toBe('a\tb\n\\x1bc');
  });

  it('lets nothing raw through, whatever comes', () => {
    fc.assert(
      fc.property(nasty, (parts) => {
        const text = parts.join('');
        expect(plain(text)).not.toMatch(unsafe);
        expect(plainLines(text).replace(/[\t\n]/g, '')).not.toMatch(unsafe);
        const json = plainJson({ [text]: text });
        expect(json).not.toMatch(unsafe);
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify({ [text]: text })));
      }),
    );
  });

  it('knows how wide text is, and cuts it there', () => {
    expect([displayWidth('abc'), displayWidth('日本'), displayWidth('e\u0301'), displayWidth('👍')]).toEqual([
      3, 4, 1, 2,
    ]);
    expect(clip('abcdef', 4)).toBe('abc…');
    expect(clip('日本語', 4)).toBe('日…');
    expect(clip('abc', 3)).toBe('abc');
  });
});
