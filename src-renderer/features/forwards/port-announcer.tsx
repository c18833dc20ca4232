/**
 * Says quietly, once for each port and window, that a workspace began to listen, and offers what can be done with it. Draws
 * nothing. What listened when the window came, what a rule or the project is about, is no news.
 */
import { useEffect } from 'react';
import type { ListeningPort } from '#contract/forwards.ts';
import type { WorkspaceId } from '#contract/ids.ts';
import { type App, commandContext, useApp } from '../../state/app-context.tsx';
import { isAllowed } from '../../state/commands.ts';
import { newPorts } from './new-ports.ts';
import { askPort, forwardPort, openPort } from './open-app.ts';

export function PortAnnouncer() {
  const app = useApp();
  useEffect(() => {
    const told = new Set<string>();
    return app.mirror.workspacePorts.subscribe((state, before) => {
      // After an absence what came meanwhile is no news either.
      if (state.status !== 'ready' || state.isStale || before.status !== 'ready' || before.isStale) return;
      if (!isAllowed('workspaces.write', app.mirror.about.getState().value)) return;
      for (const entry of state.items) {
        const workspace = app.mirror.workspaces.getState().byId.get(entry.id);
        if (workspace === undefined || entry === before.byId.get(entry.id)) continue;
        const news = newPorts({
          before: before.byId.get(entry.id)?.ports,
          now: entry.ports,
          rules: app.mirror.forwardRules.getState().byId.get(entry.id),
          forwards: app.mirror.forwards
            .getState()
            .items.filter(({ workspaceId }) => workspaceId === entry.id),
          apps: workspace.apps ?? [],
        });
        for (const port of news) {
          const key = `${entry.id} ${port.port}`;
          if (told.has(key)) continue;
          told.add(key);
          announce(app, { id: entry.id, name: workspace.name }, port);
        }
      }
    });
  }, [app]);
  return null;
}

function announce(app: App, workspace: { id: WorkspaceId; name: string }, listening: ListeningPort): void {
  const { port, protocol, program } = listening;
  const input = { workspaceId: workspace.id, port };
  const mayListen = isAllowed('hosts.write', app.mirror.about.getState().value);
  const open = () => {
    const context = commandContext(app);
    const place = context.state.settings.openAppsIn;
    if (protocol === 'vnc') return app.view.actions.open({ type: 'screen', ...input });
    const opening =
      protocol === null ? askPort(context, input, place, mayListen) : openPort(context, input, place);
    void opening.catch((cause: unknown) => app.notices.fail(`Port ${port} did not open`, cause));
  };
  const forward = { label: 'Forward', run: () => void forwardPort(app, input) };
  const acts = [
    ...(protocol === 'tcp' ? [] : [{ label: 'Open', run: open }]),
    ...(mayListen && (protocol === 'tcp' || protocol === null) ? [forward] : []),
  ];
  const [action, ...others] = acts;
  app.notices.show({
    title: `${workspace.name} listens on ${port}`,
    body: program === null ? '' : `By the program ${program}.`,
    ...(action === undefined ? {} : { action }),
    otherActions: [...others, { label: 'Stop announcing', run: () => void stopAnnouncing(app, workspace) }],
  });
}

async function stopAnnouncing(app: App, { id, name }: { id: WorkspaceId; name: string }): Promise<void> {
  const set = (announces: boolean) =>
    app.client.call('forwards.setRules', {
      workspaceId: id,
      rules: app.mirror.forwardRules.getState().byId.get(id)?.rules ?? [],
      announces,
    });
  try {
    await set(false);
    app.notices.show({
      title: `New ports of ${name} are not announced any more`,
      action: {
        label: 'Undo',
        run: () =>
          void set(true).catch((cause: unknown) => app.notices.fail('This was not taken back', cause)),
      },
    });
  } catch (cause) {
    app.notices.fail(`The rules of ${name} were not changed`, cause);
  }
}
