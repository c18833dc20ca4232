/** The last minutes of a workspace's readings, in columns as charts want them. Pure. */
import type { WorkspaceStats } from '#contract/workspaces.ts';

type Column = readonly (number | null)[];

export interface StatsWindow {
  /** Epoch seconds, ascending. */
  readonly times: readonly number[];
  readonly cpus: Column;
  readonly memoryBytes: Column;
  readonly networkIn: Column;
  readonly networkOut: Column;
  readonly diskRead: Column;
  readonly diskWrite: Column;
  readonly latest: WorkspaceStats | null;
}

export const emptyStats: StatsWindow = {
  times: [],
  cpus: [],
  memoryBytes: [],
  networkIn: [],
  networkOut: [],
  diskRead: [],
  diskWrite: [],
  latest: null,
};

/** Readings come once a second: three minutes. */
export const keptReadings = 180;
/** A pause longer than this is drawn as a gap, not as a line across it. */
const gapSeconds = 5;

export function withReading(window: StatsWindow, reading: WorkspaceStats): StatsWindow {
  const time = Date.parse(reading.at) / 1000;
  const last = window.times.at(-1);
  if (last !== undefined && time <= last) return window;
  const hasGap = last !== undefined && time - last > gapSeconds;
  const add = (column: Column, value: number) =>
    [...column, ...(hasGap ? [null] : []), value].slice(-keptReadings);
  return {
    times: [...window.times, ...(hasGap ? [last + 1] : []), time].slice(-keptReadings),
    cpus: add(window.cpus, reading.cpus),
    memoryBytes: add(window.memoryBytes, reading.memoryBytes),
    networkIn: add(window.networkIn, reading.networkInBytesPerSecond),
    networkOut: add(window.networkOut, reading.networkOutBytesPerSecond),
    diskRead: add(window.diskRead, reading.diskReadBytesPerSecond),
    diskWrite: add(window.diskWrite, reading.diskWriteBytesPerSecond),
    latest: reading,
  };
}
