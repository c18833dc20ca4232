/**
 * `WS /ws/{user_id}/{project_id}` of the earlier web terminal: one socket, one terminal in one's workspace of a project,
 * which is found, or made where that is allowed, and started. What xterm.js's attach addon sends and takes (strings for what
 * is typed, bytes for mouse reports, either as output) works as it is, and so does a script of ten lines. While the
 * workspace starts the channel stays silent: nothing comes that no program wrote.
 *
 * Closing codes: 1000 the program ended, with `exit <code>` as the reason; 1001 Berth is ending; 1013 the workspace did not
 * start, or the terminal was cut off: try again later; 4400 the address is not valid; 4404 no such person, project
 * or workspace; 4409 several fit; 4410 the terminal has ended; 4429 too many; 1011 a fault of ours. Who is not signed in is
 * refused before there is a socket, with the status 401.
 */
import type { WebSocket } from 'ws';
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import type { ErrorCode } from '#contract/error-codes.ts';
import { TerminalId } from '#contract/ids.ts';
import { TerminalSize } from '#contract/terminals.ts';
import type { Workspace } from '#contract/workspaces.ts';
import type { Caller } from '../../control-plane/caller.ts';
import type { Dispatcher } from '../../control-plane/dispatcher.ts';
import type { Log } from '../../control-plane/interfaces/log.ts';
import { projectNamed } from './container-routes.ts';
import { isSelf } from './find-own.ts';
import { OwnPlane, requireNotFailed } from './own-plane.ts';
import { Flag, parsed } from './request-fields.ts';
import { SocketChannel } from './socket-channel.ts';
import { outputFrames, sizeMessage } from './terminal-frames.ts';

export interface TerminalSocketDeps {
  readonly dispatcher: Dispatcher;
  /** Whether a workspace that is not there is made. */
  readonly mayCreate: boolean;
  readonly log: Log;
}

export interface TerminalSockets {
  /** Whether a socket of this path (without its query) is one of these. */
  isPath(path: string): boolean;
  /** Serves a socket until it closes. */
  accept(socket: WebSocket, url: string, caller: Caller): void;
}

/** Bytes of one message from the peer: a paste. */
export const maxTerminalMessageBytes = 1024 * 1024;
/** As many as one person may have terminals. */
const maxSocketsPerPerson = 256;
/** Milliseconds between pings; a peer that missed one is gone at the next. */
const pingEveryMs = 20_000;
/** An image that is pulled over a slow line takes this long; past it the peer is told to come again. */
const startTimeoutMs = 15 * 60_000;
/** After an operation went well its workspace is seen to run at once, or something stopped it again. */
const runningTimeoutMs = 15_000;
/** Bytes of a close frame's reason (RFC 6455, 5.5: 125 with the code). */
const maxReasonBytes = 123;
/** For a project that nobody named: the one of the image for first workspaces. */
const noProject = 'default';

