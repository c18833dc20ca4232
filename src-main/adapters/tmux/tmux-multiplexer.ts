/**
 * Sessions that outlive their connection: a tmux server of Berth's own on the host (`tmux -L berth`), one session for a
 * terminal. One control client carries commands, typed bytes and news for all of them; the output of each comes from a
 * recorder that tmux's pipe-pane feeds, over a stream of its own. Control mode's own output was measured at 11.5 MB/s and
 * is not byte-exact across a reconnect; the recorder takes what tmux reads (30 MB/s), and a byte offset is all that a
 * reader needs to go on.
 * Long since opening, attaching and ending share what tmux tells of its panes.
 * Guarantees: nothing here ends a session but `end` and `kill`; a session without a reader never blocks its program.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BerthError } from '#contract/berth-error.ts';
import type { TerminalSize } from '#contract/terminals.ts';
import type { Clock } from '../../control-plane/interfaces/clock.ts';
import type { HostConnection, HostProcess } from '../../control-plane/interfaces/host-connection.ts';
import type { Log } from '../../control-plane/interfaces/log.ts';
import type {
  AttachedSession,
  CapturedScreen,
  Multiplexer,
  MultiplexedPty,
  MultiplexerFactory,
  MultiplexerOffer,
  SessionInfo,
  SessionPlace,
  SessionSpec,
} from '../../control-plane/interfaces/multiplexer.ts';
import { paneFormat, parsePaneState } from './captured-screen.ts';
import { ControlChannel } from './control-channel.ts';
import { type HostReport, hostReport } from './host-report.ts';
import { openReader, type OpenReader, PlaceLost } from './session-reader.ts';
import { TmuxPty } from './tmux-pty.ts';
import { command, word } from './tmux-words.ts';

const openTimeoutMs = 20_000;
/** Between two looks at all sessions and streams: what a lost notification or a dead stream would hide shows then. */
const checkEveryMs = 10_000;
/** A stream that does not answer for so long is dead, whatever its socket says. */
const streamTimeoutMs = 8_000;
/** Lines that tmux keeps above each screen; a line costs it about 500 bytes. */
const historyLines = 10_000;
/** The name that a window has once its program has ended: tmux tells every control client of new names. */
const deadName = 'berth-dead';

const isDeadFormat = `#{?#{m:${deadName}*,#{window_name}},1,#{pane_dead}}`;
const listFormat = `#{session_name} #{pane_id} #{window_id} #{pane_pid} ${isDeadFormat} #{pane_pipe} #{pane_width} #{pane_height} #{@berth_generation} #{@berth_note}`;

/**
 * What runs in a pane: the program as a child, so that its exit code is told by a name that every control client hears of.
 * tmux's own word is the fallback: 3.3a now and then never reaps a child, and then tells nobody of the end. The child must
 * not be told of tmux, or it speaks to it as to an outer terminal. A signal from the keyboard is the child's.
 */
const prologue = `pane=$TMUX_PANE
unset TMUX TMUX_PANE TERM_PROGRAM_VERSION
trap : INT QUIT
env "$@"
code=$?
tmux -L berth rename-window -t "$pane" "${deadName}-$code" </dev/null >/dev/null 2>&1
exit "$code"`;

export interface TmuxDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly remoteScriptsFolder: string;
}

export function createMultiplexerFactory(deps: TmuxDeps): MultiplexerFactory {
  return { open: (connection, signal) => openMultiplexer(deps, connection, signal) };
}

async function openMultiplexer(
  deps: TmuxDeps,
  connection: HostConnection,
  signal?: AbortSignal,
): Promise<MultiplexerOffer> {
  const recorder = await readFile(join(deps.remoteScriptsFolder, 'terminal-recorder.sh'), 'utf8');
  const process = await connection.startScript('terminal-host', [recorder], signal);
  const report = await hostReport(process, deps.clock, openTimeoutMs);
  if ('reason' in report) return report;
  const multiplexer = new TmuxMultiplexer(deps, connection, process, report);
  try {
    await multiplexer.prepare();
  } catch (error) {
    multiplexer.close();
    throw error;
  }
  return { multiplexer };
}

