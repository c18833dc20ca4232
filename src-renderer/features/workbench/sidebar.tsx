/** Hosts, workspaces and terminals as a tree; in a narrow window the same in a drawer. */
import { Dialog } from '@base-ui/react/dialog';
import { Plus, Server } from 'lucide-react';
import { useMemo } from 'react';
import { Button, IconButton } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { Tree } from '../../components/tree.tsx';
import {
  useApp,
  useHosts,
  useKeymap,
  useMachines,
  useMay,
  useNotices,
  useTerminals,
  useViewActions,
  useViewState,
  useWorkspaces,
} from '../../state/app-context.tsx';
import { subjectOfView } from '../../state/commands.ts';
import { subjectEntries } from '../../state/subject-menu.ts';
import { activeTab } from '../../state/view-state.ts';
import { Rail } from './rail.tsx';
import { sidebarTree, subjectOfRow, viewOfSubject } from './sidebar-tree.ts';

export function Sidebar() {
  const view = useViewActions();
  const mayAdd = useMay('hosts.write');
  return (
    <aside data-sidebar aria-label="Hosts and workspaces" className="flex h-full min-h-0 flex-col bg-panel">
      <div className="flex h-9 shrink-0 items-center justify-between pr-1.5 pl-4">
        <h2 className="text-meta font-medium text-muted">Hosts</h2>
        {mayAdd && (
          <IconButton label="Add a host" icon={Plus} onClick={() => view.open({ type: 'add-host' })} />
        )}
      </div>
      <HostTree />
    </aside>
  );
}

function HostTree() {
  const app = useApp();
  const { client } = app;
  const hosts = useHosts();
  const workspaces = useWorkspaces();
  const terminals = useTerminals();
  const machines = useMachines();
  const view = useViewActions();
  const notices = useNotices();
  const keymap = useKeymap();
  const foldedIds = useViewState((state) => state.foldedIds);
  const renamingId = useViewState((state) => state.renamingId);
  const front = useViewState((state) => activeTab(state)?.ref);
  const folded = useMemo(() => new Set(foldedIds), [foldedIds]);
  const mayHosts = useMay('hosts.write');
  const mayWorkspaces = useMay('workspaces.write');
  const mayTerminals = useMay('terminals.write');
  const may = useMemo(
    () => ({ hosts: mayHosts, workspaces: mayWorkspaces, terminals: mayTerminals }),
    [mayHosts, mayWorkspaces, mayTerminals],
  );
  const nodes = useMemo(
    () => sidebarTree(hosts.items, workspaces.items, terminals.items, machines.items, may),
    [hosts.items, workspaces.items, terminals.items, machines.items, may],
  );

  if (hosts.status === 'loading')
    return (
      <div className="px-3">
        <LoadingRows label="Loading hosts" rows={4} />
      </div>
    );
  if (hosts.status === 'error' && hosts.error)
    return (
      <div className="overflow-y-auto px-3">
        <ErrorNote
          title="The hosts could not be read"
          error={hosts.error}
          actions={<Button onClick={hosts.retry}>Read again</Button>}
        />
      </div>
    );
  if (nodes.length === 0)
    return (
      <div className="flex flex-col items-start gap-3 px-4 py-2 text-muted">
        <p>
          {may.hosts
            ? 'No hosts yet. A host is a machine with Docker that you can reach over SSH, or this computer.'
            : 'No hosts yet. An owner of this Berth adds them.'}
        </p>
        {may.hosts && (
          <Button icon={Server} onClick={() => view.open({ type: 'add-host' })}>
            Add a host
          </Button>
        )}
      </div>
    );

  const rename = async (id: string, name: string) => {
    const subject = subjectOfRow(id);
    if (subject?.kind === 'host') await client.call('hosts.edit', { id: subject.id, name });
    if (subject?.kind === 'workspace') await client.call('workspaces.rename', { id: subject.id, name });
    if (subject?.kind === 'terminal') await client.call('terminals.rename', { id: subject.id, name });
  };
  return (
    <Tree
      className="flex-1 pb-2"
      label="Hosts, workspaces and terminals"
      nodes={nodes}
      foldedIds={folded}
      onFold={view.setFolded}
      currentId={subjectOfView(front)?.id ?? null}
      onOpen={(id) => {
        const subject = subjectOfRow(id);
        if (subject) view.open(viewOfSubject(subject));
      }}
      renamingId={renamingId}
      onRenameStart={view.setRenaming}
      onRenameEnd={(id, name) => {
        view.setRenaming(null);
        document.querySelector<HTMLElement>('[data-sidebar] [role=tree]')?.focus();
        if (name !== null)
          rename(id, name).catch((cause: unknown) =>
            notices.fail(`It could not be renamed to “${name}”`, cause),
          );
      }}
      menuFor={(id) => {
        const subject = subjectOfRow(id);
        return subject ? subjectEntries(app, keymap, subject) : [];
      }}
    />
  );
}

export function SidebarDrawer() {
  const isOpen = useViewState((state) => state.isDrawerOpen);
  const view = useViewActions();
  return (
    <Dialog.Root open={isOpen} onOpenChange={(next) => view.setDrawer(next)}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-20 bg-scrim transition-opacity data-ending-style:opacity-0 data-starting-style:opacity-0" />
        <Dialog.Popup
          aria-label="Hosts and places"
          className="fixed inset-y-0 left-0 z-20 flex w-[min(320px,86vw)] flex-col border-r border-line bg-panel shadow-raised outline-none transition-transform data-ending-style:-translate-x-full data-starting-style:-translate-x-full"
        >
          <Dialog.Title className="sr-only">Hosts and places</Dialog.Title>
          <div className="min-h-0 flex-1">
            <Sidebar />
          </div>
          <Rail isFlat />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
