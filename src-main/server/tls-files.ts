/**
 * Certificate and key from two files, read again when they change: certificates are renewed every few weeks, and nobody
 * restarts for it. Looks at the files' times each minute, since watching files fails where they are replaced by links. A
 * pair that does not fit together is told to the log, and the old one stays.
 */
import { readFileSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { ServerOptions } from 'node:http';
import { createSecureContext } from 'node:tls';
import type { Log } from '../control-plane/interfaces/log.ts';

export interface TlsFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** RFC 9325: nothing older than 1.2. */
const minVersion = 'TLSv1.2';
export const lookEveryMs = 60_000;

export interface TlsServer {
  readonly server: Server;
  /** Looks at the files now. */
  renew(): void;
  close(): void;
}

/** @throws what reading says, or what TLS says of a pair that does not fit */
export function createTlsServer(files: TlsFiles, options: ServerOptions, log: Log): TlsServer {
  let seen = timesOf(files);
  const server = createServer({ ...options, ...read(files), minVersion });

  function renew(): void {
    try {
      const now = timesOf(files);
      if (now === seen) return;
      const pair = read(files);
      // Throws for a pair that does not fit, before the server has it: the two files are not replaced in one moment.
      createSecureContext(pair);
      server.setSecureContext({ ...pair, minVersion });
      seen = now;
      log.info('The certificate was renewed');
    } catch (error) {
      log.warn('The new certificate cannot be used: the one before stays', { cause: error });
    }
  }

  const timer = setInterval(renew, lookEveryMs);
  timer.unref();
  return { server, renew, close: () => clearInterval(timer) };
}

function read({ certificateFile, keyFile }: TlsFiles): { cert: Buffer; key: Buffer } {
  return { cert: readFileSync(certificateFile), key: readFileSync(keyFile) };
}

function timesOf({ certificateFile, keyFile }: TlsFiles): string {
  return [certificateFile, keyFile].map((path) => statSync(path).mtimeMs).join(' ');
}
