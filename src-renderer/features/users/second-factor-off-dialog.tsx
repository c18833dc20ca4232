/** Turns the second factor off: with the password and a code, so that neither alone does it. */
import { useMemo, useState } from 'react';
import { PasswordField, TextField } from '../../components/text-field.tsx';
import { useClient, useNotices } from '../../state/app-context.tsx';
import { useAct } from '../../state/use-act.ts';
import { FormDialog } from '../../components/form-dialog.tsx';
import { wrongTyped } from './wrong-typed.ts';

export function SecondFactorOffDialog({ onClose }: { onClose: () => void }) {
  const client = useClient();
  const notices = useNotices();
  const act = useAct();
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const errors = useMemo(() => wrongTyped(act.error, ['password', 'code']), [act.error]);
  return (
    <FormDialog
      title="Turn off the second factor"
      description="Your password alone signs you in then. The recovery codes stop working."
      action="Turn off"
      isDangerous
      isReady={password !== '' && code.trim().length >= 6}
      reason="Fill in both fields first"
      isBusy={act.isBusy}
      fieldErrors={errors}
      failureTitle="The second factor stays on"
      failure={errors.password === undefined ? act.error : null}
      onClose={onClose}
      onSubmit={() =>
        void act.run(async () => {
          await client.call('account.removeSecondFactor', { password, code });
          notices.show({ level: 'done', title: 'The second factor is off' });
          onClose();
        })
      }
    >
      <PasswordField
        label="Password"
        autoComplete="current-password"
        value={password}
        error={errors.password}
        onChange={setPassword}
      />
      <TextField
        label="Code of the app, or a recovery code"
        autoComplete="one-time-code"
        maxLength={32}
        isCode
        value={code}
        onChange={setCode}
      />
    </FormDialog>
  );
}
