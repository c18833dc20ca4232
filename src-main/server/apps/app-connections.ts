/**
 * Connections to apps, over whatever the plane dials. Keeps a few idle ones of each app for the next request, for a few
 * seconds: each way into a workspace costs a round trip to its host. Guarantees that one which served a session serves no
 * other.
 */
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { AppTarget } from '../../control-plane/forwards/app-door.ts';
import { AppLine } from './app-line.ts';
import type { AppSession } from './app-sessions.ts';

/** Shorter than any server keeps one; Node's own closes after 5. Milliseconds. */
const idleMs = 3_000;
const maxIdlePerApp = 16;

interface IdleLine {
  readonly line: AppLine;
  readonly session: AppSession;
  /** Another port or protocol is another server. */
  readonly way: string;
  readonly sinceMs: number;
}

export class AppLines {
  /** By forward; the one used last is last. */
  readonly #idle = new Map<string, IdleLine[]>();
  #timer: NodeJS.Timeout | undefined;

  /** One that answered this session before. */
  kept(target: AppTarget, session: AppSession): AppLine | undefined {
    const idle = this.#idle.get(target.forwardId) ?? [];
    const way = wayOf(target);
    for (let at = idle.length - 1; at >= 0; at--) {
      const one = idle[at];
      if (one?.session !== session || one.way !== way || !one.line.isOpen) continue;
      idle.splice(at, 1);
      return one.line;
    }
    return undefined;
  }

  /** Throws as `dial`. */
  async open(target: AppTarget, session: AppSession, signal: AbortSignal): Promise<AppLine> {
    const way = wayOf(target);
    const onIdle = (line: AppLine) =>
      this.#keep(target.forwardId, { line, session, way, sinceMs: performance.now() });
    return new AppLine(await dial(target, signal), onIdle);
  }

  /** Ends idle connections of an app, which may lead to what it was before. */
  forget({ forwardId }: AppTarget): void {
    for (const { line } of this.#idle.get(forwardId) ?? []) line.destroy();
    this.#idle.delete(forwardId);
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const { line } of [...this.#idle.values()].flat()) line.destroy();
    this.#idle.clear();
  }

  #keep(forwardId: string, one: IdleLine): void {
    const idle = this.#idle.get(forwardId) ?? [];
    this.#idle.set(forwardId, idle);
    idle.push(one);
    if (idle.length > maxIdlePerApp) idle.shift()?.line.destroy();
    this.#timer ??= setTimeout(() => this.#sweep(), idleMs).unref();
  }

  /** Nothing is idle for twice the time. */
  #sweep(): void {
    this.#timer = undefined;
    const endMs = performance.now() - idleMs;
    for (const [forwardId, idle] of this.#idle) {
      const young = idle.filter(({ line, sinceMs }) => line.isOpen && sinceMs > endMs);
      for (const one of idle) if (!young.includes(one)) one.line.destroy();
      if (young.length === 0) this.#idle.delete(forwardId);
      else this.#idle.set(forwardId, young);
    }
    if (this.#idle.size > 0) this.#timer = setTimeout(() => this.#sweep(), idleMs).unref();
  }
}

function wayOf({ protocol, port }: AppTarget): string {
  return `${protocol}:${port}`;
}

/** Throws what the plane's `connect` throws; an error of TLS where the app speaks none. */
export async function dial(target: AppTarget, signal?: AbortSignal): Promise<Duplex> {
  const connection = await target.connect(signal);
  if (target.protocol !== 'https') return connection;
  const secured = Promise.withResolvers<Duplex>();
  // What breaks it breaks TLS over it, which tells.
  connection.on('error', () => undefined);
  const tls = connectTls({
    socket: connection,
    servername: 'localhost',
    ALPNProtocols: ['http/1.1'],
    // The person's own container, over a way that is Berth's own: what it signs its certificate with proves nothing more.
    rejectUnauthorized: false,
  });
  tls.once('secureConnect', () => secured.resolve(tls));
  tls.once('error', (error) => {
    connection.destroy();
    secured.reject(error);
  });
  tls.once('close', () => secured.reject(new Error('the connection ended before TLS began')));
  return await secured.promise;
}
