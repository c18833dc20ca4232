/**
 * The one place where keys become commands. Listens before anything else in the page; what no command wants goes on
 * untouched. Elements inside `data-keys="terminal"` own their keys (state/keymap.ts says which the app still takes); a remote
 * screen (`data-keys="screen"`) gets even those back whose command cannot run now, for the desktop has uses for them.
 */
import { useEffect } from 'react';
import { chordId, chordOfEvent } from '#contract/key-chord.ts';
import { isCommandEnabled } from '../../state/commands.ts';
import { readAppState, runCommand, useApp, useKeymap } from '../../state/app-context.tsx';

export function KeyListener() {
  const app = useApp();
  const keymap = useKeymap();
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || event.repeat) return;
      const target = event.target instanceof Element ? event.target : null;
      // Where a shortcut is being recorded, every chord is text.
      if (target?.closest('[data-keys="record"]')) return;
      const chord = chordOfEvent(event);
      if (!chord) return;
      const isScreen = target?.closest('[data-keys="screen"]') != null;
      const isOwned = isScreen || target?.closest('[data-keys="terminal"]') != null;
      const id = (isOwned ? keymap.inTerminal : keymap.plain).get(chordId(chord));
      const command = id === undefined ? undefined : app.commands.get(id);
      if (!command) return;
      const isEnabled = isCommandEnabled(command, readAppState(app));
      // An editor has its own find and the like: what the app cannot do now is the editor's.
      const isEditor = target?.closest('[data-keys="editor"]') != null;
      if ((isScreen || isEditor) && !isEnabled) return;
      // A dialog in front keeps the window behind it still; only the palette has commands of its own.
      const dialog = target?.closest('[role="dialog"],[role="alertdialog"]');
      if (dialog && !(dialog.hasAttribute('data-palette') && command.id === 'go.palette')) return;
      event.preventDefault();
      event.stopPropagation();
      if (isEnabled) runCommand(app, command.id);
    };
    window.addEventListener('keydown', onKeyDown, { capture: true });
    return () => window.removeEventListener('keydown', onKeyDown, { capture: true });
  }, [app, keymap]);
  return null;
}
