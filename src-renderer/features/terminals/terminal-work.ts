/**
 * What makes a terminal's screen good to work in, beyond showing it: marks of commands, links to files, pictures,
 * ligatures, clipboard writes, recording. Each is a part of its own; this joins them to one screen's life.
 */
import { SerializeAddon } from '@xterm/addon-serialize';
import type { IDisposable, Terminal as Screen } from '@xterm/xterm';
import type { Settings } from '#contract/settings.ts';
import { parseClipboardWrite } from './clipboard-writes.ts';
import type { ShellCommand } from './command-log.ts';
import { CommandMarks } from './command-marks.ts';
import { provideFileLinks } from './file-links.ts';
import { Images } from './images.ts';
import { Ligatures } from './ligatures.ts';
import { PersonInput } from './person-input.ts';
import { Recorder } from './recorder.ts';

export interface WorkEvents {
  /** A person typed it here; the others of a group get it, too. */
  onTyped(data: string): void;
  onPasted(text: string): void;
  /** Every other terminal that would get a paste from here takes it as one piece. */
  doOthersTakePastesWhole(): boolean;
  onClipboardWrite(text: string): void;
  onCommandFinished(command: ShellCommand): void;
  onPath(path: string): void;
}

/** RIS, for a recording: its screen is emptied, too. */
const emptyScreen = new TextEncoder().encode('\u001bc');

export type WorkAppearance = Pick<Settings, 'terminalImages' | 'terminalLigatures'>;

export class TerminalWork {
  readonly marks: CommandMarks;
  readonly person = new PersonInput();
  readonly #screen: Screen;
  readonly #images: Images;
  readonly #ligatures: Ligatures;
  readonly #parts: readonly IDisposable[];
  #recorder: Recorder | undefined;
  /** Output between the wish to record and the picture that the recording begins with. */
  #early: Uint8Array[] | undefined;

  constructor(screen: Screen, appearance: WorkAppearance, events: WorkEvents) {
    this.#screen = screen;
    this.marks = new CommandMarks(screen, {
      onStarted: ({ text }) => this.#recorder?.mark(text),
      onFinished: (command) => events.onCommandFinished(command),
    });
    this.#images = new Images(screen);
    this.#images.set(appearance.terminalImages);
    this.#ligatures = new Ligatures(screen);
    this.#parts = [
      screen.onKey(({ key }) => this.person.announce(key)),
      screen.onResize((size) => this.#recorder?.resize(size)),
      screen.parser.registerOscHandler(52, (data) => {
        const text = parseClipboardWrite(data);
        if (text !== null) events.onClipboardWrite(text);
        return true;
      }),
      provideFileLinks(screen, {
        directory: () => this.marks.log.directory,
        onPath: (path) => events.onPath(path),
      }),
    ];
  }

  /** After the screen was opened, and whenever settings or theme changed. */
  setAppearance(appearance: WorkAppearance): void {
    this.#images.set(appearance.terminalImages);
    this.#ligatures.set(appearance.terminalLigatures);
    this.marks.redraw();
  }

  /** Bytes on their way to the screen. */
  output(bytes: Uint8Array): void {
    if (this.#early) this.#early.push(bytes.slice());
    else this.#recorder?.output(bytes);
  }

  /** The screen was emptied. */
  reset(): void {
    this.marks.log.reset();
    this.output(emptyScreen);
  }

  /** Begins with what is on the screen. Resolves when the first byte can be recorded. */
  async record(options: { title: string; onFull: () => void }): Promise<Recorder> {
    this.#recorder = undefined;
    const early: Uint8Array[] = [];
    this.#early = early;
    // What came before has to be drawn; what comes meanwhile is kept for the recording.
    await new Promise<void>((resolve) => this.#screen.write('', resolve));
    const addon = new SerializeAddon();
    this.#screen.loadAddon(addon);
    const recorder = new Recorder({
      ...options,
      size: { cols: this.#screen.cols, rows: this.#screen.rows },
      screen: addon.serialize({ scrollback: 0 }),
      startedAt: new Date(),
      nowMs: () => performance.now(),
    });
    addon.dispose();
    for (const bytes of early) recorder.output(bytes);
    this.#early = undefined;
    this.#recorder = recorder;
    return recorder;
  }

  stopRecording(): void {
    this.#recorder = undefined;
  }

  dispose(): void {
    this.#recorder = undefined;
    for (const part of this.#parts) part.dispose();
    this.#images.dispose();
    this.marks.dispose();
  }
}
