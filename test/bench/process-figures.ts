/** What the kernel says of a process: memory, open files, time on a processor (proc(5)). */
import { readdir, readFile } from 'node:fs/promises';

/** Proportional and resident set size; other processes share parts of a program. */
export async function memoryMb(pid: number, name: 'Pss' | 'Rss' = 'Pss'): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kib = Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]);
  return (kib * 1024) / 1e6;
}

export async function openFiles(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length;
}

/** The kernel's clock for that, on every machine that Node runs on. */
const ticksPerSecond = 100;

/** Seconds on a processor so far, for the program and the kernel's work for it. */
export async function processorSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** What programs could still take without swapping: not what is unused, but what the kernel could free. */
export async function availableMemoryBytes(): Promise<number> {
  const text = await readFile('/proc/meminfo', 'utf8');
  return Number(/^MemAvailable:\s+(\d+) kB$/m.exec(text)?.[1]) * 1024;
}