interface Pane {
  readonly id: string;
  readonly paneId: string;
  readonly windowId: string;
  readonly pid: string;
  readonly isDead: boolean;
  readonly isRecorded: boolean;
  readonly size: TerminalSize;
  readonly generation: number;
  readonly note: string;
}

class TmuxMultiplexer implements Multiplexer {
  readonly version: string;
  readonly engineProgram: string | undefined;
  readonly #deps: TmuxDeps;
  readonly #connection: HostConnection;
  readonly #control: ControlChannel;
  readonly #recorder: string;
  /** By window. */
  readonly #ptys = new Map<string, TmuxPty>();
  /** Names of the sessions that are attached, by window. */
  readonly #ids = new Map<string, string>();
  readonly #lostListeners: ((error: unknown) => void)[] = [];
  #slowListener: (() => void) | undefined;
  #lostError: { error: unknown } | undefined;
  #isClosed = false;
  #stopCheck: (() => void) | undefined;

  constructor(deps: TmuxDeps, connection: HostConnection, process: HostProcess, report: HostReport) {
    this.#deps = deps;
    this.#connection = connection;
    this.version = report.version;
    this.engineProgram = report.engineProgram;
    this.#recorder = report.recorder;
    this.#control = new ControlChannel({
      process,
      clock: deps.clock,
      onNotice: (line) => this.#notice(line),
      onEnd: (error) => this.#lost(error),
      onSlow: () => this.#slowListener?.(),
    });
    report.onRest((bytes) => this.#control.push(bytes));
    process.onEnd(({ error }) =>
      this.#control.end(error ?? new BerthError('connection-lost', 'tmux on the host has ended.')),
    );
  }

  async prepare(): Promise<void> {
    // Of a pane that is gone by then nothing is to be told; and what run-shell prints, or a code of its own, would put
    // somebody else's pane into view mode, where it takes keys for commands of the mode.
    const rename = `tmux -L berth rename-window -t '#{hook_pane}' ${deadName}-#{pane_dead_status}`;
    const told = `${rename} >/dev/null 2>&1 || :`;
    await this.#control.request(
      command('set-option', '-g', 'history-limit', String(historyLines)),
      command('set-option', '-g', 'default-terminal', 'xterm-256color'),
      command('set-option', '-g', 'status', 'off'),
      command('set-option', '-g', 'remain-on-exit', 'on'),
      command('set-option', '-s', 'set-clipboard', 'off'),
      command('set-option', '-g', 'bell-action', 'none'),
      command('set-hook', '-g', 'pane-died', `run-shell -b ${word(told)}`),
    );
    this.#scheduleCheck();
  }

  async sessions(prefix: string): Promise<SessionInfo[]> {
    const panes = (await this.#panes()).filter(({ id }) => id.startsWith(prefix));
    const ids = panes.map(({ id }) => id);
    await this.#connection
      .runScript('terminal-tidy', [this.#folder, prefix, ...ids])
      .catch((cause: unknown) => {
        this.#deps.log.info('records of terminals that are gone were not removed', { cause });
      });
    return panes.map(({ id, note, size, isDead }) => ({ id, note, size, isEnded: isDead }));
  }

  async open(spec: SessionSpec): Promise<MultiplexedPty> {
    const { id, size, env, argv, signal } = spec;
    const log = this.#logPath(id, 1);
    const pairs = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const shape = ['-x', String(size.cols), '-y', String(size.rows)];
    const reading = this.#read(log, 0, [], signal);
    reading.catch(() => undefined);
    let pane: Pane;
    try {
      const [lines] = await this.#control.request(
        command(
          ...['new-session', '-d', '-P', '-F', '#{pane_id} #{window_id} #{pane_pid}', '-s', id, ...shape],
          ...['/bin/sh', '-c', prologue, 'berth', ...pairs, ...argv],
        ),
        // A size of its own, whoever attaches with which window.
        command('resize-window', '-t', `=${id}:`, ...shape),
        this.#record(`=${id}:`, log),
        command('set-option', '-t', `=${id}:`, '@berth_generation', '1'),
        command('set-option', '-t', `=${id}:`, '@berth_note', spec.note),
      );
      const [paneId = '', windowId = '', pid = ''] = (lines?.[0] ?? '').split(' ');
      const isDead = false;
      pane = { id, paneId, windowId, pid, isDead, isRecorded: true, size, generation: 1, note: spec.note };
    } catch (error) {
      reading.then(({ reader }) => reader.release()).catch(() => undefined);
      throw error;
    }
    try {
      const pty = this.#ptyOf(pane, await reading, { generation: 1, offset: 0 });
      if (signal?.aborted) throw new BerthError('cancelled', 'Opening the terminal was cancelled.');
      // What it printed and did before we listened for it.
      void this.#look(pane.windowId);
      if (spec.hasReadyByte) await pty.ready(openTimeoutMs, signal);
      return pty;
    } catch (error) {
      await this.#end(pane).catch(() => undefined);
      throw error;
    }
  }

  async attach(id: string, from: SessionPlace | undefined, signal?: AbortSignal): Promise<AttachedSession> {
    const pane = (await this.#panes()).find((one) => one.id === id);
    if (pane === undefined)
      throw new BerthError('terminal.ended', 'This terminal is not on its host any more.', {
        details: { reason: 'session-gone' },
      });
    this.#ptys.get(pane.windowId)?.release();
    const attached = (await this.#goOn(pane, from, signal)) ?? (await this.#beginAnew(pane, signal));
    if (pane.isDead) void (attached.pty as TmuxPty).died();
    else void this.#look(pane.windowId);
    return attached;
  }

  async end(id: string): Promise<void> {
    const pane = (await this.#panes()).find((one) => one.id === id);
    if (pane) await this.#end(pane);
  }

  onLost(listener: (error: unknown) => void): void {
    if (this.#lostError) listener(this.#lostError.error);
    else this.#lostListeners.push(listener);
  }

  onSlow(listener: () => void): void {
    this.#slowListener = listener;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // Its end cuts every way; nobody has to be told of the loss itself.
    this.#control.end(new BerthError('connection-lost', 'The way to the terminals of this host is closed.'));
  }

  // --- attaching ----------------------------------------------------------------------------------------------------

  /** Undefined when what follows `from` is not there any more. */
  async #goOn(
    pane: Pane,
    from: SessionPlace | undefined,
    signal: AbortSignal | undefined,
  ): Promise<AttachedSession | undefined> {
    if (from === undefined || from.generation !== pane.generation) return undefined;
    // A recorder that has ended left everything it got; only a pane that lives on without one has a gap.
    if (!pane.isRecorded && !pane.isDead) return undefined;
    const opened = await this.#read(this.#logPath(pane.id, pane.generation), from.offset, [], signal).catch(
      (error: unknown) => {
        if (error instanceof PlaceLost) return undefined;
        throw error;
      },
    );
    return opened && { pty: this.#ptyOf(pane, opened, from), captured: null };
  }

  /** Screen and new record in one go: tmux runs a list of commands without reading a pane in between. */
  async #beginAnew(pane: Pane, signal: AbortSignal | undefined): Promise<AttachedSession> {
    const { id, paneId } = pane;
    const generation = pane.generation + 1;
    const log = this.#logPath(id, generation);
    const parts = ['history', 'screen', 'saved'] as const;
    const buffer = (part: string) => `berth-${id}-${part}`;
    const file = (part: string) => `${this.#folder}/${id}.${part}`;
    const outputs = await this.#control.request(
      // A program that has ended writes nothing more, and tmux records nothing of it.
      ...(pane.isDead
        ? []
        : [
            this.#record(paneId, log),
            command('set-option', '-t', `=${id}:`, '@berth_generation', String(generation)),
          ]),
      command('display-message', '-p', '-t', paneId, paneFormat),
      command('capture-pane', '-e', '-J', '-S', '-', '-E', '-1', '-b', buffer('history'), '-t', paneId),
      command('capture-pane', '-e', '-J', '-S', '0', '-b', buffer('screen'), '-t', paneId),
      command('capture-pane', '-a', '-q', '-e', '-J', '-b', buffer('saved'), '-t', paneId),
    );
    // Not over the control channel: there, a line that looks like the end of its block would be one.
    for (const part of parts) {
      const name = buffer(part);
      await this.#control
        .request(command('save-buffer', '-b', name, file(part)), command('delete-buffer', '-b', name))
        // tmux makes no buffer of nothing.
        .catch(() => undefined);
    }
    const old = this.#logPath(id, pane.generation);
    const opened = await this.#read(log, 0, [old, ...parts.map(file)], signal);
    const { historyLines: lines, ...state } = parsePaneState(outputs.at(-4)?.join('\n') ?? '');
    const [recent, history, screen, saved] = opened.parts;
    const nothing = new Uint8Array(0);
    const captured: CapturedScreen = {
      ...state,
      recent: recent ?? nothing,
      // Without lines above the screen tmux gives the first one of the screen.
      history: lines > 0 ? (history ?? nothing) : nothing,
      screen: screen ?? nothing,
      saved: state.isAlternate ? (saved ?? nothing) : nothing,
    };
    return { pty: this.#ptyOf(pane, opened, { generation, offset: 0 }), captured };
  }

  #read(
    log: string,
    from: number,
    files: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<OpenReader> {
    return openReader(this.#connection, this.#deps.clock, { log, from, files, signal });
  }

  #ptyOf(pane: Pane, opened: OpenReader, place: SessionPlace): TmuxPty {
    const { windowId, paneId } = pane;
    const pty: TmuxPty = new TmuxPty(
      {
        clock: this.#deps.clock,
        paneId,
        request: (...commands) => this.#control.request(...commands),
        resize: ({ cols, rows }) => {
          this.#control
            .request(command('resize-window', '-t', windowId, '-x', String(cols), '-y', String(rows)))
            .catch(() => undefined);
        },
        end: () => this.#end(pane),
        bury: () => this.#bury(pane),
        onReleased: () => {
          if (this.#ptys.get(windowId) !== pty) return;
          this.#ptys.delete(windowId);
          this.#ids.delete(windowId);
        },
      },
      opened.reader,
      place,
    );
    opened.onBytes((bytes) => pty.take(bytes));
    this.#ptys.set(windowId, pty);
    this.#ids.set(windowId, pane.id);
    return pty;
  }

  // --- ending -------------------------------------------------------------------------------------------------------

  async #end({ id, pid }: Pane): Promise<void> {
    try {
      // Its program first: it may want to say goodbye, and ends its own jobs.
      const { stdout } = await this.#connection.runScript('children-of', [pid]);
      const children = stdout.split('\n').filter((child) => /^\d+$/.test(child));
      for (const one of [...children, pid]) await this.#connection.runScript('end-process', [one]);
    } catch (cause) {
      this.#deps.log.info('a terminal’s processes could not be ended one by one', { cause });
    }
    await this.#control.request(command('kill-session', '-t', `=${id}`)).catch(() => undefined);
    await this.#removeFiles(id);
  }

  async #bury({ id, paneId }: Pane): Promise<number | null> {
    const [lines] = await this.#control.request(
      command('display-message', '-p', '-t', paneId, '#{window_name} #{pane_dead_status}'),
    );
    const status = /^berth-dead-(\d+)|(?<= )(\d+)$/.exec(lines?.[0] ?? '');
    await this.#control.request(command('kill-session', '-t', `=${id}`)).catch(() => undefined);
    await this.#removeFiles(id);
    return status === null ? null : Number(status[1] ?? status[2]);
  }

  async #removeFiles(id: string): Promise<void> {
    await this.#connection
      .exec(['/bin/sh', '-c', 'rm -f -- "$1".*', 'berth', `${this.#folder}/${id}`])
      .catch((cause: unknown) => this.#deps.log.info('a terminal’s record was not removed', { cause }));
  }

  // --- news ---------------------------------------------------------------------------------------------------------

  #notice(line: string): void {
    const [name, windowId = '', title] = line.split(' ');
    const pty = this.#ptys.get(windowId);
    if (!pty) return;
    if (name === '%unlinked-window-renamed' && title?.startsWith(deadName)) void pty.died();
    else if (name === '%unlinked-window-close') this.#gone(windowId, pty);
  }

  /** Somebody ended it, or everything. */
  #gone(windowId: string, pty: TmuxPty): void {
    const id = this.#ids.get(windowId);
    pty.gone();
    if (id !== undefined) void this.#removeFiles(id);
  }

  /** One that may have ended before anybody listened. */
  async #look(windowId: string): Promise<void> {
    try {
      const [lines] = await this.#control.request(
        command('display-message', '-p', '-t', windowId, isDeadFormat),
      );
      if (lines?.[0] === '1') void this.#ptys.get(windowId)?.died();
    } catch {
      // The regular look finds out.
    }
  }

  #scheduleCheck(): void {
    this.#stopCheck = this.#deps.clock.after(checkEveryMs, () => {
      void this.#check().finally(() => {
        if (!this.#isClosed && !this.#control.isEnded) this.#scheduleCheck();
      });
    });
  }

  async #check(): Promise<void> {
    if (this.#ptys.size === 0) return;
    const panes = await this.#panes().catch(() => undefined);
    if (panes === undefined) return;
    const byWindow = new Map(panes.map((pane) => [pane.windowId, pane]));
    for (const [windowId, pty] of [...this.#ptys]) {
      const pane = byWindow.get(windowId);
      if (pane === undefined) this.#gone(windowId, pty);
      else if (pane.isDead) void pty.died();
      else if (!pane.isRecorded)
        pty.cut(new BerthError('connection-lost', 'The record of this terminal broke off.'));
      else if (!pty.isPaused)
        pty.measure(streamTimeoutMs).catch((error: unknown) => {
          // A reader that was paused meanwhile answers behind what waits.
          if (!pty.isPaused) pty.cut(error);
        });
    }
  }

  #lost(error: unknown): void {
    this.#stopCheck?.();
    this.#lostError = { error };
    for (const pty of [...this.#ptys.values()]) pty.cut(error);
    if (this.#isClosed) return;
    for (const listener of this.#lostListeners.splice(0)) listener(error);
  }

  // --- words --------------------------------------------------------------------------------------------------------

  get #folder(): string {
    return this.#recorder.slice(0, this.#recorder.lastIndexOf('/'));
  }

  #logPath(id: string, generation: number): string {
    return `${this.#folder}/${id}.${generation}`;
  }

  /** tmux hands this text to a shell; the folder's and ids' characters need no quotes (terminal-host.sh sees to it). */
  #record(target: string, log: string): string {
    return command(
      'pipe-pane',
      '-O',
      '-t',
      target,
      `exec /bin/sh ${this.#recorder} ${log} '#{pane_id}' 2>/dev/null`,
    );
  }

  async #panes(): Promise<Pane[]> {
    const [lines = []] = await this.#control.request(command('list-panes', '-a', '-F', listFormat));
    return lines.flatMap((line): Pane[] => {
      const [id = '', paneId = '', windowId = '', pid = '', dead, pipe, cols, rows, generation, ...note] =
        line.split(' ');
      if (!/^term_[0-9a-z]+$/.test(id)) return [];
      return [
        {
          id,
          paneId,
          windowId,
          pid,
          isDead: dead === '1',
          isRecorded: pipe === '1',
          size: { cols: Number(cols), rows: Number(rows) },
          generation: Number(generation) || 1,
          note: note.join(' '),
        },
      ];
    });
  }
}
