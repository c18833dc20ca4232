/**
 * Recordings of terminals as asciicast files: writes version 2, reads 1, 2 and 3. Pure. A file is a stranger's data:
 * every line is checked, every number bounded, and an error names the line.
 * Source: docs.asciinema.org/manual/asciicast.
 */
import { z } from 'zod';

/** Bytes of a file that is read, and of one that is written. */
export const maximumCastBytes = 67_108_864;
/** Events of a file; more would hold the window while they are read. */
const maximumEvents = 1_000_000;
/** Seconds; a time beyond is no recording but a joke. */
const maximumSeconds = 30 * 86_400;
/** Characters of one event's text. */
const maximumTextLength = 8_388_608;

export interface CastSize {
  readonly cols: number;
  readonly rows: number;
}

export type CastEvent =
  | { readonly atSeconds: number; readonly kind: 'output'; readonly text: string }
  | { readonly atSeconds: number; readonly kind: 'resize'; readonly size: CastSize }
  | { readonly atSeconds: number; readonly kind: 'marker'; readonly text: string };

export interface Cast {
  readonly version: 1 | 2 | 3;
  readonly title: string;
  readonly size: CastSize;
  /** In the order of time. */
  readonly events: readonly CastEvent[];
  readonly durationSeconds: number;
}

export class CastError extends Error {}

// --- writing

export function castHeader(options: { size: CastSize; title: string; startedAt: Date }): string {
  const { size, title, startedAt } = options;
  return `${JSON.stringify({
    version: 2,
    width: size.cols,
    height: size.rows,
    timestamp: Math.floor(startedAt.getTime() / 1000),
    title,
    env: { TERM: 'xterm-256color' },
  })}\n`;
}

export function castLine(event: CastEvent): string {
  const at = Math.round(event.atSeconds * 1e6) / 1e6;
  if (event.kind === 'resize')
    return `${JSON.stringify([at, 'r', `${event.size.cols}x${event.size.rows}`])}\n`;
  return `${JSON.stringify([at, event.kind === 'output' ? 'o' : 'm', event.text])}\n`;
}

// --- reading

const Cells = (maximum: number) => z.number().int().min(1).max(maximum);
const size = { width: Cells(1000), height: Cells(500) };
const Title = z.string().optional().catch(undefined);
const Header1 = z.object({
  version: z.literal(1),
  ...size,
  title: Title,
  stdout: z.array(z.tuple([z.number(), z.string()])).max(maximumEvents),
});
const Header2 = z.object({ version: z.literal(2), ...size, title: Title });
const Header3 = z.object({
  version: z.literal(3),
  term: z.object({ cols: Cells(1000), rows: Cells(500) }),
  title: Title,
});

export function readCast(text: string): Cast {
  const first = text.slice(0, text.indexOf('\n') < 0 ? text.length : text.indexOf('\n'));
  const header = parsed(first) ?? parsed(text);
  const version = z.object({ version: z.number() }).safeParse(header).data?.version;
  if (version === 1) return readVersion1(parsed(text));
  if (version !== 2 && version !== 3)
    throw new CastError(
      version === undefined
        ? 'It does not begin with an asciicast header.'
        : `Its version, ${version}, is not known.`,
    );
  const head = (version === 2 ? Header2 : Header3).safeParse(header);
  if (!head.success) throw new CastError('Its header does not fit: a size of at most 1000 × 500 is needed.');
  const { data } = head;
  return {
    version,
    title: cleanTitle(data.title),
    size: sized('term' in data ? data.term : { cols: data.width, rows: data.height }),
    ...readEvents(text, first.length + 1, version === 3),
  };
}

function readVersion1(whole: unknown): Cast {
  const head = Header1.safeParse(whole);
  if (!head.success) throw new CastError('It is no asciicast of version 1.');
  const events: CastEvent[] = [];
  let atSeconds = 0;
  for (const [delay, text] of head.data.stdout) {
    atSeconds = later(atSeconds, atSeconds + delay, events.length);
    events.push({ atSeconds, kind: 'output', text });
  }
  const { title, width, height } = head.data;
  return {
    version: 1,
    title: cleanTitle(title),
    size: sized({ cols: width, rows: height }),
    events,
    durationSeconds: atSeconds,
  };
}

const Line = z.tuple([z.number(), z.string().max(8), z.unknown()]);

function readEvents(text: string, from: number, areIntervals: boolean) {
  const events: CastEvent[] = [];
  let now = 0;
  let lineNumber = 1;
  for (let at = from; at < text.length; ) {
    lineNumber += 1;
    const newline = text.indexOf('\n', at);
    const isLast = newline < 0;
    const line = text.slice(at, isLast ? text.length : newline).trim();
    at = isLast ? text.length : newline + 1;
    if (line === '' || line.startsWith('#')) continue;
    const event = Line.safeParse(parsed(line));
    if (!event.success) {
      // What recorded it was cut off in the middle of a line.
      if (isLast) break;
      throw new CastError(`Line ${lineNumber} is no event.`);
    }
    const [time, code, data] = event.data;
    now = later(now, areIntervals ? now + time : time, lineNumber);
    const made = eventOf(now, code, data);
    if (made === null) continue;
    if (events.length >= maximumEvents) throw new CastError('It has more than a million events.');
    events.push(made);
  }
  return { events, durationSeconds: now };
}

/** Input (`i`), exit (`x`) and codes to come are left out: nothing is replayed but what was shown. */
function eventOf(atSeconds: number, code: string, data: unknown): CastEvent | null {
  if (typeof data !== 'string' || data.length > maximumTextLength) return null;
  if (code === 'o') return { atSeconds, kind: 'output', text: data };
  if (code === 'm') return { atSeconds, kind: 'marker', text: cleanTitle(data) };
  if (code !== 'r') return null;
  const [, cols, rows] = /^(\d{1,4})x(\d{1,4})$/.exec(data) ?? [];
  if (cols === undefined || rows === undefined) return null;
  return { atSeconds, kind: 'resize', size: sized({ cols: Number(cols), rows: Number(rows) }) };
}

function later(now: number, next: number, where: number): number {
  if (!Number.isFinite(next) || next > maximumSeconds)
    throw new CastError(`Event ${where} has no possible time.`);
  // Clocks go back; a replay does not.
  return Math.max(now, next);
}

function sized({ cols, rows }: CastSize): CastSize {
  return { cols: Math.min(1000, Math.max(2, cols)), rows: Math.min(500, Math.max(1, rows)) };
}

function cleanTitle(title: string | undefined): string {
  return (title ?? '')
    .replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, ' ')
    .trim()
    .slice(0, 200);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
