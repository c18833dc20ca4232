import { beforeEach, describe, expect, it, vi } from 'vitest';

const made = {
  menus: [] as { id?: string; label?: string; type?: string; click?: () => void }[][],
  clicks: [] as (() => void)[],
};
const place = { isThere: true };
vi.mock('electron', () => ({
  Menu: { buildFromTemplate: (template: unknown) => template },
  nativeImage: { createFromPath: () => ({ resize: () => ({}) }) },
  Tray: class {
    constructor() {
      if (!place.isThere) throw new Error('no tray');
    }
    setToolTip() {}
    on(_event: string, listener: () => void) {
      made.clicks.push(listener);
    }
    setContextMenu(menu: (typeof made.menus)[number]) {
      made.menus.push(menu);
    }
    isDestroyed() {
      return false;
    }
  },
}));
const { openTray, trayTemplate } = await import('#main/desktop/tray.ts');

const row = (id: string, menu: string, inTray?: boolean) => ({
  id,
  label: `Do ${id} & more`,
  menu,
  accelerator: null,
  isEnabled: true,
  ...(inTray === undefined ? {} : { inTray }),
});
const does = { onShow: vi.fn(), onCommand: vi.fn(), onQuit: vi.fn() };
beforeEach(() => {
  place.isThere = true;
  made.menus.length = 0;
  made.clicks.length = 0;
});

describe('the tray', () => {
  it('has what the page flags for it, between opening and quitting', () => {
    const rows = [
      row('a', 'File'),
      row('b', 'Workspace', true),
      row('c', 'Snapshot', true),
      row('d', 'Snapshot', false),
    ];
    const template = trayTemplate(rows, does);
    expect(template.map(({ id, type }) => id ?? type)).toEqual([
      'tray.open',
      'separator',
      'b',
      'c',
      'separator',
      'tray.quit',
    ]);
    expect(template[2]?.label).toBe('Do b && more');
    (template[3] as { click(): void }).click();
    expect(does.onCommand).toHaveBeenCalledWith('c');
  });

  it('opens the window and quits before any page has spoken', () => {
    const tray = openTray({ iconPath: '/x.png', platform: 'linux', ...does });
    expect(made.menus[0]?.map(({ id, type }) => id ?? type)).toEqual(['tray.open', 'separator', 'tray.quit']);
    made.clicks[0]?.();
    expect(does.onShow).toHaveBeenCalledTimes(1);
    tray?.setRows([row('s', 'Snapshot', true)]);
    expect(made.menus.at(-1)?.some(({ id }) => id === 's')).toBe(true);
  });

  it('is not there where there is no place for it, and nothing is thrown', () => {
    place.isThere = false;
    expect(openTray({ iconPath: '/x.png', platform: 'linux', ...does })).toBeUndefined();
  });
});
