/** All projects. */
import { FolderCog, Plus } from 'lucide-react';
import type { Project } from '#contract/projects.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { formatCount } from '../../components/format.ts';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { Card, Page } from '../../components/page.tsx';
import { useCommand, useProjects, useViewActions, useWorkspaces } from '../../state/app-context.tsx';
import type { ViewProps } from '../../state/feature.ts';
import { limitsText } from '../../state/project-words.ts';

const byName = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

export default function ProjectsPage(_props: ViewProps<'projects'>) {
  const projects = useProjects();
  const make = useCommand('project.new');
  const sorted = [...projects.items].sort((a, b) => byName.compare(a.name, b.name));
  return (
    <Page
      title="Projects"
      lead="Named definitions from which workspaces are made: image, limits, environment."
      actions={
        make.isShown && (
          <Button variant="primary" icon={Plus} onClick={make.run}>
            New project
          </Button>
        )
      }
    >
      {projects.status === 'loading' && <LoadingRows label="Loading the projects" />}
      {projects.status === 'error' && projects.error !== null && (
        <ErrorNote
          title="The projects could not be read"
          error={projects.error}
          actions={<Button onClick={projects.retry}>Read again</Button>}
        />
      )}
      {projects.status === 'ready' && sorted.length === 0 && (
        <EmptyState
          icon={FolderCog}
          title="No projects yet"
          actions={make.isShown && <Button onClick={make.run}>New project</Button>}
        >
          A project says once which image, limits and environment its workspaces have. Making a workspace can
          also make its project.
        </EmptyState>
      )}
      {sorted.length > 0 && (
        <Card>
          <ul aria-label="Projects" className="m-0 list-none divide-y divide-line p-0">
            {sorted.map((project) => (
              <Row key={project.id} project={project} />
            ))}
          </ul>
        </Card>
      )}
    </Page>
  );
}

function Row({ project }: { project: Project }) {
  const view = useViewActions();
  const make = useCommand('project.new-workspace', { kind: 'project', id: project.id });
  const count = useWorkspaces().items.filter((workspace) => workspace.projectId === project.id).length;
  return (
    <li className="flex items-center gap-2 pr-2 transition-colors hover:bg-hover">
      <button
        type="button"
        onClick={() => view.open({ type: 'project', projectId: project.id })}
        className="focus-inset flex min-w-0 flex-1 items-center gap-4 px-3 py-2 text-left"
      >
        <span className="flex min-w-0 flex-1 flex-col">
          <span className="truncate font-medium" dir="auto">
            {project.name}
          </span>
          <span className="truncate font-code text-meta text-muted">{project.image}</span>
        </span>
        <span className="min-w-0 truncate text-meta text-muted max-sm:hidden">
          {limitsText(project.limits)}
        </span>
        <span className="tabular w-24 shrink-0 text-right text-meta text-muted">
          {count === 0 ? 'not used' : formatCount(count, 'workspace', 'workspaces')}
        </span>
      </button>
      {make.isShown && (
        <Button variant="quiet" onClick={make.run} className="max-sm:hidden">
          New workspace
        </Button>
      )}
    </li>
  );
}
