/** The command rows for one thing, or for a menu, as entries that components/menu draws. */
import { ariaShortcut, chordKeys } from './shortcut.ts';
import { type App, readAppState, runCommand } from './app-context.tsx';
import {
  type AppState,
  type Command,
  commandLabel,
  isCommandEnabled,
  isCommandShown,
  type MenuName,
  type Subject,
  subjectFor,
} from './commands.ts';
import type { Keymap } from './keymap.ts';

export interface CommandEntry {
  readonly kind: 'item';
  readonly id: string;
  readonly label: string;
  readonly keys?: readonly string[];
  readonly ariaKeys?: string;
  readonly isDisabled: boolean;
  readonly isDangerous: boolean;
  readonly isChecked?: boolean;
  readonly run: () => void;
}
export type CommandMenuEntry = CommandEntry | { readonly kind: 'line'; readonly id: string };

function entriesOf(
  app: App,
  keymap: Keymap,
  commands: readonly Command[],
  state: AppState,
  subject?: Subject,
): CommandMenuEntry[] {
  const sorted = [...commands].sort((a, b) => a.group - b.group);
  return sorted.flatMap((command, index): CommandMenuEntry[] => {
    const chord = keymap.chords.get(command.id);
    const before = sorted[index - 1];
    const line: CommandMenuEntry[] =
      before && before.group !== command.group ? [{ kind: 'line', id: `line-${command.id}` }] : [];
    return [
      ...line,
      {
        kind: 'item',
        id: command.id,
        label: commandLabel(command, { ...state, subject: subjectFor(command, state) }),
        isDisabled: !isCommandEnabled(command, state),
        isDangerous: command.isDangerous ?? false,
        run: () => runCommand(app, command.id, subject),
        ...(chord ? { keys: chordKeys(chord, app.platform), ariaKeys: ariaShortcut(chord) } : {}),
        ...(command.isChecked ? { isChecked: command.isChecked(state) } : {}),
      },
    ];
  });
}

/** What can be done with one thing: the rows made for its kind. */
export function subjectEntries(app: App, keymap: Keymap, subject: Subject): CommandMenuEntry[] {
  const state = { ...readAppState(app), subject };
  const own = [...app.commands.values()].filter(
    (command) =>
      isCommandShown(command, state) &&
      (command.on === subject.kind ||
        (command.inHostMenu === true && subject.kind === 'host' && subjectFor(command, state) !== null)),
  );
  return entriesOf(app, keymap, own, state, subject);
}

/** One menu of the menu bar, for the page in front. */
export function menuEntries(app: App, keymap: Keymap, menu: MenuName): CommandMenuEntry[] {
  const state = readAppState(app);
  const own = [...app.commands.values()].filter(
    (command) => command.menu === menu && isCommandShown(command, state),
  );
  return entriesOf(app, keymap, own, state);
}
