/** `berth user …` and `berth token …`: people with accounts on a served Berth, and keys for programs. */
import type { ApiKey } from '#contract/account.ts';
import { type Role as RoleName, type Scope, scopes, scopesOfRole } from '#contract/scopes.ts';
import { EmailAddress, type Quota, Role, type User } from '#contract/users.ts';
import { formatBytes, formatInstant } from './amounts.ts';
import { readAll } from './collections.ts';
import { type Flag, type PlaneCommand, type Typed, yesFlag } from './command.ts';
import { CommandFailure, TypedWrong } from './failure.ts';
import { parseNumber, parseSize } from './project-flags.ts';
import { agreed } from './snapshot-commands.ts';
import { newName } from './snapshot-flags.ts';
import { formatTable } from './table.ts';

/** By e-mail address, id, or a name that one person has. @throws CommandFailure */
export function pickUser(word: string, users: readonly User[]): User {
  const exact = users.find(({ id, email }) => id === word || email === word.toLowerCase());
  if (exact !== undefined) return exact;
  const [found, ...others] = users.filter(({ name }) => name === word);
  if (found === undefined)
    throw new CommandFailure(`There is no user "${word}". These are there: berth user list`, {
      code: 'not-found',
      message: '',
      details: {},
    });
  if (others.length === 0) return found;
  const choices = [found, ...others].map(({ email, id }) => `  ${email ?? id}`);
  throw new CommandFailure([`Several people are called "${word}". Say which:`, ...choices].join('\n'));
}

function roleOf(text: string): RoleName {
  const parsed = Role.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new TypedWrong(`"${text}" is no role. These are: ${Role.options.join(', ')}`);
}

const quotaFlags: Readonly<Record<string, Flag>> = {
  workspaces: { value: 'NUMBER|none', help: 'Workspaces at once.' },
  cpus: { value: 'NUMBER|none', help: 'Sum of their processors.' },
  memory: { value: 'SIZE|none', help: 'Sum of their memory, as 16g.' },
  disk: { value: 'SIZE|none', help: 'Volumes and snapshots together.' },
  snapshots: { value: 'NUMBER|none', help: 'Snapshots.' },
};

function readQuota(typed: Typed): Partial<Quota> {
  const value = (flag: string, read: (flag: string, text: string) => number) => {
    const text = typed.text(flag);
    return text === undefined || text === 'none' ? null : read(flag, text);
  };
  const said = (flag: string) => typed.text(flag) !== undefined;
  return {
    ...(said('workspaces') ? { workspaces: value('workspaces', parseNumber) } : {}),
    ...(said('cpus') ? { cpus: value('cpus', parseNumber) } : {}),
    ...(said('memory') ? { memoryBytes: value('memory', parseSize) } : {}),
    ...(said('disk') ? { diskBytes: value('disk', parseSize) } : {}),
    ...(said('snapshots') ? { snapshots: value('snapshots', parseNumber) } : {}),
  };
}

const add: PlaneCommand = {
  name: 'user add',
  aliases: ['user invite'],
  words: '<e-mail>',
  wordCount: { min: 1, max: 1 },
  summary: 'Makes an account, and sends a link with which its person chooses a password.',
  details: ['Where no e-mail can be sent, the link is printed, this once, to be passed on by hand.'],
  flags: {
    name: { value: 'NAME', help: 'As it is shown.' },
    role: { value: Role.options.join('|'), help: 'What they may do. Else member.' },
    ...quotaFlags,
  },
  read: (typed) => {
    const parsed = EmailAddress.safeParse(typed.words[0]);
    if (!parsed.success) throw new TypedWrong(`"${typed.words[0]}" ${parsed.error.issues[0]?.message}.`);
    const nameWord = typed.text('name');
    const name = nameWord === undefined ? null : newName('The name', nameWord);
    const role = roleOf(typed.text('role') ?? 'member');
    const quota = readQuota(typed);
    return async ({ client }) => {
      const { user, link } = await client.call('users.invite', {
        email: parsed.data,
        name,
        role,
        ...(Object.keys(quota).length === 0 ? {} : { quota }),
      });
      return {
        json: { user, link },
        lines: [
          link === null
            ? `Invited ${user.email ?? user.name}. A link is on its way to them.`
            : `Invited ${user.email ?? user.name}. No e-mail could be sent: pass this link on, it is shown this once:`,
          ...(link === null ? [] : [link]),
        ],
      };
    };
  },
};

const limitWord = (used: number | null, limit: number | null, format: (value: number) => string) =>
  `${used === null ? '–' : format(used)}${limit === null ? '' : ` of ${format(limit)}`}`;

