import { describe, expect, it, vi } from 'vitest';

vi.mock('electron', () => ({ Menu: {} }));
const { acceleratorOf, menuTemplate } = await import('#main/desktop/menu.ts');

const rows = [
  { id: 'a', label: 'A & B', menu: 'File', accelerator: 'Mod+Shift+K', isEnabled: true },
  { id: 'b', label: 'B', menu: 'View', accelerator: null, isEnabled: false },
  { id: 'c', label: 'C', menu: 'File', accelerator: 'Mod+', isEnabled: true },
];

describe('the menu', () => {
  it('groups the rows under their menus in the order they came', () => {
    const onCommand = vi.fn();
    const template = menuTemplate({ rows, platform: 'linux', onCommand });
    expect(template.map(({ label }) => label)).toEqual(['File', 'View']);
    const [first, second] = (template[0]?.submenu ?? []) as { id: string; label: string; click(): void }[];
    expect([first?.id, first?.label, second?.id]).toEqual(['a', 'A && B', 'c']);
    first?.click();
    expect(onCommand).toHaveBeenCalledWith('a');
  });

  it('shows shortcuts on Linux and Windows without taking them from terminals, and takes them on macOS', () => {
    const shortcutsOf = (platform: NodeJS.Platform) =>
      menuTemplate({ rows, platform, onCommand: () => undefined })
        .flatMap(({ submenu }) => (Array.isArray(submenu) ? submenu : []))
        .filter(({ accelerator }) => accelerator !== undefined)
        .map(({ id, registerAccelerator }) => [id, registerAccelerator]);
    expect(shortcutsOf('linux')).toEqual([['a', false]]);
    expect(shortcutsOf('win32')).toEqual([['a', false]]);
    expect(shortcutsOf('darwin')).toEqual([['a', true]]);
  });

  it('has roles on macOS alone: elsewhere Ctrl+C is a terminal key', () => {
    const rolesOf = (platform: NodeJS.Platform) =>
      menuTemplate({ rows, platform, onCommand: () => undefined }).flatMap(({ role }) => role ?? []);
    expect(rolesOf('linux')).toEqual([]);
    expect(rolesOf('darwin')).toEqual(['appMenu', 'editMenu', 'windowMenu']);
  });

  it('registers a browser’s keys on every system, while an app is in front, for what the app leaves of them', () => {
    const keysOf = (isEnabled: boolean) => {
      const own = { id: 'app.reload', label: 'Reload', menu: 'View', accelerator: null, isEnabled };
      return menuTemplate({ rows: [own], platform: 'linux', onCommand: () => undefined })
        .flatMap(({ submenu }) => (Array.isArray(submenu) ? submenu : []))
        .map(({ accelerator, registerAccelerator, visible }) => [accelerator, registerAccelerator, visible]);
    };
    expect(keysOf(true)).toEqual([
      ['CommandOrControl+R', true, undefined],
      ['F5', true, false],
    ]);
    expect(keysOf(false).map(([, isRegistered]) => isRegistered)).toEqual([false, false]);
  });

  it.each([
    ['Mod+K', 'CommandOrControl+K'],
    ['Mod+Shift+ArrowLeft', 'CommandOrControl+Shift+Left'],
    ['Ctrl+Tab', 'Ctrl+Tab'],
    ['F11', 'F11'],
    ['Mod+,', 'CommandOrControl+,'],
    ['Mod+\\', 'CommandOrControl+\\'],
    ['', undefined],
    ['Mod+', undefined],
    ['Mod+Nonsense', undefined],
    ['k', undefined],
  ])('writes %s as Electron reads it: %s', (shortcut, accelerator) => {
    expect(acceleratorOf(shortcut)).toBe(accelerator);
  });
});
