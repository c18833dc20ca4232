/** A window remembers its tabs, drops what it cannot trust, and does with tabs what people expect. */
import { describe, expect, it } from 'vitest';
import * as panes from '#renderer/state/panes.ts';
import { activeTab, createViewStore, readSavedView, type ViewStorage } from '#renderer/state/view-state.ts';

function memory(values: Record<string, string> = {}): ViewStorage & { values: Record<string, string> } {
  return {
    values,
    getItem: (key) => values[key] ?? null,
    setItem: (key, value) => {
      values[key] = value;
    },
  };
}
const titles = (store: ReturnType<typeof createViewStore>) =>
  panes.allTabs(store.getState().root).map((tab) => tab.ref.type);

describe('the view state', () => {
  it('is restored per window', () => {
    const storage = memory();
    const first = createViewStore({ storage, windowId: 'a' });
    first.actions.open({ type: 'settings' });
    first.actions.open({ type: 'help' }, { side: 'right' });
    expect(createViewStore({ storage, windowId: 'a' }).getState().root).toEqual(first.getState().root);
    expect(titles(createViewStore({ storage, windowId: 'b' }))).toEqual(['home']);
  });

  it.each(['', 'null', '{"version":2}', '{"version":1,"root":{"kind":"pane"}}', 'not json'])(
    'begins afresh when what was saved is %j',
    (text) => {
      expect(panes.allTabs(readSavedView(memory({ 'berth.view.a': text }), 'a').root)).toHaveLength(1);
    },
  );

  it('goes to the tab that already shows a page', () => {
    const store = createViewStore({ storage: memory(), windowId: 'a' });
    store.actions.open({ type: 'settings' });
    store.actions.open({ type: 'home' });
    store.actions.open({ type: 'settings' });
    expect(titles(store)).toEqual(['home', 'settings']);
    expect(activeTab(store.getState())?.ref.type).toBe('settings');
  });

  it('reopens what was closed, where it was, the last first', () => {
    const store = createViewStore({ storage: memory(), windowId: 'a' });
    for (const type of ['settings', 'help', 'shortcuts'] as const) store.actions.open({ type });
    const before = titles(store);
    for (const type of ['settings', 'help'])
      store.actions.close(panes.allTabs(store.getState().root).find((tab) => tab.ref.type === type)!.id);
    expect(titles(store)).toEqual(['home', 'shortcuts']);
    store.actions.reopen();
    store.actions.reopen();
    expect(titles(store)).toEqual(before);
  });

  it('goes to the pane beside when a pane loses its last tab', () => {
    const store = createViewStore({ storage: memory(), windowId: 'a' });
    store.actions.open({ type: 'help' }, { side: 'right' });
    store.actions.close(activeTab(store.getState())!.id);
    expect(activeTab(store.getState())?.ref.type).toBe('home');
    expect(store.getState().root.kind).toBe('pane');
  });

  it('forgets the pages of things that are gone, also among the closed', () => {
    const store = createViewStore({ storage: memory(), windowId: 'a' });
    const hostId = `host_${'0'.repeat(20)}` as const;
    store.actions.open({ type: 'host', hostId });
    store.actions.close(activeTab(store.getState())!.id);
    store.actions.forget((ref) => ref.type === 'host');
    store.actions.reopen();
    expect(titles(store)).toEqual(['home']);
  });

  it('stays usable when nothing can be saved', () => {
    const storage: ViewStorage = {
      getItem: () => {
        throw new Error('forbidden');
      },
      setItem: () => {
        throw new Error('full');
      },
    };
    const store = createViewStore({ storage, windowId: 'a' });
    store.actions.open({ type: 'help' });
    expect(titles(store)).toEqual(['home', 'help']);
  });
});
