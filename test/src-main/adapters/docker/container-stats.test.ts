import { describe, expect, test } from 'vitest';
import { readStatsSample, type StatsSample, statsBetween } from '#main/adapters/docker/container-stats.ts';

const none = { cpus: null, memoryBytes: null };
const at = '2026-01-01T00:00:00.000Z';
const zero: StatsSample = {
  atMs: 1000,
  cpuNs: 0,
  systemCpuNs: 0,
  onlineCpus: 4,
  memoryBytes: 0,
  pids: 1,
  networkInBytes: 0,
  networkOutBytes: 0,
  diskReadBytes: 0,
  diskWriteBytes: 0,
};

describe('a reading of the engine', () => {
  const reading = {
    read: '2026-01-01T00:00:01.5Z',
    cpu_stats: {
      cpu_usage: { total_usage: 7e9, percpu_usage: [1, 2] },
      system_cpu_usage: 9e9,
      online_cpus: 2,
    },
    memory_stats: { usage: 1000, stats: { total_inactive_file: 300, inactive_file: 1 } },
    networks: { eth0: { rx_bytes: 10, tx_bytes: 20 }, eth1: { rx_bytes: 1, tx_bytes: 2 } },
    blkio_stats: {
      io_service_bytes_recursive: [
        { op: 'Read', value: 5 },
        { op: 'read', value: 6 },
        { op: 'Write', value: 7 },
        { op: 'Total', value: 18 },
      ],
    },
    pids_stats: { current: 9 },
  };
  test('cgroup version 1', () => {
    expect(readStatsSample(reading)).toEqual({
      atMs: Date.parse('2026-01-01T00:00:01.500Z'),
      cpuNs: 7e9,
      systemCpuNs: 9e9,
      onlineCpus: 2,
      memoryBytes: 700,
      pids: 9,
      networkInBytes: 11,
      networkOutBytes: 22,
      diskReadBytes: 11,
      diskWriteBytes: 7,
    });
  });
  test('cgroup version 2, and an engine that says little', () => {
    const memory_stats = { usage: 1000, stats: { inactive_file: 250 } };
    expect(readStatsSample({ ...reading, memory_stats })?.memoryBytes).toBe(750);
    expect(
      readStatsSample({ ...reading, memory_stats: { usage: 10, stats: { inactive_file: 250 } } })
        ?.memoryBytes,
    ).toBe(10);
    const cpu_stats = { cpu_usage: { total_usage: 1, percpu_usage: [1, 2, 3] } };
    expect(
      readStatsSample({ ...reading, cpu_stats, blkio_stats: { io_service_bytes_recursive: null } }),
    ).toMatchObject({
      onlineCpus: 3,
      systemCpuNs: 0,
      diskReadBytes: 0,
    });
  });
  test('a container that does not run has none', () => {
    expect(readStatsSample({ read: '0001-01-01T00:00:00Z' })).toBeUndefined();
    expect(readStatsSample({})).toBeUndefined();
  });
});

describe('between two readings', () => {
  test('processors: of the time of all of them', () => {
    const after = { ...zero, atMs: 2000, cpuNs: 1.5e9, systemCpuNs: 4e9 };
    expect(statsBetween(zero, after, none, at)?.cpus).toBeCloseTo(1.5);
    // Where the engine does not tell the system's time, the clock does.
    expect(statsBetween(zero, { ...after, systemCpuNs: 0 }, none, at)?.cpus).toBeCloseTo(1.5);
  });
  test('rates are per second, whatever passed between', () => {
    const after = {
      ...zero,
      atMs: 3000,
      networkInBytes: 500,
      networkOutBytes: 50,
      diskReadBytes: 10,
      diskWriteBytes: 4,
    };
    expect(statsBetween(zero, after, { cpus: 2, memoryBytes: 99 }, at)).toMatchObject({
      at,
      networkInBytesPerSecond: 250,
      networkOutBytesPerSecond: 25,
      diskReadBytesPerSecond: 5,
      diskWriteBytesPerSecond: 2,
      cpuLimit: 2,
      memoryLimitBytes: 99,
    });
  });
  test('a counter that went back is a new start, not a negative rate', () => {
    const before = { ...zero, cpuNs: 9e9, systemCpuNs: 1e9, networkInBytes: 900 };
    const after = { ...zero, atMs: 2000, systemCpuNs: 5e9 };
    expect(statsBetween(before, after, none, at)).toMatchObject({ cpus: 0, networkInBytesPerSecond: 0 });
  });
  test('no time, no rate', () => {
    expect(statsBetween(zero, zero, none, at)).toBeUndefined();
  });
});
