/** How an app gets the workspace's password, so that nobody types it. */
import { Select } from '../../components/select.tsx';
import { TextField } from '../../components/text-field.tsx';
import type { DraftErrors, LoginDraft } from './forward-draft.ts';

const ways = {
  project: { label: 'As the project says' },
  none: { label: 'Not at all', detail: 'The app asks for what it wants.' },
  basic: { label: 'HTTP Basic', detail: 'With a user name, as the browser’s own question.' },
  header: { label: 'A header', detail: 'As “Authorization: token …” of Jupyter.' },
  form: { label: 'Its sign-in form', detail: 'Posted for you when the app asks for it.' },
} as const;

export function LoginFields(props: {
  readonly login: LoginDraft;
  readonly errors: DraftErrors;
  readonly isNew: boolean;
  readonly onChange: (change: Partial<LoginDraft>) => void;
}) {
  const { login, errors, isNew, onChange } = props;
  const names = (Object.keys(ways) as LoginDraft['how'][]).filter((how) => isNew || how !== 'project');
  return (
    <>
      <Select
        label="The workspace’s password is put in"
        value={login.how}
        error={errors.login ?? errors['login.how']}
        options={names.map((how) => ({ value: how, ...ways[how] }))}
        onChange={(how) => onChange({ how })}
      />
      {login.how === 'basic' && (
        <TextField
          label="User name"
          value={login.user}
          error={errors['login.user']}
          onChange={(user) => onChange({ user })}
        />
      )}
      {login.how === 'header' && (
        <div className="grid grid-cols-2 gap-3 max-sm:grid-cols-1">
          <TextField
            label="Header"
            isCode
            value={login.header}
            error={errors['login.name']}
            onChange={(header) => onChange({ header })}
          />
          <TextField
            label="Before the password"
            isCode
            isOptional
            value={login.prefix}
            error={errors['login.prefix']}
            onChange={(prefix) => onChange({ prefix })}
          />
        </div>
      )}
      {login.how === 'form' && (
        <div className="grid grid-cols-2 gap-3 max-sm:grid-cols-1">
          <TextField
            label="Path of the form"
            isCode
            value={login.formPath}
            error={errors['login.path']}
            onChange={(formPath) => onChange({ formPath })}
          />
          <TextField
            label="Field of the password"
            isCode
            value={login.field}
            error={errors['login.field']}
            onChange={(field) => onChange({ field })}
          />
        </div>
      )}
    </>
  );
}
