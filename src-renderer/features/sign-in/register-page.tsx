/**
 * Registering. The answer is alike whether or not the address has an account: whoever has one is told by e-mail. With a
 * one-time link it becomes the owner's account, at once.
 */
import { useMemo, useRef, useState } from 'react';
import { Button } from '../../components/button.tsx';
import { useFirstInvalid } from '../../components/first-invalid.ts';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { PasswordField, TextField } from '../../components/text-field.tsx';
import { errorBesideFields } from '../../state/field-errors.ts';
import { passwordFormErrors, passwordRule, unfitPassword } from '../../state/password-words.ts';
import { useAct } from '../../state/use-act.ts';
import { useAsked } from '../../state/use-asked.ts';
import { Problem } from './problem.tsx';
import { ResendForm } from './resend-form.tsx';
import type { SignedOut } from './signed-out.ts';
import { BackToSignIn, SignedOutFrame } from './signed-out-frame.tsx';
import { usePause } from './use-pause.ts';

export function RegisterPage({ place }: { place: SignedOut }) {
  const isOwner = place.token !== '';
  const options = useAsked(isOwner ? null : 'options', () => place.requests.options());
  const [sentTo, setSentTo] = useState<string | null>(null);
  const back = <BackToSignIn href={place.hrefOf('/sign-in')} />;

  if (sentTo !== null)
    return (
      <SignedOutFrame
        title="Look into your e-mail"
        lead={
          <>
            A message to <span className="text-text">{sentTo}</span> has a link that confirms the address.
            Then you can sign in.
          </>
        }
        foot={back}
      >
        <ResendForm place={place} email={sentTo} />
      </SignedOutFrame>
    );
  // Where the answer does not come, the form says what is wrong when it is sent.
  if (!isOwner && options.answer === null && options.error === null)
    return (
      <SignedOutFrame title="Register" foot={back}>
        <LoadingRows label="Asking who may register" />
      </SignedOutFrame>
    );
  if (options.answer !== null && (options.answer.registration === 'invited' || !options.answer.passwords))
    return (
      <SignedOutFrame
        title="Accounts are made by invitation here"
        lead="Ask an owner of this Berth to invite you: they send you a link with which you choose a password."
        foot={back}
      />
    );
  return (
    <SignedOutFrame
      title={isOwner ? 'Set up the owner’s account' : 'Register'}
      lead={
        isOwner
          ? 'With an e-mail address and a password you sign in from anywhere, without a link.'
          : 'Berth sends a link to your address to make sure that it is yours.'
      }
      foot={back}
    >
      <RegisterForm place={place} onSent={setSentTo} />
    </SignedOutFrame>
  );
}

const shown = new Set(['email', 'name', 'password']);

function RegisterForm({ place, onSent }: { place: SignedOut; onSent: (email: string) => void }) {
  const [email, setEmail] = useState('');
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const act = useAct();
  const pauseSeconds = usePause(act.error);
  const form = useRef<HTMLFormElement>(null);
  const unfit = unfitPassword(act.error);
  // One object for each answer: the first wrong field gets the keyboard once, not at every key.
  const errors = useMemo(() => passwordFormErrors(act.error), [act.error]);
  useFirstInvalid(form, errors);
  const isReady = email.trim() !== '' && password !== '';

  const submit = () =>
    act.run(async () => {
      const address = email.trim();
      await place.requests.register({
        email: address,
        password,
        ...(name.trim() === '' ? {} : { name: name.trim() }),
        ...(place.token === '' ? {} : { ticket: place.token }),
      });
      if (place.token === '') return onSent(address);
      await place.requests.signIn({ email: address, password });
      place.enter();
    });
  return (
    <form
      ref={form}
      className="flex flex-col gap-3"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady && pauseSeconds === 0) void submit();
      }}
    >
      <TextField
        label="E-mail"
        type="email"
        name="email"
        autoComplete="username"
        inputMode="email"
        autoCapitalize="off"
        spellCheck={false}
        autoFocus
        value={email}
        error={errors.email}
        onChange={setEmail}
      />
      <TextField
        label="Name"
        isOptional
        name="name"
        autoComplete="name"
        help="As others on this Berth see it."
        value={name}
        error={errors.name}
        onChange={setName}
      />
      <PasswordField
        label="Password"
        name="password"
        autoComplete="new-password"
        help={passwordRule}
        value={password}
        error={errors.password}
        onChange={setPassword}
      />
      {unfit === null && (
        <Problem
          title="You were not registered"
          error={errorBesideFields(act.error, (field) => shown.has(field))}
          pauseSeconds={pauseSeconds}
        />
      )}
      <div className="flex justify-end">
        <Button
          type="submit"
          variant="primary"
          isBusy={act.isBusy}
          disabled={!isReady || pauseSeconds > 0}
          reason={
            pauseSeconds > 0 ? 'Wait until the next try is taken' : 'Type your e-mail and a password first'
          }
        >
          {place.token === '' ? 'Register' : 'Set up and sign in'}
        </Button>
      </div>
    </form>
  );
}
