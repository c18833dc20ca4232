import { describe, expect, it } from 'vitest';
import type { WorkspaceStats } from '#contract/workspaces.ts';
import { emptyStats, keptReadings, withReading } from '#renderer/features/workspaces/stats-window.ts';

function reading(second: number): WorkspaceStats {
  return {
    at: new Date(1_700_000_000_000 + second * 1000).toISOString(),
    cpus: second,
    cpuLimit: null,
    memoryBytes: second * 1024,
    memoryLimitBytes: null,
    networkInBytesPerSecond: 1,
    networkOutBytesPerSecond: 2,
    diskReadBytesPerSecond: 3,
    diskWriteBytesPerSecond: 4,
    pids: 5,
  };
}
const windowOf = (...seconds: number[]) =>
  seconds.reduce((window, second) => withReading(window, reading(second)), emptyStats);

describe('a window of readings', () => {
  it('has one row for each', () => {
    const window = windowOf(0, 1, 2);
    expect(window.times).toHaveLength(3);
    expect(window.cpus).toEqual([0, 1, 2]);
    expect(window.latest?.cpus).toBe(2);
  });
  it('draws a pause as a gap', () => {
    const window = windowOf(0, 1, 60);
    expect(window.cpus).toEqual([0, 1, null, 60]);
    expect(window.times).toHaveLength(4);
    expect(window.times).toEqual([...window.times].sort((a, b) => a - b));
  });
  it('drops what is not newer', () => {
    expect(windowOf(5, 5, 3).cpus).toEqual([5]);
  });
  it('is bounded, with every column as long as the times', () => {
    const window = windowOf(...Array.from({ length: 500 }, (_, index) => index));
    const columns = [window.cpus, window.memoryBytes, window.networkIn, window.diskWrite];
    expect(window.times).toHaveLength(keptReadings);
    for (const column of columns) expect(column).toHaveLength(keptReadings);
    expect(window.cpus.at(-1)).toBe(499);
  });
});
