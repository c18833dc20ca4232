/**
 * Says once, to whoever looks at something else, that a machine did not end or fall asleep by itself and goes on costing.
 * Draws nothing. Tries that fail in the same way are not said again.
 */
import { useEffect } from 'react';
import { useApp } from '../../state/app-context.tsx';
import { activeTab } from '../../state/view-state.ts';
import { retryTitle } from './machine-words.ts';

export function RetryAnnouncer() {
  const app = useApp();
  useEffect(() => {
    const told = new Map<string, string>();
    const look = () => {
      for (const { id, name, retry } of app.mirror.machines.getState().items) {
        if (retry === null) {
          told.delete(id);
          continue;
        }
        const what = `${retry.why} ${retry.error.code}`;
        if (told.get(id) === what) continue;
        told.set(id, what);
        const ref = activeTab(app.view.getState())?.ref;
        if (ref?.type === 'machine' && ref.machineId === id) continue;
        app.notices.show({
          level: 'warning',
          title: retryTitle(name, retry),
          body: `${retry.error.message} Berth tries again by itself.`,
          action: { label: 'Open', run: () => app.view.actions.open({ type: 'machine', machineId: id }) },
        });
      }
    };
    look();
    return app.mirror.machines.subscribe(look);
  }, [app]);
  return null;
}
