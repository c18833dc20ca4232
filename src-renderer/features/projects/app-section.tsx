/** What a project is besides a shell: a desktop, web apps, its password, and what images of that sort want of the engine. */
import { RadioGroup, Switch } from '../../components/choices.tsx';
import { Select } from '../../components/select.tsx';
import { TextField } from '../../components/text-field.tsx';
import { AppFields } from './app-fields.tsx';
import type { DraftErrors, ProjectDraft } from './project-draft.ts';

/** The beginnings of the paths of what stands here, for whoever folds it away. */
export const appSectionFields = ['kind', 'apps', 'accessPassword', 'sharedMemoryBytes', 'start', 'recipe'];

export function isAppSectionUsed(draft: ProjectDraft): boolean {
  return (
    draft.kind === 'desktop' || draft.apps.length > 0 || draft.password !== 'none' || draft.recipe !== 'none'
  );
}

export function AppSection(props: {
  readonly draft: ProjectDraft;
  readonly errors: DraftErrors;
  readonly onChange: (change: Partial<ProjectDraft>) => void;
}) {
  const { draft, errors, onChange } = props;
  return (
    <div className="flex flex-col gap-4">
      <RadioGroup
        label="Kind"
        value={draft.kind}
        options={[
          { value: 'shell', label: 'Terminal', help: 'Its work is done in terminals and web apps.' },
          { value: 'desktop', label: 'Desktop', help: 'Its work is done on a screen, in a tab.' },
        ]}
        onChange={(kind) => onChange({ kind })}
      />
      <AppFields apps={draft.apps} errors={errors} onChange={(apps) => onChange({ apps })} />
      <div className="grid grid-cols-2 gap-3 max-sm:grid-cols-1">
        <Select
          label="Password"
          help="Each workspace gets one of its own, made and put in by Berth."
          value={draft.password}
          options={[
            { value: 'none', label: 'None' },
            {
              value: 'file',
              label: 'In a file',
              detail: 'Only the workspace’s own user reads it; images with *_FILE or FILE__* take it',
            },
            {
              value: 'environment',
              label: 'In the environment',
              detail: 'Readable by whoever can inspect the container',
            },
          ]}
          error={errors.accessPassword ?? null}
          onChange={(password) => onChange({ password })}
        />
        {draft.password !== 'none' && (
          <TextField
            label="Variable"
            isCode
            help="As the image names it."
            value={draft.passwordVariable}
            error={errors['accessPassword.variable'] ?? null}
            onChange={(passwordVariable) => onChange({ passwordVariable })}
          />
        )}
      </div>
      <div className="grid grid-cols-2 gap-3 max-sm:grid-cols-1">
        <TextField
          label="Shared memory"
          isOptional
          help="/dev/shm; browsers want 1 GiB. Empty: 64 MiB."
          value={draft.sharedMemory}
          error={errors.sharedMemoryBytes ?? null}
          onChange={(sharedMemory) => onChange({ sharedMemory })}
        />
        <Select
          label="Built on the host"
          help="Where the image is not there and cannot be pulled."
          value={draft.recipe}
          options={[
            { value: 'none', label: 'Never' },
            {
              value: 'shell',
              label: 'Berth’s terminal image',
              detail: 'Debian with tmux, git and common tools',
            },
            { value: 'browser', label: 'Berth’s browser image', detail: 'Chromium on a screen' },
          ]}
          onChange={(recipe) => onChange({ recipe })}
        />
      </div>
      <Switch
        label="Its own init is the first process"
        help="For images that begin with s6 or systemd. Otherwise Berth keeps the container alive, whatever its command does."
        isChecked={draft.start === 'image'}
        onChange={(isOwn) => onChange({ start: isOwn ? 'image' : 'berth' })}
      />
    </div>
  );
}
