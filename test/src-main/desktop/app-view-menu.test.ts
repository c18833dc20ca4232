/** The menu of the other button on an app, for what lies under the pointer. */
import { describe, expect, it, vi } from 'vitest';

vi.mock('electron', () => ({}));
const { appViewMenuTemplate } = await import('#main/desktop/app-view-menu.ts');

const flags = { canUndo: true, canRedo: false, canCut: true, canCopy: true, canPaste: true };
const nothing = {
  ...{ linkURL: '', srcURL: '', mediaType: 'none', isEditable: false, selectionText: '', x: 1, y: 2 },
  editFlags: { ...flags, canSelectAll: true, canDelete: true, canEditRichly: false },
} as const;
type Params = Parameters<typeof appViewMenuTemplate>[0];
const made = (params: Partial<Params>, isPackaged = true) =>
  appViewMenuTemplate({ ...nothing, ...params } as Params, {
    ...{
      canGoBack: true,
      canGoForward: false,
      isPackaged,
      back: vi.fn(),
      forward: vi.fn(),
      reload: vi.fn(),
    },
    ...{ copy: vi.fn(), inspect: vi.fn() },
    linkAct: (url) => (url.startsWith('https:') ? { label: 'Open it', run: vi.fn() } : null),
  });
const words = (params: Partial<Params>, isPackaged?: boolean) =>
  made(params, isPackaged).map(({ label, role, type }) => label ?? role ?? type);

describe('the menu of an app', () => {
  it('goes back, forward and anew on the plain page', () => {
    expect(words({})).toEqual(['Back', 'Forward', 'Reload']);
    expect(made({}).map(({ enabled }) => enabled)).toEqual([true, false, undefined]);
    expect(words({}, false)).toEqual(['Back', 'Forward', 'Reload', 'separator', 'Inspect']);
  });

  it('offers of a link what may be done with it', () => {
    expect(words({ linkURL: 'https://example.org/' })).toEqual(['Open it', 'Copy link address']);
    expect(words({ linkURL: 'http://example.org/' })).toEqual(['Copy link address']);
    expect(words({ linkURL: 'javascript:alert(1)' })).toEqual(['Back', 'Forward', 'Reload']);
  });

  it('copies what is selected, and edits where something can be typed', () => {
    expect(words({ selectionText: 'x' })).toEqual(['copy']);
    const roles = ['undo', 'redo', 'separator', 'cut', 'copy', 'paste', 'selectAll'];
    expect(words({ isEditable: true })).toEqual(roles);
    expect(words({ mediaType: 'image', srcURL: 'https://example.org/a.png' })).toEqual([
      ...['Back', 'Forward', 'Reload', 'separator', 'Copy image address'],
    ]);
  });
});
