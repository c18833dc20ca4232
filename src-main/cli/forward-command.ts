/**
 * `berth forward`: ports of this computer that lead to ports in a workspace. Listens on the loopback alone, so that nobody
 * else on the network reaches the workspace through it.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { BerthError } from '#contract/berth-error.ts';
import { type ByteFrame, ByteFrameReader, encodeByteFrame } from '#contract/framed-bytes.ts';
import type { WorkspaceId } from '#contract/ids.ts';
import type { Context, PlaneCommand } from './command.ts';
import { CommandFailure, TypedWrong } from './failure.ts';
import { plainJson } from './plain-text.ts';
import { readyWorkspace } from './snapshot-commands.ts';
import { sendUp } from './upstream.ts';

const loopback = '127.0.0.1';

export interface PortPair {
  /** 0: any free one. */
  readonly local: number;
  readonly remote: number;
}

/** `3000` or `8080:3000`. @throws TypedWrong */
export function parsePorts(text: string): PortPair {
  const [, localText, remoteText = ''] = /^(?:(\d{1,5}):)?(\d{1,5})$/.exec(text) ?? [];
  const remote = Number(remoteText);
  const local = localText === undefined ? remote : Number(localText);
  if (remoteText === '' || remote < 1 || remote > 65_535 || local > 65_535)
    throw new TypedWrong(`"${text}" is no port of 1 to 65535, nor two as 8080:3000.`);
  return { local, remote };
}

const forward: PlaneCommand = {
  name: 'forward',
  words: '<workspace> [<local>:]<port>…',
  wordCount: { min: 2, max: 65 },
  summary: 'Makes ports of a workspace ports of this computer, until Ctrl+C.',
  details: [
    'Reaches servers that listen in the workspace on its loopback alone, too. Listens on 127.0.0.1; as <local>, 0 takes any',
    'free port. Goes on when the workspace restarts. Without --json it prints a line for each port once it listens, with it',
    'one JSON value a line.',
  ],
  flags: {},
  read: (typed) => {
    const [word = '', ...portWords] = typed.words;
    const pairs = portWords.map(parsePorts);
    return async (context) => {
      const { id, name } = await readyWorkspace(context, word);
      const servers: Server[] = [];
      const sockets = new Set<Socket>();
      const stopping = Promise.withResolvers<void>();
      const connection = connectionWith(context, { id, name, sockets });
      try {
        for (const pair of pairs) {
          const server = createServer({ allowHalfOpen: true }, (socket) => connection(socket, pair.remote));
          servers.push(server);
          const port = await listen(server, pair);
          context.terminal.print(
            context.isJson
              ? plainJson({ localAddress: loopback, localPort: port, workspaceId: id, port: pair.remote })
              : `${loopback}:${port} leads to port ${pair.remote} of "${name}"`,
          );
        }
        context.terminal.note('Ctrl+C ends it.');
        await context.interrupts.during(
          () => stopping.resolve(),
          () => Promise.race([stopping.promise, lostPlane(context)]),
        );
      } finally {
        for (const server of servers) server.close();
        for (const socket of sockets) socket.destroy();
      }
      return { json: null, lines: [], isTold: true };
    };
  },
};

async function listen(server: Server, { local, remote }: PortPair): Promise<number> {
  server.listen(local, loopback);
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      throw new CommandFailure(
        `Port ${local} of this computer is taken. Choose another: ${local + 1 > 65_535 ? 0 : local + 1}:${remote}, or 0:${remote} for any.`,
      );
    if (code === 'EACCES')
      throw new CommandFailure(
        `Port ${local} needs more rights than this user has. Choose one above 1023: 0:${remote} takes any.`,
      );
    throw error;
  }
  return (server.address() as AddressInfo).port;
}

/** Rejects when the plane is gone: every connection would fail. */
async function lostPlane({ client }: Context): Promise<void> {
  for await (const _change of client.stream('workspaces.watch', {})) {
    // Only its end counts.
  }
}

function connectionWith(
  { client, terminal }: Context,
  { id, name, sockets }: { readonly id: WorkspaceId; readonly name: string; readonly sockets: Set<Socket> },
): (socket: Socket, port: number) => void {
  /** A page that reloads by itself would fill the screen with the same sentence. */
  let told = '';
  const tell = (line: string) => {
    if (line !== told) terminal.note(line);
    told = line;
  };
  return (socket, port) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    const stream = client.bytes('workspaces.dial', { id, port });
    const send = (frame: ByteFrame) => stream.send(encodeByteFrame(frame));
    const reader = new ByteFrameReader(['output', 'outputEnd'], (frame) => {
      if (frame.kind === 'outputEnd') socket.end();
      else if (frame.kind === 'output') socket.write(frame.bytes);
    });
    stream.onBytes((bytes, done) => {
      reader.push(bytes);
      if (socket.destroyed || !socket.writableNeedDrain) return done();
      const settle = () => {
        socket.off('drain', settle).off('close', settle);
        done();
      };
      socket.on('drain', settle).on('close', settle);
    });
    const upstream = sendUp(socket, stream, (bytes) => send({ kind: 'input', bytes }));
    void upstream.ended.then(() => send({ kind: 'inputEnd' }));
    socket.once('close', (isBroken) => {
      sockets.delete(socket);
      upstream.stop();
      // Closed in good order, the rest of what was sent is still on its way.
      if (isBroken) stream.close();
    });
    stream.ended.then(
      () => {
        told = '';
        socket.end();
      },
      (error: unknown) => {
        socket.resetAndDestroy();
        if (!BerthError.is(error, 'cancelled'))
          tell(
            `A connection to port ${port} of "${name}" failed. ${error instanceof Error ? error.message : String(error)}`,
          );
      },
    );
  };
}

export const forwardCommands: readonly PlaneCommand[] = [forward];
