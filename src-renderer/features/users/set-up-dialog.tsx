/** Gives the local owner an address and a password, so that no link is needed any more. */
import { useMemo, useState } from 'react';
import { PasswordField, TextField } from '../../components/text-field.tsx';
import { useClient, useNotices } from '../../state/app-context.tsx';
import { errorBesideFields } from '../../state/field-errors.ts';
import { passwordFormErrors, passwordRule, unfitPassword } from '../../state/password-words.ts';
import { useAct } from '../../state/use-act.ts';
import { FormDialog } from '../../components/form-dialog.tsx';

const shown = new Set(['email', 'password']);

export function SetUpDialog({ onClose }: { onClose: () => void }) {
  const client = useClient();
  const notices = useNotices();
  const act = useAct();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const errors = useMemo(
    () =>
      act.error?.code === 'user.email-taken' ? { email: act.error.message } : passwordFormErrors(act.error),
    [act.error],
  );
  const isAtField = unfitPassword(act.error) !== null || act.error?.code === 'user.email-taken';
  return (
    <FormDialog
      title="Set an e-mail and password"
      description="You sign in with them from anywhere. A link from the computer where Berth runs goes on to work."
      action="Set"
      isReady={email.trim() !== '' && password !== ''}
      reason="Type an e-mail and a password first"
      isBusy={act.isBusy}
      fieldErrors={errors}
      failureTitle="They were not set"
      failure={isAtField ? null : errorBesideFields(act.error, (field) => shown.has(field))}
      onClose={onClose}
      onSubmit={() =>
        void act.run(async () => {
          const { email: address } = await client.call('account.setUp', { email, password });
          notices.show({ level: 'done', title: `You can sign in as ${address} now` });
          onClose();
        })
      }
    >
      <TextField
        label="E-mail"
        type="email"
        autoComplete="username"
        inputMode="email"
        autoCapitalize="off"
        spellCheck={false}
        value={email}
        error={errors.email}
        onChange={setEmail}
      />
      <PasswordField
        label="Password"
        autoComplete="new-password"
        help={passwordRule}
        value={password}
        error={errors.password}
        onChange={setPassword}
      />
    </FormDialog>
  );
}
