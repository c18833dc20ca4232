/**
 * The commands of one terminal, as its shell marked them: where each prompt, command and output is, how it ended and how
 * long it took. Places are xterm.js's markers, which move with the lines and die with them.
 * Guarantees: holds at most `maximumCommands`, whatever a program prints; a command is announced once.
 */
import type { IBuffer, IMarker } from '@xterm/xterm';
import type { ShellMark } from './shell-marks.ts';

/** Commands kept for one terminal, a marker each; xterm.js calls every marker whenever a line leaves the top. */
export const maximumCommands = 1_000;
/** Characters of a command that are kept to name it. */
const maximumTextLength = 200;

export interface ShellCommand {
  readonly prompt: IMarker;
  /** `waiting`: its prompt is there and nothing runs; `done` without exit code: the shell did not say how it ended. */
  phase: 'waiting' | 'running' | 'done';
  text: string;
  exitCode: number | null;
  startedAtMs: number | null;
  durationMs: number | null;
  command: { readonly marker: IMarker; readonly column: number } | null;
  output: { readonly marker: IMarker; readonly column: number } | null;
  end: { readonly marker: IMarker; readonly column: number } | null;
}

/** The part of xterm.js that it needs; the headless one fits, too. */
export interface MarkedScreen {
  readonly buffer: { readonly active: Pick<IBuffer, 'type' | 'cursorX' | 'cursorY' | 'baseY' | 'getLine'> };
  registerMarker(cursorYOffset?: number): IMarker | undefined;
}

export interface CommandLogEvents {
  /** It is new, or its phase is another one. */
  onChanged(command: ShellCommand): void;
  onRemoved(command: ShellCommand): void;
  onFinished(command: ShellCommand): void;
}

export class CommandLog {
  readonly #screen: MarkedScreen;
  readonly #events: CommandLogEvents;
  readonly #nowMs: () => number;
  #commands: ShellCommand[] = [];
  #directory: string | null = null;
  #givenText = '';
  /** The shell tells when output begins: then an end without a beginning is an empty line, and no command. */
  #tellsOutput = false;

  constructor(screen: MarkedScreen, events: CommandLogEvents, nowMs: () => number) {
    this.#screen = screen;
    this.#events = events;
    this.#nowMs = nowMs;
  }

  get commands(): readonly ShellCommand[] {
    return this.#commands;
  }
  /** The folder that the shell last said it is in. */
  get directory(): string | null {
    return this.#directory;
  }

  take(mark: ShellMark): void {
    if (mark.kind === 'directory') {
      this.#directory = mark.path;
      return;
    }
    // A full-screen program has no prompts; what it prints on its own screen is gone with that.
    if (this.#screen.buffer.active.type !== 'normal') return;
    switch (mark.kind) {
      case 'prompt':
        this.#beginPrompt();
        break;
      case 'command':
        this.#beginCommand();
        break;
      case 'command-line':
        this.#givenText = mark.text;
        break;
      case 'output':
        this.#beginOutput();
        break;
      case 'finished':
        this.#finish(mark.exitCode);
        break;
      default:
        mark satisfies never;
    }
  }

  /** Lines of the prompts before and after a line of the buffer; null: there is none. */
  promptBefore(line: number): number | null {
    return this.#commands.findLast(({ prompt }) => prompt.line < line)?.prompt.line ?? null;
  }
  promptAfter(line: number): number | null {
    return this.#commands.find(({ prompt }) => prompt.line > line)?.prompt.line ?? null;
  }

  /** What the last command that has ended printed; null: none has, or its lines are gone. */
  lastOutput(): string | null {
    const last = this.#commands.findLast(
      ({ output, end }) =>
        output !== null && end !== null && !output.marker.isDisposed && !end.marker.isDisposed,
    );
    if (!last?.output || !last.end) return null;
    return this.#textBetween(last.output, last.end);
  }

