/** The four ways from a client to the plane, each as a pair of connections. Owns what it opened until `close`. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel as NodeMessageChannel } from 'node:worker_threads';
import { WebSocketServer } from 'ws';
import type { Connection, Frame } from '#contract/frame.ts';
import { connectLocalSocket, serveLocalSocket } from '#main/server/local-socket.ts';
import { messagePortConnection as planePort } from '#main/server/message-port-connection.ts';
import { webSocketConnection as planeSocket } from '#main/server/websocket-connection.ts';
import { messagePortConnection as windowPort } from '#renderer/transport/message-port-connection.ts';
import { openWebSocket } from '#renderer/transport/websocket-connection.ts';

export interface Pair {
  readonly client: Connection;
  readonly server: Connection;
  close(): Promise<void>;
}

export interface Carrier {
  readonly name: string;
  /** Whether a frame is text on the way, so that what JSON cannot say is lost. */
  readonly isText: boolean;
  open(): Promise<Pair>;
}

/** Both ends in one turn of the event loop each; frames are cloned, as any carrier would. */
function inProcess(): Pair {
  const ends = [createEnd(), createEnd()] as const;
  ends[0].peer = ends[1];
  ends[1].peer = ends[0];
  return {
    client: ends[0].connection,
    server: ends[1].connection,
    close: async () => ends[0].connection.close(),
  };
}

interface End {
  peer: End | undefined;
  readonly connection: Connection;
  frame(frame: unknown): void;
  binary(streamId: number, payload: Uint8Array): void;
  lost(): void;
}

function createEnd(): End {
  const frames: ((frame: unknown) => void)[] = [];
  const binaries: ((streamId: number, payload: Uint8Array) => void)[] = [];
  const closes: (() => void)[] = [];
  let isClosed = false;
  const end: End = {
    peer: undefined,
    frame: (frame) => {
      if (!isClosed) for (const listener of frames) listener(frame);
    },
    binary: (streamId, payload) => {
      if (!isClosed) for (const listener of binaries) listener(streamId, payload);
    },
    lost: () => {
      if (isClosed) return;
      isClosed = true;
      for (const listener of closes) listener();
    },
    connection: {
      send: (frame: Frame) => {
        if (isClosed) return;
        const clone: unknown = structuredClone(frame);
        setImmediate(() => end.peer?.frame(clone));
      },
      sendBinary: (streamId, payload) => {
        if (isClosed) return;
        const copy = payload.slice();
        setImmediate(() => end.peer?.binary(streamId, copy));
      },
      onFrame: (listener) => frames.push(listener),
      onBinary: (listener) => binaries.push(listener),
      onClose: (listener) => closes.push(listener),
      bufferedBytes: 0,
      close: () => {
        end.lost();
        setImmediate(() => end.peer?.lost());
      },
    },
  };
  return end;
}

function messagePorts(): Pair {
  const { port1, port2 } = new NodeMessageChannel();
  // Node's port has the web's addEventListener, start, postMessage and close: all that the window's end uses.
  const client = windowPort(port1 as unknown as MessagePort);
  return {
    client,
    server: planePort(port2, { isElectron: false }),
    close: async () => {
      port1.close();
      port2.close();
    },
  };
}

async function webSockets(): Promise<Pair> {
  const http = createServer();
  const sockets = new WebSocketServer({ server: http });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const address = http.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const accepted = once(sockets, 'connection');
  const client = await openWebSocket(`ws://127.0.0.1:${address.port}`, [], new AbortController().signal);
  const [socket] = (await accepted) as [Parameters<typeof planeSocket>[0]];
  return {
    client,
    server: planeSocket(socket),
    close: async () => {
      for (const one of sockets.clients) one.terminate();
      sockets.close();
      http.close();
      http.closeAllConnections();
      await once(http, 'close');
    },
  };
}

async function localSockets(): Promise<Pair> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'berth-socket-'));
  const accepted = Promise.withResolvers<Connection>();
  const socket = await serveLocalSocket({ dataFolder, mode: 'served', serve: accepted.resolve });
  const client = await connectLocalSocket(dataFolder);
  if (client === undefined) throw new Error('the socket lets nobody in');
  const server = await accepted.promise;
  return {
    client,
    server,
    close: async () => {
      client.close();
      server.close();
      await socket.close();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}

export const carriers: readonly Carrier[] = [
  { name: 'in process', isText: false, open: async () => inProcess() },
  { name: 'message port', isText: false, open: async () => messagePorts() },
  { name: 'web socket', isText: true, open: webSockets },
  { name: 'local socket', isText: true, open: localSockets },
];
