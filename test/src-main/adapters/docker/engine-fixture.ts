/** A remote host with images and an engine opened on it, for the integration tests of the Docker adapter. */
import { copyFile, cp, mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { createContainerEngineFactory } from '#main/adapters/docker/container-engine.ts';
import { createSystemClock } from '#main/adapters/system/clock.ts';
import type {
  ContainerEngine,
  WorkspaceContainerSpec,
} from '#main/control-plane/interfaces/container-engine.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { busyboxImage, loadImage, workspaceImage } from '#test/servers/images.ts';
import { type RemoteHost, type RemoteHostOptions, startRemoteHost } from '#test/servers/remote-host.ts';

export const BUSYBOX = 'berth-busybox:test';
export const DEBIAN = 'berth-workspace:test';
export const remoteScriptsFolder = new URL('../../../../resources/remote', import.meta.url).pathname;

export interface EngineOnHost extends AsyncDisposable {
  readonly host: RemoteHost;
  readonly engine: ContainerEngine;
  /** Streams that were opened to the engine and are open. */
  readonly streams: ReadonlySet<Duplex>;
  /** How many were opened ever. */
  streamsOpened(): number;
  /** Another engine object over streams of its own. */
  openAnother(): Promise<ContainerEngine>;
  /** A running workspace with volume and network; nothing of it is removed before the host. */
  startWorkspace(over?: Partial<WorkspaceContainerSpec>): Promise<{ id: string; warnings: string[] }>;
  makeWorkspace(over?: Partial<WorkspaceContainerSpec>): Promise<{ id: string; warnings: string[] }>;
}

let count = 0;

export function specOf(over: Partial<WorkspaceContainerSpec> = {}): WorkspaceContainerSpec {
  const name = over.containerName ?? `berth-test-${++count}`;
  return {
    containerName: name,
    image: BUSYBOX,
    hostname: 'workspace',
    volumeName: `${name}-files`,
    networkName: `${name}-net`,
    mountPoint: '/data/work',
    environment: [],
    limits: { cpus: 1, memoryBytes: 128 * 1024 * 1024, pids: 64 },
    profile: 'standard',
    runtime: 'default',
    labels: { 'dev.berth.managed': '1', 'dev.berth.workspace': name },
    stopGraceSeconds: 5,
    ...over,
  };
}

export function factoryForTests(log = new MemoryLog(), scriptsFolder = remoteScriptsFolder) {
  return createContainerEngineFactory({
    log,
    clock: createSystemClock(),
    remoteScriptsFolder: scriptsFolder,
  });
}

/** A copy of resources/remote in which helpers run `stand-in-program.py`. */
export async function makeStandInScripts(): Promise<AsyncDisposable & { readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-remote-'));
  await cp(remoteScriptsFolder, folder, { recursive: true });
  await copyFile(join(import.meta.dirname, 'stand-in-program.py'), join(folder, 'snapshot-helper.py'));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

export async function startEngineOnHost(
  options: RemoteHostOptions = {},
  { scriptsFolder = remoteScriptsFolder } = {},
): Promise<EngineOnHost> {
  // Each test makes networks, and the engine's own pools hold thirty.
  const pools = { 'default-address-pools': [{ base: '10.91.0.0/16', size: 26 }] };
  const host = await startRemoteHost({ ...options, daemonJson: { ...pools, ...options.daemonJson } });
  const streams = new Set<Duplex>();
  let opened = 0;
  const openStream = () =>
    new Promise<Duplex>((resolve, reject) => {
      const socket = connect(host.engineSocketPathOnThisMachine);
      socket.once('error', reject);
      socket.once('connect', () => {
        opened++;
        streams.add(socket);
        socket.once('close', () => streams.delete(socket));
        resolve(socket);
      });
    });
  const engines: ContainerEngine[] = [];
  const openAnother = async () => {
    const engine = await factoryForTests(new MemoryLog(), scriptsFolder).open(openStream);
    engines.push(engine);
    return engine;
  };
  try {
    await loadImage(host, await busyboxImage());
    await loadImage(host, await workspaceImage());
    const engine = await openAnother();
    const makeWorkspace = async (over: Partial<WorkspaceContainerSpec> = {}) => {
      const spec = specOf(over);
      await engine.ensureVolume(spec.volumeName, spec.labels);
      await engine.ensureNetwork(spec.networkName, spec.labels);
      return await engine.createWorkspaceContainer(spec);
    };
    return {
      host,
      engine,
      streams,
      streamsOpened: () => opened,
      openAnother,
      makeWorkspace,
      startWorkspace: async (over) => {
        const made = await makeWorkspace(over);
        await engine.startContainer(made.id);
        return made;
      },
      async [Symbol.asyncDispose]() {
        for (const engine of engines) engine.close();
        await host.stop();
      },
    };
  } catch (error) {
    await host.stop();
    throw error;
  }
}
