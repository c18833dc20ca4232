/** The palette finds what people mean. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fuzzyMatch } from '#renderer/features/workbench/fuzzy.ts';

const best = (query: string, texts: readonly string[]) =>
  texts
    .map((text) => ({ text, score: fuzzyMatch(query, text)?.score ?? Number.NEGATIVE_INFINITY }))
    .sort((a, b) => b.score - a.score)[0]?.text;

it('prefers beginnings of words, then whole pieces, then letters here and there', () => {
  expect(best('ter', ['Filter list', 'Open terminal', 'The early rest'])).toBe('Open terminal');
  expect(best('ct', ['Attach', 'Close tab'])).toBe('Close tab');
  expect(best('set', ['Reset', 'Open settings'])).toBe('Open settings');
});

it('takes words in any order', () => {
  expect(fuzzyMatch('server stop', 'Stop api-server')).not.toBeNull();
  expect(fuzzyMatch('server start', 'Stop api-server')).toBeNull();
});

it('matches every text by itself and by its letters in order, and marks letters that are there', () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[a-z][a-z -]{1,20}$/),
      fc.array(fc.boolean(), { minLength: 30, maxLength: 30 }),
      (text, keep) => {
        expect(fuzzyMatch(text, text)).not.toBeNull();
        const query = text
          .split('')
          .filter((letter, index) => letter !== ' ' && keep[index])
          .join('');
        const match = fuzzyMatch(query, text);
        expect(match).not.toBeNull();
        for (const index of match!.at) expect(query).toContain(text[index]!);
      },
    ),
  );
});
