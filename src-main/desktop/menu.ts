/**
 * The menu bar from the page's command table. Clicking sends the command's id back; the page decides and acts. On Linux
 * and Windows shortcuts are shown and not taken: there Ctrl keys belong to terminals, and the page listens itself.
 */
import { type MenuItemConstructorOptions, Menu } from 'electron';
import type { ShellInput } from '#contract/shell.ts';

type Row = ShellInput<'setMenu'>['rows'][number];

export interface MenuOptions {
  readonly rows: readonly Row[];
  readonly platform: NodeJS.Platform;
  readonly onCommand: (id: string) => void;
}

/** An accelerator as Electron reads it; what it would throw on never reaches it. */
const acceleratorForm =
  /^((CommandOrControl|CmdOrCtrl|Command|Cmd|Control|Ctrl|Alt|Option|AltGr|Shift|Super|Meta)\+)*([A-Z0-9]|F([1-9]|1\d|2[0-4])|Plus|Space|Tab|Backspace|Delete|Insert|Return|Enter|Up|Down|Left|Right|Home|End|PageUp|PageDown|Escape|Esc|[`\-=[\]\\;',./])$/;

/**
 * What browsers have for a page, for the app that has the keyboard: the app hears a key first, and what it does not want
 * comes here. The rows are enabled while an app is in front. The first is shown; the others work as well.
 */
const appAccelerators: Readonly<Record<string, readonly string[]>> = {
  'app.back': ['Alt+Left'],
  'app.forward': ['Alt+Right'],
  'app.reload': ['CommandOrControl+R', 'F5'],
  'app.find': ['CommandOrControl+F'],
  'app.zoom-in': ['CommandOrControl+=', 'CommandOrControl+Plus'],
  'app.zoom-out': ['CommandOrControl+-'],
  'app.zoom-reset': ['CommandOrControl+0'],
};

/** The page writes `Mod+K`, `Mod+ArrowLeft`; undefined when Electron has no word for it. */
export function acceleratorOf(shortcut: string): string | undefined {
  const text = shortcut
    .replace(/\bMod\b/g, 'CommandOrControl')
    .replace(/\bArrow(Up|Down|Left|Right)\b/g, '$1');
  return acceleratorForm.test(text) ? text : undefined;
}

export function menuTemplate({ rows, platform, onCommand }: MenuOptions): MenuItemConstructorOptions[] {
  const isMac = platform === 'darwin';
  const menus = new Map<string, MenuItemConstructorOptions[]>();
  for (const row of rows) {
    const item: MenuItemConstructorOptions = {
      id: row.id,
      label: row.label.replaceAll('&', '&&'),
      enabled: row.isEnabled,
      click: () => onCommand(row.id),
    };
    const own = row.accelerator === null ? undefined : acceleratorOf(row.accelerator);
    const [shown, ...others] = (own === undefined ? appAccelerators[row.id] : undefined) ?? [];
    const items = [
      {
        ...item,
        ...(own === undefined ? {} : { accelerator: own, registerAccelerator: isMac }),
        ...(shown === undefined ? {} : { accelerator: shown, registerAccelerator: row.isEnabled }),
      },
      ...others.map((accelerator) => ({
        ...item,
        ...{
          id: `${row.id} ${accelerator}`,
          accelerator,
          registerAccelerator: row.isEnabled,
          visible: false,
        },
      })),
    ];
    menus.set(row.menu, [...(menus.get(row.menu) ?? []), ...items]);
  }
  const ours = [...menus].map(([label, submenu]): MenuItemConstructorOptions => ({ label, submenu }));
  // macOS puts copy and paste of every text field behind these roles.
  return isMac ? [{ role: 'appMenu' }, ...ours, { role: 'editMenu' }, { role: 'windowMenu' }] : ours;
}

export function showMenu(options: MenuOptions): void {
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(options)));
}
