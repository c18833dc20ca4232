/** Makes a forward, or changes one. Says in plain words what it makes, and what is known of its ports, before it does. */
import { useMemo, useState } from 'react';
import { type Forward, ForwardKind } from '#contract/forwards.ts';
import type { ForwardId, WorkspaceId } from '#contract/ids.ts';
import { RadioGroup } from '../../components/choices.tsx';
import { Disclosure } from '../../components/disclosure.tsx';
import { FormDialog } from '../../components/form-dialog.tsx';
import { Select } from '../../components/select.tsx';
import { TextField } from '../../components/text-field.tsx';
import {
  useApp,
  useClient,
  useForward,
  useForwards,
  useMay,
  useNotices,
  useWorkspaces,
  useWorkspacePorts,
} from '../../state/app-context.tsx';
import { errorBesideFields, fieldErrors } from '../../state/field-errors.ts';
import { useAct } from '../../state/use-act.ts';
import {
  type DraftErrors,
  draftOf,
  type ForwardDraft,
  newForward,
  readEdit,
  readNew,
  readPort,
} from './forward-draft.ts';
import { computerWords, forwardAddress, waySentence } from './forward-words.ts';
import { LoginFields } from './login-fields.tsx';
import { insideWords, localPortTaken } from './port-checks.ts';

const byName = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });
const noErrors: DraftErrors = {};
/** Fields of the plane's input that stand in the form. */
const shown = /^(workspaceId|name|port|localPort|protocol|path|login|hostHeader)(\.|$)/;
/** What the plane finds out about a port that only it can try. */
const codeFields: Readonly<Record<string, string>> = {
  'forward.port-taken': 'localPort',
  'forward.exists': 'port',
};

export function NewForwardDialog(props: {
  readonly workspaceId: WorkspaceId | null;
  readonly kind: ForwardKind | null;
  readonly port: number | null;
  readonly onClose: () => void;
}) {
  const { items } = useWorkspaces();
  const [draft, setDraft] = useState(() =>
    newForward(props.workspaceId ?? items[0]?.id ?? null, props.kind ?? 'app', props.port),
  );
  return <Form draft={draft} setDraft={setDraft} forward={null} onClose={props.onClose} />;
}

export function EditForwardDialog({ id, onClose }: { id: ForwardId; onClose: () => void }) {
  const forward = useForward(id);
  // As it was when the dialog opened: what changes meanwhile must not be written over unseen.
  const [before] = useState(forward);
  const [draft, setDraft] = useState(() => (before === undefined ? null : draftOf(before)));
  if (before === undefined || draft === null) return null;
  return <Form draft={draft} setDraft={setDraft} forward={before} onClose={onClose} />;
}

interface FormProps {
  readonly draft: ForwardDraft;
  readonly setDraft: (draft: ForwardDraft) => void;
  /** Null: it is made. */
  readonly forward: Forward | null;
  readonly onClose: () => void;
}

