/**
 * Says once, to whoever looks at something else, that a workspace is about to end by itself. Draws nothing. A new end (it
 * was put off) is said again.
 */
import { useEffect } from 'react';
import { runCommand, useApp } from '../../state/app-context.tsx';
import { activeTab } from '../../state/view-state.ts';
import { actionVerbs, reasonWords } from './lifecycle-words.ts';

export function LifecycleAnnouncer() {
  const app = useApp();
  useEffect(() => {
    const told = new Set<string>();
    const look = () => {
      for (const { id, next } of app.mirror.lifecycles.getState().items) {
        if (next === null || !next.isWarned) {
          told.delete(id);
          continue;
        }
        if (told.has(id)) continue;
        told.add(id);
        const ref = activeTab(app.view.getState())?.ref;
        if (ref?.type === 'workspace' && ref.workspaceId === id) continue;
        const name = app.mirror.workspaces.getState().byId.get(id)?.name ?? 'A workspace';
        const minutes = Math.max(1, Math.ceil((Date.parse(next.at) - Date.now()) / 60_000));
        app.notices.show({
          level: 'warning',
          title: `${name} is about to ${actionVerbs[next.action]}`,
          body: `In less than ${minutes} min, ${reasonWords(next.why)}.`,
          action: {
            label: 'One more hour',
            run: () => runCommand(app, 'workspace.put-off', { kind: 'workspace', id }),
          },
        });
      }
    };
    look();
    return app.mirror.lifecycles.subscribe(look);
  }, [app]);
  return null;
}
