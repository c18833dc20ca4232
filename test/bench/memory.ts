/** What the plane's process holds in memory with terminals in which nothing happens, beside as many `ssh -tt`. */
import { setTimeout as pause } from 'node:timers/promises';
import type { TerminalTarget } from '#contract/terminals.ts';
import type { BenchWorld } from './bench-world.ts';
import { CountingTerminal } from './counting-terminal.ts';
import type { AddMeasure, Measure } from './measures.ts';
import { memoryMb } from './process-figures.ts';
import { startServedProcess } from './served-process.ts';

/** Opened at once; more would only stand in line for this machine's processors. */
const openAtOnce = 5;
const looks = 5;
const lookEveryMs = 300;

export async function measureMemory(world: BenchWorld, add: AddMeasure): Promise<void> {
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
        add({
          id: `memory-${place}-${count}`,
          title: `Memory of the plane, ${count} idle ${place} shell${count === 1 ? '' : 's'}`,
          unit: 'MB',
          series: await settledMemory(served.pid),
        });
      }
    } finally {
      for (let first = 0; first < terminals.length; first += openAtOnce)
        await Promise.all(terminals.slice(first, first + openAtOnce).map((terminal) => terminal.close()));
    }
  }
}

/** A few looks, since a collection of garbage may fall between. */
async function settledMemory(pid: number): Promise<Measure['series']> {
  const own: number[] = [];
  const whole: number[] = [];
  for (let look = 0; look < looks; look++) {
    await pause(lookEveryMs);
    own.push(await memoryMb(pid));
    whole.push(await memoryMb(pid, 'Rss'));
  }
  return [
    { name: 'Berth', samples: own },
    { name: 'the same, shared pages counted whole', samples: whole },
  ];
}
