/**
 * The only place where a remote command line is made. sshd hands that line to the login shell of the account, so every
 * argument is quoted, whatever it looks like. Guarantees: the program sees exactly the arguments given, under every POSIX
 * shell and under fish. Must not be by-passed: no other file joins text into a command.
 */
import { BerthError } from '#contract/berth-error.ts';

/**
 * One argument as one word of a POSIX shell (XCU 2.2.2). Quotes, backslashes and exclamation marks stand outside the
 * quotes with a backslash each: fish reads `\\` inside single quotes, and csh `!`.
 * @throws invalid-input when the argument holds a NUL, which no program can be given.
 */
export function quote(argument: string): string {
  if (argument.includes('\0'))
    throw new BerthError('invalid-input', 'An argument of a command must not contain a NUL character.');
  return `'${argument.replaceAll(/['\\!]/g, (character) => `'\\${character}'`)}'`;
}

/** The command line for a program and its arguments. `exec`: the program takes the login shell's place, and its signals. */
export function commandLine(argv: readonly [string, ...string[]]): string {
  return `exec ${argv.map(quote).join(' ')}`;
}
