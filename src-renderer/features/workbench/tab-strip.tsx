/**
 * The tabs of one pane: arrow keys, Delete closes, middle click closes, dragging moves (tab-drag.ts), a list for those
 * that do not fit. The close mark is for the pointer; the keyboard has Delete and the command.
 */
import { ChevronDown, Columns2, X } from 'lucide-react';
import { type KeyboardEvent, useEffect, useMemo, useRef } from 'react';
import { IconButton } from '../../components/button.tsx';
import { classNames } from '../../components/class-names.ts';
import { ContextMenu, Menu, type MenuEntry } from '../../components/menu.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import {
  commandContext,
  runCommand,
  useApp,
  useAppState,
  useCommand,
  useKeymap,
  useViewActions,
} from '../../state/app-context.tsx';
import { type AppState, subjectOfView } from '../../state/commands.ts';
import type { ViewDescription } from '../../state/feature.ts';
import type { Pane, Tab } from '../../state/panes.ts';
import { activeTab, type ViewState } from '../../state/view-state.ts';
import { subjectEntries } from '../../state/subject-menu.ts';
import { type TabDrag, useTabDrag } from './tab-drag.tsx';
import { CircleHelp } from 'lucide-react';

export function useTabDescriptions(tabs: readonly Tab[]): ReadonlyMap<string, ViewDescription> {
  const app = useApp();
  const state = useAppState();
  return useMemo(() => {
    const describe = (tab: Tab, of: AppState): ViewDescription =>
      app.views.get(tab.ref.type)?.describe(tab.ref, of) ?? { title: tab.ref.type, icon: CircleHelp };
    return new Map(tabs.map((tab) => [tab.id, describe(tab, state)]));
  }, [app, state, tabs]);
}

export function TabStrip({ pane, isActivePane }: { pane: Pane; isActivePane: boolean }) {
  const app = useApp();
  const view = useViewActions();
  const descriptions = useTabDescriptions(pane.tabs);
  const drag = useTabDrag();
  const list = useRef<HTMLDivElement>(null);
  const split = useCommand('pane.split-right');

  useEffect(() => {
    if (pane.activeTabId === null) return;
    document
      .getElementById(`tab-${pane.activeTabId}`)
      ?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [pane.activeTabId]);

  const close = (tabId: string) => void commandContext(app).closeTab(tabId);
  const onKeyDown = (event: KeyboardEvent) => {
    const index = pane.tabs.findIndex((tab) => tab.id === pane.activeTabId);
    const go = (to: number) => {
      const tab = pane.tabs[(to + pane.tabs.length) % pane.tabs.length];
      if (!tab) return;
      view.activate(tab.id);
      requestAnimationFrame(() => document.getElementById(`tab-${tab.id}`)?.focus());
    };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'ArrowRight') go(index + 1);
    else if (event.key === 'ArrowLeft') go(index - 1);
    else if (event.key === 'Home') go(0);
    else if (event.key === 'End') go(pane.tabs.length - 1);
    else if (event.key === 'Delete' && pane.activeTabId !== null) {
      // The keyboard stays in the strip: on the tab that came forward, or on the next pane's.
      void commandContext(app)
        .closeTab(pane.activeTabId)
        .then(() => requestAnimationFrame(() => focusActiveTab(app.view.getState())));
    } else if ((event.key === 'Enter' || event.key === ' ') && pane.activeTabId !== null)
      document.getElementById(`panel-${pane.activeTabId}`)?.focus();
    else return;
    event.preventDefault();
  };

  const overflow: MenuEntry[] = pane.tabs.map((tab) => ({
    kind: 'item',
    id: tab.id,
    label: descriptions.get(tab.id)?.title ?? '',
    isChecked: tab.id === pane.activeTabId,
    run: () => view.activate(tab.id),
  }));

  return (
    <div data-tabstrip={pane.id} className="flex h-9 shrink-0 border-b border-line bg-app">
      <div
        ref={list}
        role="tablist"
        tabIndex={-1}
        aria-label="Open pages"
        onKeyDown={onKeyDown}
        onWheel={(event) => {
          if (list.current && event.deltaX === 0) list.current.scrollLeft += event.deltaY;
        }}
        className="flex min-w-0 flex-1 overflow-x-auto overflow-y-hidden [scrollbar-width:none]"
      >
        {pane.tabs.map((tab, index) => (
          <TabHead
            key={tab.id}
            tab={tab}
            index={index}
            pane={pane}
            description={descriptions.get(tab.id)!}
            isActivePane={isActivePane}
            drag={drag}
            onClose={() => close(tab.id)}
          />
        ))}
        {drag.target?.kind === 'strip' &&
          drag.target.paneId === pane.id &&
          drag.target.index === pane.tabs.length && <DropLine />}
      </div>
      <div className="flex shrink-0 items-center gap-0.5 px-1">
        {pane.tabs.length > 1 && (
          <>
            <Menu
              trigger={<IconButton label="All tabs of this pane" icon={ChevronDown} />}
              entries={overflow}
              align="end"
            />
            <span className="max-sm:hidden">
              <IconButton
                label="Split right"
                icon={Columns2}
                onClick={() => {
                  view.focusPane(pane.id);
                  split.run();
                }}
              />
            </span>
          </>
        )}
      </div>
    </div>
  );
}

