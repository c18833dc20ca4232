/**
 * A client that lives as long as the window and survives the loss of its connection: dials, tells its state as a value,
 * and dials again with growing pauses. It re-opens nothing by itself: streams belong to their owners, who hear of each
 * new connection. A call made while there is none fails with `connection-lost` instead of waiting unseen.
 */
import { BerthError, ErrorShape } from '#contract/berth-error.ts';
import type { Connection } from '#contract/frame.ts';
import { type Client, type ConnectedClient, createClient } from './client.ts';
import { messagePortConnection } from './message-port-connection.ts';
import { openWebSocket } from './websocket-connection.ts';

/** `connecting`: the first time. `lost`: it was open before, or could not be opened; `retryAtMs` is epoch time. */
export type ConnectionState =
  | { readonly phase: 'connecting' }
  | { readonly phase: 'open' }
  | { readonly phase: 'lost'; readonly retryAtMs: number | null };

export interface LastingClient extends Client {
  readonly connectionState: ConnectionState;
  /** Told of every change from now on. Returns what ends it. */
  onConnectionState(listener: (state: ConnectionState) => void): () => void;
  /** Called when a connection is open again after one was lost: the time to open streams anew. */
  onReconnect(listener: () => void): () => void;
  readonly roundTripMs: number | null;
  /** Tries again at once in place of at `retryAtMs`. */
  reconnect(): void;
  close(): void;
}

export interface LastingOptions {
  /** Opens one connection. A BerthError `not-signed-in` ends the dialling and calls `onSignedOut`. */
  readonly dial: () => Promise<Connection>;
  readonly onSignedOut: () => void;
  /** For tests: milliseconds before the n-th attempt (from 0) after a loss. */
  readonly retryDelayMs?: (attempt: number) => number;
}

/** Milliseconds: at once, then growing to half a minute; jitter, so that many windows do not come back in one moment. */
function defaultRetryDelayMs(attempt: number): number {
  return attempt === 0 ? 0 : Math.min(30_000, 250 * 2 ** (attempt - 1)) * (0.75 + Math.random() / 2);
}

export function createLastingClient(options: LastingOptions): LastingClient {
  const { dial, onSignedOut, retryDelayMs = defaultRetryDelayMs } = options;
  const stateListeners = new Set<(state: ConnectionState) => void>();
  const reconnectListeners = new Set<() => void>();
  let state: ConnectionState = { phase: 'connecting' };
  let current: ConnectedClient | undefined;
  let wasOpen = false;
  let isDialling = false;
  let isClosed = false;
  let attempt = 0;
  let retryTimer: ReturnType<typeof setTimeout> | undefined;

  function set(next: ConnectionState): void {
    state = next;
    for (const listener of [...stateListeners]) listener(next);
  }

  function adopt(connection: Connection): void {
    if (isClosed) {
      connection.close();
      return;
    }
    const client = createClient(connection);
    current = client;
    attempt = 0;
    client.onClose(() => {
      if (current !== client) return;
      current = undefined;
      retryLater();
    });
    if (current !== client) return;
    const isAgain = wasOpen;
    wasOpen = true;
    set({ phase: 'open' });
    if (isAgain) for (const listener of [...reconnectListeners]) listener();
  }

  async function connect(): Promise<void> {
    if (isDialling || isClosed || current !== undefined) return;
    isDialling = true;
    clearTimeout(retryTimer);
    set(wasOpen || attempt > 0 ? { phase: 'lost', retryAtMs: null } : { phase: 'connecting' });
    try {
      const connection = await dial();
      isDialling = false;
      adopt(connection);
    } catch (error) {
      isDialling = false;
      if (BerthError.is(error, 'not-signed-in')) onSignedOut();
      else retryLater();
    }
  }

  function retryLater(): void {
    if (isClosed) return;
    const delayMs = retryDelayMs(attempt);
    attempt += 1;
    set({ phase: 'lost', retryAtMs: Date.now() + delayMs });
    clearTimeout(retryTimer);
    retryTimer = setTimeout(() => void connect(), delayMs);
  }

  const lost = () => new BerthError('connection-lost', 'There is no connection to Berth at the moment.');
  void connect();

  return {
    call: (method, input, requestOptions) =>
      current?.call(method, input, requestOptions) ?? Promise.reject(lost()),
    stream: (method, input, requestOptions) =>
      (current ?? lostClient(lost())).stream(method, input, requestOptions),
    bytes: (method, input) => (current ?? lostClient(lost())).bytes(method, input),
    get connectionState() {
      return state;
    },
    onConnectionState: (listener) => {
      stateListeners.add(listener);
      return () => stateListeners.delete(listener);
    },
    onReconnect: (listener) => {
      reconnectListeners.add(listener);
      return () => reconnectListeners.delete(listener);
    },
    get roundTripMs() {
      return current?.roundTripMs ?? null;
    },
    reconnect: () => {
      if (current === undefined) void connect();
      else current.probe();
    },
    close: () => {
      isClosed = true;
      clearTimeout(retryTimer);
      current?.close();
    },
  };
}

