/** The second step of signing in: a code of the authenticator app, or one of the codes kept for its loss. */
import { useEffect, useRef, useState } from 'react';
import { Button } from '../../components/button.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useAct } from '../../state/use-act.ts';
import { Problem } from './problem.tsx';
import type { Typed } from './sign-in-page.tsx';
import type { SignedOut } from './signed-out.ts';
import { SignedOutFrame } from './signed-out-frame.tsx';
import { usePause } from './use-pause.ts';

const words = {
  'account.sign-in-failed': {
    app: 'This code is not right. It changes every 30 seconds: type the one that is shown now.',
    recovery: 'This recovery code is not right, or was used before. Each works once.',
  },
} as const;

export interface CodeStepProps {
  readonly place: SignedOut;
  readonly typed: Typed;
  readonly onStartOver: () => void;
}

export function CodeStep({ place, typed, onStartOver }: CodeStepProps) {
  const [kind, setKind] = useState<'app' | 'recovery'>('app');
  const [code, setCode] = useState('');
  const act = useAct();
  const pauseSeconds = usePause(act.error);
  const input = useRef<HTMLInputElement>(null);
  const isReady = code.trim().length >= 6;
  useEffect(() => {
    if (act.error !== null) input.current?.select();
  }, [act.error]);
  const change = () => {
    setKind(kind === 'app' ? 'recovery' : 'app');
    setCode('');
    act.forget();
    input.current?.focus();
  };
  return (
    <SignedOutFrame
      title={kind === 'app' ? 'Type the code' : 'Type a recovery code'}
      lead={
        kind === 'app'
          ? 'Your authenticator app shows six digits for Berth.'
          : 'One of the codes that you kept when you turned the second factor on. It works once.'
      }
      foot={
        <p>
          Signing in as <span className="text-text wrap-anywhere">{typed.email}</span>.{' '}
          <Button variant="quiet" className="h-auto! px-1" onClick={onStartOver}>
            Start over
          </Button>
        </p>
      }
    >
      <form
        className="flex flex-col gap-3"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (!isReady || pauseSeconds > 0) return;
          void act.run(async () => {
            await place.requests.signIn({ ...typed, email: typed.email.trim(), code: code.trim() });
            place.enter();
          });
        }}
      >
        <TextField
          ref={input}
          label={kind === 'app' ? 'Code' : 'Recovery code'}
          name="code"
          autoComplete="one-time-code"
          inputMode={kind === 'app' ? 'numeric' : 'text'}
          maxLength={32}
          autoFocus
          isCode
          value={code}
          onChange={setCode}
        />
        <Problem
          title="You were not signed in"
          error={act.error}
          pauseSeconds={pauseSeconds}
          words={{
            'account.sign-in-failed': words['account.sign-in-failed'][kind],
            'account.second-factor-needed': words['account.sign-in-failed'][kind],
          }}
        />
        <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
          <Button variant="quiet" className="-ml-3" onClick={change}>
            {kind === 'app' ? 'Use a recovery code' : 'Use the app'}
          </Button>
          <Button
            type="submit"
            variant="primary"
            isBusy={act.isBusy}
            disabled={!isReady || pauseSeconds > 0}
            reason={pauseSeconds > 0 ? 'Wait until the next try is taken' : 'Type the code first'}
          >
            Sign in
          </Button>
        </div>
      </form>
    </SignedOutFrame>
  );
}
