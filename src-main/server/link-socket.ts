/**
 * How `berth link` asks a running plane for a new one-time link: a socket that only this user can reach. On Linux and
 * macOS a file of mode 0600 in the data folder (0700); on Windows a named pipe. Also tells whether a plane runs there.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, lstat, mkdir, rm } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';

/** Bytes of a path in sockaddr_un, without its zero (unix(7): 108; macOS: 104). */
const maxSocketPathBytes = 103;
const request = 'link\n';
const answerTimeoutMs = 5_000;

export interface LinkSocket {
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
export async function serveLinks(dataFolder: string, createLink: () => string): Promise<LinkSocket> {
  const path = socketPath(dataFolder);
  const isFile = process.platform !== 'win32';
  if (isFile) {
    await ownFolder(path);
    await rm(path, { force: true });
  }
  const server = createServer((socket) => {
    let asked = '';
    socket.setEncoding('utf8').setTimeout(answerTimeoutMs, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      asked += String(chunk);
      // A question is needed: whoever may only read from a pipe learns nothing.
      if (asked === request) socket.end(`${createLink()}\n`);
      else if (!request.startsWith(asked)) socket.destroy();
    });
  });
  server.listen(path);
  await once(server, 'listening');
  if (isFile) await chmod(path, 0o600);
  return {
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}

/** A new link from the plane of this data folder; undefined when none runs there. */
export async function requestLink(dataFolder: string): Promise<string | undefined> {
  const socket = createConnection(socketPath(dataFolder));
  socket.setEncoding('utf8').setTimeout(answerTimeoutMs, () => socket.destroy());
  try {
    await once(socket, 'connect');
    socket.write(request);
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    const link = answer.trim();
    return link === '' ? undefined : link;
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}
