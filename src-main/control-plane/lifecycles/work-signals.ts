/**
 * What was seen of a workspace's work between two looks, and how much of it is work: pure. One table says what each signal
 * weighs. Together from 1 on they are work; a single strong one is enough, and small ones add up.
 */
import type { KeepAwake, WorkSeen, WorkSignal } from '#contract/lifecycles.ts';
import type { RunningProgram } from '../interfaces/container-process.ts';
import type { Load } from '../workspaces/load-meter.ts';

export interface SeenConnection {
  readonly port: number;
  /** Both ways, since the look before. */
  readonly movedBytes: number;
}

export interface WorkFacts {
  /** Milliseconds that these are about: since the look before. */
  readonly sinceMs: number;
  readonly wasTyped: boolean;
  readonly wasPrinted: boolean;
  /** Terminals of it that some window shows. */
  readonly shownTerminals: number;
  /** Null: not measured. */
  readonly load: Load | null;
  readonly connections: readonly SeenConnection[];
  /** Titles of operations on it that are under way. */
  readonly operations: readonly string[];
  /** Commands that clients run in it. */
  readonly commands: number;
  /** Bytes on their way into its files and out of them are counted in transfers. */
  readonly transfers: number;
  /** Null: not told. */
  readonly programs: readonly RunningProgram[] | null;
}

/**
 * What a signal weighs where it is at its strongest, and what is that strong. `isCertain`: it is somebody's doing, and one
 * look with it is enough; what is not certain has to last for more than half a minute, so that a health check or a nightly job is no work.
 */
const weights = {
  /** A person sits there. */
  keys: { most: 1, isCertain: true },
  /** Little: a prompt that redraws its clock, or a log that somebody left open, prints and is no work by itself. */
  output: { most: 0.3, isCertain: false },
  /** Full at 0.05 processors: a compiler uses hundreds of times as much, a shell that waits a hundredth of it. */
  cpu: { most: 1, isCertain: false, full: 0.05 },
  /** Full at 1 KiB a second. ARP, DNS and keep-alives stay far below. What forwards moved is theirs, and not counted twice. */
  network: { most: 1, isCertain: false, full: 1_024 },
  /** Full at 64 KiB a second. A log that is written, or a database that flushes, stays below. */
  disk: { most: 1, isCertain: false, full: 65_536 },
  /**
   * An open one that says nothing counts little; full at 4 KiB a second. A page that was left open and polls, or whose web
   * socket pings, stays well below (the notebook of Jupyter: 0.6 KiB, a reloader: 0.1); whoever reads, types or watches in one
   * comes above.
   */
  connection: { most: 1, isCertain: false, full: 4_096, open: 0.2 },
  /** A rule names it. */
  process: { most: 1, isCertain: true },
  operation: { most: 1, isCertain: true },
  /** Somebody waits for its end: with its client it would end as well. */
  command: { most: 1, isCertain: true },
  transfer: { most: 1, isCertain: true },
  /** Little, unless a rule says so: a tab that is open says nothing of who looks at it. */
  'shown-terminal': { most: 0.2, isCertain: false },
} as const satisfies Record<WorkSignal, { most: number; isCertain: boolean; full?: number; open?: number }>;

/** Below this a load is no load: it is not shown. */
const LEAST_SHOWN = 0.05;
/** As the contract bounds it. */
const MOST_SHOWN = 32;

export interface Weighed {
  /** Heaviest first. */
  readonly seen: readonly WorkSeen[];
  /** Of all together. */
  readonly sum: number;
  /** Something of it is certainly work. */
  readonly isCertain: boolean;
}

