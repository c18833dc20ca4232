/** What sharing is called, and how long a link may last. */
import { describe, expect, it } from 'vitest';
import { maxShareMinutes } from '#contract/terminal-shares.ts';
import { isOwnComputer, minutesOf, sharedWords } from '#renderer/features/terminals/share-words.ts';

describe('sharing in words', () => {
  it('says how many watch, over all links', () => {
    expect(sharedWords([])).toBeNull();
    expect(sharedWords([{ viewerCount: 0 }])).toBe('Shared · nobody watching');
    expect(sharedWords([{ viewerCount: 1 }, { viewerCount: 1 }])).toBe('Shared · 2 watching');
  });

  it.each([
    ['5', '1', 5],
    [' 2 ', '60', 120],
    ['7', '1440', maxShareMinutes],
    ['8', '1440', 'must be at most 7 days'],
    ['0', '60', 'must be a whole number above 0'],
    ['', '60', 'must be a whole number above 0'],
    ['1.5', '60', 'must be a whole number above 0'],
    ['-1', '60', 'must be a whole number above 0'],
    ['1e3', '1', 'must be a whole number above 0'],
  ] as const)('reads %j × %j minutes as %j', (count, unit, wanted) => {
    expect(minutesOf(count, unit, maxShareMinutes)).toBe(wanted);
  });

  it('knows the names of this computer alone', () => {
    expect(['localhost', '127.0.0.1', '127.1.2.3', '[::1]'].every(isOwnComputer)).toBe(true);
    expect(['berth.example', '127.0.0.1.evil.example', '10.0.0.1'].some(isOwnComputer)).toBe(false);
  });
});
