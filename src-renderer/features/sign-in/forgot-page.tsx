/** Asks for a link with which a new password can be chosen. Berth answers alike for every address. */
import { useState } from 'react';
import { Button } from '../../components/button.tsx';
import { TextField } from '../../components/text-field.tsx';
import { fieldErrors } from '../../state/field-errors.ts';
import { useAct } from '../../state/use-act.ts';
import { Problem } from './problem.tsx';
import type { SignedOut } from './signed-out.ts';
import { BackToSignIn, SignedOutFrame } from './signed-out-frame.tsx';
import { usePause } from './use-pause.ts';

export function ForgotPage({ place }: { place: SignedOut }) {
  const [email, setEmail] = useState('');
  const [sentTo, setSentTo] = useState<string | null>(null);
  const act = useAct();
  const pauseSeconds = usePause(act.error);
  const errors = fieldErrors(act.error);
  const back = <BackToSignIn href={place.hrefOf('/sign-in')} />;
  if (sentTo !== null)
    return (
      <SignedOutFrame title="Look into your e-mail" foot={back}>
        <p role="status" className="text-muted wrap-anywhere">
          If somebody here has the address <span className="text-text">{sentTo}</span>, a link to choose a new
          password is on its way. The old one works until then.
        </p>
      </SignedOutFrame>
    );
  return (
    <SignedOutFrame
      title="Choose a new password"
      lead="Berth sends a link to your address. Your sessions end when you have chosen."
      foot={back}
    >
      <form
        className="flex flex-col gap-3"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          const address = email.trim();
          if (address === '' || pauseSeconds > 0) return;
          void act.run(async () => {
            await place.requests.forgot(address);
            setSentTo(address);
          });
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
        {errors.email === undefined && (
          <Problem title="No link was sent" error={act.error} pauseSeconds={pauseSeconds} />
        )}
        <div className="flex justify-end">
          <Button
            type="submit"
            variant="primary"
            isBusy={act.isBusy}
            disabled={email.trim() === '' || pauseSeconds > 0}
            reason={pauseSeconds > 0 ? 'Wait until the next one is sent' : 'Type your e-mail first'}
          >
            Send a link
          </Button>
        </div>
      </form>
    </SignedOutFrame>
  );
}
