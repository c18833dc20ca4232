/**
 * From what was typed to an exit code: finds the command, understands its words, opens a plane, runs it and prints what it
 * said. See exit-codes.ts for the codes.
 */
import { parseArgs } from 'node:util';
import type { Command, Place, Typed } from './command.ts';
import { commands } from './command-table.ts';
import { completeWords, type FindCandidates } from './completion.ts';
import { exitCodes, exitCodesHelp } from './exit-codes.ts';
import { linesOf, shapeOf, TypedWrong } from './failure.ts';
import type { Interrupts } from './interrupts.ts';
import { nearest } from './nearest.ts';
import { plainJson } from './plain-text.ts';
import type { PlaneAccess } from './plane-access.ts';
import { createTerminal, type Streams } from './terminal.ts';
import { commandHelp, commonFlags, nounHelp, nounLines } from './usage.ts';

export { commands };

export const commandNouns: readonly string[] = [
  ...new Set(commands.flatMap(({ name, aliases = [] }) => [name, ...aliases]).map((name) => nounOf(name))),
];
/** For `berth help`. */
export const commandUsage = nounLines(commands);

function nounOf(name: string): string {
  return name.split(' ')[0] ?? '';
}

function commandCalled(name: string): Command | undefined {
  return commands.find((one) => one.name === name || one.aliases?.includes(name) === true);
}

/** Help for `berth help snapshot` and `berth help snapshot create`; undefined: there is no such thing. */
export function helpFor([noun = '', verb]: readonly string[]): string | undefined {
  if (noun === 'exit-codes' && verb === undefined) return exitCodesHelp;
  if (!commandNouns.includes(noun)) return undefined;
  const single = commandCalled(noun);
  if (single !== undefined) return commandHelp(single);
  if (verb === undefined) return nounHelp(noun, commands);
  const command = commandCalled(`${noun} ${verb}`);
  return command === undefined ? undefined : commandHelp(command);
}

/** A sentence on what may have been meant; empty where nothing is near. `others`: commands that are not in the table. */
export function suggestionFor(typed: string, others: readonly string[] = []): string {
  const [noun = '', verb] = typed.split(' ');
  const verbs = commands
    .flatMap(({ name, aliases = [] }) => [name, ...aliases])
    .flatMap((name) => (name.startsWith(`${noun} `) ? [name.slice(noun.length + 1)] : []));
  const near = verb === undefined ? nearest(noun, [...commandNouns, ...others]) : nearest(verb, verbs);
  if (near === undefined) return '';
  return ` Did you mean: berth ${verb === undefined ? near : `${noun} ${near}`}`;
}

/** Which Berth, as typed. */
export interface PlaneChoice {
  readonly dataFolder: string | undefined;
  readonly server: string | undefined;
  readonly token: string | undefined;
  readonly tokenFile: string | undefined;
  /** The command may make the data folder. */
  readonly isBeginning: boolean;
}

export interface CommandLineOptions {
  /** Beginning with the noun. */
  readonly argv: readonly string[];
  readonly streams: Streams;
  readonly interrupts: Interrupts;
  /** @throws an error whose message is for the person */
  readonly openPlane: (choice: PlaneChoice) => Promise<PlaneAccess>;
  readonly placeOf: (choice: PlaneChoice) => Place;
}

