import { expect, it } from 'vitest';
import { TypedWrong } from '#main/cli/failure.ts';
import { parseSize } from '#main/cli/project-flags.ts';

it.each([
  ['512m', 512 * 1024 ** 2],
  ['2g', 2 * 1024 ** 3],
  ['1.5GiB', 1.5 * 1024 ** 3],
  ['1024', 1024],
  ['1 TB', 1024 ** 4],
])('understands a size: %s', (text, bytes) => {
  expect(parseSize('memory', text)).toBe(bytes);
});
it.each(['', 'm', '-1g', '1e3', '1.g', '10x', '9999999t'])('refuses %j', (text) => {
  expect(() => parseSize('memory', text)).toThrow(TypedWrong);
});
