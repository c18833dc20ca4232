/** Changes the password; every other session and token of one's own ends. */
import { useMemo, useState } from 'react';
import { PasswordField } from '../../components/text-field.tsx';
import { useClient, useNotices } from '../../state/app-context.tsx';
import { errorBesideFields } from '../../state/field-errors.ts';
import { passwordFormErrors, passwordRule } from '../../state/password-words.ts';
import { useAct } from '../../state/use-act.ts';
import { FormDialog } from '../../components/form-dialog.tsx';
import { wrongTyped } from './wrong-typed.ts';

const shown = new Set(['current', 'next']);

export function PasswordDialog({ email, onClose }: { email: string | null; onClose: () => void }) {
  const client = useClient();
  const notices = useNotices();
  const act = useAct();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const errors = useMemo((): Readonly<Record<string, string>> => {
    const { password } = wrongTyped(act.error, ['password']);
    return password === undefined ? passwordFormErrors(act.error, 'next') : { current: password };
  }, [act.error]);
  const isAtField = Object.keys(errors).every((field) => shown.has(field)) && Object.keys(errors).length > 0;
  return (
    <FormDialog
      title="Change password"
      description="Every other session and every token of yours ends. API keys stay."
      action="Change password"
      isReady={current !== '' && next !== ''}
      reason="Fill in both fields first"
      isBusy={act.isBusy}
      fieldErrors={errors}
      failureTitle="The password was not changed"
      failure={isAtField ? null : errorBesideFields(act.error, (field) => shown.has(field))}
      onClose={onClose}
      onSubmit={() =>
        void act.run(async () => {
          await client.call('account.changePassword', { current, next });
          notices.show({
            level: 'done',
            title: 'The password is changed',
            body: 'Other sessions have ended.',
          });
          onClose();
        })
      }
    >
      {/* A password manager wants to know whose password it keeps. */}
      <input hidden readOnly autoComplete="username" value={email ?? ''} />
      <PasswordField
        label="Current password"
        autoComplete="current-password"
        value={current}
        error={errors.current}
        onChange={setCurrent}
      />
      <PasswordField
        label="New password"
        autoComplete="new-password"
        help={passwordRule}
        value={next}
        error={errors.next}
        onChange={setNext}
      />
    </FormDialog>
  );
}
