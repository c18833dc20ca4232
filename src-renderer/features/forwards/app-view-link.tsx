/**
 * Between apps' pages and the window, in the desktop alone: hears what the pages say, tells the shell which keys stay
 * Berth's, and has it forget what an app stored when its forward is removed. Draws nothing.
 */
import { useEffect, useRef } from 'react';
import { useApp, useAppState, useKeymap } from '../../state/app-context.tsx';
import { isCommandEnabled } from '../../state/commands.ts';
import { findTab } from '../../state/panes.ts';
import { appViewStates } from './app-view-states.ts';

export function AppViewLink() {
  return useApp().shell === null ? null : <Link />;
}

function Link() {
  const app = useApp();
  const { shell, view, mirror } = app;

  useEffect(() => {
    let isOver = false;
    shell?.onEvent((event) => {
      if (isOver) return;
      if (event.type === 'app-view') appViewStates.set(event.tabId, event.state);
      if (event.type === 'app-view-focus' && findTab(view.getState().root, event.tabId))
        view.actions.activate(event.tabId);
    });
    return () => {
      isOver = true;
    };
  }, [shell, view]);

  useEffect(
    () =>
      mirror.forwards.subscribe((state, before) => {
        if (state.status !== 'ready' || state.isStale || before.status !== 'ready') return;
        for (const { id, kind } of before.items)
          if (kind === 'app' && !state.byId.has(id))
            shell?.request('appViewForget', { forwardId: id }).catch((cause: unknown) => {
              app.notices.fail('What the removed app stored here was not deleted', cause);
            });
      }),
    [app, mirror, shell],
  );

  useSentKeys();
  return null;
}

/** As in a terminal: Ctrl keys are the app's, and Berth takes its own with Shift. What cannot run now stays the app's. */
function useSentKeys(): void {
  const { shell, commands } = useApp();
  const keymap = useKeymap();
  const state = useAppState();
  const sent = useRef('');
  useEffect(() => {
    const keys = [...keymap.inTerminal].flatMap(([chord, commandId]) => {
      const command = commands.get(commandId);
      return command !== undefined && isCommandEnabled(command, state) ? [{ chord, commandId }] : [];
    });
    const text = JSON.stringify(keys);
    if (text === sent.current) return;
    sent.current = text;
    void shell?.request('appViewKeys', { keys });
  }, [shell, commands, keymap, state]);
}
