/**
 * Making a workspace: where, of which project (or of a new one, defined here), under which name. It stands with the
 * projects because most of it is a project's fields.
 */
import { ServerOff } from 'lucide-react';
import { useRef, useState } from 'react';
import type { BerthError } from '#contract/berth-error.ts';
import type { Host } from '#contract/hosts.ts';
import type { HostId, ProjectId } from '#contract/ids.ts';
import type { Machine } from '#contract/machines.ts';
import type { Project, ProjectTemplate } from '#contract/projects.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { formatBytes } from '../../components/format.ts';
import { useFirstInvalid } from '../../components/first-invalid.ts';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { Card, Page } from '../../components/page.tsx';
import { Select } from '../../components/select.tsx';
import { TextField } from '../../components/text-field.tsx';
import {
  useClient,
  useHosts,
  useMachines,
  useProjects,
  useViewActions,
  useWorkspaces,
} from '../../state/app-context.tsx';
import type { ViewProps } from '../../state/feature.ts';
import { fieldErrors } from '../../state/field-errors.ts';
import { machineOfHost } from '../../state/commands.ts';
import { hostMark, machineRest } from '../../state/marks.ts';
import { toBerthError } from '../../state/to-berth-error.ts';
import { limitsText, profileSentences, runtimeSentences } from '../../state/project-words.ts';
import {
  type DraftErrors,
  draftOf,
  freeName,
  nameForImage,
  newDraft,
  readDraft,
  servedRuntimes,
} from './project-draft.ts';
import { ProjectFields } from './project-fields.tsx';
import { TemplateNotes, useTemplates } from './template-gallery.tsx';
import { useHostOffer } from './use-host-offer.ts';

const byName = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

export default function NewWorkspacePage({ view: ref, tabId }: ViewProps<'new-workspace'>) {
  const hosts = useHosts();
  const projects = useProjects();
  const view = useViewActions();
  return (
    <Page
      title="New workspace"
      lead="A container with files that last, made on a host of yours."
      width="text"
    >
      {hosts.status === 'error' && hosts.error !== null && (
        <ErrorNote
          title="The hosts could not be read"
          error={hosts.error}
          actions={<Button onClick={hosts.retry}>Read again</Button>}
        />
      )}
      {(hosts.status === 'loading' || projects.status === 'loading') && (
        <LoadingRows label="Loading hosts and projects" />
      )}
      {hosts.status === 'ready' && hosts.items.length === 0 && (
        <EmptyState
          icon={ServerOff}
          title="A workspace needs a host"
          actions={
            <Button variant="primary" onClick={() => view.replace(tabId, { type: 'add-host' })}>
              Add a host
            </Button>
          }
        >
          Add this computer or a server with Docker first; it takes a minute.
        </EmptyState>
      )}
      {hosts.status === 'ready' && hosts.items.length > 0 && projects.status !== 'loading' && (
        <Form
          tabId={tabId}
          hosts={[...hosts.items].sort((a, b) => byName.compare(a.name, b.name))}
          projects={[...projects.items].sort((a, b) => byName.compare(a.name, b.name))}
          hostId={ref.hostId}
          projectId={ref.projectId}
        />
      )}
    </Page>
  );
}

function isUsable(host: Host): boolean {
  return host.state.phase === 'ready' && host.state.engineRoute !== 'none';
}

/** Why no workspace can be made there, and what to do. In quotes: a name must not be read as the sentence. */
function unusable(host: Host, machine: Machine | undefined): string {
  if (machineRest(host, machine) !== null)
    return `“${host.name}” is ${hostMark(host, machine).word}. Its page says how it comes back; or choose another host.`;
  return host.state.phase === 'ready'
    ? `“${host.name}” has no engine that answers. Its page says why; or choose another host.`
    : `“${host.name}” is ${hostMark(host).word}. Connect it, or choose another host.`;
}

const newVolume = 'new';
const newProject = 'new';
const noTemplate = 'none';

