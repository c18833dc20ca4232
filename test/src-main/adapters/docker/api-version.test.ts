import { expect, test } from 'vitest';
import { compareApiVersions, negotiateApiVersion } from '#main/adapters/docker/api-version.ts';

test.each([
  ['20.10.24', '1.41', '1.12', '1.41'],
  ['28.0.0', '1.48', '1.24', '1.48'],
  ['29.0.0', '1.52', '1.44', '1.52'],
  ['a later one', '1.60', '1.44', '1.55'],
  ['podman 4', '1.41', '', '1.41'],
])('%s (%s, minimum %s) speaks %s', (engine, apiVersion, minimumApiVersion, expected) => {
  expect(negotiateApiVersion({ engine, apiVersion, minimumApiVersion })).toBe(expected);
});

test('too old: names both versions', () => {
  expect(() =>
    negotiateApiVersion({ engine: '19.03.15', apiVersion: '1.40', minimumApiVersion: '1.12' }),
  ).toThrow(
    expect.objectContaining({
      code: 'engine.too-old',
      message: expect.stringMatching(/19\.03\.15.*1\.40.*1\.41/),
    }),
  );
});
test('too new: says so, and is not called too old', () => {
  expect(() => negotiateApiVersion({ engine: '40', apiVersion: '1.90', minimumApiVersion: '1.70' })).toThrow(
    expect.objectContaining({ code: 'engine.failed', message: expect.stringContaining('Update Berth') }),
  );
});
test('no version at all is no engine', () => {
  expect(() => negotiateApiVersion({ engine: '', apiVersion: '', minimumApiVersion: '' })).toThrow(
    expect.objectContaining({ code: 'engine.failed' }),
  );
});
test('compared by number', () => {
  expect(compareApiVersions('1.9', '1.41')).toBeLessThan(0);
  expect(compareApiVersions('2.0', '1.99')).toBeGreaterThan(0);
  expect(compareApiVersions('1.44', '1.44')).toBe(0);
});
