/** Which text is a size and which is typed; and that no cut of the output breaks a character. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { outputFrames, sizeMessage } from '#main/server/compatible/terminal-frames.ts';

describe('a size message', () => {
  it.each([
    ['{"type":"resize","cols":120,"rows":40}', { cols: 120, rows: 40 }],
    ['{"rows":40,"cols":120,"type":"resize"}', { cols: 120, rows: 40 }],
    ['{"resize":[80,24]}', { cols: 80, rows: 24 }],
    // A page that is hidden measures nothing.
    ['{"type":"resize","cols":0,"rows":0}', { cols: 2, rows: 1 }],
    ['{"resize":[100000,100000]}', { cols: 1000, rows: 500 }],
  ])('is %s', (text, size) => {
    expect(sizeMessage(text)).toEqual(size);
  });

  it.each([
    '{',
    '{}',
    ' {"resize":[80,24]}',
    '{"resize":[80,24]}\n{',
    '{"resize":[80,24],"x":1}',
    '{"resize":[80]}',
    '{"resize":[80,24,1]}',
    '{"resize":["80","24"]}',
    '{"resize":{"0":80,"1":24,"length":2}}',
    '{"type":"resize","cols":80}',
    '{"type":"resize","cols":80,"rows":24,"more":true}',
    '{"type":"resize","cols":"80","rows":24}',
    '{"type":"resize","cols":80.5,"rows":24}',
    '{"type":"resize","cols":null,"rows":null}',
    '{"type":"input","cols":80,"rows":24}',
    '{"__proto__":{"resize":[80,24]}}',
    '[80,24]',
    'null',
    `{"resize":[80,24]${' '.repeat(200)}}`,
  ])('is not %j, which is typed', (text) => {
    expect(sizeMessage(text)).toBeUndefined();
  });

  it('is nothing that a person could mean as text, whatever it is', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const size = sizeMessage(text);
        if (size === undefined) return;
        expect(
          Object.keys(JSON.parse(text) as object)
            .toSorted()
            .join(),
        ).toMatch(/^(cols,rows,type|resize)$/);
      }),
    );
  });
});

/** Characters of one to four bytes, and one that is made of several. */
const texts = fc
  .array(fc.constantFrom('a', '\n', '\u001b', 'é', '€', '\u{1F600}', 'e\u0301', '\u{10FFFF}'), {
    maxLength: 30,
  })
  .map((characters) => characters.join(''));

describe('output as text', () => {
  it('gives the same text, wherever its bytes are cut', () => {
    fc.assert(
      fc.property(texts, fc.array(fc.nat(9), { maxLength: 20 }), (text, cuts) => {
        const bytes = Buffer.from(text, 'utf8');
        const frames = outputFrames('text');
        let shown = '';
        let from = 0;
        for (const length of cuts) {
          shown += String(frames.frame(bytes.subarray(from, from + length)));
          from += length;
        }
        shown += String(frames.frame(bytes.subarray(Math.min(from, bytes.length))));
        shown += String(frames.end());
        expect(shown).toBe(text);
      }),
    );
  });

  it('never holds half a character, and forgets one whose rest was dropped', () => {
    const frames = outputFrames('text');
    const euro = Buffer.from('€');
    expect(frames.frame(euro.subarray(0, 2))).toBe('');
    expect(frames.frame(euro.subarray(2))).toBe('€');
    expect(frames.frame(euro.subarray(0, 1))).toBe('');
    frames.reset();
    expect(frames.frame(Buffer.from('ok'))).toBe('ok');
  });

  it('as bytes is what the program wrote', () => {
    const bytes = Uint8Array.of(0, 255, 0xe2, 0x82);
    expect(outputFrames('binary').frame(bytes)).toBe(bytes);
    expect(outputFrames('binary').end()).toHaveLength(0);
  });
});