function Form({ draft, setDraft, forward, onClose }: FormProps) {
  const client = useClient();
  const notices = useNotices();
  const computer = computerWords(useApp().shell !== null);
  const workspaces = useWorkspaces();
  const act = useAct();
  const [refused, setRefused] = useState(noErrors);
  const workspace = workspaces.byId.get(draft.workspaceId ?? '');
  const taken = useLocalPortTaken(draft, forward?.id);
  // One object for each answer: the field that is wrong gets the keyboard once, not with every change elsewhere.
  const told = useMemo(() => toldErrors(act.error), [act.error]);
  const errors: DraftErrors = { ...told, ...refused, ...(taken === null ? {} : { localPort: taken }) };
  const change = (to: Partial<ForwardDraft>) => {
    setRefused(noErrors);
    act.forget();
    setDraft({ ...draft, ...to });
  };
  const save = () => {
    if (taken !== null) return setRefused({ localPort: taken });
    if (forward === null) {
      const read = readNew(draft);
      if ('errors' in read) return setRefused(read.errors);
      return void act.run(async () => {
        const made = await client.call('forwards.create', read.input);
        onClose();
        const address = forwardAddress(made);
        if (address !== null) notices.show({ level: 'done', title: `It is reached at ${address}` });
      });
    }
    const read = readEdit(draft, forward);
    if ('errors' in read) return setRefused(read.errors);
    return void act.run(async () => {
      await client.call('forwards.edit', read.input);
      onClose();
    });
  };
  const sentence =
    workspace === undefined
      ? null
      : waySentence(
          { kind: draft.kind, port: portOf(draft.port), localPort: portOf(draft.localPort) },
          { workspace: workspace.name, computer },
        );
  const isTold =
    act.error !== null &&
    (codeFields[act.error.code] !== undefined ||
      errorBesideFields(act.error, (field) => shown.test(field)) === null);
  return (
    <FormDialog
      title={forward === null ? 'Forward a port' : 'Edit forward'}
      action={forward === null ? 'Forward' : 'Save'}
      isReady
      reason=""
      isBusy={act.isBusy}
      fieldErrors={Object.keys(refused).length > 0 ? refused : told}
      failureTitle={forward === null ? 'It was not forwarded' : 'It was not changed'}
      failure={isTold ? null : act.error}
      onSubmit={save}
      onClose={onClose}
    >
      {forward === null && <PlaceFields draft={draft} errors={errors} onChange={change} />}
      <PortFields draft={draft} errors={errors} isNew={forward === null} onChange={change} />
      {sentence !== null && (
        <p role="status" className="rounded-md bg-accent-soft px-3 py-2 wrap-anywhere">
          {sentence}
        </p>
      )}
      <TextField
        label="Name"
        isOptional
        placeholder={draft.kind === 'app' ? 'As it is called in tabs' : ''}
        value={draft.name}
        error={errors.name}
        onChange={(name) => change({ name })}
      />
      {draft.kind === 'app' && (
        <AppFields draft={draft} errors={errors} isNew={forward === null} onChange={change} />
      )}
    </FormDialog>
  );
}

/** What a sentence can be made with. */
function portOf(text: string): number | null {
  const port = readPort(text);
  return Number.isNaN(port) ? null : port;
}

function toldErrors(error: ReturnType<typeof useAct>['error']): DraftErrors {
  if (error === null) return noErrors;
  const field = codeFields[error.code];
  return field === undefined ? fieldErrors(error) : { [field]: error.message };
}

function useLocalPortTaken({ kind, localPort }: ForwardDraft, ownId: ForwardId | undefined): string | null {
  const forwards = useForwards().items;
  const workspaces = useWorkspaces().byId;
  if (kind !== 'tcp' && kind !== 'socks') return null;
  const nameOf = (other: Forward) => workspaces.get(other.workspaceId)?.name ?? 'another workspace';
  return localPortTaken(readPort(localPort), forwards, nameOf, ownId);
}

interface PartProps {
  readonly draft: ForwardDraft;
  readonly errors: DraftErrors;
  readonly onChange: (change: Partial<ForwardDraft>) => void;
}

function PlaceFields({ draft, errors, onChange }: PartProps) {
  const workspaces = useWorkspaces().items;
  const mayListen = useMay('hosts.write');
  const computer = computerWords(useApp().shell !== null);
  const kinds: Record<ForwardKind, { readonly label: string; readonly help: string }> = {
    app: { label: 'Web app', help: 'Opens in a tab or in the browser, apart from every other app.' },
    tcp: {
      label: 'TCP port',
      help: `A port of ${computer} that leads to one of the workspace: a database, HTTPS as it is.`,
    },
    socks: {
      label: 'SOCKS proxy',
      help: 'Everything that the workspace reaches, for programs that can use a proxy.',
    },
    remote: {
      label: 'Into the workspace',
      help: `A port in the workspace that leads to one of ${computer}.`,
    },
  };
  return (
    <>
      <Select
        label="Workspace"
        value={draft.workspaceId ?? ''}
        error={errors.workspaceId}
        options={[...workspaces]
          .sort((a, b) => byName.compare(a.name, b.name))
          .map(({ id, name }) => ({ value: id as string, label: name }))}
        onChange={(id) => onChange({ workspaceId: id as WorkspaceId })}
      />
      <RadioGroup
        label="Kind"
        value={draft.kind}
        options={ForwardKind.options
          .filter((kind) => kind === 'app' || mayListen)
          .map((kind) => ({ value: kind, ...kinds[kind] }))}
        onChange={(kind) => onChange({ kind })}
      />
    </>
  );
}

