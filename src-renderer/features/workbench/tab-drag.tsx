/**
 * Dragging a tab by pointer: to another place in a strip, into another pane, or to a pane's edge, which splits it.
 * Begins after a few pixels, so that a click stays a click; Escape takes it back. (Keys: see workbench-commands.ts.)
 */
import {
  createContext,
  type PointerEvent as ReactPointerEvent,
  type ReactNode,
  use,
  useMemo,
  useState,
} from 'react';
import { useViewActions } from '../../state/app-context.tsx';
import type { Side, Tab } from '../../state/panes.ts';

export type DropTarget =
  | { readonly kind: 'strip'; readonly paneId: string; readonly index: number }
  | { readonly kind: 'body'; readonly paneId: string; readonly side: Side | 'middle' };

export interface TabDrag {
  readonly draggedId: string | null;
  readonly target: DropTarget | null;
  readonly begin: (event: ReactPointerEvent, tab: Tab, title: string) => void;
}

const DragContext = createContext<TabDrag>({ draggedId: null, target: null, begin: () => undefined });

/** Pixels before a press becomes a drag. */
const slackPx = 6;
/** Part of a pane's width or height at each edge that means "split here". */
const edgePart = 0.25;

export function dropTargetAt(x: number, y: number): DropTarget | null {
  const element = document.elementFromPoint(x, y);
  const strip = element?.closest<HTMLElement>('[data-tabstrip]');
  if (strip?.dataset.tabstrip) {
    const heads = [...strip.querySelectorAll<HTMLElement>('[data-tabhead]')];
    const before = heads.findIndex((head) => {
      const box = head.getBoundingClientRect();
      return x < box.left + box.width / 2;
    });
    return { kind: 'strip', paneId: strip.dataset.tabstrip, index: before === -1 ? heads.length : before };
  }
  const body = element?.closest<HTMLElement>('[data-panebody]');
  if (!body?.dataset.panebody) return null;
  const box = body.getBoundingClientRect();
  return {
    kind: 'body',
    paneId: body.dataset.panebody,
    side: sideAt((x - box.left) / box.width, (y - box.top) / box.height),
  };
}

/** The edge that a point (0 to 1 in both directions) is near to. */
export function sideAt(across: number, down: number): Side | 'middle' {
  const distances: [Side, number][] = [
    ['left', across],
    ['right', 1 - across],
    ['up', down],
    ['down', 1 - down],
  ];
  const [side, distance] = distances.reduce((best, next) => (next[1] < best[1] ? next : best));
  return distance < edgePart ? side : 'middle';
}

export function TabDragProvider({ children }: { children: ReactNode }) {
  const view = useViewActions();
  const [drag, setDrag] = useState<{ tab: Tab; title: string; x: number; y: number } | null>(null);
  const [target, setTarget] = useState<DropTarget | null>(null);

  const value = useMemo<TabDrag>(() => {
    const begin = (event: ReactPointerEvent, tab: Tab, title: string) => {
      if (event.button !== 0 || event.pointerType === 'touch') return;
      const from = { x: event.clientX, y: event.clientY };
      let isDragging = false;
      let drop: DropTarget | null = null;
      const move = (next: PointerEvent) => {
        if (!isDragging && Math.hypot(next.clientX - from.x, next.clientY - from.y) < slackPx) return;
        isDragging = true;
        next.preventDefault();
        drop = dropTargetAt(next.clientX, next.clientY);
        setDrag({ tab, title, x: next.clientX, y: next.clientY });
        setTarget(drop);
      };
      const finish = (isDropped: boolean) => {
        window.removeEventListener('pointermove', move);
        window.removeEventListener('pointerup', up);
        window.removeEventListener('pointercancel', giveUp);
        window.removeEventListener('keydown', key, { capture: true });
        setDrag(null);
        setTarget(null);
        if (!isDropped || !isDragging || !drop) return;
        if (drop.kind === 'strip') view.move(tab.id, drop.paneId, drop.index);
        else if (drop.side === 'middle') view.move(tab.id, drop.paneId, Number.MAX_SAFE_INTEGER);
        else view.split(tab.id, drop.paneId, drop.side);
        // The press put the keyboard into the strip; what was moved is what the person works on.
        requestAnimationFrame(() => document.getElementById(`panel-${tab.id}`)?.focus());
      };
      const up = () => finish(true);
      const giveUp = () => finish(false);
      const key = (pressed: KeyboardEvent) => {
        if (pressed.key !== 'Escape') return;
        pressed.preventDefault();
        pressed.stopPropagation();
        finish(false);
      };
      window.addEventListener('pointermove', move);
      window.addEventListener('pointerup', up);
      window.addEventListener('pointercancel', giveUp);
      window.addEventListener('keydown', key, { capture: true });
    };
    return { draggedId: drag?.tab.id ?? null, target, begin };
  }, [drag?.tab.id, target, view]);

  return (
    <DragContext value={value}>
      {children}
      {drag && (
        <div
          aria-hidden
          data-covers-pages
          className="floating pointer-events-none fixed top-0 left-0 z-50 max-w-[220px] truncate px-3 py-1.5"
          style={{ transform: `translate(${drag.x + 10}px, ${drag.y + 8}px)` }}
        >
          {drag.title}
        </div>
      )}
    </DragContext>
  );
}

export function useTabDrag(): TabDrag {
  return use(DragContext);
}

const shades: Record<Side | 'middle', string> = {
  left: 'inset-y-0 left-0 w-1/2',
  right: 'inset-y-0 right-0 w-1/2',
  up: 'inset-x-0 top-0 h-1/2',
  down: 'inset-x-0 bottom-0 h-1/2',
  middle: 'inset-0',
};

/** Shows where the tab would go, over a pane's page. */
export function DropShade({ paneId }: { paneId: string }) {
  const { target } = useTabDrag();
  if (target?.kind !== 'body' || target.paneId !== paneId) return null;
  return (
    <div
      aria-hidden
      className={`pointer-events-none absolute z-10 m-1 rounded-md border-2 border-accent bg-accent/15 ${shades[target.side]}`}
    />
  );
}