function Form(props: {
  readonly tabId: string;
  readonly hosts: readonly Host[];
  readonly projects: readonly Project[];
  readonly hostId: HostId | null;
  readonly projectId: ProjectId | null;
}) {
  const { hosts, projects } = props;
  const client = useClient();
  const view = useViewActions();
  const workspaces = useWorkspaces().items;
  const machines = useMachines().byId;
  const [hostId, setHostId] = useState<HostId>(
    () => (hosts.find(({ id }) => id === props.hostId) ?? hosts.find(isUsable) ?? hosts[0]!).id,
  );
  const [projectId, setProjectId] = useState<ProjectId | typeof newProject>(
    () => props.projectId ?? projects[0]?.id ?? newProject,
  );
  const [draft, setDraft] = useState(newDraft);
  const [template, setTemplate] = useState<ProjectTemplate | null>(null);
  const templates = useTemplates().answer?.templates ?? [];
  const [projectName, setProjectName] = useState<string | null>(null);
  const [typedName, setTypedName] = useState<string | null>(null);
  const [volumeName, setVolumeName] = useState(newVolume);
  const [errors, setErrors] = useState<DraftErrors>({});
  const [error, setError] = useState<BerthError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useFirstInvalid(form, errors);

  const host = hosts.find(({ id }) => id === hostId) ?? hosts[0]!;
  const project = projects.find(({ id }) => id === projectId);
  const isNew = project === undefined;
  const offer = useHostOffer(isUsable(host) ? host.id : null);
  const runtimes = servedRuntimes(host.facts?.runtimes ?? []);
  const isProjectTaken = (name: string) => projects.some((each) => each.name === name);
  const isNameTaken = (name: string) =>
    workspaces.some((each) => each.hostId === host.id && each.name === name);
  const suggestedProject = nameForImage(draft.image, isProjectTaken);
  const base = (isNew ? (projectName ?? suggestedProject) : project.name).toLocaleLowerCase();
  const name = typedName ?? (base === '' ? '' : freeName(base, isNameTaken));

  const forget = () => {
    setErrors({});
    setError(null);
  };
  const create = async () => {
    forget();
    let chosenId: ProjectId;
    setBusy(true);
    try {
      if (isNew) {
        const read = readDraft({ ...draft, name: projectName ?? suggestedProject });
        if ('errors' in read || name.trim() === '') {
          setErrors({
            ...('errors' in read ? read.errors : {}),
            ...(name.trim() === '' ? { workspace: 'must not be empty' } : {}),
          });
          return;
        }
        chosenId = (await client.call('projects.create', read.definition)).id;
        // From here on the project is there: trying again must not make another.
        setProjectId(chosenId);
      } else chosenId = project.id;
      const { workspace } = await client.call('workspaces.create', {
        name,
        projectId: chosenId,
        hostId: host.id,
        volumeName: volumeName === newVolume ? null : volumeName,
      });
      view.replace(props.tabId, { type: 'workspace', workspaceId: workspace.id });
    } catch (cause) {
      const failure = toBerthError(cause);
      if (failure.code === 'workspace.name-taken') setErrors({ workspace: failure.message });
      else if (failure.code === 'project.name-taken') setErrors({ name: failure.message });
      else if (failure.code === 'image.invalid-reference') setErrors({ image: failure.message });
      else if (failure.code === 'invalid-input') {
        const { name: wrongName, ...rest } = fieldErrors(failure);
        setErrors(wrongName === undefined ? rest : { ...rest, workspace: wrongName });
      } else setError(failure);
    } finally {
      setBusy(false);
    }
  };

  return (
    <form
      ref={form}
      noValidate
      className="flex flex-col gap-5"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isBusy && isUsable(host)) void create();
      }}
    >
      <Select
        label="Host"
        value={host.id}
        options={hosts.map((each) => ({
          value: each.id,
          label: each.name,
          ...(isUsable(each) ? {} : { detail: hostMark(each, machineOfHost(machines, each.id)).word }),
        }))}
        error={isUsable(host) ? null : unusable(host, machineOfHost(machines, host.id))}
        onChange={(id) => {
          setHostId(id);
          setVolumeName(newVolume);
          forget();
        }}
      />
      {projects.length > 0 && (
        <Select
          label="Project"
          help="What the workspace is made of."
          value={isNew ? newProject : project.id}
          options={[
            ...projects.map((each) => ({ value: each.id, label: each.name, detail: each.image })),
            { value: newProject, label: 'A new project…', detail: 'Define image and limits here' } as const,
          ]}
          onChange={(id) => {
            setProjectId(id);
            forget();
          }}
        />
      )}
      {isNew && templates.length > 0 && (
        <Select
          label="Template"
          help="Fills in what a well-known image needs."
          value={template?.id ?? noTemplate}
          options={[
            { value: noTemplate, label: 'None' },
            ...templates.map(({ id, definition, summary }) => ({
              value: id,
              label: definition.name,
              detail: summary,
            })),
          ]}
          onChange={(id) => {
            const chosen = templates.find((each) => each.id === id) ?? null;
            setTemplate(chosen);
            setDraft(chosen === null ? newDraft() : draftOf(chosen.definition));
            setProjectName(chosen === null ? null : freeName(chosen.definition.name, isProjectTaken));
            forget();
          }}
        />
      )}
      {isNew && template !== null && <TemplateNotes template={template} />}
      {isNew ? (
        <ProjectFields
          key={template?.id ?? noTemplate}
          isNameFirst={false}
          draft={{ ...draft, name: projectName ?? suggestedProject }}
          errors={errors}
          images={offer.images}
          runtimes={runtimes}
          onChange={({ name: ownName, ...change }) => {
            if (ownName !== undefined) setProjectName(ownName);
            setDraft((before) => ({ ...before, ...change }));
          }}
        />
      ) : (
        <Summary project={project} isServed={runtimes.includes(project.runtime)} />
      )}
      <TextField
        label="Workspace name"
        help="Only for people; it can be changed at any time."
        value={name}
        error={errors.workspace ?? null}
        onChange={setTypedName}
      />
      {offer.volumes.length > 0 && (
        <Select
          label="Files"
          help="A kept volume has the files of a workspace that was destroyed."
          value={volumeName}
          options={[
            { value: newVolume, label: 'A new, empty volume' },
            ...offer.volumes.map((volume) => ({
              value: volume.name,
              label: `Files of ${volume.workspaceName}`,
              detail: `${formatBytes(volume.sizeBytes)}, ${volume.name}`,
            })),
          ]}
          error={errors.volumeName ?? null}
          onChange={setVolumeName}
        />
      )}
      {offer.error !== null && <ErrorNote title="Kept volumes could not be read" error={offer.error} />}
      {error !== null && (
        <ErrorNote
          title="The workspace was not created"
          error={error}
          // Its password has no place to be kept in; the page of credentials offers one. What is filled in here stays.
          actions={
            error.code.startsWith('credential.') && (
              <Button onClick={() => view.open({ type: 'credentials' })}>Open credentials</Button>
            )
          }
        />
      )}
      <div className="flex flex-wrap gap-2">
        <Button
          type="submit"
          variant="primary"
          isBusy={isBusy}
          disabled={!isUsable(host)}
          reason={unusable(host, machineOfHost(machines, host.id))}
        >
          Create workspace
        </Button>
      </div>
    </form>
  );
}

function Summary({ project, isServed }: { project: Project; isServed: boolean }) {
  const profile = profileSentences.find(({ value }) => value === project.profile);
  const rows: readonly (readonly [string, string])[] = [
    ['Image', project.image],
    ['Limits', limitsText(project.limits)],
    ['Files in', project.mountPoint],
    ['Hardening', profile?.label ?? project.profile],
    [
      'Runtime',
      isServed
        ? runtimeSentences[project.runtime].label
        : `${runtimeSentences[project.runtime].label}: this host does not have it`,
    ],
  ];
  return (
    <Card className="px-4 py-3">
      <dl className="grid grid-cols-[auto_1fr] gap-x-5 gap-y-1">
        {rows.map(([label, value]) => (
          <div key={label} className="contents">
            <dt className="text-muted">{label}</dt>
            <dd className="m-0 min-w-0 wrap-anywhere">{value}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}
