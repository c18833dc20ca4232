/**
 * The icon beside the clock: shows the window, and offers the few commands that are worth a click without it. Its rows come
 * from the page's command table, as the menu bar's do. Where the desktop has no place for it, there is none, and nothing
 * else changes.
 */
import { Menu, type MenuItemConstructorOptions, nativeImage, Tray } from 'electron';
import type { ShellInput } from '#contract/shell.ts';

type Row = ShellInput<'setMenu'>['rows'][number];

export interface TrayOptions {
  readonly iconPath: string;
  readonly platform: NodeJS.Platform;
  readonly onShow: () => void;
  readonly onCommand: (id: string) => void;
  readonly onQuit: () => void;
}

export interface AppTray {
  /** The command table's rows, with the page's own words for the thing that it shows. */
  setRows(rows: readonly Row[]): void;
}

/** Pixels of its height, at the scale of 1. */
const iconSizePx = { darwin: 18, other: 22 } as const;

export function trayTemplate(
  rows: readonly Row[],
  { onShow, onCommand, onQuit }: Pick<TrayOptions, 'onShow' | 'onCommand' | 'onQuit'>,
): MenuItemConstructorOptions[] {
  const ours = rows
    .filter(({ inTray }) => inTray === true)
    .map(
      (row): MenuItemConstructorOptions => ({
        id: row.id,
        label: row.label.replaceAll('&', '&&'),
        enabled: row.isEnabled,
        click: () => onCommand(row.id),
      }),
    );
  return [
    { id: 'tray.open', label: 'Open Berth', click: onShow },
    ...(ours.length === 0 ? [] : [{ type: 'separator' as const }, ...ours]),
    { type: 'separator' },
    { id: 'tray.quit', label: 'Quit', click: onQuit },
  ];
}

/** Must be called when the app is ready. undefined where there is no place for one. */
export function openTray(options: TrayOptions): AppTray | undefined {
  const { iconPath, platform, onShow } = options;
  let tray: Tray;
  try {
    const height = platform === 'darwin' ? iconSizePx.darwin : iconSizePx.other;
    tray = new Tray(nativeImage.createFromPath(iconPath).resize({ height, quality: 'best' }));
    tray.setToolTip('Berth');
    tray.on('click', onShow);
    show([]);
  } catch {
    // A Linux desktop without an indicator, a session without a panel.
    return undefined;
  }
  function show(rows: readonly Row[]): void {
    tray.setContextMenu(Menu.buildFromTemplate(trayTemplate(rows, options)));
  }
  return {
    setRows: (rows) => {
      if (!tray.isDestroyed()) show(rows);
    },
  };
}
