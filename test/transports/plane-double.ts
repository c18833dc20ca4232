/** A dispatcher over the real contract with handlers that a test gives; the other methods fail as `internal`. */
import type { Connection, Frame } from '#contract/frame.ts';
import { localOwnerId } from '#contract/ids.ts';
import { contract } from '#contract/index.ts';
import { type Scope, scopes } from '#contract/scopes.ts';
import type { Caller } from '#main/control-plane/caller.ts';
import { createDispatcher, type Dispatcher } from '#main/control-plane/dispatcher.ts';
import type { Handlers } from '#main/control-plane/handler.ts';
import type { Log, LogFields } from '#main/control-plane/interfaces/log.ts';
import { openGate } from '#test/harness/ownership.ts';

export interface LogEntry {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

export function recordingLog(): Log & { readonly entries: LogEntry[] } {
  const entries: LogEntry[] = [];
  const at =
    (level: LogEntry['level']) =>
    (message: string, fields: LogFields = {}) => {
      entries.push({ level, message, fields });
    };
  const log = {
    entries,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => log,
  };
  return log;
}

export function callerWith(granted: readonly Scope[] = scopes): Caller {
  return { userId: localOwnerId, userName: 'Test', scopes: new Set(granted), mode: 'served' };
}

export const fixedRandom = { bytes: (length: number) => new Uint8Array(length).fill(0xab) };

export function handlersWith(given: Partial<Handlers>): Handlers {
  const missing = (name: string) => () => {
    throw new Error(`no handler for ${name} in this test`);
  };
  const all = Object.fromEntries(Object.keys(contract).map((name) => [name, missing(name)]));
  return { ...(all as unknown as Handlers), ...given };
}

export function dispatcherWith(given: Partial<Handlers>, log: Log = recordingLog()): Dispatcher {
  return createDispatcher(handlersWith(given), {
    log,
    random: fixedRandom,
    gate: openGate,
    isOutputChecked: true,
  });
}

export interface Tap {
  /** Every frame that was sent through it. */
  readonly frames: Frame[];
  /** Payload bytes that were sent through it. */
  readonly sentBytes: () => number;
  readonly connection: Connection;
}

/** Writes down what one end sends. */
export function tap(connection: Connection): Tap {
  const frames: Frame[] = [];
  let bytes = 0;
  return {
    frames,
    sentBytes: () => bytes,
    connection: {
      ...connection,
      get bufferedBytes() {
        return connection.bufferedBytes;
      },
      send: (frame) => {
        frames.push(frame);
        connection.send(frame);
      },
      sendBinary: (streamId, payload) => {
        bytes += payload.byteLength;
        connection.sendBinary(streamId, payload);
      },
    },
  };
}
