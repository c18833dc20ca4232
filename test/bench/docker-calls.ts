/** Docker's list, inspect and create + start + remove: over Berth's kept stream, by the CLI over ssh://, on the host itself. */
import { createHash } from 'node:crypto';
import { connect as connectSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createContainerEngineFactory } from '#main/adapters/docker/container-engine.ts';
import type { OpenStream } from '#main/adapters/docker/engine-agent.ts';
import { EngineClient } from '#main/adapters/docker/engine-client.ts';
import { createHostConnector } from '#main/adapters/ssh/host-connector.ts';
import { createSystemClock } from '#main/adapters/system/clock.ts';
import type { ContainerEngine } from '#main/control-plane/interfaces/container-engine.ts';
import type { HostConnection } from '#main/control-plane/interfaces/host-connection.ts';
import type { Ask } from '#main/control-plane/interfaces/host-connector.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { addHostFileFor } from '#test/servers/demo-host.ts';
import type { BenchWorld } from './bench-world.ts';
import { elapsedMs, inTurns, type AddMeasure } from './measures.ts';

const remoteScriptsFolder = new URL('../../resources/remote', import.meta.url).pathname;
const image = 'berth-workspace:test';

interface Way {
  readonly engine: ContainerEngine;
  readonly client: EngineClient;
}

export async function measureDockerCalls(world: BenchWorld, add: AddMeasure): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const clock = createSystemClock();
  const open = async (openStream: OpenStream): Promise<Way> => {
    const factory = createContainerEngineFactory({ log: new MemoryLog(), clock, remoteScriptsFolder });
    const engine = stack.adopt(await factory.open(openStream), (one) => one.close());
    const client = stack.adopt(new EngineClient({ openStream, clock }), (one) => one.close());
    return { engine, client };
  };
  const connection = stack.adopt(await connectByBerth(world), (one) => one.close());
  const overBerth = await open((signal) => connection.openEngineStream(signal));
  const onHost = await open(() => openSocket(world.remote.engineSocketPathOnThisMachine));
  const id = world.containerId;
  const { dockerOverSsh, run } = world;
  const rounds = world.isQuick ? 5 : 15;
  // A call over Berth takes a hundredth of the CLI's time: more of them, in each turn.
  const each = 10;
  const several = (call: () => Promise<unknown>) => async () => {
    const samples: number[] = [];
    for (let n = 0; n < each; n++) samples.push(await elapsedMs(call));
    return samples;
  };
  const calls = [
    {
      id: 'docker-list',
      title: 'Docker list',
      call: ({ engine }: Way) => engine.listContainers({}),
      cli: ['ps', '-a', '--no-trunc'],
    },
    {
      id: 'docker-inspect',
      title: 'Docker inspect',
      call: ({ engine }: Way) => engine.inspectContainer(id),
      cli: ['inspect', id],
    },
  ];
  for (const { id: measureId, title, call, cli } of calls) {
    // The first of each opens what is then kept; people pay that once.
    await call(overBerth);
    await call(onHost);
    const series = await inTurns(rounds, [
      ['Berth, over SSH', several(() => call(overBerth))],
      ['local socket', several(() => call(onHost))],
      [
        'local socket + one round trip',
        several(async () => {
          await call(onHost);
          await connection.probe(5_000);
        }),
      ],
      ['docker CLI over ssh://', () => elapsedMs(() => run([...dockerOverSsh, ...cli]))],
    ]);
    add({ id: measureId, title, unit: 'ms', series });
  }
  const created = await inTurns(world.isQuick ? 2 : 5, [
    ['Berth, over SSH', () => elapsedMs(() => createAndRemove(overBerth.client))],
    ['local socket', () => elapsedMs(() => createAndRemove(onHost.client))],
    [
      'docker CLI over ssh://',
      () =>
        elapsedMs(async () => {
          const name = containerName();
          const flags = ['--detach', '--network', 'none', '--name', name];
          await run([...dockerOverSsh, 'run', ...flags, image, 'sleep', '600']);
          await run([...dockerOverSsh, 'rm', '--force', name]);
        }),
    ],
  ]);
  add({ id: 'docker-create', title: 'Docker create, start, remove', unit: 'ms', series: created });
}

async function connectByBerth({ remote }: BenchWorld): Promise<HostConnection> {
  const noLocal = () => Promise.reject(new Error('this is no local engine'));
  const folder = `${remote.clientKeyPath}.bench`;
  const connector = createHostConnector({
    local: { connect: noLocal, candidates: noLocal },
    knownHostsPath: `${folder}/known_hosts`,
    homeFolder: folder,
    env: {},
    log: new MemoryLog(),
    clock: createSystemClock(),
    remoteScriptsFolder,
    systemConfigPath: null,
  });
  return connector.connect(addHostFileFor(remote, 'bench').definition, {
    signal: AbortSignal.timeout(20_000),
    ask: (async () => undefined) as Ask,
    secretOf: async () => undefined,
    onStep: () => undefined,
    pinnedFingerprints: [remote.hostKeyFingerprint],
  });
}

function openSocket(path: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket(path);
    socket.once('error', reject);
    socket.once('connect', () => resolve(socket));
  });
}

function containerName(): string {
  return `bench-${createHash('sha256').update(String(performance.now())).digest('hex').slice(0, 12)}`;
}

async function createAndRemove(client: EngineClient): Promise<void> {
  const name = containerName();
  const subject = 'container';
  const body = { Image: image, Cmd: ['sleep', '600'], HostConfig: { NetworkMode: 'none' } };
  await client.call({ method: 'POST', path: '/containers/create', query: { name }, body, subject });
  await client.call({ method: 'POST', path: `/containers/${name}/start`, subject });
  await client.call({ method: 'DELETE', path: `/containers/${name}`, query: { force: 'true' }, subject });
}
