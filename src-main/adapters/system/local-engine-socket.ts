/**
 * Finds the container engine of this computer the way the Docker CLI does: DOCKER_HOST, then the context (DOCKER_CONTEXT,
 * or the current one of ~/.docker/config.json), then the usual sockets of Docker, Docker Desktop, Colima and Podman.
 * Only sockets (and Windows' named pipes): an engine on a TCP port without TLS is open to every program of this computer.
 */
import { createHash } from 'node:crypto';
import { access, constants, readFile, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { BerthError } from '#contract/berth-error.ts';

export interface LocalEngineDeps {
  readonly homeFolder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Default: this process's. */
  readonly platform?: NodeJS.Platform;
  /** Default: this process's; undefined where there is none (Windows). */
  readonly uid?: number;
  /** In front of the sockets outside the home folder; for tests. Default: nothing. */
  readonly root?: string;
}

export interface EngineSocket {
  readonly path: string;
  /** How it was found: `DOCKER_HOST`, `Docker context colima`, `usual place`. */
  readonly source: string;
}

/** In the order to try. What is named by the person stands alone: the CLI would use nothing else either. */
export async function engineSockets(deps: LocalEngineDeps): Promise<EngineSocket[]> {
  const named = await namedSocket(deps);
  if (named) return [named];
  return usualSockets(deps);
}

/** @throws engine.unreachable when DOCKER_HOST or the context names what is no socket of this computer */
async function namedSocket(deps: LocalEngineDeps): Promise<EngineSocket | undefined> {
  const { env } = deps;
  if (env.DOCKER_HOST) return { path: socketOf(env.DOCKER_HOST, 'DOCKER_HOST'), source: 'DOCKER_HOST' };
  const folder = env.DOCKER_CONFIG || join(deps.homeFolder, '.docker');
  const name = env.DOCKER_CONTEXT || (await currentContext(folder));
  if (name === undefined || name === 'default') return undefined;
  const source = `Docker context ${name}`;
  const id = createHash('sha256').update(name).digest('hex');
  const text = await readFile(join(folder, 'contexts', 'meta', id, 'meta.json'), 'utf8').catch(
    () => undefined,
  );
  const host = text === undefined ? undefined : endpointOf(text);
  if (host === undefined)
    throw new BerthError(
      'engine.unreachable',
      `The Docker context ${name} is chosen, but not described in ${folder}. Choose another one: docker context use default.`,
      { details: { context: name } },
    );
  return { path: socketOf(host, source), source };
}

async function currentContext(folder: string): Promise<string | undefined> {
  try {
    const config: unknown = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'));
    return textAt(config, 'currentContext') || undefined;
  } catch {
    return undefined;
  }
}

function endpointOf(meta: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(meta);
    return textAt(parsed, 'Endpoints', 'docker', 'Host');
  } catch {
    return undefined;
  }
}

function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  let at = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return typeof at === 'string' ? at : undefined;
}

function socketOf(host: string, source: string): string {
  const [, scheme = '', rest = ''] = /^([a-z]+):\/\/(.*)$/i.exec(host) ?? ['', '', host];
  const kind = scheme.toLowerCase();
  if (kind === 'unix') return rest;
  if (kind === '' && rest.startsWith('/')) return rest;
  // npipe:////./pipe/docker_engine is \\.\pipe\docker_engine.
  if (kind === 'npipe') return rest.replaceAll('/', '\\');
  const details = { source, scheme: kind };
  if (kind === 'ssh')
    throw new BerthError(
      'engine.unreachable',
      `${source} points to another machine over SSH (${rest}). Add that machine as an SSH server instead.`,
      { details },
    );
  throw new BerthError(
    'engine.unreachable',
    `${source} points to ${kind || 'something'} that is no socket of this computer. Berth uses engines only through a Unix socket or over SSH: an open TCP port is open to everyone on the network.`,
    { details },
  );
}

