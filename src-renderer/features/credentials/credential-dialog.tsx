/** Keeps a new secret, or puts another in the place of a kept one. What is typed is never shown again. */
import { useRef, useState } from 'react';
import type { BerthError } from '#contract/berth-error.ts';
import type { Credential, CredentialKind } from '#contract/credentials.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Select } from '../../components/select.tsx';
import { PasswordField, TextArea, TextField } from '../../components/text-field.tsx';
import { useClient } from '../../state/app-context.tsx';
import { fieldErrors } from '../../state/field-errors.ts';
import { toBerthError } from '../../state/to-berth-error.ts';
import { kindWords } from './credential-words.ts';

const kinds = (['private-key', 'password', 'passphrase'] as const).map((value) => ({
  value,
  label: kindWords[value],
}));

export function CredentialDialog(props: {
  /** Undefined: a new one. */
  readonly replaces?: Credential;
  readonly onClose: () => void;
}) {
  const { replaces, onClose } = props;
  const client = useClient();
  const [kind, setKind] = useState<CredentialKind>(replaces?.kind ?? 'private-key');
  const [label, setLabel] = useState('');
  const [secret, setSecret] = useState('');
  const [error, setError] = useState<BerthError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  const errors = fieldErrors(error);
  const isReady = secret !== '' && (replaces !== undefined || label.trim() !== '');

  const save = async () => {
    setBusy(true);
    setError(null);
    try {
      if (replaces === undefined) await client.call('credentials.add', { label, kind, secret });
      else await client.call('credentials.replace', { id: replaces.id, secret });
      onClose();
    } catch (cause) {
      setError(toBerthError(cause));
      setBusy(false);
    }
  };

  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={replaces === undefined ? 'Keep a secret' : `Replace ${replaces.label}`}
      description={
        replaces === undefined
          ? 'Hosts refer to it by its label. Berth never shows it again.'
          : 'Hosts that use it use the new one from their next connection on.'
      }
      {...(replaces === undefined ? { initialFocus: first } : {})}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            form="berth-credential"
            variant="primary"
            isBusy={isBusy}
            disabled={!isReady}
            reason="Fill in the fields first"
          >
            Keep
          </Button>
        </>
      }
    >
      <form
        id="berth-credential"
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady && !isBusy) void save();
        }}
      >
        {replaces === undefined && (
          <>
            <TextField
              ref={first}
              label="Label"
              placeholder="Deploy key of atlas"
              value={label}
              error={errors.label ?? null}
              onChange={setLabel}
            />
            <Select label="Kind" value={kind} options={kinds} onChange={setKind} />
          </>
        )}
        {kind === 'private-key' ? (
          <TextArea
            label="Private key"
            isCode
            rows={7}
            placeholder="-----BEGIN OPENSSH PRIVATE KEY-----"
            value={secret}
            error={error?.code === 'credential.unreadable-key' ? error.message : (errors.secret ?? null)}
            onChange={setSecret}
          />
        ) : (
          <PasswordField
            label={kindWords[kind]}
            value={secret}
            error={errors.secret ?? null}
            onChange={setSecret}
          />
        )}
        {error !== null && error.code !== 'invalid-input' && error.code !== 'credential.unreadable-key' && (
          <ErrorNote title="The secret was not kept" error={error} />
        )}
      </form>
    </Dialog>
  );
}
