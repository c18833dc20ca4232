/**
 * Says once, to whoever looks at something else, that a machine is about to end by itself. Draws nothing. A new end (it was
 * put off) is said again.
 */
import { useEffect } from 'react';
import { useApp } from '../../state/app-context.tsx';
import { activeTab } from '../../state/view-state.ts';
import { endingOf } from './ending.ts';
import { actionWords } from './machine-words.ts';

/** Milliseconds between two looks: the warning may come so much late. */
const LOOK_EVERY_MS = 10_000;

export function EndAnnouncer() {
  const app = useApp();
  useEffect(() => {
    const told = new Set<string>();
    const look = () => {
      for (const machine of app.mirror.machines.getState().items) {
        const ending = endingOf(machine, Date.now());
        const key = `${machine.id} ${machine.endsAt}`;
        if (ending === null || told.has(key)) continue;
        told.add(key);
        const ref = activeTab(app.view.getState())?.ref;
        if (ref?.type === 'machine' && ref.machineId === machine.id) continue;
        app.notices.show({
          level: 'warning',
          title: `${machine.name} is about to end`,
          body: `In less than ${Math.max(1, Math.ceil(ending.leftMs / 60_000))} min it is ${actionWords[ending.action]}.`,
          action: {
            label: 'Open',
            run: () => app.view.actions.open({ type: 'machine', machineId: machine.id }),
          },
        });
      }
    };
    look();
    const timer = setInterval(look, LOOK_EVERY_MS);
    const stop = app.mirror.machines.subscribe(look);
    return () => {
      clearInterval(timer);
      stop();
    };
  }, [app]);
  return null;
}
