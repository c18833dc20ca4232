/**
 * From what was typed to an exit code: finds the command, understands its words, opens a plane, runs it and prints what it
 * said. 0 done, 1 failed, 2 typed wrong.
 */
import { parseArgs } from 'node:util';
import type { Command, Typed } from './command.ts';
import { linesOf, shapeOf, TypedWrong } from './failure.ts';
import type { Interrupts } from './interrupts.ts';
import { plainJson } from './plain-text.ts';
import type { PlaneAccess } from './plane-access.ts';
import { snapshotCommands } from './snapshot-commands.ts';
import { snapshotFileCommands } from './snapshot-file-commands.ts';
import { snapshotRuleCommands } from './snapshot-rule-commands.ts';
import { snapshotTransferCommands } from './snapshot-transfer-commands.ts';
import { createTerminal, type Streams } from './terminal.ts';
import { commandHelp, commonFlags, nounHelp, nounLines } from './usage.ts';
import { workspaceCommands } from './workspace-commands.ts';

export const commands: readonly Command[] = [
  ...snapshotCommands,
  ...snapshotFileCommands,
  ...snapshotTransferCommands,
  ...snapshotRuleCommands,
  ...workspaceCommands,
];

export const commandNouns: readonly string[] = [
  ...new Set(commands.map(({ name }) => name.split(' ')[0] ?? '')),
];
/** For `berth help`. */
export const commandUsage = nounLines(commands);

/** Help for `berth help snapshot` and `berth help snapshot create`; undefined: there is no such thing. */
export function helpFor([noun = '', verb]: readonly string[]): string | undefined {
  if (!commandNouns.includes(noun)) return undefined;
  if (verb === undefined) return nounHelp(noun, commands);
  const command = commands.find(({ name }) => name === `${noun} ${verb}`);
  return command === undefined ? undefined : commandHelp(command);
}

export interface CommandLineOptions {
  /** Beginning with the noun. */
  readonly argv: readonly string[];
  readonly streams: Streams;
  readonly interrupts: Interrupts;
  /** `dataFolder`: as typed, if it was. @throws an error whose message is for the person */
  readonly openPlane: (dataFolder: string | undefined) => Promise<PlaneAccess>;
}

/** Resolves with the exit code. */
export async function runCommandLine(options: CommandLineOptions): Promise<number> {
  const { argv, streams, interrupts } = options;
  const terminal = createTerminal(streams);
  // Known before anything is understood: a program must get JSON for what was typed wrong, too.
  const isJson = argv.includes('--json');
  const fail = (error: unknown) => {
    terminal.status('');
    for (const line of linesOf(error)) terminal.note(line);
    if (isJson) streams.output.write(`${plainJson({ error: shapeOf(error) })}\n`);
    return error instanceof TypedWrong ? 2 : 1;
  };
  try {
    const { command, rest } = findCommand(argv);
    if (command === undefined || hasHelp(rest)) {
      streams.output.write(command === undefined ? (helpFor(argv.slice(0, 1)) ?? '') : commandHelp(command));
      return command === undefined && !hasHelp(rest) ? 2 : 0;
    }
    const { typed, dataFolder } = understand(command, rest);
    const work = command.read(typed);
    const plane = await openedPlane(options.openPlane(dataFolder), interrupts);
    try {
      const { client, isOwnPlane } = plane;
      const context = { client, isOwnPlane, terminal, interrupts };
      const answer = await Promise.race([work(context), interrupts.left]);
      if (isJson) streams.output.write(`${plainJson(answer.json)}\n`);
      else for (const line of answer.lines) terminal.print(line);
    } finally {
      terminal.status('');
      await plane.close(interrupts.left);
    }
    return 0;
  } catch (error) {
    return fail(error);
  }
}

/** A plane that is there only after an interrupt is closed again: it would keep the process alive. */
async function openedPlane(opening: Promise<PlaneAccess>, { left }: Interrupts): Promise<PlaneAccess> {
  try {
    return await Promise.race([opening, left]);
  } catch (error) {
    await opening.then(
      (late) => late.close(left),
      () => undefined,
    );
    throw error;
  }
}

/** Without a verb there is no command, and the noun's help is what is shown. @throws TypedWrong */
function findCommand(argv: readonly string[]): { command: Command | undefined; rest: readonly string[] } {
  const [noun = '', verb, ...rest] = argv;
  if (verb === undefined || verb === '--help') return { command: undefined, rest: argv.slice(1) };
  const command = commands.find(({ name }) => name === `${noun} ${verb}`);
  if (command === undefined)
    throw new TypedWrong(`There is no command "${noun} ${verb}". These are there: berth help ${noun}`);
  return { command, rest };
}

function hasHelp(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return (end === -1 ? words : words.slice(0, end)).includes('--help');
}

function understand(
  command: Command,
  args: readonly string[],
): { readonly typed: Typed; readonly dataFolder: string | undefined } {
  const flags = { ...command.flags, ...commonFlags };
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { value, short }]) => [
      name,
      {
        type: value === undefined ? ('boolean' as const) : ('string' as const),
        ...(short === undefined ? {} : { short }),
      },
    ]),
  );
  const help = `More: berth help ${command.name}`;
  let parsed: { values: Readonly<Record<string, unknown>>; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
  } catch (error) {
    const [first] = (error instanceof Error ? error.message : String(error)).split('\n');
    throw new TypedWrong(`${first}\n${help}`);
  }
  const { values, positionals: words } = parsed;
  const { min, max } = command.wordCount;
  if (words.length < min)
    throw new TypedWrong(`Something is missing: berth ${command.name} ${command.words}\n${help}`);
  const extra = words[max];
  if (extra !== undefined)
    throw new TypedWrong(`"${extra}" is too much: berth ${command.name} ${command.words}\n${help}`);
  if (words.includes('')) throw new TypedWrong(`An empty word names nothing.\n${help}`);
  const text = (flag: string) => {
    const value = values[flag];
    return typeof value === 'string' ? value : undefined;
  };
  return { typed: { words, text, has: (flag) => values[flag] === true }, dataFolder: text('data-dir') };
}
