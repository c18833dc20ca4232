/**
 * Connections to apps, over whatever the plane dials. Keeps a few idle ones of each app for the next request, for a few
 * seconds: each way into a workspace costs a round trip to its host. Guarantees that one which served a session serves no
 * other.
 */
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { AppTarget } from '../../control-plane/forwards/app-door.ts';
import type { AppLine } from './app-line.ts';
import type { AppSession } from './app-sessions.ts';

const maxIdlePerApp = 16;

interface IdleLine {
  readonly line: AppLine;
  readonly session: AppSession;
  /** Another port or protocol is another server. */
  readonly way: string;
}

export class AppLines {
  /** By forward; the one used last is last. Each ends by itself when nobody asks for a few seconds. */
  readonly #idle = new Map<string, IdleLine[]>();

  /** One that answered this session before. */
  kept(target: AppTarget, session: AppSession): AppLine | undefined {
    const idle = this.#idle.get(target.forwardId) ?? [];
    const way = wayOf(target);
    const at = idle.findLastIndex(
      (one) => one.session.id === session.id && one.way === way && one.line.isOpen,
    );
    return at < 0 ? undefined : idle.splice(at, 1)[0]?.line;
  }

  /** Throws as `dial`. */
  async open(target: AppTarget, session: AppSession, signal: AbortSignal): Promise<AppLine> {
    const { forwardId } = target;
    const way = wayOf(target);
    // With the first request to an app, not with the plane: the client takes longer to load than all the rest of this.
    const { AppLine } = await import('./app-line.ts');
    const connection = await dial(target, signal);
    const line: AppLine = new AppLine(connection, () => this.#keep(forwardId, { line, session, way }));
    line.onClose(() => this.#drop(forwardId, line));
    return line;
  }

  /** Ends idle connections of an app, which may lead to what it was before. */
  forget({ forwardId }: AppTarget): void {
    const idle = this.#idle.get(forwardId) ?? [];
    this.#idle.delete(forwardId);
    for (const { line } of idle) line.destroy();
  }

  close(): void {
    const idle = [...this.#idle.values()].flat();
    this.#idle.clear();
    for (const { line } of idle) line.destroy();
  }

  #keep(forwardId: string, one: IdleLine): void {
    const idle = this.#idle.get(forwardId) ?? [];
    this.#idle.set(forwardId, idle);
    idle.push(one);
    if (idle.length > maxIdlePerApp) idle.shift()?.line.destroy();
  }

  #drop(forwardId: string, line: AppLine): void {
    const left = this.#idle.get(forwardId)?.filter((one) => one.line !== line) ?? [];
    if (left.length === 0) this.#idle.delete(forwardId);
    else this.#idle.set(forwardId, left);
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
