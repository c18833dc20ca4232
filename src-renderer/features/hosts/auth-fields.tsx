/** How to sign in to a server. Secrets that are typed here go to the keychain at once; the form keeps their reference. */
import { KeyRound } from 'lucide-react';
import { useState } from 'react';
import type { CredentialId } from '#contract/ids.ts';
import type { SshAuth } from '#contract/hosts.ts';
import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Select } from '../../components/select.tsx';
import { PasswordField, TextArea, TextField } from '../../components/text-field.tsx';
import { useApp, useClient, useCredentials } from '../../state/app-context.tsx';
import { toBerthError } from '../../state/to-berth-error.ts';
import type { BerthError } from '#contract/berth-error.ts';

const methods = [
  {
    value: 'automatic',
    label: 'Automatic',
    detail: 'Keys of the SSH configuration and the agent, then asks',
  },
  { value: 'agent', label: 'SSH agent' },
  { value: 'key', label: 'Private key' },
  { value: 'password', label: 'Password' },
  { value: 'keyboard-interactive', label: 'Questions of the server (one-time codes)' },
] as const satisfies readonly { value: SshAuth['method']; label: string; detail?: string }[];

const initial: { readonly [M in SshAuth['method']]: Extract<SshAuth, { method: M }> } = {
  automatic: { method: 'automatic' },
  agent: { method: 'agent', key: null },
  key: { method: 'key', source: { kind: 'file', path: '' }, passphraseId: null },
  password: { method: 'password', credentialId: null },
  'keyboard-interactive': { method: 'keyboard-interactive' },
};

export interface AuthFieldsProps {
  readonly auth: SshAuth;
  readonly onChange: (auth: SshAuth) => void;
  /** Whom it is for, as "dev@atlas": the label of secrets that are saved. */
  readonly subject: string;
  /** Messages by field of the method, as `source.path`. */
  readonly errors?: Readonly<Record<string, string>>;
}

export function AuthFields({ auth, onChange, subject, errors = {} }: AuthFieldsProps) {
  return (
    <div className="flex flex-col gap-3">
      <Select
        label="Sign in with"
        value={auth.method}
        options={methods}
        onChange={(method) => onChange(initial[method])}
      />
      {auth.method === 'agent' && (
        <TextField
          label="Key of the agent"
          help="A SHA-256 fingerprint, or the path of a public key file. Empty offers at most five keys."
          isOptional
          isCode
          value={auth.key ?? ''}
          error={errors.key ?? null}
          onChange={(key) => onChange({ method: 'agent', key: key.trim() === '' ? null : key })}
        />
      )}
      {auth.method === 'key' && <KeyFields {...{ auth, onChange, subject, errors }} />}
      {auth.method === 'password' && (
        <CredentialChoice
          label="Password"
          kind="password"
          value={auth.credentialId}
          noneLabel="Ask when connecting"
          onChange={(credentialId) => onChange({ method: 'password', credentialId })}
        />
      )}
    </div>
  );
}

function KeyFields({
  auth,
  onChange,
  subject,
  errors = {},
}: AuthFieldsProps & { auth: Extract<SshAuth, { method: 'key' }> }) {
  const { shell, notices } = useApp();
  // "Kept by Berth" is chosen before there is a kept key to name.
  const [isKept, setKept] = useState(auth.source.kind === 'credential');
  const path = auth.source.kind === 'file' ? auth.source.path : '';
  const browse = () => {
    shell
      ?.request('chooseFile', { title: 'Choose a private key', purpose: 'private-key' })
      .then(({ path: chosen }) => {
        if (chosen !== null) onChange({ ...auth, source: { kind: 'file', path: chosen } });
      })
      .catch((cause: unknown) => notices.fail('No file could be chosen', cause));
  };
  return (
    <>
      <Select
        label="Private key"
        value={isKept ? 'credential' : 'file'}
        options={[
          { value: 'file', label: 'A file on this computer' },
          { value: 'credential', label: 'Kept by Berth' },
        ]}
        onChange={(kind) => {
          setKept(kind === 'credential');
          onChange({ ...auth, source: { kind: 'file', path: '' } });
        }}
      />
      {!isKept ? (
        <div className="flex items-end gap-2">
          <TextField
            className="flex-1"
            label="Path"
            isCode
            placeholder="~/.ssh/id_ed25519"
            value={path}
            error={errors['source.path'] ?? null}
            onChange={(next) => onChange({ ...auth, source: { kind: 'file', path: next } })}
          />
          {shell !== null && <Button onClick={browse}>Choose…</Button>}
        </div>
      ) : (
        <KeptKey {...{ auth, onChange, subject, errors }} />
      )}
      <p className="text-meta text-muted">
        An encrypted key asks for its passphrase when Berth connects, and can keep it in the keychain.
      </p>
    </>
  );
}

