/** Sizes, times and lengths of time as a person at a terminal reads them. Pure. */

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Null, what is not known, is a dash. */
export function formatBytes(bytes: number | null): string {
  if (bytes === null) return '–';
  let value = bytes;
  let unit = 0;
  // From 1023.95 on, one digit would print 1024.0: that is the next unit's 1.
  while (value >= 1023.95 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toFixed(unit === 0 || value >= 100 ? 0 : 1)} ${units[unit]}`;
}

/** The computer's own time, to the minute. Null is a dash. */
export function formatInstant(at: string | null): string {
  if (at === null) return '–';
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** In its two largest parts: "2 h 5 min", "14 s". */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const parts = (
    [
      [Math.floor(seconds / 86_400), 'd'],
      [Math.floor(seconds / 3600) % 24, 'h'],
      [Math.floor(seconds / 60) % 60, 'min'],
      [seconds % 60, 's'],
    ] as const
  ).map(([value, unit]) => ({ value, text: `${value} ${unit}` }));
  const first = parts.findIndex(({ value }) => value > 0);
  if (first === -1) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(({ value }, index) => index === 0 || value > 0)
    .map(({ text }) => text)
    .join(' ');
}

export function formatPercent(part: number): string {
  return `${Math.floor(Math.min(1, Math.max(0, part)) * 100)} %`;
}

export function formatCount(count: number, one: string, many: string): string {
  return `${new Intl.NumberFormat('en').format(count)} ${count === 1 ? one : many}`;
}

const kinds: Readonly<Record<string, string>> = { folder: 'd', link: 'l', fifo: 'p', device: 'c' };

/** As `ls -l` writes it: `-rwxr-x--T`. */
export function formatMode(kind: string, mode: number): string {
  const set = [0o4000, 0o2000, 0o1000];
  const triples = [6, 3, 0].map((shift, index) => {
    const bits = mode >> shift;
    const mark = index === 2 ? 't' : 's';
    const canRun = (bits & 1) !== 0;
    const isSet = (mode & (set[index] ?? 0)) !== 0;
    const run = isSet ? (canRun ? mark : mark.toUpperCase()) : canRun ? 'x' : '-';
    return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${run}`;
  });
  return `${kinds[kind] ?? '-'}${triples.join('')}`;
}

/** US dollars to the cent; less than a cent keeps its digits. Null, what is not known, is a dash. */
export function formatUsd(usd: number | null): string {
  if (usd === null) return '–';
  const digits = usd !== 0 && Math.abs(usd) < 0.01 ? 5 : 2;
  return `${usd < 0 ? '-' : ''}$${Math.abs(usd).toFixed(digits)}`;
}

/** A price for an hour: providers give them with five decimals. Without zeros at the end, but for cents. */
export function formatHourly(usd: number): string {
  return `$${usd.toFixed(5).replace(/0{1,3}$/, '')}/h`;
}
