/** `berth host …`: the machines that Berth drives. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Host, SshAuth } from '#contract/hosts.ts';
import { ImageRecipe } from '#contract/projects.ts';
import { formatDuration } from './amounts.ts';
import { awaitHost, lookAtHosts } from './await-host.ts';
import { readAll, watchUntil } from './collections.ts';
import { type Answer, type Context, type PlaneCommand, type Typed, yesFlag } from './command.ts';
import { CommandFailure, TypedWrong } from './failure.ts';
import { describeFindings, isSerious, readFindings } from './findings.ts';
import { pickHost } from './find-workspace.ts';
import { followCall } from './follow-operation.ts';
import { answerFor, type AnswerPolicy } from './host-questions.ts';
import { readSecretFromInput } from './secret-input.ts';
import { agreed } from './snapshot-commands.ts';
import { newName } from './snapshot-flags.ts';
import { formatTable } from './table.ts';

/** Milliseconds for a first connection, questions not counted. */
const connectTimeoutMs = 90_000;

type AuthChoice =
  | { readonly kind: 'as-configured' | 'agent' | 'password' }
  | { readonly kind: 'identity'; readonly path: string };

function authOf(typed: Typed): AuthChoice {
  const identity = typed.text('identity');
  const chosen = [identity !== undefined, typed.has('password-stdin'), typed.has('agent')];
  if (chosen.filter(Boolean).length > 1)
    throw new TypedWrong('Say one of --identity, --password-stdin and --agent, not several.');
  if (identity !== undefined) return { kind: 'identity', path: resolve(identity) };
  if (typed.has('password-stdin')) return { kind: 'password' };
  return { kind: typed.has('agent') ? 'agent' : 'as-configured' };
}

const add: PlaneCommand = {
  name: 'host add',
  words: '<address>',
  wordCount: { min: 1, max: 1 },
  isBeginning: true,
  summary: 'Adds a host by [user@]address[:port] or its name in the SSH configuration, and connects.',
  details: [
    'Its key is asked for at a terminal; in a script, name it with --accept-key, or trust what it shows the first time with',
    '--accept-new-key. Nothing is added when it cannot be connected.',
  ],
  flags: {
    name: { value: 'NAME', help: 'What it is called. Else as it is addressed.' },
    identity: {
      value: 'FILE',
      short: 'i',
      help: 'A private key to sign in with. With --server it is sent there and kept.',
    },
    'password-stdin': { help: 'Reads the password from the input, and keeps it in the keychain.' },
    agent: { help: 'Signs in with keys that an SSH agent holds.' },
    'accept-key': { value: 'SHA256:…', help: 'The fingerprint that its key must have.' },
    'accept-new-key': { help: 'Trusts the key that it shows, where none is known.' },
  },
  read: (typed) => {
    const [address = ''] = typed.words;
    const nameWord = typed.text('name');
    const name = nameWord === undefined ? undefined : newName('The name', nameWord);
    const auth = authOf(typed);
    const acceptKey = typed.text('accept-key');
    if (acceptKey !== undefined && !/^SHA256:[A-Za-z0-9+/]{43}$/.test(acceptKey))
      throw new TypedWrong(
        `--accept-key: "${acceptKey}" is no fingerprint as ssh-keygen -l shows it (SHA256:…).`,
      );
    const policy = { acceptKey, acceptsNewKey: typed.has('accept-new-key') };
    return async (context) => {
      const { client } = context;
      const understood = await client.call('hosts.interpret', { text: address });
      const shown = name ?? understood.name;
      const made = await authFor(context, auth, shown);
      const definition =
        made === undefined ? understood.definition : { ...understood.definition, auth: made.auth };
      try {
        const added = await client.call('hosts.add', { name: shown, definition });
        const host = await firstConnection(context, added, policy);
        return { json: host, lines: [`Added "${host.name}". ${describeReady(host)}`] };
      } catch (error) {
        if (made?.credentialId !== undefined)
          await client.call('credentials.remove', { id: made.credentialId }).catch(() => undefined);
        throw error;
      }
    };
  },
};

