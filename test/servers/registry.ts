/**
 * A real image registry (Debian's docker-registry) on this machine, that remote hosts pull from over their cable. Pulls go
 * through a small proxy that can be slowed down or cut, so that progress, cancel and broken pulls are real.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { Transform, type TransformCallback } from 'node:stream';
import type { TestImage } from './image-cache.ts';
import type { RemoteHost } from './remote-host.ts';
import { ensureRequirements } from './requirements.ts';
import { runChecked } from './run-process.ts';
import { serversFolder } from './servers-folder.ts';
import { endWithThisProcess, stopProcess, withParent } from './stop-process.ts';
import { waitUntil } from './wait-until.ts';

export interface RegistryOptions {
  /** With it every request needs this login: pulls without one are denied. */
  readonly login?: { readonly username: string; readonly password: string };
}

export interface Registry extends AsyncDisposable {
  /**
   * What comes before the image's name, for this host: `10.78.N.1:PORT`. Hosts trust it without TLS (10.78.0.0/16 is in
   * their insecure-registries).
   */
  addressFor(host: RemoteHost): Promise<string>;
  /** Bytes per second and connection from now on, for connections that exist too; undefined: as fast as can be. */
  setRate(bytesPerSecond: number | undefined): void;
  /** Cuts every open connection, as a failing network does. New ones work. */
  dropConnections(): void;
  log(): Promise<string>;
  stop(): Promise<void>;
}

export async function startRegistry({ login }: RegistryOptions = {}): Promise<Registry> {
  await ensureRequirements(['registry']);
  const folder = await mkdtemp(join(serversFolder('registries'), 'registry-'));
  const auth = login ? await writeLogin(join(folder, 'htpasswd'), login) : {};
  const config = {
    version: 0.1,
    log: { level: 'info' },
    storage: { filesystem: { rootdirectory: join(folder, 'data') }, delete: { enabled: true } },
    http: { addr: '127.0.0.1:0' },
    ...auth,
  };
  // YAML is a superset of JSON.
  await writeFile(join(folder, 'config.yml'), JSON.stringify(config));
  const logPath = join(folder, 'log');
  const shell = [
    'sh',
    '-c',
    'exec docker-registry serve "$1" >"$2" 2>&1',
    'sh',
    join(folder, 'config.yml'),
    logPath,
  ];
  const child = spawn(...withParent(shell), { stdio: 'ignore', cwd: folder });
  endWithThisProcess(child);
  const log = () => readFile(logPath, 'utf8');
  const port = await waitUntil(
    async () => Number(/listening on 127\.0\.0\.1:(\d+)/.exec(await log())?.[1]) || undefined,
    {
      what: 'docker-registry listens',
    },
  );

  const proxies = new Map<string, Promise<Server>>();
  const links = new Set<Link>();
  let rate: number | undefined;

  return {
    async addressFor(host) {
      let proxy = proxies.get(host.gatewayAddress);
      if (!proxy) {
        proxy = listenOn(host.gatewayAddress, (socket) => {
          const link = new Link(socket, port, rate);
          links.add(link);
          socket.once('close', () => links.delete(link));
        });
        proxies.set(host.gatewayAddress, proxy);
      }
      const { port: proxyPort } = (await proxy).address() as AddressInfo;
      return `${host.gatewayAddress}:${proxyPort}`;
    },
    setRate(bytesPerSecond) {
      rate = bytesPerSecond;
      for (const link of links) link.setRate(bytesPerSecond);
    },
    dropConnections() {
      for (const link of links) link.reset();
    },
    log,
    stop,
    [Symbol.asyncDispose]: stop,
  };

  async function stop(): Promise<void> {
    for (const link of links) link.reset();
    for (const proxy of proxies.values()) (await proxy).close();
    await stopProcess(child);
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Pushes an image through the host's engine; resolves with the reference to pull it by. The host's own copy is removed,
 * so that a pull has something to do.
 */
export async function pushImage(
  registry: Registry,
  host: RemoteHost,
  image: TestImage,
  { as = image.reference, login }: { as?: string } & RegistryOptions = {},
): Promise<string> {
  const address = await registry.addressFor(host);
  const reference = `${address}/${as}`;
  if (login) {
    const argv = ['docker', 'login', '--username', login.username, '--password-stdin', address];
    await host.runChecked(argv, { input: login.password });
  }
  try {
    await runChecked([
      'docker',
      '-H',
      `unix://${host.engineSocketPathOnThisMachine}`,
      'load',
      '-q',
      '-i',
      image.tarPath,
    ]);
    await host.docker('tag', image.reference, reference);
    await host.docker('push', '--quiet', reference);
    await host.docker('rmi', reference, image.reference);
  } finally {
    if (login) await host.docker('logout', address);
  }
  return reference;
}

function listenOn(address: string, onConnection: (socket: Socket) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(onConnection);
    server.once('error', reject);
    server.listen(0, address, () => {
      server.unref();
      resolve(server);
    });
  });
}

/** One connection through the proxy: requests at full speed, answers at the rate. */
class Link {
  readonly #client: Socket;
  readonly #pace: Pace;

  constructor(client: Socket, port: number, rate: number | undefined) {
    this.#client = client;
    this.#pace = new Pace(rate);
    const upstream = connect(port, '127.0.0.1');
    client.pipe(upstream);
    upstream.pipe(this.#pace).pipe(client);
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    client.on('error', end);
    client.on('close', end);
    // Not on the registry's close: what it sent may still be on its slow way to the client.
    upstream.on('error', end);
  }

  setRate(bytesPerSecond: number | undefined): void {
    this.#pace.rate = bytesPerSecond;
  }

  reset(): void {
    this.#client.resetAndDestroy();
  }
}

const PACE_SLICE_MS = 50;

class Pace extends Transform {
  rate: number | undefined;

  constructor(rate: number | undefined) {
    super();
    this.rate = rate;
  }

  override _transform(chunk: Buffer, encoding: BufferEncoding, done: TransformCallback): void {
    if (this.rate === undefined) {
      done(null, chunk);
      return;
    }
    const sliceBytes = Math.max(1, Math.floor((this.rate * PACE_SLICE_MS) / 1000));
    this.push(chunk.subarray(0, sliceBytes));
    const rest = chunk.subarray(sliceBytes);
    const proceed = () => (rest.length === 0 ? done() : this._transform(rest, encoding, done));
    setTimeout(proceed, PACE_SLICE_MS);
  }
}

async function writeLogin(path: string, { username, password }: { username: string; password: string }) {
  // docker-registry takes bcrypt only; crypt(5) makes it, and the password goes in through stdin.
  const script = 'chomp(my $p = <STDIN>); print crypt($p, "\\$2b\\$05\\$abcdefghijklmnopqrstuu")';
  const hash = await runChecked(['perl', '-e', script], { input: `${password}\n` });
  if (!hash.startsWith('$2b$')) throw new Error('this machine has no bcrypt in crypt(3)');
  await writeFile(path, `${username}:${hash}\n`, { mode: 0o600 });
  return { auth: { htpasswd: { realm: 'berth-test', path } } };
}
