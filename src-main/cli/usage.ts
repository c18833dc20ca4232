/** The help, made from the commands themselves, so that it cannot say anything else than what is understood. */
import type { Command, Flag } from './command.ts';

export const commonFlags: Readonly<Record<string, Flag>> = {
  'data-dir': {
    value: 'FOLDER',
    help: 'The data of the Berth that is meant. Else $BERTH_DATA_DIR, else the usual place.',
  },
  server: {
    value: 'ORIGIN',
    help: 'A served Berth to ask over the network, as https://berth.example.org. Else $BERTH_SERVER.',
  },
  'token-file': {
    value: 'FILE',
    help: 'Holds an API key for it. Else $BERTH_TOKEN_FILE, or the key in $BERTH_TOKEN.',
  },
  token: { value: 'KEY', help: 'The key itself; others on this computer may see it.' },
  json: { help: 'Prints one JSON value, also when it fails; what is told as it happens is one a line.' },
  quiet: { short: 'q', help: 'No progress and no remarks.' },
  help: { help: 'Shows this.' },
};

const indent = '  ';

function flagWord(name: string, { value, short }: Flag): string {
  const long = value === undefined ? `--${name}` : `--${name} ${value}`;
  return short === undefined ? long : `-${short}, ${long}`;
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `${indent}${left.padEnd(width)}  ${right}`);
}

function call({ name, words }: Command): string {
  return `berth ${name} ${words}`.trimEnd();
}

/** Of one command. */
export function commandHelp(command: Command): string {
  const flags = Object.entries({ ...command.flags, ...commonFlags }).map(
    ([name, flag]) => [flagWord(name, flag), flag.help] as const,
  );
  return `${[
    `${call(command)} [flags]`,
    '',
    command.summary,
    ...(command.details ?? []),
    ...(command.aliases === undefined
      ? []
      : [`Also: ${command.aliases.map((one) => `berth ${one}`).join(', ')}`]),
    '',
    ...columns(flags),
  ].join('\n')}\n`;
}

const wordHelp = [
  ['<workspace>', 'a name, an id (ws_…), host/name where names are the same, or a person with one workspace'],
  ['<snapshot>', 'a name, an id (snap_…), or latest: the newest that was not made by a restore'],
  ['<host>', 'a name or an id (host_…)'],
  ['<cloud>', 'an account at a provider, by name or id (cloud_…)'],
  ['<machine>', 'a name or an id (mach_…)'],
  ['<project>', 'a name or an id (proj_…)'],
  ['<user>', 'an e-mail address, a name where it is the only one, or an id (user_…)'],
] as const;

/** Of a noun, as `snapshot`. */
export function nounHelp(noun: string, commands: readonly Command[]): string {
  const ours = commands.filter(({ name }) => name.startsWith(`${noun} `));
  return `${[
    'Usage:',
    ...ours.flatMap((command) => [`${indent}${call(command)}`, `${indent.repeat(3)}${command.summary}`]),
    '',
    ...columns(wordHelp),
    '',
    ...columns(Object.entries(commonFlags).map(([name, flag]) => [flagWord(name, flag), flag.help])),
    '',
    'These work at the Berth that runs on the data folder. When none does, they start one for as long as they take: it',
    'connects to its hosts by itself, so that a scheduled job can use them.',
    'Exit codes: 0 done, 1 failed, 2 typed wrong (more: berth help exit-codes). Ctrl+C cancels what was begun; a second',
    'one leaves at once.',
    '',
    `More about one: berth help ${noun} ${ours[0]?.name.split(' ')[1] ?? '…'}`,
  ].join('\n')}\n`;
}

/** For the list of everything. */
export function nounLines(commands: readonly Command[]): string {
  const nouns = [...new Set(commands.map(({ name }) => name.split(' ')[0] ?? ''))];
  return nouns
    .map((noun) => {
      const single = commands.find(({ name }) => name === noun);
      if (single !== undefined) return `${indent}${call(single)}\n${indent.repeat(3)}${single.summary}\n`;
      const verbs = commands
        .filter(({ name }) => name.startsWith(`${noun} `))
        .map(({ name }) => name.split(' ')[1]);
      return `  berth ${noun} ${verbs.join('|')} …\n      More: berth help ${noun}\n`;
    })
    .join('');
}
