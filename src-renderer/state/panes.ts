/**
 * The split tree of a window as a pure value: panes that hold tabs, splits that hold panes. Every function returns a
 * new tree and keeps these promises: ids are unique; a split has at least two children, none of its own direction; an
 * empty pane exists only as the root; a pane's active tab is one of its tabs (null when it has none).
 */
import { z } from 'zod';
import { ViewRef, viewKey } from './view-ref.ts';

export const Tab = z.object({ id: z.string(), ref: ViewRef });
export type Tab = z.infer<typeof Tab>;

export const Pane = z.object({
  kind: z.literal('pane'),
  id: z.string(),
  tabs: z.array(Tab),
  activeTabId: z.string().nullable(),
  /** Tab ids, the latest used first: closing goes back to the one before. */
  recent: z.array(z.string()),
});
export type Pane = z.infer<typeof Pane>;

export const Split = z.object({
  kind: z.literal('split'),
  id: z.string(),
  /** `row`: side by side. `column`: one above the other. */
  direction: z.enum(['row', 'column']),
  get children() {
    return z.array(z.union([Pane, Split])).min(2);
  },
  /** Part of each child, 0 to 1, adding up to 1. */
  sizes: z.array(z.number().positive()),
});
export type Split = {
  kind: 'split';
  id: string;
  direction: 'row' | 'column';
  children: PaneNode[];
  sizes: number[];
};
export type PaneNode = Pane | Split;
export const PaneNode: z.ZodType<PaneNode> = z.union([Pane, Split]);

export type Side = 'left' | 'right' | 'up' | 'down';

export function emptyPane(id: string): Pane {
  return { kind: 'pane', id, tabs: [], activeTabId: null, recent: [] };
}

export function allPanes(node: PaneNode): Pane[] {
  return node.kind === 'pane' ? [node] : node.children.flatMap(allPanes);
}
export function allTabs(node: PaneNode): Tab[] {
  return allPanes(node).flatMap((pane) => pane.tabs);
}
export function findPane(node: PaneNode, paneId: string): Pane | undefined {
  return allPanes(node).find((pane) => pane.id === paneId);
}
export function paneOfTab(node: PaneNode, tabId: string): Pane | undefined {
  return allPanes(node).find((pane) => pane.tabs.some((tab) => tab.id === tabId));
}
export function findTab(node: PaneNode, tabId: string): Tab | undefined {
  return allTabs(node).find((tab) => tab.id === tabId);
}
export function findByRef(node: PaneNode, ref: ViewRef): { pane: Pane; tab: Tab } | undefined {
  const key = viewKey(ref);
  for (const pane of allPanes(node)) {
    const tab = pane.tabs.find((candidate) => viewKey(candidate.ref) === key);
    if (tab) return { pane, tab };
  }
  return undefined;
}

function mapPane(node: PaneNode, paneId: string, change: (pane: Pane) => PaneNode): PaneNode {
  if (node.kind === 'pane') return node.id === paneId ? change(node) : node;
  const children = node.children.map((child) => mapPane(child, paneId, change));
  return children.every((child, index) => child === node.children[index]) ? node : { ...node, children };
}

export function activateTab(node: PaneNode, tabId: string): PaneNode {
  const pane = paneOfTab(node, tabId);
  if (!pane) return node;
  return mapPane(node, pane.id, (found) => ({
    ...found,
    activeTabId: tabId,
    recent: [tabId, ...found.recent.filter((id) => id !== tabId)],
  }));
}

/** Puts a tab into a pane at an index (default: after the active one) and activates it. */
export function insertTab(node: PaneNode, paneId: string, tab: Tab, index?: number): PaneNode {
  const inserted = mapPane(node, paneId, (pane) => {
    const activeIndex = pane.tabs.findIndex((candidate) => candidate.id === pane.activeTabId);
    const at = Math.max(0, Math.min(index ?? activeIndex + 1, pane.tabs.length));
    return { ...pane, tabs: pane.tabs.toSpliced(at, 0, tab) };
  });
  return activateTab(inserted, tab.id);
}

export function replaceRef(node: PaneNode, tabId: string, ref: ViewRef): PaneNode {
  const pane = paneOfTab(node, tabId);
  if (!pane) return node;
  return mapPane(node, pane.id, (found) => ({
    ...found,
    tabs: found.tabs.map((tab) => (tab.id === tabId ? { ...tab, ref } : tab)),
  }));
}

function withoutTab(node: PaneNode, tabId: string): PaneNode {
  const pane = paneOfTab(node, tabId);
  if (!pane) return node;
  return mapPane(node, pane.id, (found) => {
    const index = found.tabs.findIndex((tab) => tab.id === tabId);
    const tabs = found.tabs.filter((tab) => tab.id !== tabId);
    const recent = found.recent.filter((id) => id !== tabId);
    const neighbour = tabs[Math.min(index, tabs.length - 1)]?.id ?? null;
    const activeTabId = found.activeTabId === tabId ? (recent[0] ?? neighbour) : found.activeTabId;
    return { ...found, tabs, recent, activeTabId };
  });
}

