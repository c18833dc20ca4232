/**
 * Turns the second factor on, in three steps: the password, the secret for an authenticator app with a first code of it,
 * and the recovery codes, which are told this once. Nothing changes before the second step is done.
 */
import { Download } from 'lucide-react';
import { useState } from 'react';
import type { OutputOf } from '#contract/index.ts';
import { Button } from '../../components/button.tsx';
import { CopyButton } from '../../components/copy-button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { PasswordField, TextField } from '../../components/text-field.tsx';
import { useClient } from '../../state/app-context.tsx';
import { useAct } from '../../state/use-act.ts';
import { FormDialog } from '../../components/form-dialog.tsx';
import { saveText } from './save-text.ts';
import { wrongTyped } from './wrong-typed.ts';

type Secret = OutputOf<'account.beginSecondFactor'>;

export function SecondFactorDialog({ onClose }: { onClose: () => void }) {
  const [secret, setSecret] = useState<Secret | null>(null);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  if (codes !== null) return <CodesStep codes={codes} onClose={onClose} />;
  if (secret !== null) return <ConfirmStep secret={secret} onConfirmed={setCodes} onClose={onClose} />;
  return <PasswordStep onBegun={setSecret} onClose={onClose} />;
}

function PasswordStep({ onBegun, onClose }: { onBegun: (secret: Secret) => void; onClose: () => void }) {
  const client = useClient();
  const act = useAct();
  const [password, setPassword] = useState('');
  const errors = wrongTyped(act.error, ['password']);
  return (
    <FormDialog
      title="Turn on the second factor"
      description="First your password, so that nobody who finds this window open can do it for you."
      action="Continue"
      isReady={password !== ''}
      reason="Type your password first"
      isBusy={act.isBusy}
      failureTitle="It did not begin"
      failure={errors.password === undefined ? act.error : null}
      onClose={onClose}
      onSubmit={() =>
        void act.run(async () => onBegun(await client.call('account.beginSecondFactor', { password })))
      }
    >
      <PasswordField
        label="Password"
        autoComplete="current-password"
        value={password}
        error={errors.password}
        onChange={setPassword}
      />
    </FormDialog>
  );
}

interface ConfirmStepProps {
  readonly secret: Secret;
  readonly onConfirmed: (codes: readonly string[]) => void;
  readonly onClose: () => void;
}

function ConfirmStep({ secret, onConfirmed, onClose }: ConfirmStepProps) {
  const client = useClient();
  const act = useAct();
  const [code, setCode] = useState('');
  const errors = wrongTyped(act.error, ['code']);
  return (
    <FormDialog
      title="Add Berth to your authenticator app"
      description="Scan the picture with the app, or type the secret into it. Then type the six digits that it shows."
      action="Turn on"
      isReady={code.trim().length >= 6}
      reason="Type the code of the app first"
      isBusy={act.isBusy}
      failureTitle="The second factor was not turned on"
      failure={errors.code === undefined ? act.error : null}
      onClose={onClose}
      onSubmit={() =>
        void act.run(async () => {
          const { recoveryCodes } = await client.call('account.confirmSecondFactor', { code });
          onConfirmed(recoveryCodes);
        })
      }
    >
      <div className="flex flex-wrap items-start gap-4">
        <img
          // As a picture, and not as a part of the page: nothing in it can run.
          src={`data:image/svg+xml,${encodeURIComponent(secret.image)}`}
          alt="QR code that holds the secret beside it"
          className="size-44 shrink-0 rounded-md bg-paper p-2"
        />
        <div className="flex min-w-0 flex-1 basis-48 flex-col gap-1">
          <span className="text-meta font-medium">Secret</span>
          <span
            data-selectable
            className="rounded-md border border-line bg-app px-2 py-1.5 font-code break-all"
          >
            {secret.secret.match(/.{1,4}/g)?.join(' ') ?? secret.secret}
          </span>
          <span className="-ml-3">
            <CopyButton text={secret.secret} label="Copy secret" />
          </span>
          <p className="text-meta text-muted">It is shown this once. Whoever has it can make your codes.</p>
        </div>
      </div>
      <TextField
        label="Code"
        autoComplete="one-time-code"
        inputMode="numeric"
        maxLength={32}
        isCode
        value={code}
        error={errors.code}
        onChange={setCode}
      />
    </FormDialog>
  );
}

function CodesStep({ codes, onClose }: { codes: readonly string[]; onClose: () => void }) {
  const text = codes.join('\n');
  return (
    <Dialog
      isOpen
      onClose={onClose}
      staysOnOutsidePress
      title="Keep your recovery codes"
      description="The second factor is on. Each of these codes signs you in once when the app is lost. They are shown this once: keep them where you find them without this computer."
      footer={
        <>
          <CopyButton text={text} label="Copy codes" />
          <Button
            icon={Download}
            onClick={() => saveText('berth-recovery-codes.txt', `Recovery codes of Berth\n\n${text}\n`)}
          >
            Save as file
          </Button>
          <Button variant="primary" onClick={onClose}>
            I have kept them
          </Button>
        </>
      }
    >
      <ul
        aria-label="Recovery codes"
        data-selectable
        className="m-0 grid list-none grid-cols-2 gap-x-6 gap-y-1 rounded-md border border-line bg-app p-3 font-code max-sm:grid-cols-1"
      >
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
    </Dialog>
  );
}
