import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commandLine, quote } from '#main/adapters/ssh/quote.ts';

const shells = [
  ['/bin/sh'],
  ['/bin/bash'],
  ['/usr/bin/busybox', 'sh'],
  ['/usr/bin/zsh'],
  ['/usr/bin/fish'],
].filter(([program]) => existsSync(program as string)) as [string, ...string[]][];

/** What a program sees when the login shell is given the line, as sshd gives it: `SHELL -c LINE`. */
function seenArguments([shell, ...args]: [string, ...string[]], values: readonly string[]): string[] {
  const line = commandLine(['/usr/bin/env', 'printf', '%s\\0', ...values]);
  const output = execFileSync(shell, [...args, '-c', line], { maxBuffer: 10_000_000 });
  return output.toString('utf8').split('\0').slice(0, -1);
}

describe('quote', () => {
  test.each(shells.map((shell) => [shell.join(' '), shell] as const))(
    '%s gives a program the very arguments',
    (_, shell) => {
      const nasty = fc.string({
        unit: fc.constantFrom(...'\'"\\`$(){}[]<>|&;!*?~# \t\n\r=%^@,-+é日𝄞\u0001\u007fab0'.split('')),
        minLength: 1,
        maxLength: 40,
      });
      const text = fc
        .oneof(nasty, fc.string({ unit: 'grapheme', minLength: 1 }))
        .filter((value) => !value.includes('\0'));
      fc.assert(
        fc.property(fc.array(text, { minLength: 1, maxLength: 64, size: 'max' }), (values) => {
          // A lone half of a surrogate pair has no UTF-8 form: it arrives as U+FFFD, from every program.
          const whole = values.map((value) => Buffer.from(value, 'utf8').toString('utf8'));
          expect(seenArguments(shell, whole)).toEqual(whole);
        }),
        { numRuns: 12 },
      );
    },
  );

  test('an empty argument is an argument', () => {
    expect(seenArguments(['/bin/sh'], ['', 'a', ''])).toEqual(['', 'a', '']);
  });

  test('a NUL is refused, since no program can be given one', () => {
    expect(() => quote('a\0b')).toThrow(expect.objectContaining({ code: 'invalid-input' }));
  });
});
