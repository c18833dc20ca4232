import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WrongValue } from '#main/config/config-error.ts';
import {
  decimalWithin,
  integerWithin,
  isLoopback,
  listOf,
  oneOf,
  parseAddressBlock,
  parseBoolean,
  parseDuration,
  parseHostName,
  parseLine,
  parseSize,
} from '#main/config/values.ts';

const list = listOf(parseAddressBlock);

describe('values', () => {
  it.each([
    [integerWithin(0, 65_535), '7474', 7474],
    [integerWithin(0, 65_535), '0', 0],
    [decimalWithin(0, 10), '2.5', 2.5],
    [oneOf('open', 'invited'), 'Open', 'open'],
    [parseBoolean, 'Yes', true],
    [parseBoolean, '0', false],
    [parseDuration, '90', 90_000],
    [parseDuration, '90s', 90_000],
    [parseDuration, '30m', 1_800_000],
    [parseDuration, '2H', 7_200_000],
    [parseDuration, '1d', 86_400_000],
    [parseDuration, '0', null],
    [parseDuration, 'never', null],
    [parseSize, '4GiB', 4 * 1024 ** 3],
    [parseSize, '4g', 4 * 1024 ** 3],
    [parseSize, '4GB', 4e9],
    [parseSize, '500MB', 5e8],
    [parseSize, '1.5KiB', 1536],
    [parseSize, '1024', 1024],
    [parseSize, '12B', 12],
    [parseHostName, '0.0.0.0', '0.0.0.0'],
    [parseHostName, '[::1]', '::1'],
    [parseHostName, 'smtp.example.org', 'smtp.example.org'],
    [parseHostName, 'my_mail', 'my_mail'],
    [list, ' 10.0.0.0/8, ::1 ,127.0.0.1,', ['10.0.0.0/8', '::1', '127.0.0.1']],
  ])('are read by %o: %s', (parse, text, value) => {
    expect(parse(text)).toEqual(value);
  });

  it.each([
    [integerWithin(0, 65_535), ['65536', '-1', '1.5', '0x10', ' 1', '1e3', '']],
    [decimalWithin(0, 10), ['11', '-1', 'NaN', '1,5', '.5']],
    [oneOf('open', 'invited'), ['closed', 'open invited']],
    [parseBoolean, ['maybe', '2', '']],
    [parseDuration, ['-1', '1w', '1.5h', '366d', 'soon', '1h30m']],
    [parseSize, ['4 gigs', '-1', '4iB', '9999999P', '', '1e9']],
    [parseHostName, ['10.0.0.256', '1.2.3', 'host:80', 'http://host', 'a b', '-a.b', `${'a'.repeat(64)}.b`]],
    [list, ['10.0.0.0/33', '::/129', 'proxy', '10.0.0.1/8/8', '0.0.0.0/0', '::/0', '10.0.0.0/']],
    [parseLine, ['a\nb', 'a\u001b[31m', 'x'.repeat(2001)]],
  ])('are refused by %o where they are none', (parse, texts) => {
    for (const text of texts)
      expect(() => (parse as (text: string) => unknown)(text), text).toThrow(WrongValue);
  });

  it.each([
    '127.0.0.1',
    '127.8.8.8',
    'localhost',
    'LOCALHOST.',
    'berth.localhost',
    '::1',
    '[::1]',
    '::ffff:127.0.0.1',
  ])('know %s for loopback', (host) => expect(isLoopback(host)).toBe(true));
  it.each([
    '0.0.0.0',
    '::',
    '128.0.0.1',
    'localhost.example.org',
    '127.0.0.1.example.org',
    '127.example',
    '10.0.0.1',
    '',
  ])('know that %s is not loopback', (host) => expect(isLoopback(host)).toBe(false));

  it('tell the rule and never the value', () => {
    const parsers = [
      parseDuration,
      parseSize,
      parseHostName,
      parseBoolean,
      parseAddressBlock,
      oneOf('open', 'invited'),
    ];
    fc.assert(
      fc.property(fc.string({ minLength: 12 }), fc.constantFrom(...parsers), (text, parse) => {
        try {
          parse(text);
        } catch (error) {
          expect(error).toBeInstanceOf(WrongValue);
          expect((error as Error).message).not.toContain(text);
        }
      }),
    );
  });
});
