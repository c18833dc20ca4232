/**
 * Where pages live. Every open tab has one element of its own for its whole life; the pane that shows the tab takes the
 * element in. So a page (and a terminal's screen) survives when its tab moves, when panes split, and when it is not in
 * front. A page is made when its tab is first shown, and a page that breaks takes only its own tab with it.
 */
import { CircleHelp } from 'lucide-react';
import { Component, type ReactNode, Suspense, useEffect, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { useApp, useViewActions, useViewState } from '../../state/app-context.tsx';
import { toBerthError } from '../../state/to-berth-error.ts';
import * as panes from '../../state/panes.ts';

export class TabElements {
  readonly #elements = new Map<string, HTMLElement>();

  get(tabId: string): HTMLElement {
    let element = this.#elements.get(tabId);
    if (!element) {
      element = document.createElement('div');
      element.className = 'absolute inset-0 outline-none';
      element.tabIndex = -1;
      element.setAttribute('role', 'tabpanel');
      element.id = `panel-${tabId}`;
      element.setAttribute('aria-labelledby', `tab-${tabId}`);
      this.#elements.set(tabId, element);
    }
    return element;
  }

  keepOnly(tabIds: ReadonlySet<string>): void {
    for (const [id, element] of this.#elements)
      if (!tabIds.has(id)) {
        element.remove();
        this.#elements.delete(id);
      }
  }
}

/** Draws every page into its element, wherever that is. */
export function TabPages({ elements }: { elements: TabElements }) {
  const root = useViewState((state) => state.root);
  const activePaneId = useViewState((state) => state.activePaneId);
  const [seen, setSeen] = useState<ReadonlySet<string>>(new Set());
  const all = panes.allPanes(root);
  const visible = new Set(all.flatMap((pane) => pane.activeTabId ?? []));
  const unseen = [...visible].filter((id) => !seen.has(id));
  if (unseen.length > 0) setSeen(new Set([...seen, ...unseen]));
  const ids = all.flatMap((pane) => pane.tabs.map((tab) => tab.id)).join(' ');
  useEffect(() => elements.keepOnly(new Set(ids.split(' '))), [elements, ids]);

  return all.flatMap((pane) =>
    pane.tabs
      .filter((tab) => seen.has(tab.id))
      .map((tab) =>
        createPortal(
          <TabPage
            tab={tab}
            isVisible={visible.has(tab.id)}
            isActive={visible.has(tab.id) && pane.id === activePaneId}
          />,
          elements.get(tab.id),
          tab.id,
        ),
      ),
  );
}

function TabPage({ tab, isVisible, isActive }: { tab: panes.Tab; isVisible: boolean; isActive: boolean }) {
  const app = useApp();
  const view = useViewActions();
  const definition = app.views.get(tab.ref.type);
  const box = useRef<HTMLDivElement>(null);

  // A page that comes to the front takes the keyboard, unless something outside the pages has it (the tab strip, the tree).
  useEffect(() => {
    const panel = box.current?.closest<HTMLElement>('[role=tabpanel]');
    if (!isActive || !panel || panel.contains(document.activeElement)) return;
    const active = document.activeElement;
    const isLost = active === null || active === document.body || active.closest('[role=tabpanel]') !== null;
    if (isLost)
      (panel.querySelector<HTMLElement>('[data-autofocus]') ?? panel).focus({ preventScroll: true });
  }, [isActive]);

  const Content = definition?.component;
  return (
    <div
      ref={box}
      className={definition?.isFullBleed ? 'absolute inset-0' : 'absolute inset-0 overflow-y-auto'}
    >
      <PageBoundary
        key={definition?.keepsPage ? tab.ref.type : JSON.stringify(tab.ref)}
        onClose={() => view.close(tab.id)}
      >
        <Suspense
          fallback={
            <div className="mx-auto max-w-[920px] p-6">
              <LoadingRows label="Loading this page" />
            </div>
          }
        >
          {Content ? (
            <Content view={tab.ref} tabId={tab.id} isVisible={isVisible} isActive={isActive} />
          ) : (
            <EmptyState
              icon={CircleHelp}
              title="This page is not part of this Berth"
              actions={<Button onClick={() => view.close(tab.id)}>Close tab</Button>}
            />
          )}
        </Suspense>
      </PageBoundary>
    </div>
  );
}

class PageBoundary extends Component<
  { children: ReactNode; onClose: () => void },
  { error: { cause: unknown } | null }
> {
  override state: { error: { cause: unknown } | null } = { error: null };

  static getDerivedStateFromError(cause: unknown) {
    return { error: { cause } };
  }

  override render() {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <div className="mx-auto max-w-[680px] p-6">
        <ErrorNote
          title="This page could not be drawn"
          error={toBerthError(error.cause)}
          actions={
            <>
              <Button variant="primary" onClick={() => this.setState({ error: null })}>
                Draw it again
              </Button>
              <Button onClick={this.props.onClose}>Close tab</Button>
            </>
          }
        />
      </div>
    );
  }
}