/** Resolves with the exit code. */
export async function runCommandLine(options: CommandLineOptions): Promise<number> {
  const { argv, streams, interrupts } = options;
  const ours = beforeDoubleDash(argv);
  // Known before anything is understood: a program must get JSON for what was typed wrong, too.
  const isJson = ours.includes('--json');
  const terminal = createTerminal(streams, { isQuiet: ours.includes('--quiet') || ours.includes('-q') });
  let failureCode: number = exitCodes.failed;
  const fail = (error: unknown) => {
    terminal.status('');
    // Also when it should be quiet.
    const aloud = createTerminal(streams);
    for (const line of linesOf(error)) aloud.note(line);
    if (isJson) streams.output.write(`${plainJson({ error: shapeOf(error) })}\n`);
    return error instanceof TypedWrong ? exitCodes.typedWrong : failureCode;
  };
  try {
    const { command, rest } = findCommand(argv);
    if (command === undefined || beforeDoubleDash(rest).includes('--help')) {
      streams.output.write(command === undefined ? (helpFor(argv.slice(0, 1)) ?? '') : commandHelp(command));
      return command === undefined && !rest.includes('--help') ? exitCodes.typedWrong : exitCodes.done;
    }
    const { typed, choice } = understand(command, rest);
    const open = () => openedPlane(options.openPlane(choice), interrupts);
    failureCode = command.failureCode ?? failureCode;
    if ('readLocal' in command) {
      const work = command.readLocal(typed);
      const context = { terminal, interrupts, isJson, openPlane: open, place: options.placeOf(choice) };
      return printed(await Promise.race([work(context), interrupts.left]), { isJson, terminal, streams });
    }
    const work = command.read(typed);
    const plane = await open();
    try {
      const { client, isOwnPlane, isRemote = false } = plane;
      const context = { client, isOwnPlane, isRemote, terminal, interrupts, isJson };
      return printed(await Promise.race([work(context), interrupts.left]), { isJson, terminal, streams });
    } finally {
      terminal.status('');
      await plane.close(interrupts.left);
    }
  } catch (error) {
    return fail(error);
  }
}

function printed(
  answer: { json: unknown; lines: readonly string[]; exitCode?: number; isTold?: true },
  to: { isJson: boolean; terminal: ReturnType<typeof createTerminal>; streams: Streams },
): number {
  to.terminal.status('');
  if (answer.isTold !== true) {
    if (to.isJson) to.streams.output.write(`${plainJson(answer.json)}\n`);
    else for (const line of answer.lines) to.terminal.print(line);
  }
  return answer.exitCode ?? exitCodes.done;
}

/** For `berth __complete`: one candidate a line. Never fails, and says nothing when it cannot know. */
export async function runCompletion(
  words: readonly string[],
  streams: Pick<Streams, 'output'>,
  find: FindCandidates,
): Promise<void> {
  const found = await completeWords(words, commands, find).catch(() => []);
  streams.output.write(found.map((one) => `${one}\n`).join(''));
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
  const single = commandCalled(noun);
  if (single !== undefined) return { command: single, rest: argv.slice(1) };
  if (verb === undefined || verb === '--help') return { command: undefined, rest: argv.slice(1) };
  const command = commandCalled(`${noun} ${verb}`);
  if (command === undefined)
    throw new TypedWrong(
      `There is no command "${noun} ${verb}". These are there: berth help ${noun}.${suggestionFor(`${noun} ${verb}`)}`,
    );
  return { command, rest };
}

function beforeDoubleDash(words: readonly string[]): readonly string[] {
  const end = words.indexOf('--');
  return end === -1 ? words : words.slice(0, end);
}

function understand(
  command: Command,
  args: readonly string[],
): { readonly typed: Typed; readonly choice: PlaneChoice } {
  const flags = { ...command.flags, ...commonFlags };
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { value, short }]) => [
      name,
      {
        type: value === undefined ? ('boolean' as const) : ('string' as const),
        multiple: true,
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
  if (words.includes('') && command.hasForeignWords !== true)
    throw new TypedWrong(`An empty word names nothing.\n${help}`);
  const texts = (flag: string) => {
    const value = values[flag];
    return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
  };
  const text = (flag: string) => texts(flag).at(-1);
  return {
    typed: { words, text, texts, has: (flag) => values[flag] !== undefined },
    choice: {
      dataFolder: text('data-dir'),
      server: text('server'),
      token: text('token'),
      tokenFile: text('token-file'),
      isBeginning: command.isBeginning === true,
    },
  };
}
