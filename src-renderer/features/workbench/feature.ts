/** The window's own pages and commands. */
import { Bell, CircleHelp, Keyboard, Settings2 } from 'lucide-react';
import { defineView, type Feature } from '../../state/feature.ts';
import { HelpPage } from './help-page.tsx';
import { NotificationsPage } from './notifications-page.tsx';
import { SettingsPage } from './settings-page.tsx';
import { ShortcutsPage } from './shortcuts-page.tsx';
import { SystemNotices } from './system-notices.tsx';
import { workbenchCommands } from './workbench-commands.ts';

export const workbenchFeature: Feature = {
  name: 'workbench',
  commands: workbenchCommands,
  overlays: [SystemNotices],
  views: [
    defineView({
      type: 'settings',
      component: SettingsPage,
      describe: () => ({ title: 'Settings', icon: Settings2 }),
    }),
    defineView({
      type: 'shortcuts',
      component: ShortcutsPage,
      describe: () => ({ title: 'Keyboard shortcuts', icon: Keyboard }),
    }),
    defineView({
      type: 'notifications',
      component: NotificationsPage,
      describe: () => ({ title: 'Notifications', icon: Bell }),
    }),
    defineView({
      type: 'help',
      component: HelpPage,
      describe: () => ({ title: 'Help', icon: CircleHelp }),
    }),
  ],
};
