/** Asks for the link of a registration once more. Berth answers alike for every address. */
import { useState } from 'react';
import { Button } from '../../components/button.tsx';
import { TextField } from '../../components/text-field.tsx';
import { fieldErrors } from '../../state/field-errors.ts';
import { useAct } from '../../state/use-act.ts';
import { Problem } from './problem.tsx';
import type { SignedOut } from './signed-out.ts';
import { usePause } from './use-pause.ts';

/** `email`: known already; else it is asked for. */
export function ResendForm({ place, email }: { place: SignedOut; email?: string }) {
  const [typed, setTyped] = useState('');
  const [isSent, setSent] = useState(false);
  const act = useAct();
  const pauseSeconds = usePause(act.error);
  const errors = fieldErrors(act.error);
  const address = email ?? typed.trim();
  return (
    <form
      className="flex flex-col gap-3"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (address === '' || pauseSeconds > 0) return;
        setSent(false);
        void act.run(async () => {
          await place.requests.resend(address);
          setSent(true);
        });
      }}
    >
      {email === undefined ? (
        <TextField
          label="E-mail"
          type="email"
          autoComplete="username"
          inputMode="email"
          autoCapitalize="off"
          spellCheck={false}
          value={typed}
          error={errors.email}
          onChange={setTyped}
        />
      ) : (
        <p className="text-muted">Nothing came? Look into the folder for spam, too.</p>
      )}
      {errors.email === undefined && (
        <Problem title="No link was sent" error={act.error} pauseSeconds={pauseSeconds} />
      )}
      <p role="status" className={isSent ? 'text-muted' : 'sr-only'}>
        {isSent ? 'If the address waits for a link, another one is on its way.' : ''}
      </p>
      <div className="flex justify-end">
        <Button
          type="submit"
          isBusy={act.isBusy}
          disabled={address === '' || pauseSeconds > 0}
          reason={pauseSeconds > 0 ? 'Wait until the next one is sent' : 'Type your e-mail first'}
        >
          Send the link again
        </Button>
      </div>
    </form>
  );
}
