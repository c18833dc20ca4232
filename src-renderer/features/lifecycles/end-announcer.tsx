/**
 * Says once, to whoever looks at something else or away, that a workspace is about to end by itself; and to whoever is there, once it
 * was stopped, that its machine goes on costing. Draws nothing. A new end (it was put off) is said again.
 */
import { useEffect } from 'react';
import { type App, runCommand, useApp } from '../../state/app-context.tsx';
import { machineOfHost } from '../../state/commands.ts';
import { isAway } from '../../state/is-away.ts';
import { activeTab } from '../../state/view-state.ts';
import { goingCostWords, idleMachine } from './going-cost.ts';
import { actionVerbs, reasonWords } from './lifecycle-words.ts';

export function LifecycleAnnouncer() {
  const app = useApp();
  useEffect(() => {
    const told = new Set<string>();
    /** Those that were about to stop when they were last seen. */
    const stopping = new Set<string>();
    const look = () => {
      for (const { id, judgement, next } of app.mirror.lifecycles.getState().items) {
        if (judgement === 'off' && stopping.delete(id)) tellCost(app, id);
        if (next?.action === 'stop' && next.isWarned && judgement !== 'off') stopping.add(id);
        else if (next !== null) stopping.delete(id);
        if (next === null || !next.isWarned) {
          told.delete(id);
          continue;
        }
        if (told.has(id)) continue;
        told.add(id);
        const ref = activeTab(app.view.getState())?.ref;
        // On the page itself it stands, for whoever looks at it.
        if (!isAway() && ref?.type === 'workspace' && ref.workspaceId === id) continue;
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

function tellCost(app: App, workspaceId: string): void {
  const { machines, workspaces } = app.mirror;
  const workspace = workspaces.getState().byId.get(workspaceId);
  const machine = idleMachine(
    machineOfHost(machines.getState().byId, workspace?.hostId),
    // Whether this one has come to rest may not be told yet.
    workspaces.getState().items.filter(({ id }) => id !== workspaceId),
  );
  if (workspace === undefined || machine === undefined) return;
  app.notices.show({
    level: 'warning',
    title: `${workspace.name} stopped by itself`,
    body: goingCostWords(machine),
    action: {
      label: 'End it when idle…',
      run: () => runCommand(app, 'machine.end', { kind: 'machine', id: machine.id }),
    },
  });
}
