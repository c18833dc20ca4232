/** The window: title bar, rail, sidebar, panes, status bar, and what stands in front of them. */
import { type ComponentType, useEffect, useMemo, useState } from 'react';
import { Group, Panel, Separator } from 'react-resizable-panels';
import { useApp, useSettings, useViewActions, useViewState } from '../../state/app-context.tsx';
import { applyInterfaceSize, followTheme } from '../../theme/theme.ts';
import { CommandPalette } from './command-palette.tsx';
import { ConfirmationDialog } from './confirmation-dialog.tsx';
import { ConnectionBanner } from './connection-banner.tsx';
import { KeyListener } from './key-listener.tsx';
import { PaneTree } from './pane-tree.tsx';
import { Rail } from './rail.tsx';
import { ShellLink } from './shell-link.tsx';
import { Sidebar, SidebarDrawer } from './sidebar.tsx';
import { StatusBar } from './status-bar.tsx';
import { TabDragProvider } from './tab-drag.tsx';
import { TabElements, TabPages } from './tab-hosts.tsx';
import { TitleBar } from './title-bar.tsx';
import { Toasts } from './toasts.tsx';

export interface WorkbenchProps {
  readonly overlays: readonly ComponentType[];
  readonly statusItems: readonly ComponentType[];
}

export function Workbench({ overlays, statusItems }: WorkbenchProps) {
  const elements = useMemo(() => new TabElements(), []);
  const root = useViewState((state) => state.root);
  const isNarrow = useMediaQuery('(max-width: 700px)');
  useLook();
  return (
    <TabDragProvider>
      <div className="flex h-full flex-col">
        <TitleBar />
        <ConnectionBanner />
        <div className="flex min-h-0 flex-1">
          {!isNarrow && <Rail />}
          <SidebarAndMain isNarrow={isNarrow}>
            <main className="h-full min-h-0 min-w-0">
              <PaneTree node={root} elements={elements} />
            </main>
          </SidebarAndMain>
        </div>
        <StatusBar items={statusItems} />
      </div>
      <TabPages elements={elements} />
      {isNarrow && <SidebarDrawer />}
      <CommandPalette />
      {overlays.map((Overlay) => (
        <Overlay key={Overlay.displayName ?? Overlay.name} />
      ))}
      <ConfirmationDialog />
      <Toasts />
      <KeyListener />
      <ShellLink />
    </TabDragProvider>
  );
}

function SidebarAndMain({ isNarrow, children }: { isNarrow: boolean; children: React.ReactNode }) {
  const isOpen = useViewState((state) => state.isSidebarOpen);
  const view = useViewActions();
  const { view: store } = useApp();
  const hasSidebar = isOpen && !isNarrow;
  // Read, not followed: the open panel itself knows its width, and the saved one must not pull at it.
  const widthPx = store.getState().sidebarWidthPx;
  return (
    <Group orientation="horizontal" className="min-w-0 flex-1">
      {hasSidebar && (
        <>
          <Panel
            id="sidebar"
            defaultSize={`${widthPx}px`}
            minSize="160px"
            maxSize="480px"
            groupResizeBehavior="preserve-pixel-size"
            onResize={(size) => {
              if (size.inPixels > 0) view.setSidebar({ widthPx: size.inPixels });
            }}
          >
            <Sidebar />
          </Panel>
          <Separator
            aria-label="Width of the sidebar"
            className="relative z-10 w-px shrink-0 bg-line outline-none transition-colors hover:bg-accent focus-visible:bg-accent data-[separator=active]:bg-accent"
          />
        </>
      )}
      <Panel id="main" minSize="280px">
        {children}
      </Panel>
    </Group>
  );
}

/** Theme and size follow the settings. */
function useLook(): void {
  const { theme, interfaceFontSizePx } = useSettings();
  const { mirror, shell } = useApp();
  useEffect(() => {
    // Before the settings have arrived the remembered theme stands.
    if (mirror.settings.getState().status !== 'ready') return;
    if (shell) void shell.request('setTheme', { theme });
    return followTheme(theme);
  }, [theme, mirror, shell]);
  useEffect(() => applyInterfaceSize(interfaceFontSizePx), [interfaceFontSizePx]);
}

export function useMediaQuery(query: string): boolean {
  const [isMatched, setMatched] = useState(() => window.matchMedia(query).matches);
  useEffect(() => {
    const list = window.matchMedia(query);
    const read = () => setMatched(list.matches);
    read();
    list.addEventListener('change', read);
    return () => list.removeEventListener('change', read);
  }, [query]);
  return isMatched;
}
