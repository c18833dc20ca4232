/**
 * Keeps the plane's process alive and hands out message ports to it. The window's port goes straight to the plane: this
 * process relays nothing. A plane that dies is started again with growing pauses; one that never comes up is given up.
 */
import type { MessageChannelMain, MessagePortMain, UtilityProcess } from 'electron';

export interface PlaneHostOptions {
  readonly fork: () => UtilityProcess;
  readonly createChannel: () => MessageChannelMain;
  /** A plane is up again after one died. */
  readonly onRestart: () => void;
  /** It died several times before it could serve; `message` is its last word. */
  readonly onGiveUp: (message: string) => void;
  readonly nowMs?: () => number;
}

export interface PlaneHost {
  /** The window's end of a new port. The other end waits for the plane if it is not up. */
  connect(): MessagePortMain;
  /** Tells the plane that the computer woke. One that is not up probes everything anyway when it is. */
  wake(reason: WakeWord): void;
  /** Asks the plane to close, and resolves when its process is gone; ends it by force after a while. */
  close(): Promise<void>;
}

/** What the plane's process says to its host. */
export type PlaneMessage = { readonly t: 'ready' } | { readonly t: 'failed'; readonly message: string };
/** Why the system says that the computer is awake. */
export type WakeWord = 'resume' | 'unlock';
/** What its host says to it; `connect` carries a port. */
export type PlaneOrder =
  | { readonly t: 'connect' }
  | { readonly t: 'wake'; readonly reason: WakeWord }
  | { readonly t: 'close' };

/** Milliseconds before the n-th start after a death. */
const restartDelaysMs = [0, 500, 2_000, 5_000, 10_000] as const;
/** Milliseconds after which a death is a new matter, and the next start comes at once. */
const longLifeMs = 30_000;
/** Deaths in a row, the last before it could serve, after which trying again helps nobody. */
const maxFailedStarts = 4;
/** Milliseconds for closing connections, databases and servers. */
const closeTimeoutMs = 8_000;

export function createPlaneHost(options: PlaneHostOptions): PlaneHost {
  const nowMs = options.nowMs ?? (() => performance.now());
  let child: UtilityProcess | undefined;
  let waiting: MessagePortMain[] = [];
  let deathsInARow = 0;
  let wasReady = false;
  let isClosing = false;
  let lastWords = '';
  let timer: NodeJS.Timeout | undefined;
  let onGone: () => void = () => {};

  function start(): void {
    const process = options.fork();
    const startedAtMs = nowMs();
    let isReady = false;
    child = process;
    for (const port of waiting.splice(0)) order(process, { t: 'connect' }, [port]);
    process.on('message', (message: PlaneMessage) => {
      if (message.t === 'failed') {
        lastWords = message.message;
        return;
      }
      isReady = true;
      if (wasReady) options.onRestart();
      wasReady = true;
    });
    process.once('exit', (code) => {
      child = undefined;
      onGone();
      if (isClosing) return;
      deathsInARow = isReady && nowMs() - startedAtMs > longLifeMs ? 1 : deathsInARow + 1;
      if (deathsInARow >= maxFailedStarts && !isReady) {
        options.onGiveUp(lastWords || `The control plane ended with code ${code} before it could start.`);
        return;
      }
      const delayMs = restartDelaysMs[Math.min(deathsInARow - 1, restartDelaysMs.length - 1)] ?? 0;
      timer = setTimeout(start, delayMs);
    });
  }

  function order(process: UtilityProcess, what: PlaneOrder, ports: MessagePortMain[] = []): void {
    process.postMessage(what, ports);
  }

  start();
  return {
    connect: () => {
      const { port1, port2 } = options.createChannel();
      if (child === undefined) waiting.push(port1);
      else order(child, { t: 'connect' }, [port1]);
      return port2;
    },
    wake: (reason) => {
      if (child !== undefined && !isClosing) order(child, { t: 'wake', reason });
    },
    close: async () => {
      isClosing = true;
      clearTimeout(timer);
      for (const port of waiting) port.close();
      waiting = [];
      const process = child;
      if (process === undefined) return;
      const gone = new Promise<void>((resolve) => (onGone = resolve));
      const force = setTimeout(() => process.kill(), closeTimeoutMs);
      order(process, { t: 'close' });
      await gone;
      clearTimeout(force);
    },
  };
}
