/**
 * Signing in: by a one-time link at once, by e-mail and password, by an identity provider; then, for who has one, by a
 * code of the second factor. What is typed stays in this page until it is sent.
 */
import { LogIn } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { type ErrorCode, errorCodes } from '#contract/error-codes.ts';
import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { Spinner } from '../../components/spinner.tsx';
import { PasswordField, TextField } from '../../components/text-field.tsx';
import { useAct } from '../../state/use-act.ts';
import { type Asked, useAsked } from '../../state/use-asked.ts';
import type { SignInOptions } from '../../transport/session-requests.ts';
import { CodeStep } from './code-step.tsx';
import { Problem } from './problem.tsx';
import type { SignedOut } from './signed-out.ts';
import { SignedOutFrame, TextLink } from './signed-out-frame.tsx';
import { usePause } from './use-pause.ts';

export interface Typed {
  readonly email: string;
  readonly password: string;
}

export function SignInPage({ place }: { place: SignedOut }) {
  const options = useAsked('options', () => place.requests.options());
  const entering = useAct();
  const [isEntering, setEntering] = useState(place.token !== '');
  const [typed, setTyped] = useState<Typed | null>(null);
  const hasBegun = useRef(false);

  useEffect(() => {
    // Once: the link works once.
    if (place.token === '' || hasBegun.current) return;
    hasBegun.current = true;
    void entering
      .run(async () => {
        await place.requests.signIn({ ticket: place.token });
        place.enter();
      })
      .finally(() => setEntering(false));
  }, [place, entering]);

  if (isEntering)
    return (
      <SignedOutFrame title="Signing in…">
        <p role="status" className="flex items-center gap-2 text-muted">
          <Spinner /> One moment.
        </p>
      </SignedOutFrame>
    );
  if (typed !== null) return <CodeStep place={place} typed={typed} onStartOver={() => setTyped(null)} />;
  const isOpen = options.answer?.registration === 'open' && options.answer.passwords;
  return (
    <SignedOutFrame
      title="Sign in"
      lead={entering.error === null ? 'This browser is not signed in to Berth.' : undefined}
      foot={
        <>
          {isOpen && (
            <p>
              New here? <TextLink href={place.hrefOf('/register')}>Register</TextLink>
            </p>
          )}
          <p>
            On the computer where Berth runs, <code>berth link</code> prints a link that signs its owner in.
          </p>
        </>
      }
    >
      <Problem title="The link did not sign you in" error={entering.error} />
      {place.providerFailure !== null && <ProviderFailure code={place.providerFailure} />}
      <Ways place={place} options={options} onCodeNeeded={setTyped} />
    </SignedOutFrame>
  );
}

/** What a person can do about it; the rest is in the log of the server. */
const providerAdvice: Partial<Record<ErrorCode, string>> = {
  'account.provider-failed': 'Try again in a moment. If it goes on, tell the owner of this Berth.',
  'account.provider-refused':
    'Your account there may not be allowed here, or the sign-in took too long. Try again, or ask the owner of this Berth.',
  'account.registration-closed': 'Accounts are made by invitation here. Ask the owner of this Berth.',
  'too-many': 'Wait a minute, then try again.',
};

function ProviderFailure({ code }: { code: ErrorCode }) {
  return (
    <ErrorNote
      title="The identity provider did not sign you in"
      error={{
        code,
        message: `${errorCodes[code].title}. ${providerAdvice[code] ?? 'Try again, or tell the owner of this Berth.'}`,
        details: {},
      }}
    />
  );
}

interface WaysProps {
  readonly place: SignedOut;
  readonly options: Asked<SignInOptions>;
  readonly onCodeNeeded: (typed: Typed) => void;
}

function Ways({ place, options, onCodeNeeded }: WaysProps) {
  if (options.error !== null)
    return (
      <ErrorNote
        title="How to sign in here could not be found out"
        error={options.error}
        actions={<Button onClick={options.askAgain}>Try again</Button>}
      />
    );
  if (options.answer === null) return <LoadingRows label="Asking how to sign in here" />;
  const { passwords, providers, isOwnerSetUp } = options.answer;
  return (
    <>
      {!isOwnerSetUp && (
        <p className="rounded-md bg-hover px-3 py-2 text-pretty">
          Its owner has set no e-mail and password yet: for them, the link alone works.
        </p>
      )}
      {passwords && <PasswordForm place={place} onCodeNeeded={onCodeNeeded} />}
      {passwords && providers.length > 0 && (
        <div aria-hidden className="flex items-center gap-3 text-meta text-muted">
          <span className="h-px flex-1 bg-line" /> or <span className="h-px flex-1 bg-line" />
        </div>
      )}
      {providers.length > 0 && (
        <ul aria-label="Other ways to sign in" className="m-0 flex list-none flex-col gap-2 p-0">
          {providers.map(({ id, name }) => (
            <li key={id}>
              <a
                href={place.providerHref(id)}
                className="flex min-h-control items-center justify-center gap-2 rounded-md border border-line-control bg-raised px-3 py-1 text-center wrap-anywhere hover:bg-hover"
              >
                <LogIn aria-hidden size={15} strokeWidth={1.75} className="shrink-0" />
                Sign in with {name}
              </a>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

const wrongWords = {
  'account.sign-in-failed':
    'The e-mail address or the password is not right. Look at both; “Forgot password” leads to a new one.',
};

function PasswordForm({ place, onCodeNeeded }: Pick<WaysProps, 'place' | 'onCodeNeeded'>) {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const act = useAct();
  const pauseSeconds = usePause(act.error);
  const passwordInput = useRef<HTMLInputElement>(null);
  const emailInput = useRef<HTMLInputElement>(null);
  const isNextStep = act.error?.code === 'account.second-factor-needed';

  useEffect(() => {
    if (isNextStep) onCodeNeeded({ email, password });
  }, [isNextStep, onCodeNeeded, email, password]);
  useEffect(() => {
    if (act.error?.code === 'account.sign-in-failed') passwordInput.current?.select();
  }, [act.error]);

  // Read from the fields themselves: a browser that fills them in by itself may not tell the page.
  const submit = () => {
    const typed = {
      email: emailInput.current?.value.trim() ?? '',
      password: passwordInput.current?.value ?? '',
    };
    if (typed.email === '') return emailInput.current?.focus();
    if (typed.password === '') return passwordInput.current?.focus();
    setEmail(typed.email);
    setPassword(typed.password);
    void act.run(async () => {
      await place.requests.signIn(typed);
      place.enter();
    });
  };
  return (
    <form
      className="flex flex-col gap-3"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (pauseSeconds === 0) submit();
      }}
    >
      <TextField
        ref={emailInput}
        label="E-mail"
        type="email"
        name="email"
        autoComplete="username"
        inputMode="email"
        autoCapitalize="off"
        spellCheck={false}
        autoFocus
        value={email}
        onChange={setEmail}
      />
      <PasswordField
        ref={passwordInput}
        label="Password"
        name="password"
        autoComplete="current-password"
        value={password}
        onChange={setPassword}
      />
      {!isNextStep && (
        <Problem
          title="You were not signed in"
          error={act.error}
          pauseSeconds={pauseSeconds}
          words={wrongWords}
        />
      )}
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <TextLink href={place.hrefOf('/forgot')}>Forgot password</TextLink>
        <Button
          type="submit"
          variant="primary"
          isBusy={act.isBusy}
          disabled={pauseSeconds > 0}
          reason="Wait until the next try is taken"
        >
          Sign in
        </Button>
      </div>
    </form>
  );
}
