/** Where secrets are kept and whether that works; where no keychain does, the vault file in its place. */
import { LockKeyhole, LockKeyholeOpen, ShieldCheck } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import type { BerthError } from '#contract/berth-error.ts';
import type { SecretStoreStatus } from '#contract/credentials.ts';
import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { Card } from '../../components/page.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { PasswordField } from '../../components/text-field.tsx';
import { useClient, useSecretStore } from '../../state/app-context.tsx';
import { fieldErrors } from '../../state/field-errors.ts';
import { toBerthError } from '../../state/to-berth-error.ts';

/** As the contract bounds it. */
const MINIMUM_LENGTH = 8;

const marks = {
  ready: { signal: 'running', word: 'ready' },
  locked: { signal: 'attention', word: 'locked' },
  missing: { signal: 'failed', word: 'not usable' },
} as const;

export function SecretStoreCard() {
  const { value, status, error, retry } = useSecretStore();
  if (value === null)
    return status === 'error' && error !== null ? (
      <ErrorNote
        title="Where secrets are kept could not be found out"
        error={error}
        actions={<Button onClick={retry}>Try again</Button>}
      />
    ) : (
      <LoadingRows label="Looking at the keychain" rows={1} />
    );
  return <Store store={value} />;
}

function Store({ store }: { store: SecretStoreStatus }) {
  const mark = marks[store.state];
  const Icon = store.state === 'ready' ? ShieldCheck : LockKeyhole;
  return (
    <Card className="flex flex-col gap-3 p-4">
      <div className="flex items-start gap-3">
        <Icon aria-hidden size={18} strokeWidth={1.75} className="mt-0.5 shrink-0 text-muted" />
        <div className="min-w-0 flex-1">
          <div className="flex flex-wrap items-center gap-x-3">
            <h2 className="font-semibold">{store.name}</h2>
            <StateMark signal={mark.signal} word={mark.word} />
          </div>
          <p className="text-muted wrap-anywhere">
            {store.detail !== ''
              ? store.detail
              : store.backend === 'keychain'
                ? 'Secrets are sealed under a key that lives in this keychain.'
                : 'Secrets are sealed under your passphrase until Berth ends or the vault is locked.'}
          </p>
        </div>
      </div>
      <StoreActs store={store} />
    </Card>
  );
}

function StoreActs({ store }: { store: SecretStoreStatus }): ReactNode {
  const client = useClient();
  if (store.vaultExists && store.state === 'locked' && store.backend === 'vault')
    return (
      <PassphraseForm
        action="Unlock the vault"
        title="The vault stays locked"
        onSubmit={(passphrase) => client.call('credentials.unlockVault', { passphrase })}
      />
    );
  if (!store.vaultExists && store.state !== 'ready')
    return (
      <>
        <p>
          Berth can keep secrets in a vault file in its place, encrypted with a passphrase of yours. Nobody
          can recover the passphrase, Berth neither.
        </p>
        <PassphraseForm
          action="Make the vault"
          title="The vault was not made"
          isNew
          onSubmit={(passphrase) => client.call('credentials.createVault', { passphrase })}
        />
      </>
    );
  if (store.backend === 'vault' && store.state === 'ready') return <LockButton />;
  return null;
}

function LockButton() {
  const client = useClient();
  const [error, setError] = useState<BerthError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const lock = async () => {
    setBusy(true);
    setError(null);
    try {
      await client.call('credentials.lockVault', {});
    } catch (cause) {
      setError(toBerthError(cause));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      {error !== null && <ErrorNote title="The vault was not locked" error={error} />}
      <div>
        <Button icon={LockKeyhole} isBusy={isBusy} onClick={() => void lock()}>
          Lock the vault
        </Button>
      </div>
    </>
  );
}

function PassphraseForm(props: {
  readonly action: string;
  readonly title: string;
  readonly isNew?: boolean;
  readonly onSubmit: (passphrase: string) => Promise<unknown>;
}) {
  const { action, title, isNew = false, onSubmit } = props;
  const [passphrase, setPassphrase] = useState('');
  const [again, setAgain] = useState('');
  const [error, setError] = useState<BerthError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const isShort = isNew && passphrase.length < MINIMUM_LENGTH;
  const differs = isNew && again !== '' && again !== passphrase;
  const isReady = passphrase !== '' && !isShort && (!isNew || again === passphrase);
  const submit = async () => {
    setBusy(true);
    setError(null);
    try {
      await onSubmit(passphrase);
      setPassphrase('');
      setAgain('');
    } catch (cause) {
      setError(toBerthError(cause));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      className="flex max-w-[420px] flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady && !isBusy) void submit();
      }}
    >
      <PasswordField
        label="Passphrase"
        value={passphrase}
        onChange={setPassphrase}
        {...(isNew ? { help: `At least ${MINIMUM_LENGTH} characters; several words are best.` } : {})}
        error={
          error?.code === 'credential.wrong-passphrase'
            ? error.message
            : (fieldErrors(error).passphrase ?? null)
        }
      />
      {isNew && (
        <PasswordField
          label="The same again"
          value={again}
          onChange={setAgain}
          error={differs ? 'The two are not the same.' : null}
        />
      )}
      {error !== null && error.code !== 'credential.wrong-passphrase' && error.code !== 'invalid-input' && (
        <ErrorNote title={title} error={error} />
      )}
      <div>
        <Button
          type="submit"
          variant="primary"
          icon={LockKeyholeOpen}
          isBusy={isBusy}
          disabled={!isReady}
          reason={isNew ? 'Type the same passphrase twice' : 'Type the passphrase'}
        >
          {action}
        </Button>
      </div>
    </form>
  );
}
