/** What a workspace is made of, exactly, and how to find it on its host by hand. */
import type { ReactNode } from 'react';
import type { Workspace } from '#contract/workspaces.ts';
import { CodeBlock } from '../../components/code-block.tsx';
import { CopyButton } from '../../components/copy-button.tsx';
import { Card } from '../../components/page.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { useProject, useViewActions } from '../../state/app-context.tsx';
import { limitsText, profileSentences } from '../../state/project-words.ts';

export function WorkspaceDetails({ workspace }: { workspace: Workspace }) {
  const view = useViewActions();
  const project = useProject(workspace.projectId);
  const profile = profileSentences.find(({ value }) => value === workspace.profile);
  return (
    <div className="flex flex-col gap-4">
      <Card className="px-4 py-3">
        <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-2 max-sm:grid-cols-1 max-sm:gap-y-0.5">
          <Row label="Project">
            {project ? (
              <button
                type="button"
                onClick={() => view.open({ type: 'project', projectId: project.id })}
                className="rounded-sm text-accent hover:underline"
                dir="auto"
              >
                {project.name}
              </button>
            ) : (
              `${workspace.projectName} (removed)`
            )}
          </Row>
          <Row label="Image">
            <Code text={workspace.image} />
          </Row>
          <Row label="Image digest">
            {workspace.imageDigest === null ? (
              <span className="text-muted">not known: the image came from no registry</span>
            ) : (
              <Code text={workspace.imageDigest} />
            )}
          </Row>
          <Row label="Limits">{limitsText(workspace.limits)}</Row>
          <Row label="Hardening">
            {profile?.label}
            <span className="block text-meta text-muted">{profile?.help}</span>
          </Row>
          <Row label="Runtime">{workspace.runtime}</Row>
          <Row label="Files in">
            <Code text={workspace.mountPoint} />
          </Row>
          <Row label="Volume">
            <Code text={workspace.volumeName} />
          </Row>
          <Row label="Container">
            {workspace.containerId === null ? (
              <span className="text-muted">none</span>
            ) : (
              <Code text={workspace.containerId} />
            )}
          </Row>
          <Row label="Label">
            <Code text={`dev.berth.workspace=${workspace.id}`} />
          </Row>
          <Row label="Made">
            <RelativeTime at={workspace.createdAt} />
            {workspace.isAdopted && ', found on its host by its labels'}
          </Row>
        </dl>
      </Card>
      <FindByHand workspace={workspace} />
    </div>
  );
}

function FindByHand({ workspace }: { workspace: Workspace }) {
  const text = `docker ps --all --filter label=dev.berth.workspace=${workspace.id}`;
  return (
    <div className="flex flex-col gap-1.5">
      <p className="text-muted">Typed on the host, this finds its container:</p>
      <CodeBlock text={text} label="Command" />
    </div>
  );
}

function Row({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="contents">
      <dt className="text-muted">{label}</dt>
      <dd className="m-0 min-w-0 wrap-anywhere max-sm:mb-2">{children}</dd>
    </div>
  );
}

function Code({ text }: { text: string }) {
  return (
    <span className="inline-flex max-w-full items-center gap-1.5">
      <span className="truncate font-code text-[0.96em]" title={text}>
        {text}
      </span>
      <CopyButton text={text} label="Copy" isIconOnly />
    </span>
  );
}
