import { expect, it } from 'vitest';
import { nearest } from '#main/cli/nearest.ts';

it.each([
  ['worksapce', 'workspace'],
  ['snapshots', 'snapshot'],
  ['hsot', 'host'],
  ['exce', 'exec'],
  ['x', undefined],
  ['something', undefined],
])('%s: %s', (typed, name) => {
  expect(nearest(typed, ['workspace', 'snapshot', 'host', 'exec', 'cp', 'shell'])).toBe(name);
});
