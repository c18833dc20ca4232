/** A log with times and levels as lines that LogView draws, and the commands in it as one text. Pure. */
import type { LogViewLine } from './log-view.tsx';
import { OutputLines } from './output-lines.ts';

export interface LogEntry {
  /** An ISO instant. */
  readonly at: string;
  readonly level: 'info' | 'command' | 'warning' | 'error';
  readonly text: string;
}

const tones = { info: undefined, command: 'command', warning: 'warning', error: 'error' } as const;

/** The clock time of an instant, as "14:03:09". */
export function clockTime(at: string): string {
  return new Date(at).toLocaleTimeString('en-GB');
}

/** Adds lines to those that are shown; a text of several lines becomes as many, the later ones without a time. */
export function withLogLines(before: readonly LogViewLine[], added: readonly LogEntry[]): LogViewLine[] {
  const shown = [...before];
  for (const entry of added) {
    const buffer = new OutputLines({ maxLines: 1000, maxLineLength: 4000 });
    buffer.push(entry.text);
    const tone = tones[entry.level];
    buffer.lines().forEach((line, index) => {
      shown.push({
        ...line,
        id: shown.length,
        prefix: index === 0 ? clockTime(entry.at) : ' '.repeat(8),
        ...(entry.level === 'command' && index === 0
          ? { segments: [{ text: '$ ', style: null }, ...line.segments], text: `$ ${line.text}` }
          : {}),
        ...(tone === undefined ? {} : { tone }),
      });
    });
  }
  return shown;
}

/** What a person would type to do the same by hand, one command in a line. */
export function commandsOf(lines: readonly LogEntry[]): string {
  return lines
    .filter((line) => line.level === 'command')
    .map((line) => line.text)
    .join('\n');
}
