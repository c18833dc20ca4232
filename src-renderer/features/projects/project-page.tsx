/** One project, made or changed. A change never touches workspaces that exist. */
import { useRef, useState } from 'react';
import type { BerthError } from '#contract/berth-error.ts';
import type { Project, ProjectTemplate } from '#contract/projects.ts';
import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { useFirstInvalid } from '../../components/first-invalid.ts';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { Card, Page, Section } from '../../components/page.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import {
  useClient,
  useCommand,
  useHosts,
  useMay,
  useNotices,
  useProject,
  useProjects,
  useViewActions,
  useMachines,
  useWorkspaces,
} from '../../state/app-context.tsx';
import type { ViewProps } from '../../state/feature.ts';
import { machineOfHost } from '../../state/commands.ts';
import { fieldErrors } from '../../state/field-errors.ts';
import { workspaceMark } from '../../state/marks.ts';
import { toBerthError } from '../../state/to-berth-error.ts';
import { type DraftErrors, draftOf, editOf, freeName, newDraft, readDraft } from './project-draft.ts';
import { ProjectFields } from './project-fields.tsx';
import { TemplateGallery, TemplateNotes } from './template-gallery.tsx';

export default function ProjectPage({ view, tabId }: ViewProps<'project'>) {
  const project = useProject(view.projectId);
  const { status } = useProjects();
  if (view.projectId === null) return <NewProject tabId={tabId} />;
  if (project !== undefined) return <Editor key={project.id} project={project} tabId={tabId} />;
  return (
    <Page title="Project" width="text">
      {status === 'loading' ? (
        <LoadingRows label="Loading the project" />
      ) : (
        <p className="text-muted">This project was removed.</p>
      )}
    </Page>
  );
}

/** First with what it begins; then the form. */
function NewProject({ tabId }: { tabId: string }) {
  const [chosen, setChosen] = useState<{ readonly template: ProjectTemplate | null } | null>(null);
  const mayChange = useMay('projects.write');
  if (chosen !== null)
    return <Editor project={null} tabId={tabId} template={chosen.template} onBack={() => setChosen(null)} />;
  return (
    <Page
      title="New project"
      lead="What workspaces of one kind have in common. Begin with nothing, or with what others use."
    >
      {mayChange && <TemplateGallery onChoose={(template) => setChosen({ template })} />}
    </Page>
  );
}

interface EditorProps {
  readonly project: Project | null;
  readonly tabId: string;
  readonly template?: ProjectTemplate | null;
  readonly onBack?: () => void;
}

function Editor({ project, tabId, template = null, onBack }: EditorProps) {
  const client = useClient();
  const mayChange = useMay('projects.write');
  const view = useViewActions();
  const notices = useNotices();
  const projects = useProjects().items;
  const [draft, setDraft] = useState(() => {
    if (project !== null) return draftOf(project);
    if (template === null) return newDraft();
    const name = freeName(template.definition.name, (wanted) =>
      projects.some((each) => each.name === wanted),
    );
    return draftOf({ ...template.definition, name });
  });
  const [errors, setErrors] = useState<DraftErrors>({});
  const [error, setError] = useState<BerthError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useFirstInvalid(form, errors);
  const isChanged = project === null || JSON.stringify(draft) !== JSON.stringify(draftOf(project));

  const save = async () => {
    const read = readDraft(draft);
    setError(null);
    if ('errors' in read) return setErrors(read.errors);
    setErrors({});
    setBusy(true);
    try {
      if (project === null) {
        const made = await client.call('projects.create', read.definition);
        view.replace(tabId, { type: 'project', projectId: made.id });
      } else {
        const saved = await client.call('projects.edit', { id: project.id, ...editOf(read.definition) });
        setDraft(draftOf(saved));
        notices.show({ level: 'done', title: `${saved.name} was saved` });
      }
    } catch (cause) {
      const failure = toBerthError(cause);
      if (failure.code === 'project.name-taken') setErrors({ name: failure.message });
      else if (failure.code === 'invalid-input') setErrors(fieldErrors(failure));
      else setError(failure);
    } finally {
      setBusy(false);
    }
  };

  return (
    <Page
      width="text"
      title={project === null ? 'New project' : project.name}
      lead={
        project === null ? (
          'What workspaces of one kind have in common. Make as many of them as you like, on any host.'
        ) : (
          <>
            Changed <RelativeTime at={project.changedAt} />. Workspaces that exist keep what they were made
            with.
          </>
        )
      }
      actions={
        project !== null ? (
          <Verbs project={project} />
        ) : (
          <Button variant="quiet" onClick={onBack}>
            Other templates
          </Button>
        )
      }
    >
      <form
        ref={form}
        noValidate
        className="flex flex-col gap-5"
        onSubmit={(event) => {
          event.preventDefault();
          if (!isBusy && isChanged) void save();
        }}
      >
        {template !== null && <TemplateNotes template={template} />}
        <fieldset disabled={!mayChange} className="m-0 min-w-0 border-0 p-0">
          <ProjectFields
            isNameFirst
            draft={draft}
            errors={errors}
            onChange={(change) => setDraft((before) => ({ ...before, ...change }))}
          />
        </fieldset>
        {error !== null && <ErrorNote title="The project was not saved" error={error} />}
        {mayChange && (
          <div className="flex flex-wrap gap-2">
            <Button
              type="submit"
              variant="primary"
              isBusy={isBusy}
              disabled={!isChanged}
              reason="Nothing was changed"
            >
              {project === null ? 'Create project' : 'Save changes'}
            </Button>
            {project !== null && isChanged && (
              <Button
                variant="quiet"
                onClick={() => {
                  setDraft(draftOf(project));
                  setErrors({});
                  setError(null);
                }}
              >
                Discard changes
              </Button>
            )}
          </div>
        )}
      </form>
      {project !== null && <UsedBy project={project} />}
    </Page>
  );
}

function Verbs({ project }: { project: Project }) {
  const subject = { kind: 'project', id: project.id } as const;
  const make = useCommand('project.new-workspace', subject);
  const remove = useCommand('project.remove', subject);
  return (
    <>
      {remove.isShown && (
        <Button variant="quiet" onClick={remove.run}>
          Remove
        </Button>
      )}
      {make.isShown && <Button onClick={make.run}>New workspace</Button>}
    </>
  );
}

function UsedBy({ project }: { project: Project }) {
  const view = useViewActions();
  const hosts = useHosts().byId;
  const machines = useMachines().byId;
  const workspaces = useWorkspaces().items.filter((workspace) => workspace.projectId === project.id);
  if (workspaces.length === 0) return null;
  return (
    <Section title="Workspaces of this project">
      <Card>
        <ul className="m-0 list-none divide-y divide-line p-0">
          {workspaces.map((workspace) => {
            const mark = workspaceMark(workspace, machineOfHost(machines, workspace.hostId));
            return (
              <li key={workspace.id}>
                <button
                  type="button"
                  onClick={() => view.open({ type: 'workspace', workspaceId: workspace.id })}
                  className="focus-inset grid w-full grid-cols-[1fr_1fr_84px] items-center gap-3 px-3 py-1.5 text-left hover:bg-hover"
                >
                  <span className="min-w-0 flex-1 truncate" dir="auto">
                    {workspace.name}
                  </span>
                  <span className="min-w-0 truncate text-muted" dir="auto">
                    {hosts.get(workspace.hostId)?.name}
                  </span>
                  <StateMark signal={mark.signal} word={mark.word} />
                </button>
              </li>
            );
          })}
        </ul>
      </Card>
    </Section>
  );
}
