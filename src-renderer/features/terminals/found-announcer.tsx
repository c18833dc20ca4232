/**
 * Offers terminals that still run on a host and that no tab shows: those of a lost database, of another window's layout.
 * Each is told of once. Draws nothing.
 */
import { useEffect } from 'react';
import type { TerminalId } from '#contract/ids.ts';
import type { Terminal } from '#contract/terminals.ts';
import { type App, useApp } from '../../state/app-context.tsx';
import { allTabs } from '../../state/panes.ts';
import { terminalPlace } from './terminal-place.ts';

/** Milliseconds for others of the same host to come: they are told of together. */
const gatherMs = 1_500;

export function FoundAnnouncer() {
  const app = useApp();
  useEffect(() => {
    const told = new Set<TerminalId>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tell = () => {
      const found = [...app.mirror.terminals.getState().byId.values()].filter(
        (terminal) => isOrphan(app, terminal) && !told.has(terminal.id),
      );
      if (found.length === 0) return;
      for (const { id } of found) told.add(id);
      offer(app, found);
    };
    const look = () => {
      clearTimeout(timer);
      timer = setTimeout(tell, gatherMs);
    };
    look();
    const stop = app.mirror.terminals.subscribe(look);
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [app]);
  return null;
}

function isOrphan(app: App, { id, isFound, state }: Terminal): boolean {
  if (!isFound || state.phase !== 'live') return false;
  return !allTabs(app.view.getState().root).some(
    ({ ref }) => ref.type === 'terminal' && ref.terminalId === id,
  );
}

function offer(app: App, found: readonly Terminal[]): void {
  const state = {
    hosts: app.mirror.hosts.getState().byId,
    workspaces: app.mirror.workspaces.getState().byId,
  };
  const places = [...new Set(found.map((terminal) => terminalPlace(terminal, state)))].join(', ');
  app.notices.show({
    title:
      found.length === 1
        ? 'A terminal still runs that no tab shows'
        : `${found.length} terminals still run that no tab shows`,
    body: `On ${places}. Show them, or end them from the sidebar.`,
    action: {
      label: 'Show',
      run: () => {
        for (const { id } of found) app.view.actions.open({ type: 'terminal', terminalId: id });
      },
    },
  });
}
