/**
 * Files between this computer and a host or a workspace: one large one and a folder of many small ones, up and down, as
 * Berth brings them over and as scp does. Berth has each on the disk (fsync(2)) before it says that it is there; scp does not.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { encodeByteFrame } from '#contract/framed-bytes.ts';
import type { PlaceId } from '#contract/files.ts';
import type { BenchWorld } from './bench-world.ts';
import { elapsedMs, inTurns, type AddMeasure } from './measures.ts';

/** Of the small ones: 100 bytes to some 16 KiB, as sources have. */
const smallBytes = (number: number) => 100 + ((number * 7919) % 16_384);
const smallPerFolder = 100;
const hostFolder = '/srv/bench';

interface Far {
  readonly name: string;
  readonly placeId: PlaceId;
  readonly folder: string;
}

export async function measureFiles(world: BenchWorld, add: AddMeasure): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'berth-bench-files-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const { plane, remote } = world;
  await remote.runChecked(['mkdir', '-p', hostFolder]);
  const { id: hereId } = await plane.client.call('hosts.add', {
    name: 'here',
    definition: { kind: 'local', socketPath: remote.engineSocketPathOnThisMachine },
  });
  await plane.hostReady(hereId);
  stack.defer(async () => void (await plane.client.call('hosts.remove', { id: hereId })));
  const far: readonly Far[] = [
    { name: 'Berth, a host', placeId: world.host.id, folder: hostFolder },
    { name: 'Berth, a workspace', placeId: world.workspace.id, folder: world.workspace.mountPoint },
  ];
  const bytes = (world.isQuick ? 64 : 256) * 1_000_000;
  const rounds = world.isQuick ? 2 : 4;
  const large = join(folder, 'large');
  await writeFile(large, randomBytes(bytes));
  const back = join(folder, 'back');
  const rate = async (work: () => Promise<unknown>) => bytes / 1000 / (await elapsedMs(work));
  const scp = (...words: string[]) => world.run(['scp', ...world.ssh.slice(1), '-q', ...words]);
  add({
    id: 'files-up',
    title: `One file of ${bytes / 1_000_000} MB up`,
    unit: 'MB/s',
    series: await inTurns(rounds, [
      ...far.map((to) => [to.name, () => rate(() => upload(world, large, to))] as const),
      ['scp', () => rate(() => scp(large, `bench:${hostFolder}/scp`))],
    ] as never),
  });
  add({
    id: 'files-down',
    title: `One file of ${bytes / 1_000_000} MB down`,
    unit: 'MB/s',
    series: await inTurns(rounds, [
      ...far.map((from) => [from.name, () => rate(() => download(world, from, back, bytes))] as const),
      ['scp', () => rate(() => scp(`bench:${hostFolder}/scp`, back))],
    ] as never),
  });

  const count = world.isQuick ? 500 : 2_000;
  await makeTree(join(folder, 'tree'), count);
  const seconds = async (work: () => Promise<unknown>) => (await elapsedMs(work)) / 1000;
  const copy = async (from: Omit<Far, 'name'>, to: Omit<Far, 'name'>) => {
    const { id } = await plane.client.call('files.copy', {
      ...{ placeId: from.placeId, path: from.folder, names: ['tree'] },
      ...{ toId: to.placeId, toPath: to.folder },
    });
    await plane.succeeded(id);
  };
  const here = { placeId: hereId, folder };
  const clear = async (of: Omit<Far, 'name'>) => {
    const { id } = await plane.client.call('files.remove', {
      ...{ placeId: of.placeId, path: of.folder, names: ['tree'] },
    });
    await plane.succeeded(id);
  };
  const up = [
    ...far.map((to) => [
      to.name,
      async () => {
        await clear(to);
        return await seconds(() => copy(here, to));
      },
    ]),
    [
      'scp -r',
      async () => {
        await remote.runChecked(['rm', '-rf', `${hostFolder}/scp-tree`]);
        return await seconds(() => scp('-r', join(folder, 'tree'), `bench:${hostFolder}/scp-tree`));
      },
    ],
  ];
  add({
    id: 'files-many-up',
    title: `A folder of ${count.toLocaleString('en')} small files up`,
    unit: 's',
    series: await inTurns(rounds, up as never),
  });
  const arriving = { placeId: hereId, folder: join(folder, 'arriving') };
  await mkdir(arriving.folder);
  const down = [
    ...far.map((from) => [
      from.name,
      async () => {
        await clear(arriving);
        return await seconds(() => copy(from, arriving));
      },
    ]),
    [
      'scp -r',
      async () => {
        await rm(join(folder, 'scp-tree'), { recursive: true, force: true });
        return await seconds(() => scp('-r', `bench:${hostFolder}/scp-tree`, join(folder, 'scp-tree')));
      },
    ],
  ];
  add({
    id: 'files-many-down',
    title: `A folder of ${count.toLocaleString('en')} small files down`,
    unit: 's',
    series: await inTurns(rounds, down as never),
  });
}

async function makeTree(folder: string, count: number): Promise<void> {
  for (let number = 0; number < count; number++) {
    const own = join(folder, `folder ${Math.floor(number / smallPerFolder)}`);
    if (number % smallPerFolder === 0) await mkdir(own, { recursive: true });
    await writeFile(join(own, `file ${number}.txt`), randomBytes(smallBytes(number)));
  }
}

/** As the window sends one. */
async function upload({ plane }: BenchWorld, path: string, { placeId, folder }: Far): Promise<void> {
  const stream = plane.client.bytes('files.write', {
    ...{ placeId, path: `${folder}/large`, uploadKey: 'bench000000000000000', replaces: 'anything' },
    sizeBytes: (await stat(path)).size,
  });
  await stream.opened;
  for await (const piece of createReadStream(path, { highWaterMark: 512 * 1024 })) {
    stream.send(encodeByteFrame({ kind: 'input', bytes: piece as Buffer }));
    await stream.whenSent();
  }
  stream.send(encodeByteFrame({ kind: 'inputEnd' }));
  await stream.ended;
}

async function download(
  { plane }: BenchWorld,
  { placeId, folder }: Far,
  path: string,
  bytes: number,
): Promise<void> {
  const sink = createWriteStream(path);
  const stream = plane.client.bytes('files.read', { placeId, path: `${folder}/large` });
  stream.onBytes((piece, done) => sink.write(piece, () => done()));
  await stream.ended;
  sink.end();
  await once(sink, 'finish');
  if (sink.bytesWritten !== bytes) throw new Error(`${sink.bytesWritten} bytes of ${bytes} came`);
}
