/** `berth port …`: what listens in workspaces, the forwards that Berth keeps, and web apps. */
import type { Forward, WorkspacePorts } from '#contract/forwards.ts';
import type { WorkspaceId } from '#contract/ids.ts';
import { formatBytes } from './amounts.ts';
import { readAll } from './collections.ts';
import type { Context, PlaneCommand, Typed } from './command.ts';
import { CommandFailure, TypedWrong } from './failure.ts';
import { findWorkspace } from './find-workspace.ts';
import { parsePorts } from './forward-command.ts';
import { formatTable } from './table.ts';

/** Where it leads, as a person says it. */
export function forwardWords({ kind, localPort, origin, path, port }: Forward): string {
  switch (kind) {
    case 'app':
      return `${origin ?? 'an address of its own'}${path}`;
    case 'tcp':
      return `127.0.0.1:${localPort} leads to its port ${port}`;
    case 'socks':
      return `127.0.0.1:${localPort} is a SOCKS5 proxy into it`;
    case 'remote':
      return `its port ${port} leads to 127.0.0.1:${localPort} of Berth’s computer`;
    default:
      return kind satisfies never;
  }
}

/** @throws CommandFailure */
function pickForward(
  word: string,
  forwards: readonly Forward[],
  names: ReadonlyMap<string, string>,
): Forward {
  const fits = forwards.filter(
    ({ id, name, port, workspaceId }) =>
      id === word ||
      (name !== '' && name === word) ||
      `${names.get(workspaceId)}:${port ?? 'socks'}` === word,
  );
  const [found, ...others] = fits;
  if (found !== undefined && others.length === 0) return found;
  const lines = (found === undefined ? forwards : fits).map(
    (one) => `  ${one.id}  ${names.get(one.workspaceId) ?? one.workspaceId}: ${forwardWords(one)}`,
  );
  throw new CommandFailure(
    found === undefined
      ? lines.length === 0
        ? 'There are no forwards. Make one: berth port forward <workspace> <port>'
        : [`There is no forward "${word}". These are there:`, ...lines].join('\n')
      : [`Several fit "${word}". Say which:`, ...lines].join('\n'),
    { code: found === undefined ? 'not-found' : 'conflict', message: '', details: {} },
  );
}

async function namesOf({ client }: Context): Promise<ReadonlyMap<string, string>> {
  return new Map((await readAll(client, 'workspaces.watch')).map(({ id, name }) => [id, name]));
}

async function findForward(context: Context, word: string): Promise<Forward> {
  const [forwards, names] = await Promise.all([readAll(context.client, 'forwards.watch'), namesOf(context)]);
  return pickForward(word, forwards, names);
}

const list: PlaneCommand = {
  name: 'port list',
  words: '[<workspace>]',
  wordCount: { min: 0, max: 1 },
  summary: 'Lists what listens in running workspaces, and the forwards that there are.',
  flags: {},
  read: (typed) => {
    const [word] = typed.words;
    return async (context) => {
      const only = word === undefined ? undefined : (await findWorkspace(context, word)).id;
      const isMeant = (id: WorkspaceId) => only === undefined || id === only;
      const { client } = context;
      const [names, ports, forwards] = await Promise.all([
        namesOf(context),
        readAll(client, 'forwards.ports'),
        readAll(client, 'forwards.watch'),
      ]);
      const seen = ports.filter(({ id }) => isMeant(id));
      const kept = forwards.filter(({ workspaceId }) => isMeant(workspaceId));
      return {
        json: { ports: seen, forwards: kept },
        lines: [
          ...portLines(seen, names, context.terminal.columns),
          ...(kept.length === 0 ? [] : ['', ...forwardLines(kept, names, context.terminal.columns)]),
        ],
      };
    };
  },
};

function portLines(
  all: readonly WorkspacePorts[],
  names: ReadonlyMap<string, string>,
  columns: number | undefined,
): string[] {
  const rows = all.flatMap(({ id, ports }) =>
    ports.map((one) => [
      names.get(id) ?? id,
      String(one.port),
      one.protocol ?? '–',
      one.program ?? '–',
      one.name,
    ]),
  );
  const problems = all.flatMap(({ id, problem }) =>
    problem === null ? [] : [`${names.get(id) ?? id}: ${problem.message}`],
  );
  if (rows.length === 0) return ['Nothing listens in a running workspace.', ...problems];
  const headings = ['WORKSPACE', 'PORT', 'SPEAKS', 'PROGRAM', 'NAME'];
  return [...formatTable({ headings, rows, right: [1], columns }), ...problems];
}

