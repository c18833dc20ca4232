/**
 * Joins the features into one window. The list below is the whole of what is there: a feature that is not in it does
 * not exist, and nothing else registers anything.
 */
import { CSPProvider } from '@base-ui/react/csp-provider';
import { type ReactNode, useEffect } from 'react';
import type { ShellBridge } from '#contract/shell.ts';
import { TooltipProvider } from './components/tooltip.tsx';
import { hostsFeature } from './features/hosts/feature.tsx';
import { terminalsFeature } from './features/terminals/feature.tsx';
import { workbenchFeature } from './features/workbench/feature.ts';
import { joinViews } from './features/workbench/view-registry.ts';
import { Workbench } from './features/workbench/workbench.tsx';
import type { PlaneClient } from './state/api.ts';
import { type App, AppContext } from './state/app-context.tsx';
import { joinCommands, subjectOfView } from './state/commands.ts';
import { createConfirmations } from './state/confirmations.ts';
import type { Feature } from './state/feature.ts';
import { createMirror } from './state/mirror.ts';
import { createNotices } from './state/notices.ts';
import type { Platform } from './state/shortcut.ts';
import { createViewStore } from './state/view-state.ts';

export const features: readonly Feature[] = [workbenchFeature, hostsFeature, terminalsFeature];

export interface AppOptions {
  readonly client: PlaneClient;
  readonly shell: ShellBridge | null;
  /** Tells windows apart whose tabs are saved beside each other. */
  readonly windowId: string;
  readonly storage: Storage;
}

function platformOf(shell: ShellBridge | null): Platform {
  if (shell) return shell.platform;
  if (/mac|iphone|ipad/i.test(navigator.userAgent)) return 'darwin';
  return /windows/i.test(navigator.userAgent) ? 'win32' : 'linux';
}

/** Opens the mirror's streams: once per window, never inside a render. */
export function createApp({ client, shell, windowId, storage }: AppOptions): App {
  return {
    client,
    shell,
    mirror: createMirror(client),
    view: createViewStore({ storage, windowId }),
    notices: createNotices(),
    confirmations: createConfirmations(),
    commands: joinCommands(features.map((feature) => feature.commands ?? [])),
    views: joinViews(features),
    platform: platformOf(shell),
  };
}

/** Tabs of things that were removed close by themselves, once the whole collection is known. */
function useForgetting(app: App): void {
  useEffect(() => {
    const { hosts, projects, workspaces, terminals, operations } = app.mirror;
    const stores = {
      host: hosts,
      project: projects,
      workspace: workspaces,
      terminal: terminals,
      operation: operations,
    };
    const isGone = (
      store: { getState(): { status: string; isStale: boolean; byId: ReadonlyMap<string, unknown> } },
      id: string,
    ) => {
      const state = store.getState();
      return state.status === 'ready' && !state.isStale && !state.byId.has(id);
    };
    const forget = () =>
      app.view.actions.forget((ref) => {
        const subject = subjectOfView(ref);
        return subject !== null && isGone(stores[subject.kind], subject.id);
      });
    const stops = [hosts, projects, workspaces, terminals, operations].map((store) =>
      store.subscribe(forget),
    );
    return () => {
      for (const stop of stops) stop();
    };
  }, [app]);
}

const overlays = features.flatMap((feature) => feature.overlays ?? []);
const statusItems = features.flatMap((feature) => feature.statusItems ?? []);

export function AppRoot({ app }: { app: App }) {
  useForgetting(app);
  let content: ReactNode = <Workbench overlays={overlays} statusItems={statusItems} />;
  for (const { provider: Provider } of features.toReversed())
    if (Provider) content = <Provider>{content}</Provider>;
  return (
    <CSPProvider disableStyleElements>
      <AppContext value={app}>
        <TooltipProvider>{content}</TooltipProvider>
      </AppContext>
    </CSPProvider>
  );
}
