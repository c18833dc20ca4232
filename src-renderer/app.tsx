/**
 * Joins the features into one window. The list below is the whole of what is there: a feature that is not in it does
 * not exist, and nothing else registers anything.
 */
import { CSPProvider } from '@base-ui/react/csp-provider';
import { type ReactNode, useEffect } from 'react';
import type { StoreApi } from 'zustand/vanilla';
import type { ShellBridge } from '#contract/shell.ts';
import { TooltipProvider } from './components/tooltip.tsx';
import { cloudsFeature } from './features/clouds/feature.tsx';
import { credentialsFeature } from './features/credentials/feature.tsx';
import { forwardsFeature } from './features/forwards/feature.tsx';
import { filesFeature } from './features/files/feature.tsx';
import { homeFeature } from './features/home/feature.tsx';
import { hostsFeature } from './features/hosts/feature.tsx';
import { lifecyclesFeature } from './features/lifecycles/feature.tsx';
import { machinesFeature } from './features/machines/feature.tsx';
import { operationsFeature } from './features/operations/feature.tsx';
import { projectsFeature } from './features/projects/feature.tsx';
import { screensFeature } from './features/screens/feature.tsx';
import { snapshotsFeature } from './features/snapshots/feature.tsx';
import { terminalsFeature } from './features/terminals/feature.tsx';
import { usersFeature } from './features/users/feature.tsx';
import { workbenchFeature } from './features/workbench/feature.ts';
import { joinViews } from './features/workbench/view-registry.ts';
import { workspacesFeature } from './features/workspaces/feature.tsx';
import { Workbench } from './features/workbench/workbench.tsx';
import type { PlaneClient } from './state/api.ts';
import { type App, AppContext } from './state/app-context.tsx';
import { isAllowed, joinCommands, type Subject, subjectOfView } from './state/commands.ts';
import { createConfirmations } from './state/confirmations.ts';
import type { Feature } from './state/feature.ts';
import { type CollectionState, createMirror } from './state/mirror.ts';
import { createNotices } from './state/notices.ts';
import { createScreens } from './state/screens.ts';
import type { Platform } from './state/shortcut.ts';
import { allTabs } from './state/panes.ts';
import { createUnsaved } from './state/unsaved.ts';
import { useCloseGuard } from './state/use-close-guard.ts';
import { createViewStore } from './state/view-state.ts';

export const features: readonly Feature[] = [
  workbenchFeature,
  hostsFeature,
  machinesFeature,
  terminalsFeature,
  workspacesFeature,
  forwardsFeature,
  lifecyclesFeature,
  screensFeature,
  filesFeature,
  snapshotsFeature,
  projectsFeature,
  operationsFeature,
  cloudsFeature,
  credentialsFeature,
  usersFeature,
  homeFeature,
];

export interface AppOptions {
  readonly client: PlaneClient;
  readonly shell: ShellBridge | null;
  /** Tells windows apart whose tabs are saved beside each other. */
  readonly windowId: string;
  readonly storage: Storage;
  /** Ends the session and leaves the window; null where nobody is signed in. */
  readonly signOut: (() => Promise<void>) | null;
}

function platformOf(shell: ShellBridge | null): Platform {
  if (shell) return shell.platform;
  if (/mac|iphone|ipad/i.test(navigator.userAgent)) return 'darwin';
  return /windows/i.test(navigator.userAgent) ? 'win32' : 'linux';
}

/** Opens the mirror's streams: once per window, never inside a render. */
export function createApp({ client, shell, windowId, storage, signOut }: AppOptions): App {
  return {
    client,
    shell,
    mirror: createMirror(client),
    view: createViewStore({ storage, windowId }),
    notices: createNotices(),
    confirmations: createConfirmations(),
    screens: createScreens(),
    unsaved: createUnsaved(),
    commands: joinCommands(
      features.map(({ commands = [] }) =>
        commands.filter((row) => (shell === null ? !row.isDesktopOnly : !row.isServedOnly)),
      ),
    ),
    views: joinViews(features, shell !== null),
    workspaceBands: features.flatMap((feature) => feature.workspaceBands ?? []),
    workspaceParts: features.flatMap((feature) => feature.workspaceParts ?? []),
    hostBands: features.flatMap((feature) => feature.hostBands ?? []),
    hostParts: features.flatMap((feature) => feature.hostParts ?? []),
    homeParts: features.flatMap((feature) => (shell === null ? (feature.homeParts ?? []) : [])),
    platform: platformOf(shell),
    signOut,
  };
}

/**
 * Tabs of things that were removed close by themselves. Only what was there and went: a thing that was just made may be
 * shown before its collection tells of it. When a collection comes whole, it is the truth about every tab. So do pages
 * that are not for whoever looks at the window now: the browser may have been somebody else's yesterday.
 */
function useForgetting(app: App): void {
  useEffect(() => {
    const { forwards, hosts, machines, projects, workspaces, snapshots, terminals, operations } = app.mirror;
    const follow = <T,>(kind: Subject['kind'], store: StoreApi<CollectionState<T>>) =>
      store.subscribe((state, before) => {
        if (state.status !== 'ready' || state.isStale || state.byId === before.byId) return;
        const isWhole = before.status !== 'ready' || before.isStale;
        if (kind === 'workspace') showMakingOfGone(app, state.byId);
        app.view.actions.forget((ref) => {
          const subject = subjectOfView(ref);
          if (subject?.kind !== kind || state.byId.has(subject.id)) return false;
          return isWhole || before.byId.has(subject.id);
        });
      });
    const followRole = () => {
      const about = app.mirror.about.getState().value;
      app.view.actions.forget((ref) => !isAllowed(app.views.get(ref.type)?.scope, about));
    };
    followRole();
    const stops = [
      app.mirror.about.subscribe(followRole),
      follow('host', hosts),
      follow('machine', machines),
      follow('project', projects),
      follow('workspace', workspaces),
      follow('snapshot', snapshots),
      follow('terminal', terminals),
      follow('forward', forwards),
      follow('operation', operations),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [app]);
}

/** A workspace whose making failed is taken back: its tabs go on to show the operation, which says why. */
function showMakingOfGone(app: App, workspaces: ReadonlyMap<string, unknown>): void {
  for (const { id, ref } of allTabs(app.view.getState().root)) {
    if (ref.type !== 'workspace' || workspaces.has(ref.workspaceId)) continue;
    const making = app.mirror.operations
      .getState()
      .items.find(
        ({ kind, subject, state }) =>
          kind === 'workspace.create' && subject.id === ref.workspaceId && state !== 'succeeded',
      );
    if (making) app.view.actions.replace(id, { type: 'operation', operationId: making.id });
  }
}

const overlays = features.flatMap((feature) => feature.overlays ?? []);
const statusItems = features.flatMap((feature) => feature.statusItems ?? []);

export function AppRoot({ app }: { app: App }) {
  useForgetting(app);
  useCloseGuard(app);
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
