/**
 * Between the window frame and the page, in the desktop app only: the menu bar shows the command table, a chosen menu
 * row runs its command, a deep link opens a page (and does nothing else), the dock shows what waits for the person.
 */
import { useEffect, useRef } from 'react';
import { ViewRef } from '../../state/view-ref.ts';
import { runCommand, useApp, useAppState, useKeymap, useQuestions } from '../../state/app-context.tsx';
import { commandLabel, isCommandEnabled, isCommandShown } from '../../state/commands.ts';
import { electronAccelerator } from '../../state/shortcut.ts';

export function ShellLink() {
  const { shell } = useApp();
  return shell ? <Link /> : null;
}

function Link() {
  const app = useApp();
  const { shell, view } = app;
  const state = useAppState();
  const keymap = useKeymap();
  const questions = useQuestions().items.length;

  const sentMenu = useRef('');
  useEffect(() => {
    const rows = [...app.commands.values()]
      .filter((command) => isCommandShown(command, state))
      .map((command) => {
        const chord = keymap.chords.get(command.id);
        return {
          id: command.id,
          label: commandLabel(command, state).slice(0, 120),
          menu: command.menu,
          accelerator: chord ? electronAccelerator(chord) : null,
          isEnabled: isCommandEnabled(command, state),
          ...(command.inTray === undefined ? {} : { inTray: command.inTray }),
        };
      });
    // The state changes many times a second, the menu rarely: only a menu that differs is sent.
    const text = JSON.stringify(rows);
    if (text === sentMenu.current) return;
    sentMenu.current = text;
    void shell?.request('setMenu', { rows });
  }, [app, shell, state, keymap]);

  useEffect(() => {
    void shell?.request('setBadge', { count: Math.min(999, questions) });
  }, [shell, questions]);

  useEffect(() => {
    let isOver = false;
    shell?.onEvent((event) => {
      if (isOver) return;
      switch (event.type) {
        case 'command':
          if (app.commands.has(event.id)) runCommand(app, event.id);
          break;
        case 'deep-link': {
          const ref = ViewRef.safeParse({ type: event.path.replace(/^\/+/, ''), ...event.query });
          if (ref.success && app.views.has(ref.data.type)) view.actions.open(ref.data);
          break;
        }
        case 'plane-restarted':
          app.client.reconnect();
          break;
        // Of the features that show them.
        case 'app-view':
        case 'app-view-focus':
        case 'app-view-gone':
        case 'app-view-opened':
        case 'app-view-refused':
        case 'app-view-login':
        case 'download':
        // Of state/use-close-guard.ts.
        case 'save-unsaved':
          break;
        default:
          event satisfies never;
      }
    });
    return () => {
      isOver = true;
    };
  }, [app, shell, view]);
  return null;
}