/** A client over a connection that is already gone: everything on it fails at once, in the usual way. */
function lostClient(reason: BerthError): ConnectedClient {
  const client = createClient({
    send: () => undefined,
    sendBinary: () => undefined,
    onFrame: () => undefined,
    onBinary: () => undefined,
    onClose: () => undefined,
    bufferedBytes: 0,
    close: () => undefined,
  });
  client.close(reason);
  return client;
}

/** Subprotocol of the socket; the ticket travels beside it, because a URL would end up in logs. */
const socketProtocol = 'berth.v1';

/** In a browser: buys a single-use ticket with the session's cookie, and opens the socket with it. */
export async function dialSocket(ticketPath = '/api/v1/socket-ticket'): Promise<Connection> {
  const response = await fetch(ticketPath, {
    method: 'POST',
    headers: { 'X-Berth': '1' },
    credentials: 'same-origin',
    cache: 'no-store',
  });
  const body: unknown = await response.json();
  if (!response.ok) {
    const shape = ErrorShape.safeParse((body as { error?: unknown }).error);
    if (response.status === 401) throw new BerthError('not-signed-in', 'Sign in first.');
    throw shape.success ? BerthError.fromShape(shape.data) : new Error(`status ${response.status}`);
  }
  const { ticket } = body as { ticket: string };
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  return openWebSocket(`${scheme}://${location.host}/api/v1/socket`, [socketProtocol, `ticket.${ticket}`]);
}

/** Milliseconds in which the shell must hand over a port; longer than the plane takes to start again. */
const portTimeoutMs = 20_000;

/** In the window: asks the preload for a message port; it comes as a message of this very window. */
export function dialPort(): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const finish = () => {
      clearTimeout(timer);
      window.removeEventListener('message', onMessage);
    };
    const onMessage = ({ source, data, ports }: MessageEvent<unknown>) => {
      const [port] = ports;
      if (source !== window || data !== 'berth:port' || port === undefined) return;
      finish();
      resolve(messagePortConnection(port));
    };
    const timer = setTimeout(() => {
      finish();
      reject(new BerthError('timed-out', 'The window was given no connection.'));
    }, portTimeoutMs);
    window.addEventListener('message', onMessage);
    window.postMessage('berth:want-port', window.location.origin);
  });
}

/** By message port inside the desktop app (where the preload has put its bridge), else by web socket. */
export function connect(): LastingClient {
  const isDesktop = 'berthShell' in window;
  const client = createLastingClient({
    dial: isDesktop ? dialPort : () => dialSocket(),
    onSignedOut: () => window.location.replace('/sign-in'),
  });
  // A network that came back or a lid that was opened: ask now, do not wait for a timer that slept too.
  window.addEventListener('online', () => client.reconnect());
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') client.reconnect();
  });
  return client;
}