const list: PlaneCommand = {
  name: 'user list',
  aliases: ['user ls'],
  words: '',
  wordCount: { min: 0, max: 0 },
  summary: 'Lists people with what they have and may have.',
  flags: {},
  read:
    () =>
    async ({ client, terminal }) => {
      const users = (await readAll(client, 'users.watch')).toSorted((a, b) =>
        (a.email ?? '').localeCompare(b.email ?? ''),
      );
      const rows = users.map(
        ({ email, id, name, role, state, hasSecondFactor, usage, quota, lastSeenAt }) => [
          email ?? id,
          name,
          role,
          state,
          hasSecondFactor ? 'yes' : 'no',
          limitWord(usage.workspaces, quota.workspaces, String),
          limitWord(usage.memoryBytes, quota.memoryBytes, formatBytes),
          limitWord(usage.diskBytes, quota.diskBytes, formatBytes),
          formatInstant(lastSeenAt),
        ],
      );
      const headings = [
        'USER',
        'NAME',
        'ROLE',
        'STATE',
        '2ND FACTOR',
        'WORKSPACES',
        'MEMORY',
        'DISK',
        'SEEN',
      ];
      return { json: users, lines: formatTable({ headings, rows, columns: terminal.columns }) };
    },
};

function changing(given: {
  readonly name: string;
  readonly words: string;
  readonly wordCount: number;
  readonly summary: string;
  readonly flags?: Readonly<Record<string, Flag>>;
  readonly change: (typed: Typed) => { role?: RoleName; quota?: Partial<Quota>; isDisabled?: boolean };
  readonly done: (user: User) => string;
}): PlaneCommand {
  return {
    name: `user ${given.name}`,
    words: given.words,
    wordCount: { min: given.wordCount, max: given.wordCount },
    summary: given.summary,
    flags: given.flags ?? {},
    read: (typed) => {
      const [word = ''] = typed.words;
      const change = given.change(typed);
      return async ({ client }) => {
        const { id } = pickUser(word, await readAll(client, 'users.watch'));
        const user = await client.call('users.change', { id, ...change });
        return { json: user, lines: [given.done(user)] };
      };
    },
  };
}

const labelOf = ({ email, name }: User) => email ?? name;

const signOut: PlaneCommand = {
  name: 'user sign-out',
  words: '<user>',
  wordCount: { min: 1, max: 1 },
  summary: 'Ends every session, token and API key of a person.',
  flags: { yes: yesFlag },
  read: (typed) => {
    const [word = ''] = typed.words;
    return async (context) => {
      const user = pickUser(word, await readAll(context.client, 'users.watch'));
      await agreed(context, {
        lines: [`Programs that use an API key of ${labelOf(user)} are refused from then on.`],
        question: 'Sign them out everywhere?',
        isYes: typed.has('yes'),
      });
      await context.client.call('users.signOut', { id: user.id });
      return { json: user, lines: [`${labelOf(user)} is signed out everywhere.`] };
    };
  },
};

const remove: PlaneCommand = {
  name: 'user remove',
  aliases: ['user rm'],
  words: '<user>',
  wordCount: { min: 1, max: 1 },
  summary: 'Removes an account; what they have becomes yours.',
  flags: { yes: yesFlag },
  read: (typed) => {
    const [word = ''] = typed.words;
    return async (context) => {
      const { client } = context;
      const user = pickUser(word, await readAll(client, 'users.watch'));
      await agreed(context, {
        lines: [
          `The account of ${labelOf(user)} goes. Their projects, ${user.usage.workspaces} workspaces and ${user.usage.snapshots} snapshots become yours.`,
        ],
        question: 'Remove it?',
        isYes: typed.has('yes'),
      });
      const taken = await client.call('users.remove', { id: user.id });
      return {
        json: { user, ...taken },
        lines: [
          `Removed ${labelOf(user)}. Yours now: ${taken.projects} projects, ${taken.workspaces} workspaces, ${taken.snapshots} snapshots.`,
        ],
      };
    };
  },
};

// --- keys for programs ------------------------------------------------------------------------------------------------

/** `all`, a role's, or scopes. @throws TypedWrong */
export function readScopes(words: readonly string[]): Scope[] | undefined {
  if (words.length === 0) return undefined;
  const asked = words.flatMap((word) => word.split(',')).map((word) => word.trim());
  const found = asked.flatMap((word): readonly Scope[] => {
    if (word === 'all') return scopes;
    const role = Role.safeParse(word);
    if (role.success) return [...scopesOfRole[role.data]];
    const known = scopes.find((one) => one === word);
    if (known !== undefined) return [known];
    throw new TypedWrong(
      `--scope: "${word}" is none of: all, ${Role.options.join(', ')}, ${scopes.join(', ')}`,
    );
  });
  return [...new Set(found)];
}