function usualSockets(deps: LocalEngineDeps): EngineSocket[] {
  const { homeFolder, env, platform = process.platform, root = '' } = deps;
  if (platform === 'win32')
    return ['docker_engine', 'podman-machine-default'].map((name) => ({
      path: `\\\\.\\pipe\\${name}`,
      source: 'usual place',
    }));
  const uid = deps.uid ?? process.getuid?.();
  const runtime = env.XDG_RUNTIME_DIR || (uid === undefined ? undefined : `${root}/run/user/${uid}`);
  const paths = [
    `${root}/var/run/docker.sock`,
    ...(runtime === undefined ? [] : [join(runtime, 'docker.sock')]),
    join(homeFolder, '.docker', 'run', 'docker.sock'),
    join(homeFolder, '.docker', 'desktop', 'docker.sock'),
    join(homeFolder, '.colima', 'default', 'docker.sock'),
    join(homeFolder, '.colima', 'docker.sock'),
    ...(runtime === undefined ? [] : [join(runtime, 'podman', 'podman.sock')]),
    `${root}/run/podman/podman.sock`,
    join(homeFolder, '.local/share/containers/podman/machine/podman.sock'),
  ];
  return paths.map((path) => ({ path, source: 'usual place' }));
}

export type SocketState = 'answers' | 'denied' | 'silent' | 'missing';

/** What is at the path: someone who accepts connections, one that we may not use, or nothing. */
export async function socketState(path: string): Promise<SocketState> {
  if (!path.startsWith('\\\\')) {
    const found = await stat(path).catch((error: NodeJS.ErrnoException) => error.code);
    if (found === 'EACCES') return 'denied';
    if (typeof found !== 'object' || !found.isSocket()) return 'missing';
    try {
      await access(path, constants.R_OK | constants.W_OK);
    } catch {
      return 'denied';
    }
  }
  return new Promise((resolve) => {
    const socket = connect({ path });
    const end = (state: SocketState) => {
      socket.destroy();
      resolve(state);
    };
    socket.setTimeout(2_000, () => end('silent'));
    socket.on('connect', () => end('answers'));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      end(
        error.code === 'EACCES' || error.code === 'EPERM'
          ? 'denied'
          : error.code === 'ENOENT'
            ? 'missing'
            : 'silent',
      ),
    );
  });
}

/** @throws engine.permission-denied, engine.unreachable */
export async function chooseEngineSocket(
  socketPath: string | null,
  deps: LocalEngineDeps,
): Promise<EngineSocket> {
  const sockets =
    socketPath === null ? await engineSockets(deps) : [{ path: socketPath, source: 'settings' }];
  const states = await Promise.all(
    sockets.map(async (socket) => ({ socket, state: await socketState(socket.path) })),
  );
  const usable = states.find(({ state }) => state === 'answers');
  if (usable) return usable.socket;
  const denied = states.find(({ state }) => state === 'denied');
  if (denied) {
    const user = deps.env.USER ?? 'YOU';
    const fix = `sudo usermod -aG docker ${user}`;
    throw new BerthError(
      'engine.permission-denied',
      `You may not use the engine's socket ${denied.socket.path}. Run this, then sign in to the computer again: ${fix}`,
      { details: { socketPath: denied.socket.path, user, fix } },
    );
  }
  const silent = states.find(({ state }) => state === 'silent');
  const [only] = sockets;
  const message = silent
    ? `No engine answers behind ${silent.socket.path}. Start it: sudo systemctl start docker, or start Docker Desktop.`
    : sockets.length === 1 && only
      ? `There is no engine socket at ${only.path} (${only.source}). Start the engine, or correct the path.`
      : 'No container engine was found on this computer. Install and start Docker or Podman, or name the socket of the engine.';
  throw new BerthError('engine.unreachable', message, {
    details: { looked: sockets.map(({ path }) => path) },
  });
}