/** No key is chosen yet: what is missing depends on how far the person got. */
function unkept(text: string): string {
  return text.trim() === ''
    ? 'must not be empty: paste a private key, or choose one that is kept already'
    : 'is not kept yet: press “Keep in the keychain” first';
}

function KeptKey({
  auth,
  onChange,
  subject,
  errors = {},
}: AuthFieldsProps & { auth: Extract<SshAuth, { method: 'key' }> }) {
  const client = useClient();
  const [text, setText] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<BerthError | null>(null);
  const credentialId = auth.source.kind === 'credential' ? auth.source.credentialId : null;
  const keep = async () => {
    setBusy(true);
    setError(null);
    try {
      const kept = await client.call('credentials.add', {
        label: `Key for ${subject}`.slice(0, 80),
        kind: 'private-key',
        secret: text,
      });
      setText('');
      onChange({ ...auth, source: { kind: 'credential', credentialId: kept.id } });
    } catch (cause) {
      setError(toBerthError(cause));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <CredentialChoice
        label="Kept key"
        kind="private-key"
        value={credentialId}
        noneLabel="Paste a new one below"
        onChange={(id) =>
          onChange({
            ...auth,
            source: id === null ? { kind: 'file', path: '' } : { kind: 'credential', credentialId: id },
          })
        }
      />
      {credentialId === null && (
        <>
          <TextArea
            label="Paste a private key"
            isCode
            rows={5}
            value={text}
            error={errors['source.path'] === undefined ? null : unkept(text)}
            onChange={setText}
            placeholder="-----BEGIN OPENSSH PRIVATE KEY-----"
          />
          {error !== null && <ErrorNote title="The key was not kept" error={error} />}
          <div>
            <Button icon={KeyRound} isBusy={isBusy} disabled={text.trim() === ''} onClick={() => void keep()}>
              Keep in the keychain
            </Button>
          </div>
        </>
      )}
    </>
  );
}

export function CredentialChoice(props: {
  readonly label: string;
  readonly kind: 'password' | 'private-key' | 'passphrase';
  readonly value: CredentialId | null;
  readonly noneLabel: string;
  readonly onChange: (id: CredentialId | null) => void;
}) {
  const client = useClient();
  const credentials = useCredentials().items.filter((each) => each.kind === props.kind);
  const [isAdding, setAdding] = useState(false);
  const [secret, setSecret] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<BerthError | null>(null);
  const add = async () => {
    setBusy(true);
    setError(null);
    try {
      const kept = await client.call('credentials.add', { label: props.label, kind: props.kind, secret });
      setSecret('');
      setAdding(false);
      props.onChange(kept.id);
    } catch (cause) {
      setError(toBerthError(cause));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Select<string>
        label={props.label}
        value={isAdding ? 'new' : (props.value ?? 'none')}
        options={[
          { value: 'none', label: props.noneLabel },
          ...credentials.map((each) => ({
            value: each.id as string,
            label: each.label,
            ...(each.publicKey === null
              ? {}
              : { detail: `${each.publicKey.type} ${each.publicKey.fingerprint}` }),
          })),
          ...(props.kind === 'password' ? [{ value: 'new', label: 'Keep a new one…' }] : []),
        ]}
        onChange={(value) => {
          setAdding(value === 'new');
          if (value !== 'new') props.onChange(credentials.find((each) => each.id === value)?.id ?? null);
        }}
      />
      {isAdding && (
        <div className="flex items-end gap-2">
          <PasswordField className="flex-1" label="New password" value={secret} onChange={setSecret} />
          <Button isBusy={isBusy} disabled={secret === ''} onClick={() => void add()}>
            Keep in the keychain
          </Button>
        </div>
      )}
      {error !== null && <ErrorNote title="It was not kept" error={error} />}
    </>
  );
}
