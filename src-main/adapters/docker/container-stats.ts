/**
 * A reading of the engine's stats as Berth shows it: from two readings, rates. Pure.
 * Sources: Engine API "ContainerStats"; docker/cli `cli/command/container/stats_helpers.go` for the formulas.
 */
import type { WorkspaceStats } from '#contract/workspaces.ts';
import { asCount, asList, asNumber, asRecord, asText, type JsonRecord } from './engine-json.ts';

/** Counters at one moment. */
export interface StatsSample {
  readonly atMs: number;
  readonly cpuNs: number;
  /** All processors' time together; 0 where the engine does not say (Podman). */
  readonly systemCpuNs: number;
  readonly onlineCpus: number;
  readonly memoryBytes: number;
  readonly pids: number;
  readonly networkInBytes: number;
  readonly networkOutBytes: number;
  readonly diskReadBytes: number;
  readonly diskWriteBytes: number;
}

export interface StatsLimits {
  readonly cpus: number | null;
  readonly memoryBytes: number | null;
}

/** Undefined: not a reading (the engine sends the year 1 for a container that does not run). */
export function readStatsSample(json: JsonRecord): StatsSample | undefined {
  const atMs = Date.parse(asText(json.read));
  if (Number.isNaN(atMs) || atMs <= 0) return undefined;
  const cpu = asRecord(json.cpu_stats);
  const usage = asRecord(cpu.cpu_usage);
  const memory = asRecord(json.memory_stats);
  const memoryDetails = asRecord(memory.stats);
  // The page cache that the kernel would give back first is not "used": cgroup v1 and v2 name it differently.
  const inactiveFile = asCount(memoryDetails.total_inactive_file ?? memoryDetails.inactive_file);
  const memoryUsage = asCount(memory.usage);
  let networkInBytes = 0;
  let networkOutBytes = 0;
  for (const network of Object.values(asRecord(json.networks))) {
    networkInBytes += asCount(asRecord(network).rx_bytes);
    networkOutBytes += asCount(asRecord(network).tx_bytes);
  }
  let diskReadBytes = 0;
  let diskWriteBytes = 0;
  for (const entry of asList(asRecord(json.blkio_stats).io_service_bytes_recursive)) {
    const { op, value } = asRecord(entry);
    const verb = asText(op).toLowerCase();
    if (verb === 'read') diskReadBytes += asCount(value);
    if (verb === 'write') diskWriteBytes += asCount(value);
  }
  return {
    atMs,
    cpuNs: asNumber(usage.total_usage),
    systemCpuNs: asNumber(cpu.system_cpu_usage),
    onlineCpus: asCount(cpu.online_cpus) || asList(usage.percpu_usage).length || 1,
    memoryBytes: inactiveFile < memoryUsage ? memoryUsage - inactiveFile : memoryUsage,
    pids: asCount(asRecord(json.pids_stats).current),
    networkInBytes,
    networkOutBytes,
    diskReadBytes,
    diskWriteBytes,
  };
}

/** Undefined when no time passed between the two, so that no rate can be said. */
export function statsBetween(
  before: StatsSample,
  after: StatsSample,
  limits: StatsLimits,
  at: string,
): WorkspaceStats | undefined {
  const seconds = (after.atMs - before.atMs) / 1000;
  if (seconds <= 0) return undefined;
  // A counter that went back belongs to a container that was started again.
  const rate = (from: number, to: number) => (to < from ? 0 : (to - from) / seconds);
  const cpuNs = Math.max(0, after.cpuNs - before.cpuNs);
  const systemNs = after.systemCpuNs - before.systemCpuNs;
  const cpus = systemNs > 0 ? (cpuNs / systemNs) * after.onlineCpus : cpuNs / (seconds * 1e9);
  return {
    at,
    cpus,
    cpuLimit: limits.cpus,
    memoryBytes: after.memoryBytes,
    memoryLimitBytes: limits.memoryBytes,
    networkInBytesPerSecond: rate(before.networkInBytes, after.networkInBytes),
    networkOutBytesPerSecond: rate(before.networkOutBytes, after.networkOutBytes),
    diskReadBytesPerSecond: rate(before.diskReadBytes, after.diskReadBytes),
    diskWriteBytesPerSecond: rate(before.diskWriteBytes, after.diskWriteBytes),
    pids: after.pids,
  };
}