const path = /^\/ws\/([^/?#]+)\/([^/?#]+)\/?(?:\?(.*))?$/;
const Query = z.object({
  terminal: TerminalId.optional(),
  frames: z.enum(['text', 'binary']).default('binary'),
  keep: Flag.default(false),
  cols: z.coerce.number().pipe(TerminalSize.shape.cols).default(80),
  rows: z.coerce.number().pipe(TerminalSize.shape.rows).default(24),
});

export function createTerminalSockets(deps: TerminalSocketDeps): TerminalSockets {
  const open = new Map<WebSocket, Caller['userId']>();
  return {
    isPath: (text) => path.test(text),

    accept(socket, url, caller) {
      const own = [...open.values()].filter((userId) => userId === caller.userId).length;
      open.set(socket, caller.userId);
      socket.on('error', () => undefined);
      socket.on('close', () => open.delete(socket));
      keepAlive(socket);
      if (own >= maxSocketsPerPerson) return refuse(socket, 4429, 'too many sockets');
      void serve(deps, socket, url, caller);
    },
  };
}

async function serve(
  deps: TerminalSocketDeps,
  socket: WebSocket,
  url: string,
  caller: Caller,
): Promise<void> {
  const gone = new AbortController();
  const plane = new OwnPlane(deps.dispatcher, caller, gone.signal);
  let channel: SocketChannel | undefined;
  // Before anything is awaited: what is typed while the workspace starts is typed into it.
  socket.on('close', () => {
    gone.abort();
    channel?.end();
  });
  /** Opened here, and so closed here. */
  let opened: TerminalId | undefined;
  let isKept = false;
  try {
    const { user, project, query } = addressOf(url);
    isKept = query.keep;
    channel = new SocketChannel(socket, outputFrames(query.frames));
    const size = listen(socket, channel, query, (next) => {
      if (terminal === undefined) return;
      void plane.call('terminals.resize', { id: terminal, size: next }).catch(() => undefined);
    });
    let terminal: TerminalId | undefined;
    const workspace = await runningWorkspace(plane, { user, project, mayCreate: deps.mayCreate });
    if (query.terminal !== undefined) terminal = await joined(plane, query.terminal, workspace);
    else {
      const target = { kind: 'workspace' as const, workspaceId: workspace.id };
      const asked = size();
      // Not aborted with the socket: a terminal that opens after all has to be closed again.
      const made = await new OwnPlane(deps.dispatcher, caller, new AbortController().signal).call(
        'terminals.open',
        { target, size: asked, name: null },
      );
      terminal = opened = made.id;
      const now = size();
      if (now.cols !== asked.cols || now.rows !== asked.rows)
        await plane.call('terminals.resize', { id: terminal, size: now });
    }
    const id = terminal;
    await deps.dispatcher.bytes('terminals.attach', { id }, plane.context)(channel);
    await channel.drained();
    if (gone.signal.aborted) return;
    const end = (await plane.list('terminals.watch')).find((one) => one.id === id);
    if (end?.state.phase === 'ended') {
      const { exitCode, error } = end.state;
      if (error !== null) throw new BerthError(error.code, error.message, { details: error.details });
      socket.close(1000, exitCode === null ? 'exit' : `exit ${exitCode}`);
      isKept = false;
    } else socket.close(1013, 'the terminal was closed');
  } catch (error) {
    if (!gone.signal.aborted) {
      if (!BerthError.is(error)) deps.log.error('A terminal socket failed', { cause: error });
      refuse(socket, codeOf(error), BerthError.is(error) ? error.message : 'a fault inside Berth');
    }
  } finally {
    if (opened !== undefined && !isKept) await closeTerminal(deps, caller, opened);
  }
}

/** With a signal of its own: the socket's has aborted by now. */
async function closeTerminal(deps: TerminalSocketDeps, caller: Caller, id: TerminalId): Promise<void> {
  try {
    await new OwnPlane(deps.dispatcher, caller, AbortSignal.timeout(30_000)).call('terminals.close', { id });
  } catch (cause) {
    if (!BerthError.is(cause, 'not-found'))
      deps.log.warn('The terminal of a socket was not closed', { cause });
  }
}

/** Takes what the peer sends. Returns the size that it said last. */
function listen(
  socket: WebSocket,
  channel: SocketChannel,
  first: TerminalSize,
  onSize: (size: TerminalSize) => void,
): () => TerminalSize {
  let size: TerminalSize = { cols: first.cols, rows: first.rows };
  socket.on('message', (data, isBinary) => {
    const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer);
    const next = isBinary ? undefined : sizeMessage(bytes.toString('utf8'));
    if (next === undefined) return channel.type(bytes);
    size = next;
    onSize(next);
  });
  return () => size;
}

async function runningWorkspace(
  plane: OwnPlane,
  { user, project, mayCreate }: { user: string; project: string; mayCreate: boolean },
): Promise<Workspace> {
  if (!(await isSelf(plane, user))) throw new BerthError('not-found', 'There is no such person.');
  const projectId = await projectNamed(plane, project).catch((error: unknown) => {
    if (project === noProject && BerthError.is(error, 'not-found')) return null;
    throw error;
  });
  const { workspace, operation } = await plane.call('workspaces.ensure', { projectId, mayCreate });
  if (operation !== null) {
    const end = await plane.settled(operation, startTimeoutMs);
    requireNotFailed(end);
    if (end.endedAt === null)
      throw new BerthError('timed-out', 'The workspace is still being made. Come again.');
  }
  const running = await plane.until(
    'workspaces.watch',
    (all) => all.find(({ id, state }) => id === workspace.id && state === 'running'),
    runningTimeoutMs,
  );
  if (running !== undefined) return running;
  throw new BerthError('workspace.not-running', 'The workspace did not stay up.');
}

/** A terminal of one's own, in this very workspace. */
async function joined(plane: OwnPlane, id: TerminalId, workspace: Workspace): Promise<TerminalId> {
  const found = (await plane.list('terminals.watch')).find((one) => one.id === id);
  const isHere = found?.target.kind === 'workspace' && found.target.workspaceId === workspace.id;
  if (!isHere) throw new BerthError('not-found', 'There is no such terminal in this workspace.');
  if (found.state.phase === 'ended') throw new BerthError('terminal.ended', 'The terminal has ended.');
  return id;
}

function addressOf(url: string) {
  const [, user = '', project = '', query = ''] = path.exec(url) ?? [];
  const { ticket: _ticket, ...fields } = Object.fromEntries(new URLSearchParams(query));
  return { user: decoded(user), project: decoded(project), query: parsed(Query, fields) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part).slice(0, 300);
  } catch {
    throw new BerthError('invalid-input', 'Not valid: the address is not percent-encoded UTF-8.');
  }
}

/** See the header; what is not here is no fault of the address, and may be over soon: 1013. */
const closingCodes: { readonly [C in ErrorCode]?: number } = {
  'invalid-input': 4400,
  'not-found': 4404,
  conflict: 4409,
  'terminal.ended': 4410,
  'too-many': 4429,
  'quota.exceeded': 4429,
  internal: 1011,
};

function codeOf(error: unknown): number {
  return BerthError.is(error) ? (closingCodes[error.code] ?? 1013) : 1011;
}

function refuse(socket: WebSocket, code: number, reason: string): void {
  socket.close(code, cut(reason));
}

/** As much as fits, with no character cut in two. */
function cut(text: string): string {
  if (Buffer.byteLength(text) <= maxReasonBytes) return text;
  return Buffer.from(text)
    .subarray(0, maxReasonBytes - 3)
    .toString('utf8')
    .replace(/\ufffd+$/, '')
    .concat('…');
}

/** A browser whose machine fell asleep closes nothing. */
function keepAlive(socket: WebSocket): void {
  let isAlive = true;
  const alive = () => {
    isAlive = true;
  };
  socket.on('pong', alive);
  socket.on('message', alive);
  const pinger = setInterval(() => {
    // One that is not read for a while, because the terminal takes no more, answers no ping either.
    if (socket.isPaused) return;
    if (!isAlive) return socket.terminate();
    isAlive = false;
    socket.ping();
  }, pingEveryMs);
  pinger.unref();
  socket.on('close', () => clearInterval(pinger));
}