async function authFor({ client, terminal, isRemote }: Context, choice: AuthChoice, label: string) {
  const keep = async (kind: 'password' | 'private-key', name: string, secret: string) =>
    (await client.call('credentials.add', { label: name.slice(0, 80), kind, secret })).id;
  switch (choice.kind) {
    case 'as-configured':
      return undefined;
    case 'agent':
      return { auth: { method: 'agent', key: null } satisfies SshAuth, credentialId: undefined };
    case 'identity': {
      // Read here, so that one that is not there is told before anything is begun.
      const text = await readFile(choice.path, 'utf8').catch((error: Error) => {
        throw new CommandFailure(`The key ${choice.path} cannot be read: ${error.message}`);
      });
      const file = { kind: 'file', path: choice.path } as const;
      if (!isRemote)
        return {
          auth: { method: 'key', source: file, passphraseId: null } satisfies SshAuth,
          credentialId: undefined,
        };
      const credentialId = await keep('private-key', `Key of ${label}`, text);
      const source = { kind: 'credential', credentialId } as const;
      return { auth: { method: 'key', source, passphraseId: null } satisfies SshAuth, credentialId };
    }
    case 'password': {
      const secret = await readSecretFromInput(terminal.input, 'a password');
      const credentialId = await keep('password', `Password of ${label}`, secret);
      return { auth: { method: 'password', credentialId } satisfies SshAuth, credentialId };
    }
    default:
      return choice satisfies never;
  }
}

/** Until it is connected. One that cannot be is not kept: the next try would find its name taken. */
async function firstConnection(context: Context, added: Host, policy: AnswerPolicy): Promise<Host> {
  const { client } = context;
  try {
    for (;;) {
      const signal = AbortSignal.timeout(connectTimeoutMs);
      const seen = await watchUntil(
        client,
        'hosts.watch',
        (hosts) => {
          const host = hosts.find(({ id }) => id === added.id);
          if (host === undefined) throw new CommandFailure(`"${added.name}" was removed meanwhile.`);
          const { phase } = host.state;
          return phase === 'ready' || phase === 'failed' || phase === 'lost' || phase === 'needs-you'
            ? host
            : undefined;
        },
        signal,
      );
      if (seen === undefined)
        throw new CommandFailure(`"${added.name}" did not answer within ${connectTimeoutMs / 1000} s.`);
      const { state } = seen;
      if (state.phase === 'ready') return seen;
      if (state.phase === 'failed' || state.phase === 'lost')
        throw CommandFailure.of(`"${added.name}" cannot be connected, and was not added`, state.error);
      if (state.phase === 'needs-you') {
        await answerFor(context, added, state.questionId, policy);
        await answered(context, added, state.questionId);
      }
    }
  } catch (error) {
    await client.call('hosts.remove', { id: added.id }).catch(() => undefined);
    throw error;
  }
}

/** The answer is taken before the host's state says so. */
async function answered({ client }: Context, { id }: Host, questionId: string): Promise<void> {
  await watchUntil(
    client,
    'hosts.watch',
    (hosts) => {
      const state = hosts.find((host) => host.id === id)?.state;
      return state?.phase !== 'needs-you' || state.questionId !== questionId || undefined;
    },
    AbortSignal.timeout(connectTimeoutMs),
  );
}

function describeReady({ state, facts }: Host): string {
  if (state.phase !== 'ready') return '';
  if (state.engineRoute === 'none')
    return `It has no usable container engine: ${state.engineError?.message ?? 'none answers.'}`;
  return `${facts?.engineName ?? 'The engine'} ${facts?.engineVersion ?? ''} answers there.`.replace(
    '  ',
    ' ',
  );
}

function stateWord({ state, desired }: Host): string {
  if (state.phase === 'ready') return state.engineRoute === 'none' ? 'ready, no engine' : 'ready';
  if (state.phase === 'disconnected') return desired === 'connected' ? 'waiting' : 'disconnected';
  return state.phase === 'needs-you' ? 'asks something' : state.phase;
}

function noteWord({ state }: Host): string {
  if (state.phase === 'failed' || state.phase === 'lost') return state.error.message;
  if (state.phase === 'ready' && state.engineError !== null) return state.engineError.message;
  return '';
}

function addressWord({ definition }: Host): string {
  if (definition.kind === 'local') return 'this computer';
  const { configName, address, port, user } = definition;
  if (configName !== null) return configName;
  return `${user ?? ''}@${address ?? ''}${port === null || port === 22 ? '' : `:${port}`}`;
}

const list: PlaneCommand = {
  name: 'host list',
  aliases: ['host ls'],
  words: '',
  wordCount: { min: 0, max: 0 },
  summary: 'Lists hosts with their states.',
  flags: {},
  read: () => async (context) => {
    await lookAtHosts(context);
    const hosts = (await readAll(context.client, 'hosts.watch')).toSorted((a, b) =>
      a.name.localeCompare(b.name),
    );
    const rows = hosts.map((host) => [
      host.name,
      host.id,
      addressWord(host),
      stateWord(host),
      host.state.phase === 'ready' ? formatDuration(Date.now() - Date.parse(host.state.sinceAt)) : '–',
      noteWord(host),
    ]);
    const headings = ['NAME', 'ID', 'ADDRESS', 'STATE', 'FOR', 'NOTE'];
    return {
      json: hosts,
      lines:
        rows.length === 0
          ? ['There are no hosts. Add one: berth host add <address>']
          : formatTable({ headings, rows, columns: context.terminal.columns }),
    };
  },
};