function focusActiveTab(view: ViewState) {
  const tab = activeTab(view);
  if (tab) document.getElementById(`tab-${tab.id}`)?.focus();
}

function DropLine() {
  return (
    <span aria-hidden className="relative w-0">
      <span className="absolute top-1.5 bottom-1.5 -left-px w-0.5 rounded-full bg-accent" />
    </span>
  );
}

interface TabHeadProps {
  readonly tab: Tab;
  readonly index: number;
  readonly pane: Pane;
  readonly description: ViewDescription;
  readonly isActivePane: boolean;
  readonly drag: TabDrag;
  readonly onClose: () => void;
}

function TabHead({ tab, index, pane, description, isActivePane, drag, onClose }: TabHeadProps) {
  const app = useApp();
  const view = useViewActions();
  const keymap = useKeymap();
  const isActive = tab.id === pane.activeTabId;
  const { title, icon: Icon, mark, hint } = description;
  const Badge = app.views.get(tab.ref.type)?.badge;
  const subject = subjectOfView(tab.ref);
  const own = subject ? subjectEntries(app, keymap, subject) : [];
  const canSplit = pane.tabs.length > 1;
  const entries: MenuEntry[] = [
    { kind: 'item', id: 'close', label: 'Close tab', run: onClose },
    {
      kind: 'item',
      id: 'close-others',
      label: 'Close other tabs',
      isDisabled: !canSplit,
      run: () => {
        view.activate(tab.id);
        runCommand(app, 'tab.close-others');
      },
    },
    { kind: 'line', id: 'line-split' },
    {
      kind: 'item',
      id: 'split-right',
      label: 'Split right',
      isDisabled: !canSplit,
      run: () => view.split(tab.id, pane.id, 'right'),
    },
    {
      kind: 'item',
      id: 'split-down',
      label: 'Split down',
      isDisabled: !canSplit,
      run: () => view.split(tab.id, pane.id, 'down'),
    },
    ...(own.length > 0 ? [{ kind: 'line' as const, id: 'line-own' }, ...own] : []),
  ];
  const isDropHere =
    drag.target?.kind === 'strip' && drag.target.paneId === pane.id && drag.target.index === index;
  return (
    <>
      {isDropHere && <DropLine />}
      <ContextMenu entries={entries} className="flex shrink-0">
        <div
          data-tabhead={tab.id}
          onPointerDown={(event) => drag.begin(event, tab, title)}
          className={classNames(
            'group relative flex h-full max-w-[220px] min-w-[96px] items-center border-r border-line',
            isActive ? 'bg-panel text-text' : 'text-muted hover:bg-hover hover:text-text',
            drag.draggedId === tab.id && 'opacity-50',
          )}
        >
          {isActive && (
            <span
              aria-hidden
              className={classNames(
                'absolute inset-x-0 top-0 h-0.5',
                isActivePane ? 'bg-accent' : 'bg-line-control',
              )}
            />
          )}
          <div
            id={`tab-${tab.id}`}
            role="tab"
            tabIndex={isActive ? 0 : -1}
            aria-selected={isActive}
            aria-controls={isActive ? `panel-${tab.id}` : undefined}
            title={hint ?? title}
            onClick={() => {
              // A press on the tab in front goes on to its page; for the others, coming to the front does that.
              if (isActive) document.getElementById(`panel-${tab.id}`)?.focus();
              else view.activate(tab.id);
            }}
            onKeyDown={() => undefined}
            onAuxClick={(event) => {
              if (event.button === 1) onClose();
            }}
            className="focus-inset flex h-full min-w-0 flex-1 items-center gap-1.5 pr-7 pl-3"
          >
            <Icon aria-hidden size={15} strokeWidth={1.75} className="shrink-0" />
            <span dir="auto" className="min-w-0 truncate text-left">
              {title}
            </span>
            {mark && <StateMark signal={mark.signal} word={mark.word} isCompact />}
            {Badge && <Badge view={tab.ref} />}
          </div>
          <button
            type="button"
            tabIndex={-1}
            aria-hidden
            onPointerDown={(event) => event.stopPropagation()}
            onClick={onClose}
            className={classNames(
              'absolute right-1.5 flex size-5 items-center justify-center rounded-sm text-muted hover:bg-hover hover:text-text',
              isActive ? 'opacity-100' : 'opacity-0 group-hover:opacity-100',
            )}
          >
            <X size={14} strokeWidth={1.75} />
          </button>
        </div>
      </ContextMenu>
    </>
  );
}
