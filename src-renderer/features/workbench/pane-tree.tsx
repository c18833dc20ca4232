/** The split tree on the screen: panes with their strip and page, and the lines between them that can be moved. */
import { PanelTop } from 'lucide-react';
import { Fragment, useLayoutEffect, useRef } from 'react';
import { Group, Panel, Separator } from 'react-resizable-panels';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { useViewActions, useViewState } from '../../state/app-context.tsx';
import type { Pane, PaneNode } from '../../state/panes.ts';
import { DropShade } from './tab-drag.tsx';
import type { TabElements } from './tab-hosts.tsx';
import { TabStrip } from './tab-strip.tsx';

export function PaneTree({ node, elements }: { node: PaneNode; elements: TabElements }) {
  const view = useViewActions();
  if (node.kind === 'pane') return <PaneView pane={node} elements={elements} />;
  const isRow = node.direction === 'row';
  return (
    <Group
      key={`${node.id} ${node.children.map((child) => child.id).join(' ')}`}
      orientation={isRow ? 'horizontal' : 'vertical'}
      defaultLayout={Object.fromEntries(
        node.children.map((child, index) => [child.id, (node.sizes[index] ?? 0) * 100]),
      )}
      onLayoutChanged={(layout) => {
        const sizes = node.children.map((child) => (layout[child.id] ?? 0) / 100);
        view.resize(node.id, sizes);
      }}
      className="h-full w-full"
    >
      {node.children.map((child, index) => (
        <Fragment key={child.id}>
          {index > 0 && (
            <Separator
              aria-label="Line between two panes"
              className={`relative z-10 shrink-0 bg-line outline-none transition-colors hover:bg-accent focus-visible:bg-accent data-[separator=active]:bg-accent ${isRow ? 'w-px' : 'h-px'}`}
            />
          )}
          <Panel id={child.id} minSize={isRow ? '180px' : '120px'}>
            <PaneTree node={child} elements={elements} />
          </Panel>
        </Fragment>
      ))}
    </Group>
  );
}

function PaneView({ pane, elements }: { pane: Pane; elements: TabElements }) {
  const view = useViewActions();
  const isActivePane = useViewState((state) => state.activePaneId === pane.id);
  const body = useRef<HTMLDivElement>(null);
  const ids = pane.tabs.map((tab) => tab.id).join(' ');

  useLayoutEffect(() => {
    const place = body.current;
    if (!place) return;
    const own = ids === '' ? [] : ids.split(' ');
    let hasMoved = false;
    for (const id of own) {
      const element = elements.get(id);
      if (element.parentElement !== place) {
        // Moving an element takes the keyboard away from what is in it; give it back.
        const focused = element.contains(document.activeElement) ? document.activeElement : null;
        place.append(element);
        hasMoved = true;
        if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
      }
      const isFront = id === pane.activeTabId;
      element.style.visibility = isFront ? 'visible' : 'hidden';
      element.inert = !isFront;
    }
    // A split draws its panes anew: what had the keyboard left the page for a moment and lost it.
    if (hasMoved && isActivePane && pane.activeTabId !== null && document.activeElement === document.body)
      elements.get(pane.activeTabId).focus({ preventScroll: true });
  }, [ids, pane.activeTabId, elements, isActivePane]);

  return (
    <section
      aria-label="Pane"
      onPointerDownCapture={() => view.focusPane(pane.id)}
      onFocusCapture={() => view.focusPane(pane.id)}
      className="flex h-full min-h-0 min-w-0 flex-col bg-panel"
    >
      <TabStrip pane={pane} isActivePane={isActivePane} />
      <div className="relative min-h-0 flex-1 overflow-hidden">
        <div ref={body} data-panebody={pane.id} className="absolute inset-0" />
        {pane.tabs.length === 0 && (
          <div className="absolute inset-0 flex items-center justify-center">
            <EmptyState
              icon={PanelTop}
              title="Nothing is open"
              actions={
                <>
                  <Button onClick={() => view.open({ type: 'home' })}>Go home</Button>
                  <Button onClick={() => view.showPalette()}>Search</Button>
                </>
              }
            />
          </div>
        )}
        <DropShade paneId={pane.id} />
      </div>
    </section>
  );
}
