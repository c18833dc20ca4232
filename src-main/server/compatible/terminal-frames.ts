/**
 * What travels on `/ws/…`: keystrokes up and output down, and one kind of message that is neither: a size. Pure but for the
 * decoder's memory of a character that was cut in two.
 */
import { StringDecoder } from 'node:string_decoder';
import { TerminalSize } from '#contract/terminals.ts';

/** A size message is far shorter; what is longer is text that somebody pasted. */
const maxSizeMessageCharacters = 100;

/**
 * `{"type":"resize","cols":80,"rows":24}` or `{"resize":[80,24]}`, and nothing else in it. Everything that only looks like
 * it is what a person typed: JSON is pasted into terminals every day.
 */
export function sizeMessage(text: string): TerminalSize | undefined {
  if (text.length > maxSizeMessageCharacters || !text.startsWith('{')) return undefined;
  const value = parse(text);
  if (typeof value !== 'object' || value === null) return undefined;
  const keys = Object.keys(value).toSorted().join();
  if (keys === 'cols,rows,type' && 'type' in value && value.type === 'resize')
    return sizeOf(value as { cols?: unknown; rows?: unknown });
  if (keys === 'resize' && 'resize' in value && Array.isArray(value.resize) && value.resize.length === 2) {
    const [cols, rows] = value.resize as unknown[];
    return sizeOf({ cols, rows });
  }
  return undefined;
}

/** A page that is hidden measures 0 by 0: brought within bounds, since as text it would be typed into the shell. */
function sizeOf({
  cols,
  rows,
}: {
  readonly cols?: unknown;
  readonly rows?: unknown;
}): TerminalSize | undefined {
  if (!Number.isInteger(cols) || !Number.isInteger(rows)) return undefined;
  const within = (value: unknown, { minValue, maxValue }: Bounds) =>
    Math.min(maxValue ?? Number.MAX_SAFE_INTEGER, Math.max(minValue ?? 1, value as number));
  return { cols: within(cols, TerminalSize.shape.cols), rows: within(rows, TerminalSize.shape.rows) };
}

interface Bounds {
  readonly minValue: number | null;
  readonly maxValue: number | null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Output as web socket messages. Empty: a beginning of a character, kept until the rest of it comes. */
export interface OutputFrames {
  frame(bytes: Uint8Array): string | Uint8Array;
  /** What is left of a character that will not be completed. */
  end(): string | Uint8Array;
  /** Bytes were left out: what came before belongs to nothing that follows. */
  reset(): void;
}

const nothing = new Uint8Array(0);

export function outputFrames(kind: 'text' | 'binary'): OutputFrames {
  if (kind === 'binary') return { frame: (bytes) => bytes, end: () => nothing, reset: () => undefined };
  // A text message must be UTF-8 (RFC 6455, 5.6), and an output chunk ends anywhere.
  let decoder = new StringDecoder('utf8');
  return {
    frame: (bytes) => decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
    end: () => decoder.end(),
    reset: () => {
      decoder = new StringDecoder('utf8');
    },
  };
}
