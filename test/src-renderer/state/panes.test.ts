/** The split tree keeps its promises under any sequence of acts, and each act does what it says. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as panes from '#renderer/state/panes.ts';

const ref = { type: 'help' } as const;
const start = () =>
  panes.insertTab(panes.insertTab(panes.emptyPane('p0'), 'p0', { id: 't0', ref }), 'p0', { id: 't1', ref });

function promises(node: panes.PaneNode, isRoot = true): void {
  if (node.kind === 'pane') {
    if (!isRoot) expect(node.tabs.length).toBeGreaterThan(0);
    const ids = node.tabs.map((tab) => tab.id);
    if (ids.length === 0) expect(node.activeTabId).toBeNull();
    else expect(ids).toContain(node.activeTabId);
    for (const id of node.recent) expect(ids).toContain(id);
    return;
  }
  expect(node.children.length).toBeGreaterThanOrEqual(2);
  expect(node.sizes).toHaveLength(node.children.length);
  expect(node.sizes.reduce((sum, size) => sum + size, 0)).toBeCloseTo(1, 6);
  for (const child of node.children) {
    if (child.kind === 'split') expect(child.direction).not.toBe(node.direction);
    promises(child, false);
  }
}

const act = fc.record({
  kind: fc.constantFrom('insert', 'close', 'move', 'split', 'activate', 'resize'),
  a: fc.nat(30),
  b: fc.nat(30),
  side: fc.constantFrom('left', 'right', 'up', 'down'),
});

describe('the split tree', () => {
  it('keeps its promises under any acts, and loses no tab but the closed ones', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
        let node: panes.PaneNode = start();
        let expected = new Set(['t0', 't1']);
        acts.forEach((step, index) => {
          const all = panes.allPanes(node);
          const pane = all[step.a % all.length]!;
          const tabs = panes.allTabs(node);
          const tab = tabs[step.b % Math.max(1, tabs.length)];
          if (step.kind === 'insert') {
            node = panes.insertTab(node, pane.id, { id: `n${index}`, ref }, step.b);
            expected.add(`n${index}`);
          } else if (!tab) return;
          else if (step.kind === 'close') {
            node = panes.closeTab(node, tab.id);
            expected = new Set([...expected].filter((id) => id !== tab.id));
          } else if (step.kind === 'move') node = panes.moveTab(node, tab.id, pane.id, step.b);
          else if (step.kind === 'split')
            node = panes.splitPane(node, {
              paneId: pane.id,
              side: step.side as panes.Side,
              tab,
              newPaneId: `p${index + 1}`,
              newSplitId: `s${index + 1}`,
            });
          else if (step.kind === 'activate') node = panes.activateTab(node, tab.id);
          else if (node.kind === 'split')
            node = panes.resizeSplit(
              node,
              node.id,
              node.sizes.map((_, at) => at + 1 + step.a),
            );
          promises(node);
          const ids = panes.allTabs(node).map((found) => found.id);
          expect(new Set(ids)).toEqual(expected);
          expect(ids).toHaveLength(expected.size);
        });
      }),
      { numRuns: 300 },
    );
  });

  it('survives being saved', () => {
    const node = panes.splitPane(start(), {
      paneId: 'p0',
      side: 'right',
      tab: { id: 't1', ref },
      newPaneId: 'p1',
      newSplitId: 's1',
    });
    expect(panes.PaneNode.parse(JSON.parse(JSON.stringify(node)))).toEqual(node);
  });

  it('splits to the side that was asked for, and finds the neighbour there', () => {
    for (const side of ['left', 'right', 'up', 'down'] as const) {
      const node = panes.splitPane(start(), {
        paneId: 'p0',
        side,
        tab: { id: 't1', ref },
        newPaneId: 'p1',
        newSplitId: 's1',
      });
      expect(panes.neighbourPane(node, 'p0', side)).toBe('p1');
    }
  });

  it('does not split a pane by its only tab', () => {
    const node = panes.closeTab(start(), 't1');
    const options = {
      paneId: 'p0',
      side: 'right',
      tab: { id: 't0', ref },
      newPaneId: 'p1',
      newSplitId: 's1',
    } as const;
    expect(panes.splitPane(node, options)).toBe(node);
  });

  it('goes back to the tab used before when one closes', () => {
    let node: panes.PaneNode = panes.insertTab(start(), 'p0', { id: 't2', ref });
    node = panes.activateTab(node, 't0');
    node = panes.activateTab(node, 't2');
    expect(panes.findPane(panes.closeTab(node, 't2'), 'p0')?.activeTabId).toBe('t0');
  });

  it('puts a tab that moves right exactly where it was dropped', () => {
    const node = panes.insertTab(start(), 'p0', { id: 't2', ref }, 2);
    const moved = panes.moveTab(node, 't0', 'p0', 2);
    expect(panes.allTabs(moved).map((tab) => tab.id)).toEqual(['t1', 't0', 't2']);
  });
});
