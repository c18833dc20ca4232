/** Who gets in by the socket in the data folder, and what may be asked there. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, lstat, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Connection } from '#contract/frame.ts';
import { localOwnerId } from '#contract/ids.ts';
import type { Caller } from '#main/control-plane/caller.ts';
import {
  connectLocalSocket,
  type LocalSocket,
  requestLink,
  serveLocalSocket,
} from '#main/server/local-socket.ts';

let folder: string;
let open: LocalSocket[];
const served: { connection: Connection; caller: Caller }[] = [];
const heard: unknown[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-local-'));
  open = [];
  served.length = 0;
  heard.length = 0;
});
afterEach(async () => {
  for (const { connection } of served) connection.close();
  for (const socket of open) await socket.close();
  await rm(folder, { recursive: true, force: true });
});

async function serve(createLink?: () => string, dataFolder = folder): Promise<LocalSocket> {
  const socket = await serveLocalSocket({
    dataFolder,
    mode: 'desktop',
    serve: (connection, caller) => {
      served.push({ connection, caller });
      connection.onFrame((frame) => heard.push(frame));
    },
    ...(createLink === undefined ? {} : { createLink }),
  });
  open.push(socket);
  return socket;
}

describe('the local socket', () => {
  it('is a file that its owner alone can open, in a folder that only the owner can enter', async () => {
    await serve();
    expect((await stat(join(folder, 'control.sock'))).mode & 0o777).toBe(0o600);
    expect((await lstat(folder)).mode & 0o777).toBe(0o700);
  });

  it('is not opened in a folder that others may enter', async () => {
    const wide = join(folder, 'wide');
    await mkdir(wide, { mode: 0o755 });
    await expect(serve(undefined, wide)).rejects.toThrow('open to others');
  });

  it.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
    'refuses another user of this computer',
    async () => {
      await serve(() => 'a link');
      // Node where anybody may run it.
      const place = await mkdtemp(join(tmpdir(), 'berth-other-'));
      await chmod(place, 0o755);
      const node = join(place, 'node');
      await copyFile(process.execPath, node);
      const script = `require('node:net').createConnection(process.argv[1])
        .on('connect', () => console.log('in')).on('error', (error) => console.log(error.code))`;
      const child = spawn(node, ['-e', script, join(folder, 'control.sock')], {
        uid: 65_534,
        gid: 65_534,
        cwd: '/',
      });
      let said = '';
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
      await once(child, 'close');
      await rm(place, { recursive: true, force: true });
      expect(said.trim()).toBe('EACCES');
    },
  );

  it('gives whoever is in a connection as the local owner', async () => {
    await serve();
    const client = await connectLocalSocket(folder);
    await expect.poll(() => served).toHaveLength(1);
    expect(served[0]?.caller).toMatchObject({ userId: localOwnerId, mode: 'desktop' });
    expect(served[0]?.caller.scopes.has('snapshots.write')).toBe(true);
    client?.send({ t: 'ping', n: 3 });
    await expect.poll(() => heard).toEqual([{ t: 'ping', n: 3 }]);
    client?.close();
  });

  it('tells links apart from none to give and from nobody there', async () => {
    await expect(requestLink(folder)).resolves.toBeUndefined();
    await expect(connectLocalSocket(folder)).resolves.toBeUndefined();
    const desktop = await serve();
    await expect(requestLink(folder)).resolves.toBeNull();
    await desktop.close();
    await serve(() => 'http://127.0.0.1/sign-in#x');
    await expect(requestLink(folder)).resolves.toBe('http://127.0.0.1/sign-in#x');
    expect(served).toHaveLength(0);
  });

  it.each(['x', 'link', 'links\n', 'connecT\n', 'GET / HTTP/1.1\r\n', '\0\0\0\0'])(
    'answers nothing to what is no question: %j',
    async (text) => {
      await serve(() => 'a link');
      const socket = createConnection(join(folder, 'control.sock'));
      let said = '';
      socket.on('data', (chunk) => {
        said += String(chunk);
      });
      socket.on('error', () => undefined);
      socket.end(text);
      await new Promise((resolve) => socket.once('close', resolve));
      expect(said).toBe('');
      expect(served).toHaveLength(0);
    },
  );

  it('reads a question that comes in parts, and keeps the bytes behind it for the connection', async () => {
    await serve();
    const socket = createConnection(join(folder, 'control.sock'));
    await once(socket, 'connect');
    socket.write('conn');
    await new Promise((resolve) => setImmediate(resolve));
    const body = Buffer.from('{"t":"ping","n":1}');
    const head = Buffer.alloc(5);
    head.writeUInt32BE(body.byteLength + 1, 0);
    socket.write(Buffer.concat([Buffer.from('ect\n'), head, body]));
    await expect.poll(() => served).toHaveLength(1);
    await expect.poll(() => heard).toEqual([{ t: 'ping', n: 1 }]);
    socket.destroy();
  });

  it('replaces what a crash left, and is gone when it is closed', async () => {
    await writeFile(join(folder, 'control.sock'), '');
    const socket = await serve();
    const client = await connectLocalSocket(folder);
    expect(client).toBeDefined();
    await socket.close();
    await expect(connectLocalSocket(folder)).resolves.toBeUndefined();
    client?.close();
  });

  it('is idle when the last one has left', async () => {
    const socket = await serve();
    await socket.idle();
    const client = await connectLocalSocket(folder);
    await expect.poll(() => served).toHaveLength(1);
    let isIdle = false;
    const idle = socket.idle().then(() => {
      isIdle = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isIdle).toBe(false);
    client?.close();
    await idle;
  });

  it('stands elsewhere, as private, where the path would be too long for a socket', async () => {
    const deep = join(folder, 'x'.repeat(120));
    await mkdir(deep, { mode: 0o700 });
    await serve(() => 'a link', deep);
    await expect(requestLink(deep)).resolves.toBe('a link');
    await expect(stat(join(deep, 'control.sock'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
