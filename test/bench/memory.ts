/** What the plane's process holds in memory with terminals in which nothing happens, beside as many `ssh -tt`. */
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { TerminalTarget } from '#contract/terminals.ts';
import type { BenchWorld } from './bench-world.ts';
import { CountingTerminal } from './counting-terminal.ts';
import { type Measure, median } from './measures.ts';
import { startServedProcess } from './served-process.ts';

/** Opened at once; more would only stand in line for this machine's processors. */
const openAtOnce = 5;
const looks = 5;
const lookEveryMs = 300;

export async function measureMemory(world: BenchWorld): Promise<Measure[]> {
  const counts = world.isQuick ? [1, 10] : [1, 10, 100];
  // A plane of its own: what other measurements left behind is not what idle terminals cost.
  await using served = await startServedProcess({ args: ['--add-host', world.addHostPath] });
  await using stack = new AsyncDisposableStack();
  const plane = stack.adopt(await served.connect(), (one) => one.client.close());
  const host = await plane.until('hosts.watch', {}, (hosts) =>
    hosts.find((one) => one.state.phase === 'ready' && one.state.engineRoute !== 'none'),
  );
  const workspace = await plane.until('workspaces.watch', {}, (all) =>
    all.find((one) => one.state === 'running'),
  );
  const places = [
    { place: 'host', target: { kind: 'host', hostId: host.id } as TerminalTarget },
    { place: 'workspace', target: { kind: 'workspace', workspaceId: workspace.id } as TerminalTarget },
  ];
  const measures: Measure[] = [];
  for (const { place, target } of places) {
    const terminals: CountingTerminal[] = [];
    try {
      for (const count of counts) {
        while (terminals.length < count) {
          const more = Math.min(openAtOnce, count - terminals.length);
          terminals.push(
            ...(await Promise.all(Array.from({ length: more }, () => CountingTerminal.open(plane, target)))),
          );
        }
        measures.push({
          id: `memory-${place}-${count}`,
          title: `Memory of the plane, ${count} idle ${place} shell${count === 1 ? '' : 's'}`,
          unit: 'MB',
          series: [{ name: 'Berth', samples: [await settledPssMb(served.pid)] }],
        });
      }
    } finally {
      for (let first = 0; first < terminals.length; first += openAtOnce)
        await Promise.all(terminals.slice(first, first + openAtOnce).map((terminal) => terminal.close()));
    }
  }
  return measures;
}

/** The median of a few looks, since a collection of garbage may fall between. */
async function settledPssMb(pid: number): Promise<number> {
  const samples: number[] = [];
  for (let look = 0; look < looks; look++) {
    await pause(lookEveryMs);
    samples.push(await pssMb(pid));
  }
  return median(samples);
}

/** Proportional set size (proc(5), smaps_rollup): shared pages count by their share. */
async function pssMb(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kib = Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1]);
  return (kib * 1024) / 1e6;
}
