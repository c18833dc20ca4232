/**
 * What may come next on the command line, made from the command table, so that it knows no word that is not understood:
 * commands, flags, and names of what there is. The scripts for shells only ask for that.
 */
import type { Client } from '#renderer/transport/client.ts';
import { readAll } from './collections.ts';
import type { Answer, Command, LocalCommand } from './command.ts';
import { TypedWrong } from './failure.ts';
import { plain } from './plain-text.ts';
import { commonFlags } from './usage.ts';

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

/** What names can be completed; others are left to the shell, which knows files. */
const findable = [
  'workspace',
  'host',
  'cloud',
  'machine',
  'find',
  'project',
  'snapshot',
  'user',
  'forward',
] as const;
type Findable = (typeof findable)[number];

/** Names of a kind; `workspace`: a word that was typed before. Empty where no Berth answers at once. */
export type FindCandidates = (kind: Findable, workspace: string | undefined) => Promise<readonly string[]>;

/** `words`: all after `berth`, the last being the one under the cursor (perhaps empty). */
export async function completeWords(
  words: readonly string[],
  commands: readonly Command[],
  find: FindCandidates,
): Promise<string[]> {
  const last = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  if (before.includes('--')) return [];
  const names = commands.flatMap(({ name, aliases = [] }) => [name, ...aliases].map((one) => one.split(' ')));
  const [noun, verb] = before;
  if (noun === undefined)
    return beginningWith(last, [...names.map(([first = '']) => first), 'serve', 'link', 'help']);
  if (noun === 'help') {
    const next = names.filter((parts) => before.length === 1 || parts[0] === verb);
    return beginningWith(
      last,
      next.map((parts) => parts[before.length - 1] ?? ''),
    );
  }
  const single = commands.find(({ name }) => name === noun);
  const command =
    single ?? commands.find(({ name, aliases = [] }) => [name, ...aliases].includes(`${noun} ${verb ?? ''}`));
  if (command === undefined)
    return before.length > 1
      ? []
      : beginningWith(
          last,
          names.filter(([first]) => first === noun).map((parts) => parts[1] ?? ''),
        );
  return await completeArguments(command, { last, before: before.slice(single === undefined ? 2 : 1) }, find);
}

async function completeArguments(
  command: Command,
  { last, before }: { readonly last: string; readonly before: readonly string[] },
  find: FindCandidates,
): Promise<string[]> {
  const flags = { ...command.flags, ...commonFlags };
  const flagOf = (word: string | undefined) =>
    Object.entries(flags).find(([name, { short }]) => word === `--${name}` || word === `-${short}`)?.[1];
  const words = before.filter((word, index) => {
    if (word.startsWith('-')) return false;
    return flagOf(before[index - 1])?.value === undefined;
  });
  const waiting = flagOf(before.at(-1));
  if (waiting?.value !== undefined) {
    if (waiting.value.includes('|')) return beginningWith(last, waiting.value.split('|'));
    return await names(waiting.value.toLowerCase(), words[0], last, find);
  }
  if (last.startsWith('-'))
    return beginningWith(
      last,
      Object.keys(flags).map((name) => `--${name}`),
    );
  const kinds = [...command.words.matchAll(/<([^>]+)>/g)].map(([, kind = '']) => kind);
  const kind = kinds[words.length] ?? (command.words.endsWith('…') ? kinds.at(-1) : undefined);
  if (kind === undefined) return [];
  const literal = kind.split('|');
  if (literal.length > 1) return beginningWith(last, literal);
  return await names(kind, words[0], last, find);
}

async function names(
  kind: string,
  workspace: string | undefined,
  last: string,
  find: FindCandidates,
): Promise<string[]> {
  const known = findable.find((one) => one === kind);
  return known === undefined ? [] : beginningWith(last, await find(known, workspace));
}

function beginningWith(start: string, all: readonly string[]): string[] {
  // What would steer a terminal, and what would break a line in two, is no candidate.
  const fit = all.filter((one) => one !== '' && one.startsWith(start) && plain(one) === one);
  return [...new Set(fit)].sort();
}

export function candidatesOf(client: Client): FindCandidates {
  return async (kind, workspaceWord) => {
    switch (kind) {
      case 'workspace':
        return (await readAll(client, 'workspaces.watch')).map(({ name }) => name);
      case 'host':
        return (await readAll(client, 'hosts.watch')).map(({ name }) => name);
      case 'cloud':
        return (await readAll(client, 'clouds.watch')).map(({ label }) => label);
      case 'machine':
        return (await readAll(client, 'machines.watch')).map(({ name }) => name);
      case 'find':
        return (await readAll(client, 'clouds.found')).map(({ name }) => name);
      case 'project':
        return (await readAll(client, 'projects.watch')).map(({ name }) => name);
      case 'user':
        return (await readAll(client, 'users.watch')).map(({ email, name }) => email ?? name);
      case 'forward':
        return (await readAll(client, 'forwards.watch')).map(({ id, name }) => (name === '' ? id : name));
      case 'snapshot': {
        const all = await readAll(client, 'snapshots.watch');
        const ours = all.filter(
          ({ workspaceName, workspaceId }) =>
            workspaceName === workspaceWord || workspaceId === workspaceWord,
        );
        return ['latest', ...ours.map(({ name, id }) => name ?? id)];
      }
      default:
        return kind satisfies never;
    }
  };
}

/** Names with blanks and the like must come out of the shell as one word. Where nothing fits, the shell offers files. */
const scripts: Readonly<Record<Shell, readonly string[]>> = {
  bash: [
    '_berth_complete() {',
    "  local IFS=$'\\n' line",
    '  COMPREPLY=()',
    '  while IFS= read -r line; do',
    '    [ -n "$line" ] && COMPREPLY+=("$(printf %q "$line")")',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: bash's expansion, not ours.
    '  done < <(berth __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)',
    '}',
    'complete -o default -F _berth_complete berth',
  ],
  zsh: [
    '#compdef berth',
    '_berth() {',
    '  local -a found',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: zsh's expansion, not ours.
    '  found=("${(@f)$(berth __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")',
    '  if [[ -n "$found[1]" ]]; then compadd -a found; else _files; fi',
    '}',
    'compdef _berth berth',
  ],
  fish: [
    'function __berth_complete',
    '  set -l words (commandline -opc) (commandline -ct)',
    '  berth __complete $words[2..-1] 2>/dev/null',
    'end',
    "complete -c berth -a '(__berth_complete)'",
  ],
};

export const completionCommands: readonly LocalCommand[] = [
  {
    name: 'completion',
    words: `<${shells.join('|')}>`,
    wordCount: { min: 1, max: 1 },
    summary: 'Prints what makes a shell complete commands, flags and names.',
    details: [
      'bash: source <(berth completion bash)',
      'zsh:  source <(berth completion zsh)',
      'fish: berth completion fish | source',
    ],
    flags: {},
    readLocal: ({ words: [word] }) => {
      const shell = shells.find((one) => one === word);
      if (shell === undefined)
        throw new TypedWrong(`There is no completion for "${word}". These are there: ${shells.join(', ')}`);
      return async (): Promise<Answer> => ({
        json: { shell, script: `${scripts[shell].join('\n')}\n` },
        lines: scripts[shell],
      });
    },
  },
];
