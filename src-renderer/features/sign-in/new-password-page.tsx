/** Behind the link of a forgotten password and behind an invitation: choosing a password. */
import { CircleCheck, Link2Off } from 'lucide-react';
import { useMemo, useRef, useState } from 'react';
import { Button } from '../../components/button.tsx';
import { useFirstInvalid } from '../../components/first-invalid.ts';
import { PasswordField } from '../../components/text-field.tsx';
import { errorBesideFields } from '../../state/field-errors.ts';
import { passwordFormErrors, passwordRule, unfitPassword } from '../../state/password-words.ts';
import { useAct } from '../../state/use-act.ts';
import { Problem } from './problem.tsx';
import type { SignedOut } from './signed-out.ts';
import { BackToSignIn, SignedOutFrame, TextLink } from './signed-out-frame.tsx';
import { usePause } from './use-pause.ts';

export function NewPasswordPage({ place, isInvited }: { place: SignedOut; isInvited: boolean }) {
  const [password, setPassword] = useState('');
  const [isDone, setDone] = useState(false);
  const act = useAct();
  const pauseSeconds = usePause(act.error);
  const form = useRef<HTMLFormElement>(null);
  const unfit = unfitPassword(act.error);
  // One object for each answer: the first wrong field gets the keyboard once, not at every key.
  const errors = useMemo(() => passwordFormErrors(act.error), [act.error]);
  useFirstInvalid(form, errors);
  const back = <BackToSignIn href={place.hrefOf('/sign-in')} />;

  if (isDone)
    return (
      <SignedOutFrame title={isInvited ? 'The account is yours' : 'The password is changed'}>
        <p role="status" className="flex gap-2">
          <CircleCheck aria-hidden size={16} className="mt-0.5 shrink-0 text-running" />
          <span>
            {isInvited ? '' : 'All sessions have ended. '}
            <TextLink href={place.hrefOf('/sign-in')}>Sign in</TextLink> with the new password.
          </span>
        </p>
      </SignedOutFrame>
    );
  if (place.token === '' || act.error?.code === 'account.link-expired')
    return (
      <SignedOutFrame
        title={place.token === '' ? 'This link is not whole' : 'This link leads nowhere any more'}
        lead={
          place.token === ''
            ? 'The part behind # is missing, or the page was loaded again. Open the link once more.'
            : 'It has expired or was used.'
        }
        foot={back}
      >
        <p className="flex gap-2 text-muted">
          <Link2Off aria-hidden size={16} className="mt-0.5 shrink-0 text-faint" />
          <span>
            {isInvited ? (
              'Ask whoever invited you for another one.'
            ) : (
              <>
                You can have <TextLink href={place.hrefOf('/forgot')}>another one</TextLink> sent.
              </>
            )}
          </span>
        </p>
      </SignedOutFrame>
    );
  return (
    <SignedOutFrame
      title={isInvited ? 'Welcome to this Berth' : 'Choose a new password'}
      lead={
        isInvited
          ? 'You were invited. Choose the password that you will sign in with.'
          : 'All sessions of yours end then, and you sign in anew.'
      }
      foot={back}
    >
      <form
        ref={form}
        className="flex flex-col gap-3"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (password === '' || pauseSeconds > 0) return;
          void act.run(async () => {
            await place.requests.reset(place.token, password);
            setDone(true);
          });
        }}
      >
        <PasswordField
          label="New password"
          name="password"
          autoComplete="new-password"
          autoFocus
          help={passwordRule}
          value={password}
          error={errors.password}
          onChange={setPassword}
        />
        {unfit === null && (
          <Problem
            title="The password was not changed"
            error={errorBesideFields(act.error, (field) => field === 'password')}
            pauseSeconds={pauseSeconds}
          />
        )}
        <div className="flex justify-end">
          <Button
            type="submit"
            variant="primary"
            isBusy={act.isBusy}
            disabled={password === '' || pauseSeconds > 0}
            reason={pauseSeconds > 0 ? 'Wait until the next try is taken' : 'Type a password first'}
          >
            {isInvited ? 'Set password' : 'Change password'}
          </Button>
        </div>
      </form>
    </SignedOutFrame>
  );
}
