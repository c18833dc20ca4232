/**
 * The way into a running plane that only this user has: a socket that carries a whole connection for the local owner, and
 * gives out one-time sign-in links. On Linux and macOS a file of mode 0600 in the data folder (0700); on Windows a named
 * pipe. Also tells whether a plane runs there.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, lstat, mkdir, rm } from 'node:fs/promises';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Connection } from '#contract/frame.ts';
import { localOwnerId } from '#contract/ids.ts';
import { scopes } from '#contract/scopes.ts';
import type { Caller } from '../control-plane/caller.ts';
import { streamConnection } from './stream-connection.ts';

/** Bytes of a path in sockaddr_un, without its zero (unix(7): 108; macOS: 104). */
const maxSocketPathBytes = 103;
const answerTimeoutMs = 5_000;
/**
 * What may be asked, in the first line. A question is needed in either case: whoever may only read from a pipe learns
 * nothing.
 */
const questions = { link: 'link\n', connect: 'connect\n', backup: 'backup\n' } as const;
/** The answer of a plane that nobody signs in to, as the desktop's. */
const noLink = '-';

export interface LocalSocketOptions {
  readonly dataFolder: string;
  readonly mode: Caller['mode'];
  readonly serve: (connection: Connection, caller: Caller) => void;
  /** Absent: this plane serves no browsers. */
  readonly createLink?: () => string;
  /** A backup of everything, as `berth backup` writes it. */
  readonly backUp?: () => Promise<Readable>;
}

export interface LocalSocket {
  /** Resolves when nobody is connected. */
  idle(): Promise<void>;
  /** Lets nobody in any more. Connections that are open end with the plane that serves them. */
  close(): Promise<void>;
}

function socketPath(dataFolder: string): string {
  const name = createHash('sha256').update(dataFolder).digest('hex').slice(0, 24);
  if (process.platform === 'win32') return `\\\\.\\pipe\\berth-${name}`;
  const path = join(dataFolder, 'control.sock');
  if (Buffer.byteLength(path) <= maxSocketPathBytes) return path;
  return join(tmpdir(), `berth-${userInfo().uid}`, `${name}.sock`);
}

/** The folder of a socket that does not fit into the data folder: ours alone, or nobody's. */
async function ownFolder(path: string): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = await lstat(folder);
  const isOurs = uid === userInfo().uid && (mode & 0o077) === 0;
  if (!isOurs) throw new Error(`${folder} belongs to somebody else or is open to others`);
}

/** Must only be called by the one plane of this data folder: a socket left by a crash is replaced. */
export async function serveLocalSocket(options: LocalSocketOptions): Promise<LocalSocket> {
  const { dataFolder, mode, serve, createLink } = options;
  const path = socketPath(dataFolder);
  const isFile = process.platform !== 'win32';
  if (isFile) {
    await ownFolder(path);
    await rm(path, { force: true });
  }
  const owner: Caller = {
    userId: localOwnerId,
    userName: userInfo().username,
    scopes: new Set(scopes),
    mode,
  };
  const undecided = new Set<Socket>();
  const connected = new Set<Socket>();
  let onIdle: () => void = () => {};
  const server = createServer((socket) => {
    undecided.add(socket);
    socket.once('close', () => {
      undecided.delete(socket);
      if (connected.delete(socket) && connected.size === 0) onIdle();
    });
    askedBy(socket, (question) => {
      undecided.delete(socket);
      if (question === 'link') return void socket.end(`${createLink?.() ?? noLink}\n`);
      if (question === 'backup') return void sendBackup(socket, options);
      connected.add(socket);
      serve(streamConnection(socket), owner);
    });
  });
  server.listen(path);
  await once(server, 'listening');
  if (isFile) await chmod(path, 0o600);
  return {
    idle: () =>
      new Promise((resolve) => {
        onIdle = resolve;
        if (connected.size === 0) resolve();
      }),
    close: async () => {
      // The name goes at once; waiting for `close` would mean waiting for connections.
      server.close();
      for (const socket of undecided) socket.destroy();
    },
  };
}

/** What cannot be read is told by an end before the backup's own, which its reader notices. */
async function sendBackup(socket: Socket, { backUp }: LocalSocketOptions): Promise<void> {
  try {
    if (backUp === undefined) socket.end();
    else await pipeline(await backUp(), socket);
  } catch {
    socket.destroy();
  }
}

/** Reads the first line, and nothing beyond it. What is no question is answered with the end. */
function askedBy(socket: Socket, onQuestion: (question: keyof typeof questions) => void): void {
  let asked = Buffer.alloc(0);
  const onData = (chunk: Buffer) => {
    asked = Buffer.concat([asked, chunk]);
    for (const [name, text] of Object.entries(questions)) {
      const isWhole = asked.byteLength >= text.length;
      const [head, words] = [asked.toString('latin1', 0, text.length), text.slice(0, asked.byteLength)];
      if (head !== words) continue;
      if (!isWhole) return;
      socket.setTimeout(0).pause().off('data', onData).off('error', onError);
      if (asked.byteLength > text.length) socket.unshift(asked.subarray(text.length));
      return onQuestion(name as keyof typeof questions);
    }
    socket.destroy();
  };
  const onError = () => socket.destroy();
  socket.setTimeout(answerTimeoutMs, () => socket.destroy());
  socket.on('error', onError).on('data', onData);
}

/** A new link from the plane of this data folder; null when it has none to give, undefined when none runs there. */
export async function requestLink(dataFolder: string): Promise<string | null | undefined> {
  const socket = createConnection(socketPath(dataFolder));
  socket.setEncoding('utf8').setTimeout(answerTimeoutMs, () => socket.destroy());
  try {
    await once(socket, 'connect');
    socket.write(questions.link);
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    const link = answer.trim();
    if (link === '') return undefined;
    return link === noLink ? null : link;
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}

/** A connection to the plane of this data folder, as its owner; undefined when none runs there. */
export async function connectLocalSocket(dataFolder: string): Promise<Connection | undefined> {
  const socket = createConnection(socketPath(dataFolder));
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(answerTimeoutMs) });
  } catch {
    socket.destroy();
    return undefined;
  }
  socket.write(questions.connect);
  return streamConnection(socket);
}

/** The backup of a running plane, as bytes of its file; undefined when none runs there. */
export async function requestBackup(dataFolder: string): Promise<Readable | undefined> {
  const socket = createConnection(socketPath(dataFolder));
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(answerTimeoutMs) });
  } catch {
    socket.destroy();
    return undefined;
  }
  socket.write(questions.backup);
  return socket;
}