/** Removes empty panes and folds splits that no longer split. */
function tidy(node: PaneNode): PaneNode {
  const tidied = tidyOrNull(node);
  return tidied ?? emptyPane(allPanes(node)[0]?.id ?? node.id);
}

function tidyOrNull(node: PaneNode): PaneNode | null {
  if (node.kind === 'pane') return node.tabs.length > 0 ? node : null;
  const children: PaneNode[] = [];
  const sizes: number[] = [];
  node.children.forEach((child, index) => {
    const tidied = tidyOrNull(child);
    const size = node.sizes[index] ?? 1 / node.children.length;
    if (!tidied) return;
    if (tidied.kind === 'split' && tidied.direction === node.direction) {
      children.push(...tidied.children);
      sizes.push(...tidied.sizes.map((part) => part * size));
    } else {
      children.push(tidied);
      sizes.push(size);
    }
  });
  if (children.length === 0) return null;
  if (children.length === 1) return children[0]!;
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return { ...node, children, sizes: sizes.map((size) => size / total) };
}

export function closeTab(node: PaneNode, tabId: string): PaneNode {
  return tidy(withoutTab(node, tabId));
}

/** Moves a tab to another place: an index in the same or another pane. */
export function moveTab(node: PaneNode, tabId: string, paneId: string, index: number): PaneNode {
  const tab = findTab(node, tabId);
  const from = paneOfTab(node, tabId);
  if (!tab || !from || !findPane(node, paneId)) return node;
  const before = from.tabs.findIndex((candidate) => candidate.id === tabId);
  const at = from.id === paneId && before < index ? index - 1 : index;
  return tidy(insertTab(withoutTab(node, tabId), paneId, tab, at));
}

/** Splits a pane and moves (or, for one that is not in the tree yet, puts) a tab into the new half. */
export function splitPane(
  node: PaneNode,
  options: { paneId: string; side: Side; tab: Tab; newPaneId: string; newSplitId: string },
): PaneNode {
  const { paneId, side, tab, newPaneId, newSplitId } = options;
  const target = findPane(node, paneId);
  if (!target) return node;
  const isOnlyTab = target.tabs.length === 1 && target.tabs[0]!.id === tab.id;
  if (isOnlyTab) return node;
  const direction = side === 'left' || side === 'right' ? 'row' : 'column';
  const added: Pane = {
    kind: 'pane',
    id: newPaneId,
    tabs: [tab],
    activeTabId: tab.id,
    recent: [tab.id],
  };
  const split = mapPane(withoutTab(node, tab.id), paneId, (pane) => ({
    kind: 'split',
    id: newSplitId,
    direction,
    children: side === 'left' || side === 'up' ? [added, pane] : [pane, added],
    sizes: [0.5, 0.5],
  }));
  return tidy(split);
}

export function resizeSplit(node: PaneNode, splitId: string, sizes: number[]): PaneNode {
  if (node.kind === 'pane') return node;
  if (node.id === splitId) {
    const total = sizes.reduce((sum, size) => sum + size, 0);
    if (sizes.length !== node.children.length || !(total > 0) || sizes.some((size) => size <= 0)) return node;
    return { ...node, sizes: sizes.map((size) => size / total) };
  }
  return { ...node, children: node.children.map((child) => resizeSplit(child, splitId, sizes)) };
}

export interface Box {
  paneId: string;
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Where each pane lies in the unit square. */
export function layoutBoxes(node: PaneNode, box = { left: 0, top: 0, right: 1, bottom: 1 }): Box[] {
  if (node.kind === 'pane') return [{ paneId: node.id, ...box }];
  let offset = 0;
  return node.children.flatMap((child, index) => {
    const size = node.sizes[index]!;
    const start = offset;
    offset += size;
    const width = box.right - box.left;
    const height = box.bottom - box.top;
    return layoutBoxes(
      child,
      node.direction === 'row'
        ? { ...box, left: box.left + start * width, right: box.left + offset * width }
        : { ...box, top: box.top + start * height, bottom: box.top + offset * height },
    );
  });
}

/** The pane that lies next to another on one side: the one with the longest shared edge. */
export function neighbourPane(node: PaneNode, paneId: string, side: Side): string | undefined {
  const boxes = layoutBoxes(node);
  const from = boxes.find((box) => box.paneId === paneId);
  if (!from) return undefined;
  const touches = (a: number, b: number) => Math.abs(a - b) < 1e-6;
  let best: { paneId: string; shared: number } | undefined;
  for (const box of boxes) {
    if (box.paneId === paneId) continue;
    const isBeside =
      side === 'left'
        ? touches(box.right, from.left)
        : side === 'right'
          ? touches(box.left, from.right)
          : side === 'up'
            ? touches(box.bottom, from.top)
            : touches(box.top, from.bottom);
    if (!isBeside) continue;
    const shared =
      side === 'left' || side === 'right'
        ? Math.min(box.bottom, from.bottom) - Math.max(box.top, from.top)
        : Math.min(box.right, from.right) - Math.max(box.left, from.left);
    if (shared > 1e-6 && (!best || shared > best.shared)) best = { paneId: box.paneId, shared };
  }
  return best?.paneId;
}
