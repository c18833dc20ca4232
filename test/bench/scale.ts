/**
 * What the plane's process costs while nothing happens in many terminals: on one host, and (`--hosts N`) on many hosts
 * at once. Memory, open files, and its time on a processor within half a minute.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Host } from '#contract/hosts.ts';
import type { TestPlane } from '#test/harness/start-plane.ts';
import { addHostFileFor } from '#test/servers/demo-host.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';
import type { BenchWorld } from './bench-world.ts';
import { CountingTerminal } from './counting-terminal.ts';
import type { AddMeasure } from './measures.ts';
import { availableMemoryBytes, memoryMb, openFiles, processorSeconds } from './process-figures.ts';
import { startServedProcess } from './served-process.ts';

const terminalsOnOneHost = 100;
const terminalsPerHost = 5;
const openAtOnce = 5;
const windowMs = 30_000;
const looks = 5;
/** A throw-away host without an engine: an sshd for each connection, a shell for each terminal, its caches. */
const hostBytes = 150e6;
/** What the rest of the bench must have left. */
const reserveBytes = 2e9;

export async function measureScale(world: BenchWorld, add: AddMeasure): Promise<void> {
  await using served = await startServedProcess({ args: ['--add-host', world.addHostPath] });
  await using stack = new AsyncDisposableStack();
  const plane = stack.adopt(await served.connect(), (one) => one.client.close());
  const host = await plane.until('hosts.watch', {}, (hosts) =>
    hosts.find((one) => one.state.phase === 'ready'),
  );
  const count = world.isQuick ? 10 : terminalsOnOneHost;
  await openTerminals(plane, host, count);
  const who = `${count} idle terminals on one host`;
  await addFigures({ add, id: 'one-host', who, pid: served.pid, isQuick: world.isQuick });
}

export async function measureManyHosts(world: BenchWorld, count: number, add: AddMeasure): Promise<void> {
  const neededBytes = count * hostBytes + reserveBytes;
  const freeBytes = await availableMemoryBytes();
  if (freeBytes < neededBytes)
    throw new Error(
      `${count} hosts need ${(neededBytes / 1e9).toFixed(1)} GB of free memory, and there are ${(freeBytes / 1e9).toFixed(1)}`,
    );
  await using stack = new AsyncDisposableStack();
  const served = stack.use(await startServedProcess());
  const plane = stack.adopt(await served.connect(), (one) => one.client.close());
  const remotes: RemoteHost[] = [];
  while (remotes.length < count)
    remotes.push(stack.use(await startRemoteHost({ name: `bench-${remotes.length + 1}`, engine: false })));
  for (const remote of remotes) await openTerminals(plane, await addHost(plane, remote), terminalsPerHost);
  const who = `${terminalsPerHost} idle terminals on each of ${count} hosts`;
  await addFigures({ add, id: 'many-hosts', who, pid: served.pid, isQuick: world.isQuick });
}

/** Without an engine: TestPlane's own way waits for one. */
async function addHost(plane: TestPlane, remote: RemoteHost): Promise<Host> {
  const { name, definition } = addHostFileFor(remote, remote.name);
  const { id } = await plane.client.call('hosts.add', { name, definition });
  const question = await plane.until('questions.watch', {}, (all) => all.find((one) => one.hostId === id));
  if (question.kind !== 'host-key' || question.fingerprint !== remote.hostKeyFingerprint)
    throw new Error(`${name} was expected to show its key`);
  const answer = { kind: 'host-key', isTrusted: true } as const;
  await plane.client.call('questions.answer', { id: question.id, answer });
  return plane.until('hosts.watch', {}, (hosts) =>
    hosts.find((one) => one.id === id && one.state.phase === 'ready'),
  );
}

/** Their end is the plane's. */
async function openTerminals(plane: TestPlane, host: Host, count: number): Promise<void> {
  for (let opened = 0; opened < count; opened += openAtOnce)
    await Promise.all(
      Array.from({ length: Math.min(openAtOnce, count - opened) }, () =>
        CountingTerminal.open(plane, { kind: 'host', hostId: host.id }),
      ),
    );
}

async function addFigures(what: {
  readonly add: AddMeasure;
  readonly id: string;
  readonly who: string;
  readonly pid: number;
  readonly isQuick: boolean;
}): Promise<void> {
  const { add, id, who, pid, isQuick } = what;
  const memory: number[] = [];
  const files: number[] = [];
  const processor: number[] = [];
  const lookMs = (isQuick ? 5_000 : windowMs) / looks;
  for (let look = 0; look < looks; look += 1) {
    const beforeSeconds = await processorSeconds(pid);
    const beganAtMs = performance.now();
    await pause(lookMs);
    const share = ((await processorSeconds(pid)) - beforeSeconds) / ((performance.now() - beganAtMs) / 1e3);
    processor.push(share * 100);
    memory.push(await memoryMb(pid));
    files.push(await openFiles(pid));
  }
  const series = (samples: readonly number[]) => [{ name: 'Berth', samples }] as const;
  add({ id: `scale-${id}-memory`, title: `Memory of the plane, ${who}`, unit: 'MB', series: series(memory) });
  add({
    id: `scale-${id}-files`,
    title: `Open files of the plane, ${who}`,
    unit: 'files',
    series: series(files),
  });
  add({
    id: `scale-${id}-idle`,
    title: `Processor time of the plane, ${who}`,
    unit: '% of a core',
    series: series(processor),
  });
}