function forwardLines(
  all: readonly Forward[],
  names: ReadonlyMap<string, string>,
  columns: number | undefined,
): string[] {
  const rows = all.map((one) => [
    names.get(one.workspaceId) ?? one.workspaceId,
    one.id,
    one.state,
    formatBytes(one.traffic.sentBytes),
    formatBytes(one.traffic.receivedBytes),
    one.problem === null ? forwardWords(one) : one.problem.message,
  ]);
  const headings = ['FORWARD OF', 'ID', 'STATE', 'SENT', 'GOT', 'WHAT'];
  return formatTable({ headings, rows, right: [3, 4], columns });
}

const open: PlaneCommand = {
  name: 'port open',
  words: '<workspace> <port>',
  wordCount: { min: 2, max: 2 },
  summary: 'Prints a link that lets one browser into a web app of a workspace, once, within a minute.',
  flags: {},
  read: (typed) => {
    const [word = '', portWord = ''] = typed.words;
    const port = portOf(portWord);
    return async (context) => {
      const { id } = await findWorkspace(context, word);
      const forward = await context.client.call('forwards.openPort', { workspaceId: id, port });
      const link = await context.client.call('forwards.open', { id: forward.id });
      return { json: { forward, ...link }, lines: [link.url] };
    };
  },
};

/** @throws TypedWrong */
function portOf(text: string): number {
  const { local, remote } = parsePorts(text);
  if (local !== remote) throw new TypedWrong(`"${text}" must be one port of 1 to 65535.`);
  return remote;
}

const nameFlag = { name: { value: 'NAME', help: 'What it is called.' } } as const;

interface Making {
  readonly name: string;
  readonly words: string;
  readonly summary: string;
  readonly details?: readonly string[];
  readonly least: number;
  /** Port in the workspace and port here, of the second word. */
  readonly ports: (word: string | undefined) => {
    readonly port: number | null;
    readonly localPort: number | null;
  };
  readonly kind: 'tcp' | 'socks' | 'remote';
}

function making({ name, words, summary, details, least, ports, kind }: Making): PlaneCommand {
  return {
    name,
    words,
    wordCount: { min: least, max: 2 },
    summary,
    ...(details === undefined ? {} : { details }),
    flags: nameFlag,
    read: (typed: Typed) => {
      const [word = '', portWord] = typed.words;
      const wish = ports(portWord);
      return async (context) => {
        const { id, name: workspaceName } = await findWorkspace(context, word);
        const forward = await context.client.call('forwards.create', {
          workspaceId: id,
          kind,
          name: typed.text('name') ?? null,
          ...wish,
        });
        return { json: forward, lines: [`${workspaceName}: ${forwardWords(forward)}`] };
      };
    },
  };
}

function pairOf(text: string | undefined): { port: number; localPort: number | null } {
  const { local, remote } = parsePorts(text ?? '');
  return { port: remote, localPort: (text ?? '').includes(':') && local !== 0 ? local : null };
}

const makers = [
  making({
    name: 'port forward',
    words: '<workspace> [<local>:]<port>',
    summary: 'Makes a port of a workspace a port of the computer that Berth runs on, until it is removed.',
    details: ['Stays through every reconnection and restart. For as long as a command runs: berth forward'],
    least: 2,
    ports: pairOf,
    kind: 'tcp',
  }),
  making({
    name: 'port socks',
    words: '<workspace> [<local>]',
    summary:
      'Makes a SOCKS5 proxy on the computer that Berth runs on, whose connections begin in a workspace.',
    least: 1,
    ports: (word) => ({ port: null, localPort: word === undefined ? null : portOf(word) }),
    kind: 'socks',
  }),
  making({
    name: 'port back',
    words: '<workspace> [<local>:]<port>',
    summary: 'Makes a port of the computer that Berth runs on a port in a workspace.',
    least: 2,
    ports: pairOf,
    kind: 'remote',
  }),
];

function verb(name: 'start' | 'stop' | 'restart' | 'remove', summary: string, done: string): PlaneCommand {
  return {
    name: `port ${name}`,
    words: '<forward>',
    wordCount: { min: 1, max: 1 },
    summary,
    details: ['A forward is said by its id, its name, or as <workspace>:<port>.'],
    flags: {},
    read: (typed) => {
      const [word = ''] = typed.words;
      return async (context) => {
        const forward = await findForward(context, word);
        const answer = await context.client.call(`forwards.${name}`, { id: forward.id });
        return { json: name === 'remove' ? forward : answer, lines: [done] };
      };
    },
  };
}

const verbs = [
  verb('start', 'Wants a forward again that was stopped.', 'Started.'),
  verb('stop', 'Cuts what goes through a forward, and listens no more until it is started.', 'Stopped.'),
  verb('restart', 'Begins a forward anew, and touches no other.', 'Restarted.'),
  verb('remove', 'Cuts a forward and forgets it.', 'Removed.'),
];

export const portCommands: readonly PlaneCommand[] = [list, open, ...makers, ...verbs];
