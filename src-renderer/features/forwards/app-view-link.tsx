/**
 * Between apps' pages and the window, in the desktop alone: hears what the pages say and want, tells the shell which keys
 * stay Berth's, and has it forget what an app stored when its forward is removed. Draws nothing.
 */
import { useEffect, useRef } from 'react';
import type { ShellEvent } from '#contract/shell.ts';
import { useApp, useAppState, useKeymap } from '../../state/app-context.tsx';
import { isCommandEnabled } from '../../state/commands.ts';
import type { NewNotice } from '../../state/notices.ts';
import { findTab } from '../../state/panes.ts';
import { tellOfDownloads } from './app-downloads.ts';
import { appViewStates } from './app-view-states.ts';
import { forwardName } from './forward-words.ts';

export function AppViewLink() {
  return useApp().shell === null ? null : <Link />;
}

function Link() {
  const app = useApp();
  const { shell, view, mirror, notices } = app;

  useEffect(() => {
    let isOver = false;
    const tellDownload = tellOfDownloads({ shell, notices });
    const appOf = (tabId: string) => {
      const ref = findTab(view.getState().root, tabId)?.ref;
      return ref?.type === 'app' ? mirror.forwards.getState().byId.get(ref.forwardId) : undefined;
    };
    const hear = (event: ShellEvent) => {
      switch (event.type) {
        case 'app-view':
          return appViewStates.set(event.tabId, event.state);
        case 'app-view-focus':
          if (findTab(view.getState().root, event.tabId)) view.actions.activate(event.tabId);
          return;
        case 'app-view-gone':
          return appViewStates.setGone(event.tabId);
        case 'app-view-login':
          return appViewStates.askLogin(event.tabId, event.realm);
        case 'app-view-opened': {
          const forward = appOf(event.tabId);
          if (forward) view.actions.open({ type: 'app', forwardId: forward.id, path: event.path });
          return;
        }
        case 'app-view-refused': {
          const forward = appOf(event.tabId);
          if (forward) notices.show(refusal(event, forwardName(forward)));
          return;
        }
        case 'download':
          return tellDownload(event.download);
        // Of others (workbench, state/use-close-guard.ts).
        case 'command':
        case 'deep-link':
        case 'plane-restarted':
        case 'save-unsaved':
          return;
        default:
          event satisfies never;
      }
    };
    shell?.onEvent((event) => {
      if (!isOver) hear(event);
    });
    return () => {
      isOver = true;
    };
  }, [shell, view, notices, mirror]);

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

function refusal({ what, url }: Extract<ShellEvent, { type: 'app-view-refused' }>, name: string): NewNotice {
  if (what === 'download')
    return {
      title: `A file of ${name} was not saved`,
      body: 'An app may save three files at a time, and only while its tab is in front. Try it again there.',
    };
  return {
    title: `A link of ${name} was not opened`,
    body: `Out of an app only https pages open. It leads to ${url.length > 200 ? `${url.slice(0, 200)}…` : url}`,
    action: { label: 'Copy address', run: () => void navigator.clipboard.writeText(url) },
  };
}
