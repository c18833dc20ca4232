/**
 * `berth shell`: a terminal of a workspace or host in this one. It is the plane's own terminal, as a window shows it: it
 * runs under tmux where that is set, comes back by itself after a lost connection to its host, and can be left and joined.
 */
import type { Terminal as OpenTerminal, TerminalTarget } from '#contract/terminals.ts';
import { formatInstant } from './amounts.ts';
import { awaitHost } from './await-host.ts';
import { readAll, watchUntil } from './collections.ts';
import type { Answer, Context, PlaneCommand, Typed } from './command.ts';
import { createDetachFilter, type DetachFilter, parseDetachKey } from './detach-key.ts';
import { exitCodes } from './exit-codes.ts';
import { CommandFailure, TypedWrong } from './failure.ts';
import { pickHost, presentWorkspace } from './find-workspace.ts';
import { enterRawMode } from './raw-mode.ts';
import { readyWorkspace } from './snapshot-commands.ts';
import { formatTable } from './table.ts';
import { sendUp } from './upstream.ts';
import { watchWindowSize, windowSize } from './window-size.ts';
import { writeOut } from './write-out.ts';

/**
 * What a program may have turned on and nobody turns off when it is left in the middle: another screen, the mouse, pasting
 * in brackets, keys in other modes, a hidden cursor, colours (xterm's control sequences).
 */
const usualModes =
  '\u001b[?1049l\u001b[?1000l\u001b[?1002l\u001b[?1003l\u001b[?1006l\u001b[?2004l\u001b[?1l\u001b>\u001b[?25h\u001b[0m';

const shell: PlaneCommand = {
  name: 'shell',
  words: '[<workspace>]',
  wordCount: { min: 0, max: 1 },
  failureCode: exitCodes.notRun,
  summary: 'Opens a shell in a workspace, or on a host, in this terminal.',
  details: [
    'Ctrl+] leaves it: under tmux the shell runs on, and --attach joins it again. A lost connection to the host is waited',
    'out. Where the input is a pipe, it is typed into the shell, and its end ends it. Exit codes: the shell’s own; 125 when',
    'it could not be opened or was lost (more: berth help exit-codes).',
  ],
  flags: {
    host: { value: 'HOST', help: 'On this host itself, in place of a workspace.' },
    attach: { value: 'TERMINAL', help: 'Joins one that runs, by its id or name.' },
    list: { help: 'Lists those that run.' },
    'detach-key': {
      value: 'KEY',
      help: 'What leaves it: ^ and a letter or one of [ ] \\ ^ _, or none. Else ^].',
    },
  },
  read: (typed) => {
    const detachKey = parseDetachKey(typed.text('detach-key') ?? '^]');
    const begin = beginning(typed);
    return async (context) => {
      if (typed.has('list')) return list(context);
      if (context.isJson) throw new TypedWrong('The output is the shell’s own: berth shell prints no JSON.');
      const { terminal, isNew } = await begin(context);
      return stay(context, terminal, { isNew, detachKey });
    };
  },
};

interface Begun {
  readonly terminal: OpenTerminal;
  readonly isNew: boolean;
}

/** Which one is meant. @throws TypedWrong */
function beginning(typed: Typed): (context: Context) => Promise<Begun> {
  const [word] = typed.words;
  const [hostWord, attachWord] = [typed.text('host'), typed.text('attach')];
  const isList = typed.has('list');
  if ([word, hostWord, attachWord, isList || undefined].filter((one) => one !== undefined).length !== 1)
    throw new TypedWrong('Name a workspace, or say --host, --attach or --list: one of these.');
  if (attachWord !== undefined)
    return async (context) => ({ terminal: await running(context, attachWord), isNew: false });
  return async (context) => {
    const target = await targetOf(context, word, hostWord);
    const size = windowSize(context.terminal.output);
    const terminal = await context.client.call('terminals.open', { target, size, name: null });
    return { terminal, isNew: true };
  };
}

async function targetOf(
  context: Context,
  word: string | undefined,
  hostWord: string | undefined,
): Promise<TerminalTarget> {
  if (word !== undefined) {
    const subject = await readyWorkspace(context, word);
    const { state } = presentWorkspace(subject);
    if (state === 'stopped' || state === 'failed')
      throw new CommandFailure(
        `"${subject.name}" is not running. Start it: berth workspace start ${subject.id}`,
      );
    return { kind: 'workspace', workspaceId: subject.id };
  }
  const host = pickHost(hostWord ?? '', await readAll(context.client, 'hosts.watch'));
  await awaitHost(context, host.id);
  return { kind: 'host', hostId: host.id };
}

/** @throws CommandFailure */
async function running({ client }: Context, word: string): Promise<OpenTerminal> {
  const open = (await readAll(client, 'terminals.watch')).filter(({ state }) => state.phase !== 'ended');
  const fitting = open.filter(({ id }) => id === word);
  const [found, ...others] = fitting.length > 0 ? fitting : open.filter(({ name }) => name === word);
  if (found === undefined)
    throw new CommandFailure(`No terminal "${word}" runs. These do: berth shell --list`);
  if (others.length === 0) return found;
  const choices = [found, ...others].map(({ id }) => `  ${id}`);
  throw new CommandFailure([`Several terminals are called "${word}". Say which:`, ...choices].join('\n'));
}

