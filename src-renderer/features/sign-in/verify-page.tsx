/** The page behind the link in the e-mail of a registration. The link is used by a press, since mail scanners open pages. */
import { CircleCheck } from 'lucide-react';
import { useState } from 'react';
import { Button } from '../../components/button.tsx';
import { useAct } from '../../state/use-act.ts';
import { Problem } from './problem.tsx';
import { ResendForm } from './resend-form.tsx';
import type { SignedOut } from './signed-out.ts';
import { BackToSignIn, SignedOutFrame, TextLink } from './signed-out-frame.tsx';
import { usePause } from './use-pause.ts';

export function VerifyPage({ place }: { place: SignedOut }) {
  const act = useAct();
  const pauseSeconds = usePause(act.error);
  const [isDone, setDone] = useState(false);
  const back = <BackToSignIn href={place.hrefOf('/sign-in')} />;
  if (isDone)
    return (
      <SignedOutFrame title="The address is confirmed">
        <p role="status" className="flex gap-2">
          <CircleCheck aria-hidden size={16} className="mt-0.5 shrink-0 text-running" />
          <span>
            You can <TextLink href={place.hrefOf('/sign-in')}>sign in</TextLink> now, with the password that
            you chose.
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
            ? 'The part behind # is missing, or the page was loaded again. Open the link in the e-mail once more, or have another one sent.'
            : 'It has expired or was used. If you have confirmed the address already, just sign in.'
        }
        foot={back}
      >
        <ResendForm place={place} />
      </SignedOutFrame>
    );
  return (
    <SignedOutFrame
      title="Confirm your e-mail address"
      lead="You registered at this Berth. Confirm that the address is yours."
      foot={back}
    >
      <Problem title="The address was not confirmed" error={act.error} pauseSeconds={pauseSeconds} />
      <div className="flex justify-end">
        <Button
          variant="primary"
          autoFocus
          isBusy={act.isBusy}
          disabled={pauseSeconds > 0}
          reason="Wait until the next try is taken"
          onClick={() =>
            void act.run(async () => {
              await place.requests.verify(place.token);
              setDone(true);
            })
          }
        >
          Confirm address
        </Button>
      </div>
    </SignedOutFrame>
  );
}
