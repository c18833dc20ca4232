/**
 * Reads a screen's shell marks (OSC 7, 133, 633), keeps its command log and draws a mark in the gutter beside each
 * prompt and in the overview beside the scrollbar. Colour is never alone: the shape differs, and the title says it.
 */
import type { IDecoration, IDisposable, Terminal as Screen } from '@xterm/xterm';
import { formatLatency, formatDuration } from '../../components/format.ts';
import { readToken } from '../../theme/theme.ts';
import { CommandLog, type ShellCommand } from './command-log.ts';
import { parseEditorMark, parsePromptMark, parseWorkingDirectory, type ShellMark } from './shell-marks.ts';

const looks = {
  plain: { className: 'command-mark', colour: '--text-faint' },
  running: { className: 'command-mark command-mark-running', colour: '--busy' },
  good: { className: 'command-mark command-mark-good', colour: '--running' },
  bad: { className: 'command-mark command-mark-bad', colour: '--failed' },
} as const;

export class CommandMarks implements IDisposable {
  readonly log: CommandLog;
  readonly #screen: Screen;
  readonly #drawn = new Map<ShellCommand, IDecoration>();
  readonly #handlers: readonly IDisposable[];

  constructor(
    screen: Screen,
    events: { onStarted(command: ShellCommand): void; onFinished(command: ShellCommand): void },
  ) {
    this.#screen = screen;
    this.log = new CommandLog(
      screen,
      {
        onChanged: (command) => {
          this.#draw(command);
          if (command.phase === 'running') events.onStarted(command);
        },
        onRemoved: (command) => this.#erase(command),
        onFinished: (command) => events.onFinished(command),
      },
      () => performance.now(),
    );
    const take = (mark: ShellMark | null) => {
      if (mark !== null) this.log.take(mark);
      return true;
    };
    this.#handlers = [
      screen.parser.registerOscHandler(7, (data) => {
        const path = parseWorkingDirectory(data);
        return take(path === null ? null : { kind: 'directory', path });
      }),
      screen.parser.registerOscHandler(133, (data) => take(parsePromptMark(data))),
      screen.parser.registerOscHandler(633, (data) => take(parseEditorMark(data))),
    ];
  }

  /** Scrolls to the prompt above or below what is at the top now. False: there is none. */
  go(direction: 'previous' | 'next'): boolean {
    const { viewportY } = this.#screen.buffer.active;
    const line =
      direction === 'previous' ? this.log.promptBefore(viewportY) : this.log.promptAfter(viewportY);
    if (line === null) return false;
    this.#screen.scrollToLine(line);
    return true;
  }

  /** Colours of the overview are copies: drawn again when the theme is another one. */
  redraw(): void {
    for (const command of this.log.commands) this.#draw(command);
  }

  dispose(): void {
    for (const handler of this.#handlers) handler.dispose();
    this.log.reset();
  }

  #draw(command: ShellCommand): void {
    this.#erase(command);
    const look = lookOf(command);
    const isTold = command.phase !== 'waiting';
    const decoration = this.#screen.registerDecoration({
      marker: command.prompt,
      x: 0,
      width: 1,
      layer: 'top',
      ...(isTold
        ? { overviewRulerOptions: { color: readToken(look.colour), position: 'left' as const } }
        : {}),
    });
    if (decoration === undefined) return;
    this.#drawn.set(command, decoration);
    decoration.onRender((element) => {
      if (element.classList.contains('command-mark')) return;
      element.classList.add(...look.className.split(' '));
      element.title = describeCommand(command);
    });
  }

  #erase(command: ShellCommand): void {
    this.#drawn.get(command)?.dispose();
    this.#drawn.delete(command);
  }
}

function lookOf({ phase, exitCode }: ShellCommand) {
  if (phase === 'running') return looks.running;
  if (phase === 'waiting' || exitCode === null) return looks.plain;
  return exitCode === 0 ? looks.good : looks.bad;
}

/** "Exit status 1 · 3 s". */
export function describeCommand({ phase, exitCode, durationMs }: ShellCommand): string {
  if (phase === 'waiting') return 'Prompt';
  if (phase === 'running') return 'Runs';
  const status = exitCode === null ? 'Ended' : `Exit status ${exitCode}`;
  return durationMs === null ? status : `${status} · ${commandTime(durationMs)}`;
}

export function commandTime(durationMs: number): string {
  return durationMs < 60_000 ? formatLatency(durationMs) : formatDuration(durationMs);
}