function PortFields({ draft, errors, isNew, onChange }: PartProps & { readonly isNew: boolean }) {
  const workspace = useWorkspaces().byId.get(draft.workspaceId ?? '');
  const listening = useWorkspacePorts().byId.get(draft.workspaceId ?? '')?.ports;
  const computer = computerWords(useApp().shell !== null);
  const { kind } = draft;
  const known = kind === 'remote' ? null : insideWords(readPort(draft.port), workspace, listening);
  const localHelp = {
    app: '',
    tcp: 'Empty: the same port where it is free, else any.',
    socks: 'Empty: any that is free.',
    remote: 'Empty: the same port.',
  }[kind];
  return (
    <div className="grid grid-cols-2 items-start gap-3 max-sm:grid-cols-1">
      {kind !== 'socks' && isNew && (
        <TextField
          label={`Port in ${workspace?.name ?? 'the workspace'}`}
          isCode
          inputMode="numeric"
          value={draft.port}
          error={errors.port}
          help={known}
          onChange={(port) => onChange({ port })}
        />
      )}
      {kind !== 'app' && (
        <TextField
          label={kind === 'remote' ? `Port of ${computer}` : 'Local port'}
          isCode
          inputMode="numeric"
          isOptional={isNew}
          value={draft.localPort}
          error={errors.localPort}
          help={isNew ? localHelp : 'What goes through it is cut when this changes.'}
          onChange={(localPort) => onChange({ localPort })}
        />
      )}
    </div>
  );
}

function AppFields({ draft, errors, isNew, onChange }: PartProps & { readonly isNew: boolean }) {
  const hasErrors = [
    'path',
    'protocol',
    'login',
    'login.user',
    'login.name',
    'login.path',
    'login.field',
  ].some((field) => errors[field] !== undefined);
  return (
    <Disclosure
      // Opened anew when something in it is wrong.
      key={String(hasErrors)}
      label="How the app is asked"
      isOpenAtFirst={!isNew || hasErrors}
    >
      <div className="flex flex-col gap-3">
        <div className="grid grid-cols-2 items-start gap-3 max-sm:grid-cols-1">
          <Select
            label="It speaks"
            value={draft.protocol}
            error={errors.protocol}
            options={[
              ...(isNew ? [{ value: 'auto' as const, label: 'Find out' }] : []),
              { value: 'http', label: 'HTTP' },
              { value: 'https', label: 'HTTPS' },
            ]}
            onChange={(protocol) => onChange({ protocol })}
          />
          <TextField
            label="Begins at"
            isCode
            isOptional
            placeholder="/"
            value={draft.path}
            error={errors.path}
            onChange={(path) => onChange({ path })}
          />
        </div>
        <LoginFields
          login={draft.login}
          errors={errors}
          isNew={isNew}
          onChange={(change) => onChange({ login: { ...draft.login, ...change } })}
        />
        <Select
          label="The app is called by"
          value={draft.hostHeader}
          error={errors.hostHeader}
          options={[
            { value: 'kept', label: 'The one in the address bar' },
            { value: 'localhost', label: 'localhost', detail: 'For apps that refuse every other name.' },
          ]}
          onChange={(hostHeader) => onChange({ hostHeader })}
        />
      </div>
    </Disclosure>
  );
}