/** `load` and `programs` that are missing weigh nothing: whether that may be taken for idle is another's question. */
export function weigh(facts: WorkFacts, keepAwake: readonly KeepAwake[]): Weighed {
  const seen: (WorkSeen & { readonly isCertain: boolean })[] = [];
  const add = (signal: WorkSignal, share: number, detail: string, isRule = false) => {
    const { most, isCertain } = weights[signal];
    const weight = isRule ? 1 : Math.min(1, Math.max(0, share)) * most;
    if (weight > 0)
      seen.push({ signal, weight, detail: detail.slice(0, 200), isCertain: isCertain || isRule });
  };

  if (facts.wasTyped) add('keys', 1, 'somebody types in a terminal');
  if (facts.wasPrinted) add('output', 1, 'a terminal prints');
  if (facts.load !== null) {
    const { cpus, diskBytesPerSecond } = facts.load;
    const networkBytesPerSecond = Math.max(
      0,
      facts.load.networkBytesPerSecond -
        perSecond(
          facts,
          facts.connections.reduce((sum, one) => sum + one.movedBytes, 0),
        ),
    );
    add('cpu', shown(cpus / weights.cpu.full), `${roundedTo(cpus, 2)} processors`);
    add(
      'network',
      shown(networkBytesPerSecond / weights.network.full),
      rateWords('network', networkBytesPerSecond),
    );
    add('disk', shown(diskBytesPerSecond / weights.disk.full), rateWords('disk', diskBytesPerSecond));
  }
  for (const [port, connections] of Map.groupBy(facts.connections, (one) => one.port)) {
    const isRule = keepAwake.some((rule) => rule.kind === 'connection' && (rule.port ?? port) === port);
    const movedBytes = connections.reduce((sum, one) => sum + one.movedBytes, 0);
    const { full, open } = weights.connection;
    const moving = perSecond(facts, movedBytes) / full;
    const count = connections.length === 1 ? 'a connection' : `${connections.length} connections`;
    add('connection', open + (1 - open) * Math.min(1, moving), `${count} on ${port}`, isRule);
  }
  for (const name of namedPrograms(facts, keepAwake)) add('process', 1, `${name} runs`);
  for (const title of facts.operations) add('operation', 1, title);
  if (facts.commands > 0)
    add('command', 1, facts.commands === 1 ? 'a command runs' : `${facts.commands} commands run`);
  if (facts.transfers > 0)
    add('transfer', 1, facts.transfers === 1 ? 'files are copied' : `${facts.transfers} copies of files`);
  if (facts.shownTerminals > 0) {
    const isRule = keepAwake.some(({ kind }) => kind === 'shown-terminal');
    const what =
      facts.shownTerminals === 1 ? 'a terminal is shown' : `${facts.shownTerminals} terminals are shown`;
    add('shown-terminal', 1, what, isRule);
  }

  const heaviest = seen.toSorted((a, b) => b.weight - a.weight);
  return {
    seen: heaviest.slice(0, MOST_SHOWN).map(({ detail, signal, weight }) => ({ signal, weight, detail })),
    sum: seen.reduce((sum, { weight }) => sum + weight, 0),
    isCertain: seen.some(({ isCertain, weight }) => isCertain && weight >= 1),
  };
}

/** Everything that the policy asks about was looked at. */
export function isComplete({ load, programs }: WorkFacts, keepAwake: readonly KeepAwake[]): boolean {
  return load !== null && (programs !== null || !namesPrograms(keepAwake));
}

export function namesPrograms(keepAwake: readonly KeepAwake[]): boolean {
  return keepAwake.some(({ kind }) => kind === 'process');
}

/** Bytes of a program's name that the kernel keeps (TASK_COMM_LEN, without the end). */
const COMM_BYTES = 15;

function namedPrograms({ programs }: WorkFacts, keepAwake: readonly KeepAwake[]): string[] {
  const names = keepAwake.flatMap((rule) => (rule.kind === 'process' ? [rule.name] : []));
  const runs = (name: string) => {
    const comm = Buffer.from(name).subarray(0, COMM_BYTES).toString();
    return programs?.some((one) => one.program === name || one.name === comm) === true;
  };
  return [...new Set(names)].filter(runs);
}

function perSecond({ sinceMs }: WorkFacts, bytes: number): number {
  return bytes / (Math.max(1, sinceMs) / 1_000);
}

function shown(share: number): number {
  return share < LEAST_SHOWN ? 0 : share;
}

function rateWords(what: string, bytesPerSecond: number): string {
  const [value, unit] =
    bytesPerSecond >= 1024 ** 2 ? [bytesPerSecond / 1024 ** 2, 'MiB'] : [bytesPerSecond / 1024, 'KiB'];
  return `${what}: ${roundedTo(value, 1)} ${unit} a second`;
}

function roundedTo(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}
