/** What a workspace serves, as buttons: the main app first, the others behind it. */
import { ChevronDown, Monitor, PanelTop } from 'lucide-react';
import type { Workspace } from '#contract/workspaces.ts';
import { Button } from '../../components/button.tsx';
import { Menu } from '../../components/menu.tsx';
import { commandContext, useApp, useCommand, useMay, useNotices } from '../../state/app-context.tsx';
import { openableApps, openApp, openLabel } from '../../state/open-app.ts';

export function OpenButtons({ workspace }: { workspace: Workspace }) {
  const app = useApp();
  const notices = useNotices();
  const mayOpen = useMay('workspaces.write');
  const open = useCommand('workspace.open-app', { kind: 'workspace', id: workspace.id });
  const [main, ...others] = openableApps(workspace.apps);
  if (main === undefined || !mayOpen || !open.isEnabled) return null;
  return (
    <>
      <Button variant="primary" icon={main.protocol === 'vnc' ? Monitor : PanelTop} onClick={open.run}>
        {openLabel(main)}
      </Button>
      {others.length > 0 && (
        <Menu
          align="end"
          trigger={<Button icon={ChevronDown}>Apps</Button>}
          entries={others.map((each) => ({
            kind: 'item',
            id: String(each.port),
            label: each.name,
            icon: each.protocol === 'vnc' ? Monitor : PanelTop,
            run: () => {
              openApp(commandContext(app), workspace.id, each).catch((cause: unknown) =>
                notices.fail(`${each.name} was not opened`, cause),
              );
            },
          }))}
        />
      )}
    </>
  );
}
