/** The top of the window: menus (in the browser), search, what runs, notices, theme. */
import { Bell, Menu as MenuIcon, Monitor, Moon, PanelLeft, Search, Sun } from 'lucide-react';
import { Menu as BaseMenu } from '@base-ui/react/menu';
import { Menubar } from '@base-ui/react/menubar';
import { useStore } from 'zustand';
import { IconButton } from '../../components/button.tsx';
import { KeyHint } from '../../components/key-hint.tsx';
import { Menu, type MenuEntry, MenuPopup } from '../../components/menu.tsx';
import { ProgressBar } from '../../components/progress-bar.tsx';
import {
  useAbout,
  useApp,
  useCommand,
  useKeymap,
  useNotices,
  useOperations,
  useSettings,
  useViewActions,
  useViewState,
} from '../../state/app-context.tsx';
import { isCommandShown, type MenuName, menuNames } from '../../state/commands.ts';
import { isUnderWay, operationPart } from '../../state/operation-progress.ts';
import { ariaShortcut, chordKeys } from '../../state/shortcut.ts';
import { menuEntries } from '../../state/subject-menu.ts';

export function TitleBar() {
  const app = useApp();
  const isMacDesktop = app.shell?.platform === 'darwin';
  const sidebar = useCommand('view.toggle-sidebar');
  return (
    <header
      className={`app-drag relative z-10 flex h-10 shrink-0 items-center gap-1 border-b border-line bg-app pr-2 ${isMacDesktop ? 'pl-20' : 'pl-2'}`}
    >
      {/* The sides are as wide as what stands in them; the search between them gives way. */}
      <div className="flex flex-1 items-center gap-1">
        <IconButton
          label="Show the sidebar"
          icon={PanelLeft}
          onClick={sidebar.run}
          className="min-[701px]:hidden"
        />
        {app.shell === null && <AppMenus />}
      </div>
      <SearchButton />
      <div className="flex flex-1 items-center justify-end gap-0.5">
        <OperationsButton />
        <NoticesButton />
        <ThemeMenu />
      </div>
    </header>
  );
}

function AppMenus() {
  const app = useApp();
  const about = useAbout().value;
  const filled = menuNames.filter((name) =>
    [...app.commands.values()].some((command) => command.menu === name && isCommandShown(command, { about })),
  );
  return (
    <>
      <Menubar className="hidden items-center lg:flex">
        {filled.map((name) => (
          <BarMenu key={name} name={name} />
        ))}
      </Menubar>
      <BaseMenu.Root>
        <BaseMenu.Trigger
          render={<IconButton label="Menu" icon={MenuIcon} className="max-sm:hidden lg:hidden" />}
        />
        <BaseMenu.Portal>
          <BaseMenu.Positioner align="start" sideOffset={4} className="z-40 outline-none">
            <BaseMenu.Popup className="floating min-w-44 p-1">
              {filled.map((name) => (
                <BaseMenu.SubmenuRoot key={name}>
                  <BaseMenu.SubmenuTrigger className="flex min-h-control items-center justify-between gap-6 rounded-sm px-2 outline-none data-highlighted:bg-hover data-popup-open:bg-hover">
                    {name}
                    <span aria-hidden className="text-muted">
                      ›
                    </span>
                  </BaseMenu.SubmenuTrigger>
                  <LiveEntries name={name} side="right" />
                </BaseMenu.SubmenuRoot>
              ))}
            </BaseMenu.Popup>
          </BaseMenu.Positioner>
        </BaseMenu.Portal>
      </BaseMenu.Root>
    </>
  );
}

function BarMenu({ name }: { name: MenuName }) {
  return (
    <BaseMenu.Root>
      <BaseMenu.Trigger
        className={`flex h-7 items-center rounded-md px-2 hover:bg-hover hover:text-text data-popup-open:bg-hover data-popup-open:text-text ${name === 'Berth' ? 'font-semibold text-text' : 'text-muted'}`}
      >
        {name}
      </BaseMenu.Trigger>
      <LiveEntries name={name} />
    </BaseMenu.Root>
  );
}

/** Read when the menu opens, so that what cannot be done now is grey. */
function LiveEntries({ name, side = 'bottom' }: { name: MenuName; side?: 'bottom' | 'right' }) {
  const app = useApp();
  const keymap = useKeymap();
  useViewState((state) => state);
  return <MenuPopup entries={menuEntries(app, keymap, name)} side={side} />;
}

function SearchButton() {
  const app = useApp();
  const keymap = useKeymap();
  const view = useViewActions();
  const chord = keymap.chords.get('go.palette');
  return (
    <button
      type="button"
      aria-keyshortcuts={chord && ariaShortcut(chord)}
      onClick={() => view.showPalette()}
      className="flex h-7 w-full max-w-[380px] min-w-0 items-center gap-2 rounded-md border border-line bg-panel px-2 text-muted transition-colors hover:border-line-control hover:text-text max-sm:w-7 max-sm:justify-center max-sm:border-transparent max-sm:bg-transparent max-sm:px-0"
    >
      <Search aria-hidden size={14} strokeWidth={1.75} className="shrink-0" />
      <span className="min-w-0 flex-1 truncate text-left max-sm:sr-only">Search or run a command</span>
      {chord && <KeyHint keys={chordKeys(chord, app.platform)} className="max-sm:hidden" />}
    </button>
  );
}

function OperationsButton() {
  const { items } = useOperations();
  const view = useViewActions();
  const underWay = items.filter(isUnderWay);
  if (underWay.length === 0) return null;
  const parts = underWay.map(operationPart);
  const known = parts.filter((part) => part !== null);
  const whole =
    known.length === parts.length ? known.reduce((sum, part) => sum + part, 0) / known.length : null;
  const text = `${underWay.length} ${underWay.length === 1 ? 'operation' : 'operations'}`;
  return (
    <button
      type="button"
      onClick={() => view.open({ type: 'operations' })}
      className="flex h-7 items-center gap-2 rounded-md px-2 text-muted hover:bg-hover hover:text-text"
    >
      <ProgressBar label={text} value={whole} isThin className="w-9 max-sm:w-6" />
      <span className="tabular whitespace-nowrap max-md:sr-only">{text}</span>
    </button>
  );
}

function NoticesButton() {
  const notices = useNotices();
  const view = useViewActions();
  const unread = useStore(notices.store, (state) => state.notices.filter((notice) => !notice.isRead).length);
  return (
    <span className="relative">
      <IconButton
        label={unread === 0 ? 'Notifications' : `Notifications, ${unread} new`}
        icon={Bell}
        onClick={() => view.open({ type: 'notifications' })}
      />
      {unread > 0 && (
        <span
          aria-hidden
          className="pointer-events-none absolute top-1 right-1 size-2 rounded-full bg-accent ring-2 ring-app"
        />
      )}
    </span>
  );
}

function ThemeMenu() {
  const { theme } = useSettings();
  const system = useCommand('view.theme-system');
  const light = useCommand('view.theme-light');
  const dark = useCommand('view.theme-dark');
  const icon = { system: Monitor, light: Sun, dark: Moon }[theme];
  const entries: MenuEntry[] = [
    { name: 'System', value: 'system', handle: system },
    { name: 'Light', value: 'light', handle: light },
    { name: 'Dark', value: 'dark', handle: dark },
  ].map(({ name, value, handle }) => ({
    kind: 'item',
    id: value,
    label: name,
    isChecked: theme === value,
    isDisabled: !handle.isEnabled,
    run: handle.run,
  }));
  return <Menu trigger={<IconButton label="Colours" icon={icon} />} entries={entries} align="end" />;
}
