/** On the pages of workspaces and hosts: the way to their files. */
import { FolderOpen } from 'lucide-react';
import { Button } from '../../components/button.tsx';
import { Section } from '../../components/page.tsx';
import { useCommand } from '../../state/app-context.tsx';
import type { HostPartProps, WorkspacePartProps } from '../../state/feature.ts';
import type { Subject } from '../../state/commands.ts';

export function WorkspaceFiles({ workspace }: WorkspacePartProps) {
  const where =
    workspace.state === 'running'
      ? `The lasting files are in ${workspace.mountPoint}.`
      : `The lasting files, those in ${workspace.mountPoint}, are there while it is stopped, too.`;
  return <FilesSection id="files.open" subject={{ kind: 'workspace', id: workspace.id }} text={where} />;
}

export function HostFiles({ host }: HostPartProps) {
  return (
    <FilesSection
      id="files.open-host"
      subject={{ kind: 'host', id: host.id }}
      text="As Berth’s login there sees them."
    />
  );
}

function FilesSection({ id, subject, text }: { id: string; subject: Subject; text: string }) {
  const open = useCommand(id, subject);
  if (!open.isShown) return null;
  return (
    <Section
      title="Files"
      actions={
        <Button icon={FolderOpen} onClick={open.run} disabled={!open.isEnabled} reason="Its host is away">
          Browse files
        </Button>
      }
    >
      <p className="text-muted">{text}</p>
    </Section>
  );
}