async function list({ client, terminal }: Context): Promise<Answer> {
  const open = (await readAll(client, 'terminals.watch')).filter(({ state }) => state.phase !== 'ended');
  const workspaces = new Map((await readAll(client, 'workspaces.watch')).map(({ id, name }) => [id, name]));
  const hosts = new Map((await readAll(client, 'hosts.watch')).map(({ id, name }) => [id, name]));
  const where = ({ target }: OpenTerminal) =>
    target.kind === 'workspace'
      ? (workspaces.get(target.workspaceId) ?? target.workspaceId)
      : `${hosts.get(target.hostId) ?? target.hostId} (host)`;
  const rows = open.map((one) => [
    one.id,
    where(one),
    one.name ?? one.programTitle,
    one.state.phase,
    one.lifetime === 'multiplexer' ? 'tmux' : 'connection',
    formatInstant(one.openedAt),
  ]);
  const headings = ['ID', 'WHERE', 'NAME', 'STATE', 'LIVES WITH', 'OPENED'];
  return {
    json: open,
    lines:
      rows.length === 0
        ? ['No terminal is open.']
        : formatTable({ headings, rows, columns: terminal.columns }),
  };
}

type Left = { readonly by: 'end' } | { readonly by: 'detach' };

async function stay(
  context: Context,
  { id, lifetime, lifetimeNote }: OpenTerminal,
  { isNew, detachKey }: { readonly isNew: boolean; readonly detachKey: DetachFilter['key'] },
): Promise<Answer> {
  const { client, terminal, interrupts } = context;
  const { input, output } = terminal;
  const isPerson = input.isTTY === true && output.isTTY === true;
  const isKept = lifetime === 'multiplexer';
  if (isPerson && detachKey !== null)
    terminal.note(
      isKept
        ? `${detachKey.name} leaves; the shell runs on, and joins you again with: berth shell --attach ${id}`
        : `${detachKey.name} leaves and ends the shell. ${lifetimeNote ?? ''}`.trim(),
    );
  if (!isNew) await client.call('terminals.resize', { id, size: windowSize(output) }).catch(() => undefined);
  const stream = client.bytes('terminals.attach', { id });
  const leaving = Promise.withResolvers<Left>();
  leaving.promise.catch(() => undefined);
  let unwritten = 0;
  let onWritten = () => {};
  stream.onBytes((bytes, done) => {
    unwritten += 1;
    writeOut(output, bytes, () => {
      done();
      unwritten -= 1;
      if (unwritten === 0) onWritten();
    });
  });
  const leaveRawMode = isPerson ? enterRawMode(input) : () => undefined;
  const filter = createDetachFilter(isPerson ? detachKey : null, () => leaving.resolve({ by: 'detach' }));
  let lastByte = 10;
  const upstream = sendUp(input, stream, (bytes) => {
    const passed = filter.pass(bytes);
    lastByte = passed.at(-1) ?? lastByte;
    stream.send(passed);
  });
  void upstream.ended.then(() => {
    // Only at the beginning of a line does the end-of-file character mean one (termios(3), ICANON).
    if (!isPerson) stream.send(lastByte === 10 ? Uint8Array.of(4) : Uint8Array.of(4, 4));
  });
  const stopSizes = watchWindowSize(output, (size) => {
    client.call('terminals.resize', { id, size }).catch(() => undefined);
  });
  const watching = new AbortController();
  const ended = tellState(context, id, watching.signal);
  ended.catch(() => undefined);
  let left: Left | undefined;
  try {
    left = await interrupts.during(
      () => leaving.resolve({ by: 'detach' }),
      () => Promise.race([stream.ended.then(() => ({ by: 'end' }) as const), leaving.promise]),
    );
    if (left.by === 'end' && unwritten > 0) await new Promise<void>((resolve) => (onWritten = resolve));
  } finally {
    upstream.stop();
    stopSizes();
    leaveRawMode();
    if (isPerson && left?.by !== 'end') output.write(usualModes);
    stream.close();
  }
  if (left.by === 'detach') {
    watching.abort();
    return detached(context, id, { isKept, isNew });
  }
  const state = await ended;
  watching.abort();
  if (isNew) await client.call('terminals.close', { id }).catch(() => undefined);
  if (state?.error != null) throw CommandFailure.of('The shell was lost', state.error);
  const exitCode = state?.exitCode ?? exitCodes.notRun;
  return { json: { exitCode }, lines: [], exitCode, isTold: true };
}

async function detached(
  { client, terminal }: Context,
  id: OpenTerminal['id'],
  { isKept, isNew }: { readonly isKept: boolean; readonly isNew: boolean },
): Promise<Answer> {
  if (isKept || !isNew) {
    terminal.note(`\r\nLeft. To join it again: berth shell --attach ${id}`.trim());
    return { json: null, lines: [], isTold: true };
  }
  await client.call('terminals.close', { id }).catch(() => undefined);
  terminal.note('Left; the shell was ended.');
  return { json: null, lines: [], isTold: true };
}

/** Says when it is away and when it is back; resolves with its end. */
async function tellState({ client, terminal }: Context, id: OpenTerminal['id'], signal: AbortSignal) {
  let isAway = false;
  return await watchUntil(
    client,
    'terminals.watch',
    (terminals) => {
      const state = terminals.find((one) => one.id === id)?.state;
      if (state?.phase === 'lost' && !isAway)
        terminal.note(
          '[berth] The connection to the host was lost. The shell runs on there; waiting for it.',
        );
      if (state?.phase === 'live' && isAway) terminal.note('[berth] The connection is back.');
      isAway = state?.phase === 'lost';
      return state?.phase === 'ended' ? state : undefined;
    },
    signal,
  );
}

export const shellCommands: readonly PlaneCommand[] = [shell];