  /** The screen was emptied: nothing is where it was. */
  reset(): void {
    for (const command of this.#commands.splice(0)) this.#forget(command);
    this.#givenText = '';
  }

  #beginPrompt(): void {
    const { baseY, cursorY } = this.#screen.buffer.active;
    const last = this.#commands.at(-1);
    // A shell draws its prompt again when the window changes or a line is completed.
    if (last?.phase === 'waiting' && last.prompt.line === baseY + cursorY) return;
    // It was given up with Ctrl+C, or its end was never told: it does not run any more.
    if (last?.phase === 'running') this.#close(last, null);
    const prompt = this.#screen.registerMarker(0);
    if (prompt === undefined) return;
    const command: ShellCommand = {
      prompt,
      phase: 'waiting',
      text: '',
      exitCode: null,
      startedAtMs: null,
      durationMs: null,
      command: null,
      output: null,
      end: null,
    };
    this.#commands.push(command);
    prompt.onDispose(() => this.#remove(command));
    this.#givenText = '';
    const [oldest] = this.#commands;
    if (this.#commands.length > maximumCommands && oldest) this.#remove(oldest);
    this.#events.onChanged(command);
  }

  #beginCommand(): void {
    const last = this.#commands.at(-1);
    if (last?.phase !== 'waiting') return;
    last.command?.marker.dispose();
    last.command = this.#place();
  }

  #beginOutput(): void {
    const last = this.#commands.at(-1);
    if (last?.phase !== 'waiting') return;
    this.#tellsOutput = true;
    last.output = this.#place();
    last.phase = 'running';
    last.startedAtMs = this.#nowMs();
    // A shell that does not say where the command begins is named with its prompt.
    const from = last.command ?? { marker: last.prompt, column: 0 };
    last.text = named(this.#givenText || (last.output ? this.#textBetween(from, last.output) : ''));
    last.command?.marker.dispose();
    last.command = null;
    this.#events.onChanged(last);
  }

  #finish(exitCode: number | null): void {
    const last = this.#commands.at(-1);
    if (last === undefined || last.phase === 'done') return;
    if (last.phase === 'waiting' && (this.#tellsOutput || exitCode === null)) return;
    this.#close(last, exitCode);
    this.#events.onFinished(last);
  }

  #close(command: ShellCommand, exitCode: number | null): void {
    command.phase = 'done';
    command.exitCode = exitCode;
    command.durationMs = command.startedAtMs === null ? null : this.#nowMs() - command.startedAtMs;
    command.end = this.#place();
    // Only the last output can be asked for: a flood must not call thousands of markers for each of its lines.
    const before = this.#commands.findLast((other) => other !== command && other.output !== null);
    if (before !== undefined) {
      before.output?.marker.dispose();
      before.end?.marker.dispose();
      before.output = null;
      before.end = null;
    }
    this.#events.onChanged(command);
  }

  #place() {
    const marker = this.#screen.registerMarker(0);
    return marker === undefined ? null : { marker, column: this.#screen.buffer.active.cursorX };
  }

  #remove(command: ShellCommand): void {
    const index = this.#commands.indexOf(command);
    if (index < 0) return;
    this.#commands.splice(index, 1);
    this.#forget(command);
  }

  #forget(command: ShellCommand): void {
    this.#events.onRemoved(command);
    for (const marker of [
      command.prompt,
      command.command?.marker,
      command.output?.marker,
      command.end?.marker,
    ])
      marker?.dispose();
  }

  #textBetween(
    from: { readonly marker: IMarker; readonly column: number },
    to: { readonly marker: IMarker; readonly column: number },
  ): string {
    const buffer = this.#screen.buffer.active;
    let text = '';
    for (let row = from.marker.line; row >= 0 && row <= to.marker.line; row += 1) {
      const line = buffer.getLine(row);
      if (line === undefined) break;
      const isLast = row === to.marker.line;
      if (isLast && to.column === 0) break;
      const isContinued = buffer.getLine(row + 1)?.isWrapped === true;
      text += line.translateToString(
        !isContinued,
        row === from.marker.line ? from.column : 0,
        isLast ? to.column : undefined,
      );
      if (!isLast && !isContinued) text += '\n';
    }
    return text;
  }
}

/** One line that names a command. */
function named(text: string): string {
  const line = text
    .replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g, ' ')
    .trim();
  return line.length > maximumTextLength ? `${line.slice(0, maximumTextLength)}…` : line;
}
