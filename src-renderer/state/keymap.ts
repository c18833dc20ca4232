/**
 * Which keys run which command: the rows' own shortcuts, changed by the person's settings, with the terminal's rule
 * applied. Pure; the listener is in features/workbench.
 */
import { type Chord, chordId } from '#contract/key-chord.ts';
import type { Command } from './commands.ts';
import { chordInTerminal, type Platform, parseShortcut } from './shortcut.ts';

export interface Keymap {
  /** Command ids by chord, outside and inside a terminal. */
  readonly plain: ReadonlyMap<string, string>;
  readonly inTerminal: ReadonlyMap<string, string>;
  readonly chords: ReadonlyMap<string, Chord>;
  /** Chords that two commands want: the first keeps it. */
  readonly conflicts: readonly { readonly chord: Chord; readonly ids: readonly string[] }[];
}

export interface KeymapOptions {
  readonly platform: Platform;
  readonly isBrowser: boolean;
  /** From settings, by command id; an empty string takes the shortcut away. */
  readonly changed: Readonly<Record<string, string>>;
}

export function shortcutOf(command: Command, options: KeymapOptions): string | undefined {
  const changed = options.changed[command.id];
  if (changed !== undefined) return changed === '' ? undefined : changed;
  return options.isBrowser ? (command.webShortcut ?? command.shortcut) : command.shortcut;
}

export function buildKeymap(commands: Iterable<Command>, options: KeymapOptions): Keymap {
  const plain = new Map<string, string>();
  const inTerminal = new Map<string, string>();
  const chords = new Map<string, Chord>();
  const wanted = new Map<string, { chord: Chord; ids: string[] }>();
  for (const command of commands) {
    const text = shortcutOf(command, options);
    const chord = text === undefined ? undefined : parseShortcut(text, options.platform);
    if (!chord) continue;
    const id = chordId(chord);
    const entry = wanted.get(id) ?? { chord, ids: [] };
    entry.ids.push(command.id);
    wanted.set(id, entry);
    if (plain.has(id)) continue;
    plain.set(id, command.id);
    chords.set(command.id, chord);
    const terminalChord = chordInTerminal(chord, options.platform);
    if (terminalChord && !inTerminal.has(chordId(terminalChord)))
      inTerminal.set(chordId(terminalChord), command.id);
  }
  const conflicts = [...wanted.values()].filter((entry) => entry.ids.length > 1);
  return { plain, inTerminal, chords, conflicts };
}