const check: PlaneCommand = {
  name: 'host check',
  words: '<host>',
  wordCount: { min: 1, max: 1 },
  summary: 'Looks whether a host has all that Berth needs; exits with 1 when something serious is wrong.',
  flags: { all: { help: 'Shows what is well, too.' } },
  read: (typed) => {
    const [word = ''] = typed.words;
    return async (context) => {
      const host = pickHost(word, await readAll(context.client, 'hosts.watch'));
      await awaitHost(context, host.id).catch((error: unknown) => {
        // One without an engine can be looked at: that is what the findings are about.
        if (!(error instanceof CommandFailure) || !/container engine/.test(error.message)) throw error;
      });
      const findings = await readFindings(context, host.id);
      return {
        json: findings,
        lines: describeFindings(findings, { isAll: typed.has('all'), columns: context.terminal.columns }),
        ...(findings.some(isSerious) ? { exitCode: 1 } : {}),
      };
    };
  },
};

const remove: PlaneCommand = {
  name: 'host remove',
  aliases: ['host rm'],
  words: '<host>',
  wordCount: { min: 1, max: 1 },
  summary: 'Lets Berth forget a host; nothing on it is touched.',
  flags: { yes: yesFlag },
  read: (typed) => {
    const [word = ''] = typed.words;
    return async (context): Promise<Answer> => {
      const { client } = context;
      const host = pickHost(word, await readAll(client, 'hosts.watch'));
      const workspaces = (await readAll(client, 'workspaces.watch')).filter(
        ({ hostId }) => hostId === host.id,
      );
      const lease = (await readAll(client, 'lifecycles.leases')).find(({ id }) => id === host.id)?.state;
      await agreed(context, {
        lines: [
          `Berth forgets "${host.name}". Its containers, volumes and snapshots stay there.`,
          ...workspaces.map(({ name }) => `  The workspace "${name}" is on it.`),
          ...(lease === 'installed' || lease === 'outdated'
            ? [
                'Its lease timer stays there, and stops workspaces that have a lease when Berth is gone.',
                `Take it off first: berth host lease "${host.name}" remove`,
              ]
            : []),
        ],
        question: 'Remove it?',
        isYes: typed.has('yes'),
      });
      await client.call('hosts.remove', { id: host.id });
      return { json: host, lines: [`Removed "${host.name}".`] };
    };
  },
};

function connecting(verb: 'connect' | 'disconnect', summary: string): PlaneCommand {
  return {
    name: `host ${verb}`,
    words: '<host>',
    wordCount: { min: 1, max: 1 },
    summary,
    flags: {},
    read: (typed) => {
      const [word = ''] = typed.words;
      return async (context) => {
        const host = pickHost(word, await readAll(context.client, 'hosts.watch'));
        const changed = await context.client.call(`hosts.${verb}`, { id: host.id });
        if (verb === 'connect') await awaitHost(context, host.id);
        return { json: changed, lines: [`"${host.name}" is ${verb}ed.`] };
      };
    },
  };
}

const buildImage: PlaneCommand = {
  name: 'host build-image',
  words: `<host> <${ImageRecipe.options.join('|')}>`,
  wordCount: { min: 2, max: 2 },
  summary:
    'Builds one of Berth’s own images on a host, with today’s packages, also where it is there already.',
  flags: {},
  read: (typed) => {
    const [word = '', recipeWord = ''] = typed.words;
    const recipe = ImageRecipe.options.find((one) => one === recipeWord);
    if (recipe === undefined)
      throw new TypedWrong(`"${recipeWord}" is none of ${ImageRecipe.options.join(' and ')}.`);
    return async (context) => {
      const { client } = context;
      const { id, name } = pickHost(word, await readAll(client, 'hosts.watch'));
      const operation = await followCall(context, () =>
        client.call('projects.buildImage', { hostId: id, recipe }),
      );
      return { json: operation, lines: [`The ${recipe} image of "${name}" is built.`] };
    };
  },
};

export const hostCommands: readonly PlaneCommand[] = [
  add,
  list,
  check,
  remove,
  buildImage,
  connecting('connect', 'Keeps a host connected from now on.'),
  connecting('disconnect', 'Closes the connection to a host and leaves it closed.'),
];
