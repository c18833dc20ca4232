/**
 * A client that lives as long as the window and survives the loss of its connection: dials, tells its state as a value,
 * and dials again with growing pauses. A wake asks the connection for a sign of life, and makes dials short and close
 * together for a while: a network is about to come up. It re-opens nothing by itself: streams belong to their owners, who hear of each
 * new connection. A call made while there is none fails with `connection-lost` instead of waiting unseen.
 */
import { BerthError, ErrorShape } from '#contract/berth-error.ts';
import type { Connection } from '#contract/frame.ts';
import { type Client, type ConnectedClient, createClient } from './client.ts';
import { messagePortConnection } from './message-port-connection.ts';
import { type PageWake, type WatchedPage, watchPageWake } from './page-wake.ts';
import { signInPath } from './signed-out-paths.ts';
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
  /** The computer slept or its network changed: a connection that does not answer soon is dropped and dialled again. */
  wake(): void;
  close(): void;
}

export interface LastingOptions {
  /** Opens one connection. A BerthError `not-signed-in` ends the dialling and calls `onSignedOut`. */
  readonly dial: (signal: AbortSignal) => Promise<Connection>;
  readonly onSignedOut: () => void;
  /** For tests: milliseconds before the n-th attempt (from 0) after a loss. */
  readonly retryDelayMs?: (attempt: number) => number;
  readonly limits?: DialLimits;
}

/** Milliseconds. */
export interface DialLimits {
  /** For one dial; a network that swallows everything would hold it for minutes. */
  readonly dialMs: number;
  /** The same, in the hurry after a wake. */
  readonly wakeDialMs: number;
  /** For the sign of life that a connection is asked for at a wake. */
  readonly wakeProbeMs: number;
}

export const socketLimits: DialLimits = { dialMs: 10_000, wakeDialMs: 3_000, wakeProbeMs: 2_500 };
/** Both ends sleep and wake together, and the plane may be starting: there is no dead way, only a slow start. */
const portLimits: DialLimits = { dialMs: 25_000, wakeDialMs: 25_000, wakeProbeMs: 10_000 };
/** Milliseconds of hurry after a wake: Wi-Fi takes 3 to 10 s to come up. */
const hurryMs = 20_000;
/** The longest pause between two dials in that time, in milliseconds. */
const hurryPauseMs = 1_000;

/** Milliseconds: at once, then growing to half a minute; jitter, so that many windows do not come back in one moment. */
function defaultRetryDelayMs(attempt: number): number {
  return attempt === 0 ? 0 : Math.min(30_000, 250 * 2 ** (attempt - 1)) * (0.75 + Math.random() / 2);
}

export function createLastingClient(options: LastingOptions): LastingClient {
  const { dial, onSignedOut, retryDelayMs = defaultRetryDelayMs, limits = socketLimits } = options;
  const stateListeners = new Set<(state: ConnectionState) => void>();
  const reconnectListeners = new Set<() => void>();
  let state: ConnectionState = { phase: 'connecting' };
  let current: ConnectedClient | undefined;
  let wasOpen = false;
  /** Of the dial that is under way. */
  let limitDial: ((limitMs: number) => void) | undefined;
  let hurryUntilMs = 0;
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
    if (limitDial !== undefined || isClosed || current !== undefined) return;
    const over = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let dueAtMs = Number.POSITIVE_INFINITY;
    limitDial = (limitMs) => {
      // Shorter, never longer: wakes may come again and again.
      if (Date.now() + limitMs >= dueAtMs) return;
      dueAtMs = Date.now() + limitMs;
      clearTimeout(timer);
      timer = setTimeout(() => over.abort(new BerthError('timed-out', 'Berth does not answer.')), limitMs);
    };
    limitDial(isInHurry() ? limits.wakeDialMs : limits.dialMs);
    clearTimeout(retryTimer);
    set(wasOpen || attempt > 0 ? { phase: 'lost', retryAtMs: null } : { phase: 'connecting' });
    try {
      const connection = await abortable(dial(over.signal), over.signal);
      limitDial = undefined;
      clearTimeout(timer);
      adopt(connection);
    } catch (error) {
      limitDial = undefined;
      clearTimeout(timer);
      if (BerthError.is(error, 'not-signed-in')) onSignedOut();
      else retryLater();
    }
  }

  function retryLater(): void {
    if (isClosed) return;
    const plannedMs = retryDelayMs(attempt);
    const delayMs = isInHurry() ? Math.min(plannedMs, hurryPauseMs) : plannedMs;
    attempt += 1;
    set({ phase: 'lost', retryAtMs: Date.now() + delayMs });
    clearTimeout(retryTimer);
    retryTimer = setTimeout(() => void connect(), delayMs);
  }

  function isInHurry(): boolean {
    return Date.now() < hurryUntilMs;
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
      else current.probe(limits.wakeProbeMs);
    },
    wake: () => {
      hurryUntilMs = Date.now() + hurryMs;
      attempt = 0;
      if (current !== undefined) current.probe(limits.wakeProbeMs);
      else if (limitDial !== undefined) limitDial(limits.wakeDialMs);
      else void connect();
    },
    close: () => {
      isClosed = true;
      clearTimeout(retryTimer);
      current?.close();
    },
  };
}

/** Does not wait longer than `signal` allows; a connection that comes later is closed. */
function abortable(dialled: Promise<Connection>, signal: AbortSignal): Promise<Connection> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    dialled.then((connection) => {
      if (signal.aborted) connection.close();
      else resolve(connection);
    }, reject);
  });
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
export async function dialSocket(
  signal: AbortSignal,
  ticketPath = '/api/v1/socket-ticket',
): Promise<Connection> {
  const response = await fetch(ticketPath, {
    method: 'POST',
    headers: { 'X-Berth': '1' },
    credentials: 'same-origin',
    cache: 'no-store',
    signal,
  });
  const body: unknown = await response.json();
  if (!response.ok) {
    const shape = ErrorShape.safeParse((body as { error?: unknown }).error);
    if (response.status === 401) throw new BerthError('not-signed-in', 'Sign in first.');
    throw shape.success ? BerthError.fromShape(shape.data) : new Error(`status ${response.status}`);
  }
  const { ticket } = body as { ticket: string };
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const url = `${scheme}://${location.host}/api/v1/socket`;
  return openWebSocket(url, [socketProtocol, `ticket.${ticket}`], signal);
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
    dial: isDesktop ? dialPort : (signal) => dialSocket(signal),
    onSignedOut: () => window.location.replace(signInPath(window.location)),
    limits: isDesktop ? portLimits : socketLimits,
  });
  followWakes(client, { window, document });
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') client.reconnect();
  });
  return client;
}

/**
 * A network that came back or a lid that was opened: asks now instead of waiting for a timer that slept too, and tells
 * the plane, whose own ways to hosts are in doubt where it sleeps with the page. Told once; again where that got lost.
 */
export function followWakes(client: LastingClient, page: WatchedPage): () => void {
  let owed: PageWake | undefined;
  const tell = () => {
    const reason = owed;
    if (reason === undefined || client.connectionState.phase !== 'open') return;
    client.call('hosts.wake', { reason }).then(
      () => (owed = undefined),
      (error: unknown) => {
        if (!BerthError.is(error, 'connection-lost')) owed = undefined;
      },
    );
  };
  const stopListening = client.onReconnect(tell);
  const stopWatching = watchPageWake(page, (why) => {
    owed = why;
    client.wake();
    tell();
  });
  return () => {
    stopListening();
    stopWatching();
  };
}
