/** The apps of a project: what a workspace of it serves, on which port, and how its password gets there. */
import { Plus, Trash2 } from 'lucide-react';
import { useRef } from 'react';
import { Button, IconButton } from '../../components/button.tsx';
import { Checkbox } from '../../components/choices.tsx';
import { Select } from '../../components/select.tsx';
import { TextField } from '../../components/text-field.tsx';
import { type AppDraft, newApp } from './app-draft.ts';
import type { DraftErrors } from './project-draft.ts';

const protocols = [
  { value: 'http', label: 'HTTP', detail: 'A web app' },
  { value: 'https', label: 'HTTPS', detail: 'A web app with a certificate of its own' },
  { value: 'vnc', label: 'VNC', detail: 'A screen, shown in a tab' },
  { value: 'tcp', label: 'TCP', detail: 'Anything else' },
] as const;

const logins = [
  { value: 'none', label: 'Not at all', detail: 'It asks for none' },
  { value: 'basic', label: 'Basic', detail: 'The browser’s own question for name and password' },
  { value: 'header', label: 'A header', detail: 'Such as Authorization: token …' },
  { value: 'form', label: 'A form', detail: 'A page of the app that is posted' },
] as const;

export interface AppFieldsProps {
  readonly apps: readonly AppDraft[];
  readonly errors: DraftErrors;
  readonly onChange: (apps: readonly AppDraft[]) => void;
}

export function AppFields({ apps, errors, onChange }: AppFieldsProps) {
  const lastKey = useRef(0);
  const change = (key: string, part: Partial<AppDraft>) =>
    onChange(apps.map((app) => (app.key === key ? { ...app, ...part } : app)));
  return (
    <fieldset className="m-0 flex min-w-0 flex-col gap-2 border-0 p-0">
      <legend className="p-0 text-meta font-medium">Apps</legend>
      <p className="text-meta text-muted">
        What it serves, to be opened with one click. Ports that are not named here are found by themselves.
      </p>
      {apps.map((app, index) => (
        <AppRow
          key={app.key}
          app={app}
          name={app.name.trim() === '' ? `app ${index + 1}` : app.name}
          errors={errors}
          onChange={(part) => {
            // One is the first: choosing another takes it from the one before.
            if (part.isMain === true)
              onChange(apps.map((each) => ({ ...each, isMain: each.key === app.key })));
            else change(app.key, part);
          }}
          onRemove={() => onChange(apps.filter((each) => each.key !== app.key))}
        />
      ))}
      <div>
        <Button
          icon={Plus}
          disabled={apps.length >= 32}
          reason="At most 32 apps"
          onClick={() => {
            lastKey.current += 1;
            onChange([...apps, newApp(`n${lastKey.current}`, !apps.some(({ isMain }) => isMain))]);
          }}
        >
          Add app
        </Button>
      </div>
    </fieldset>
  );
}

function AppRow(props: {
  readonly app: AppDraft;
  readonly name: string;
  readonly errors: DraftErrors;
  readonly onChange: (part: Partial<AppDraft>) => void;
  readonly onRemove: () => void;
}) {
  const { app, name, errors, onChange, onRemove } = props;
  const wrong = (field: string) => errors[`apps.${app.key}.${field}`] ?? null;
  const isWeb = app.protocol === 'http' || app.protocol === 'https';
  const text = (label: string, field: keyof AppDraft, placeholder = '') => (
    <TextField
      label={label}
      isCode
      placeholder={placeholder}
      value={String(app[field])}
      error={wrong(field)}
      onChange={(value) => onChange({ [field]: value })}
    />
  );
  return (
    <fieldset
      aria-label={name}
      className="m-0 flex min-w-0 flex-col gap-2 rounded-md border border-line bg-panel px-3 py-2.5"
    >
      <div className="flex items-start gap-2">
        <div className="grid min-w-0 flex-1 grid-cols-[2fr_1fr_1.4fr] gap-2 max-sm:grid-cols-1">
          <TextField
            label="Name"
            value={app.name}
            error={wrong('name')}
            onChange={(value) => onChange({ name: value })}
          />
          <TextField
            label="Port"
            inputMode="numeric"
            placeholder="8080"
            value={app.port}
            error={wrong('port')}
            onChange={(port) => onChange({ port })}
          />
          <Select
            label="Speaks"
            value={app.protocol}
            options={protocols}
            onChange={(protocol) => onChange({ protocol })}
          />
        </div>
        <IconButton label={`Remove ${name}`} icon={Trash2} className="mt-[21px]" onClick={onRemove} />
      </div>
      {isWeb && (
        <div className="grid grid-cols-2 gap-2 max-sm:grid-cols-1">
          {text('Begins at', 'path', '/')}
          <Select
            label="The password is put in"
            value={app.how}
            options={logins}
            error={wrong('how')}
            onChange={(how) => onChange({ how })}
          />
          {app.how === 'basic' && text('User name', 'user', 'abc')}
          {app.how === 'header' && (
            <>
              {text('Header', 'header', 'Authorization')}
              {text('Before the password', 'prefix', 'token ')}
            </>
          )}
          {app.how === 'form' && (
            <>
              {text('Posted to', 'formPath', '/login')}
              {text('Name of the field', 'formField', 'password')}
            </>
          )}
        </div>
      )}
      {app.protocol === 'vnc' && (
        <TextField
          label="Its sound is on port"
          inputMode="numeric"
          placeholder="none"
          help="As PulseAudio’s simple protocol gives it: signed 16 bit, two channels, 48 000 Hz. Empty: it has none."
          value={app.soundPort}
          error={wrong('soundPort')}
          onChange={(soundPort) => onChange({ soundPort })}
        />
      )}
      <Checkbox
        label="The first button of a workspace opens it"
        isChecked={app.isMain}
        onChange={(isMain) => onChange({ isMain })}
      />
    </fieldset>
  );
}