const createToken: PlaneCommand = {
  name: 'token create',
  words: '<name>',
  wordCount: { min: 1, max: 1 },
  summary: 'Makes an API key for a program, and prints it, this once.',
  details: [
    'It can do at most what you can. Without --scope it can do what a member can, as far as you can. Give it to a program',
    'in $BERTH_TOKEN or a file, not on a command line.',
  ],
  flags: {
    scope: {
      value: 'SCOPE',
      isMany: true,
      help: 'all, a role, or scopes as workspaces.read; may be there more than once.',
    },
    expires: { value: 'DAYS|never', help: 'When it ends. Else in 90 days.' },
  },
  read: (typed) => {
    const name = newName('The name', typed.words[0] ?? '');
    const asked = readScopes(typed.texts('scope'));
    const expiresText = typed.text('expires') ?? '90';
    const expiresInDays = expiresText === 'never' ? null : Number(expiresText);
    if (
      expiresInDays !== null &&
      (!/^\d{1,4}$/.test(expiresText) || expiresInDays < 1 || expiresInDays > 3650)
    )
      throw new TypedWrong(`--expires: "${expiresText}" is neither never nor 1 to 3650 days.`);
    return async ({ client, terminal }) => {
      const about = await client.call('about.get', {});
      const wanted = asked ?? [...scopesOfRole.member].filter((scope) => about.scopes.includes(scope));
      const { apiKey, key } = await client.call('apiKeys.create', { name, scopes: wanted, expiresInDays });
      terminal.note(
        `Made the key "${apiKey.name}"${apiKey.expiresAt === null ? '' : `, until ${formatInstant(apiKey.expiresAt)}`}. It is shown this once:`,
      );
      return { json: { apiKey, key }, lines: [key] };
    };
  },
};

const listTokens: PlaneCommand = {
  name: 'token list',
  aliases: ['token ls'],
  words: '',
  wordCount: { min: 0, max: 0 },
  summary: 'Lists your API keys.',
  flags: {},
  read:
    () =>
    async ({ client, terminal }) => {
      const keys = (await readAll(client, 'apiKeys.watch')).toSorted((a, b) => a.name.localeCompare(b.name));
      const rows = keys.map(({ name, id, hint, createdAt, usedAt, expiresAt, scopes: granted }) => [
        name,
        id,
        `${hint}…`,
        formatInstant(createdAt),
        formatInstant(usedAt),
        expiresAt === null ? 'never' : formatInstant(expiresAt),
        granted.length === scopes.length ? 'all' : granted.join(' '),
      ]);
      const headings = ['NAME', 'ID', 'KEY', 'MADE', 'USED', 'ENDS', 'SCOPES'];
      return {
        json: keys,
        lines:
          rows.length === 0
            ? ['There are no API keys.']
            : formatTable({ headings, rows, columns: terminal.columns }),
      };
    },
};

function pickToken(word: string, keys: readonly ApiKey[]): ApiKey {
  const exact = keys.find(({ id }) => id === word);
  const [found, ...others] = exact === undefined ? keys.filter(({ name }) => name === word) : [exact];
  if (found === undefined)
    throw new CommandFailure(`There is no API key "${word}". These are there: berth token list`);
  if (others.length === 0) return found;
  const choices = [found, ...others].map(({ id, hint }) => `  ${id}  (${hint}…)`);
  throw new CommandFailure([`Several keys are called "${word}". Say which:`, ...choices].join('\n'));
}

const removeToken: PlaneCommand = {
  name: 'token remove',
  aliases: ['token rm'],
  words: '<token>',
  wordCount: { min: 1, max: 1 },
  summary: 'Removes an API key by its name or id; what uses it is refused from now on.',
  flags: { yes: yesFlag },
  read: (typed) => {
    const [word = ''] = typed.words;
    return async (context) => {
      const key = pickToken(word, await readAll(context.client, 'apiKeys.watch'));
      await agreed(context, {
        lines: [`What uses the key "${key.name}" (${key.hint}…) is refused from then on.`],
        question: 'Remove it?',
        isYes: typed.has('yes'),
      });
      await context.client.call('apiKeys.remove', { id: key.id });
      return { json: key, lines: [`Removed the key "${key.name}".`] };
    };
  },
};

export const userCommands: readonly PlaneCommand[] = [
  add,
  list,
  changing({
    name: 'role',
    words: `<user> <${Role.options.join('|')}>`,
    wordCount: 2,
    summary: 'Changes what a person may do.',
    change: ({ words }) => ({ role: roleOf(words[1] ?? '') }),
    done: (user) => `${labelOf(user)} is ${user.role} now.`,
  }),
  changing({
    name: 'quota',
    words: '<user>',
    wordCount: 1,
    summary: 'Changes how much a person may have; what is not named stays.',
    flags: quotaFlags,
    change: (typed) => {
      const quota = readQuota(typed);
      if (Object.keys(quota).length === 0)
        throw new TypedWrong('Say what: --workspaces, --cpus, --memory, --disk or --snapshots.');
      return { quota };
    },
    done: (user) => `The share of ${labelOf(user)} is changed.`,
  }),
  changing({
    name: 'disable',
    words: '<user>',
    wordCount: 1,
    summary: 'Keeps a person from signing in; ends their sessions.',
    change: () => ({ isDisabled: true }),
    done: (user) => `${labelOf(user)} cannot sign in any more.`,
  }),
  changing({
    name: 'enable',
    words: '<user>',
    wordCount: 1,
    summary: 'Lets a person sign in again.',
    change: () => ({ isDisabled: false }),
    done: (user) => `${labelOf(user)} can sign in again.`,
  }),
  signOut,
  remove,
];

export const tokenCommands: readonly PlaneCommand[] = [createToken, listTokens, removeToken];
