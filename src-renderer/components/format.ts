/** Sizes, times and numbers as a person reads them. Pure. A non-breaking space keeps number and unit together. */

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;
const space = '\u00a0';

/** `formatBytes(1536)` is "1.5 KiB". Null, what was not read yet, is a dash. */
export function formatBytes(bytes: number | null): string {
  if (bytes === null) return '–';
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  // 1023.96 would print as "1024.0": it is the next unit's 1.
  if (unit > 0 && unit < units.length - 1 && Number(value.toFixed(1)) >= 1024) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)}${space}${units[unit]}`;
}

export function formatRate(bytesPerSecond: number | null): string {
  return bytesPerSecond === null ? '–' : `${formatBytes(Math.round(bytesPerSecond))}/s`;
}

export function formatCount(count: number, one: string, many: string): string {
  return `${new Intl.NumberFormat('en').format(count)}${space}${count === 1 ? one : many}`;
}

/** "12 ms", "1.4 s". Null is a dash. */
export function formatLatency(ms: number | null): string {
  if (ms === null) return '–';
  if (ms < 1) return `<${space}1${space}ms`;
  return ms < 1000 ? `${Math.round(ms)}${space}ms` : `${(ms / 1000).toFixed(1)}${space}s`;
}

/** A length of time in its two largest parts: "2 h 5 min", "14 s", "3 d 1 h". */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  if (first === -1) return `0${space}s`;
  return parts
    .slice(first, first + 2)
    .filter(([value], index) => index === 0 || value > 0)
    .map(([value, unit]) => `${value}${space}${unit}`)
    .join(' ');
}

/** A running clock: "0:14", "1:02:09". */
export function formatClock(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const pad = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const rest = `${hours > 0 ? pad(Math.floor(seconds / 60) % 60) : Math.floor(seconds / 60)}:${pad(seconds % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

export function formatPercent(part: number): string {
  return `${Math.floor(Math.min(1, Math.max(0, part)) * 100)}${space}%`;
}

/** "just now", "3 minutes ago", "yesterday", "in 5 minutes"; older than 30 days: the date. */
export function formatRelative(at: Date, now: Date): string {
  const ms = at.getTime() - now.getTime();
  const size = Math.abs(ms);
  if (size < 10_000) return 'just now';
  const format = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
  if (size < 60_000) return format.format(Math.trunc(ms / 1000), 'second');
  if (size < 3_600_000) return format.format(Math.trunc(ms / 60_000), 'minute');
  if (size < 86_400_000) return format.format(Math.trunc(ms / 3_600_000), 'hour');
  if (size < 30 * 86_400_000) return format.format(Math.trunc(ms / 86_400_000), 'day');
  return new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' }).format(at);
}

export function formatExact(at: Date): string {
  return new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' }).format(at);
}
