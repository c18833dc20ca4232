/**
 * Connections to apps as Node's HTTP client uses them, over whatever the plane dials. Keeps a few idle ones of each app for
 * the next request, for a few seconds: each way into a workspace costs a round trip to its host.
 */
import { Agent, type ClientRequest, type ClientRequestArgs } from 'node:http';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { AppTarget } from '../../control-plane/forwards/app-door.ts';

/** Shorter than any server keeps one; Node's own closes after 5. Milliseconds. */
const idleMs = 3_000;
const maxIdlePerApp = 16;

interface IdleWatch {
  readonly timer: NodeJS.Timeout;
  readonly onEnd: () => void;
}

type Ask = ClientRequestArgs & { readonly target?: AppTarget };
type OnConnected = (error: Error | null, connection: Duplex) => void;

export class AppAgent extends Agent {
  readonly #idle = new WeakMap<Duplex, IdleWatch>();

  constructor() {
    super({ keepAlive: true, maxFreeSockets: maxIdlePerApp });
  }

  override createConnection(options: ClientRequestArgs, onConnected?: OnConnected): undefined {
    const { target } = options as Ask;
    if (target === undefined) throw new Error('a request through an app’s agent names its app');
    dial(target).then(
      (connection) => onConnected?.(null, withReference(connection)),
      // Node looks at the first argument alone when there is one.
      (error: unknown) => onConnected?.(error as Error, undefined as never),
    );
  }

  override keepSocketAlive(connection: Duplex): boolean {
    const end = () => void connection.destroy();
    this.#idle.set(connection, { timer: setTimeout(end, idleMs).unref(), onEnd: end });
    connection.once('end', end);
    return true;
  }

  override reuseSocket(connection: Duplex, request: ClientRequest): void {
    super.reuseSocket(connection, request);
    const watch = this.#idle.get(connection);
    if (watch === undefined) return;
    clearTimeout(watch.timer);
    connection.off('end', watch.onEnd);
    this.#idle.delete(connection);
  }

  /** Ends idle connections of an app, which may lead to what it was before. */
  forget(target: AppTarget): void {
    for (const [name, connections] of Object.entries(this.freeSockets))
      if (name.startsWith(`${target.forwardId}.`)) for (const one of connections ?? []) one.destroy();
  }
}

/** Node's agent asks its idle sockets not to keep the process alive; a plain stream never does. */
function withReference(connection: Duplex): Duplex {
  return 'ref' in connection ? connection : Object.assign(connection, { ref: () => connection });
}

/** What a request of an app says to the agent, beside its own. */
export function connectionOptions(target: AppTarget): Ask {
  // A name of the pool's alone: connections of one forward to one port in one protocol are alike.
  return { target, host: `${target.forwardId}.${target.protocol}`, port: target.port } as Ask;
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
