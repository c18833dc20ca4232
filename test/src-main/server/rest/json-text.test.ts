/** JSON of anybody: what the engine takes is taken, what it refuses is refused, and nothing else differs but what is said here. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { givenTwice, maxDepth, parseJson } from '#main/server/rest/json-text.ts';

function failureOf(text: string): BerthError | undefined {
  try {
    parseJson(text);
    return undefined;
  } catch (error) {
    if (BerthError.is(error, 'invalid-input')) return error;
    throw error;
  }
}
function isTaken(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('parseJson', () => {
  it('takes what JSON.stringify writes, to the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('agrees with the engine on every other text, too', () => {
    const bits = [
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"b"',
      '"',
      '\\',
      '\\u00',
      '1',
      '-',
      '0',
      '.5',
      'e3',
      'true',
      'nul',
      ' ',
      '\n',
      '\t',
      '\u0001',
      '\u00a0',
      'é',
    ];
    const text = fc.array(fc.constantFrom(...bits), { maxLength: 8 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (one) => {
        const failure = failureOf(one);
        // Twice the same name is the one thing that the engine lets pass.
        if (failure?.message === 'A field is given twice.') return;
        expect([one, failure === undefined]).toEqual([one, isTaken(one)]);
      }),
      { numRuns: 3_000 },
    );
  });

  it.each([
    ['', 'its end'],
    ['{"a": }', 'line 1, column 7'],
    ['{\n"a": 1,\n}', 'line 3, column 1'],
    ['{"a', 'its end'],
    ['{"a": "\t"}', 'line 1, column 8'],
    ['{"a": "\\x"}', 'line 1, column 8'],
    ['{"a": 01}', 'line 1, column 7'],
    ['{"a": 1} x', 'line 1, column 10'],
    ["{'a': 1}", 'line 1, column 2'],
    ['[1 2]', 'line 1, column 4'],
    ['[1}', 'line 1, column 3'],
    ['}', 'line 1, column 1'],
    ['NaN', 'line 1, column 1'],
  ])('says where %j goes wrong', (text, place) => {
    expect(isTaken(text)).toBe(false);
    expect(failureOf(text)?.message).toBe(`The body is no JSON: it goes wrong at ${place}.`);
  });

  it('takes as many levels as it says, and not one more', () => {
    const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
    expect(failureOf(nested(maxDepth))).toBeUndefined();
    expect(failureOf(nested(maxDepth + 1))?.message).toContain('deeper');
    // Fast, too: a million levels are not walked.
    expect(failureOf(nested(1_000_000))?.message).toContain('deeper');
  });

  it('refuses a name that is there, in the same object alone', () => {
    expect(failureOf('{"a":1,"\\u0061":2}')?.message).toBe('A field is given twice.');
    expect(failureOf('[{"a":1},{"a":{"a":2}}]')).toBeUndefined();
    expect(failureOf('{"a":"a","b":"a"}')).toBeUndefined();
  });

  it('does not repeat what was sent', () => {
    for (const text of ['{"canary": canary}', '{"canary 7":1,"canary 7":2}'])
      expect(JSON.stringify(failureOf(text)?.toShape())).not.toContain('canary');
    expect(givenTwice('name').details.fields).toEqual(['name: must be given once']);
  });

  it('reads megabytes of text in a moment', () => {
    const text = JSON.stringify({ a: 'x\n'.repeat(2_000_000), b: Array(100_000).fill(1) });
    const began = performance.now();
    parseJson(text);
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});
