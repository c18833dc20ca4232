/** How one signs in: the password and the second factor. */
import { KeyRound, ShieldCheck, Smartphone } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import type { LucideIcon } from 'lucide-react';
import type { Account } from '#contract/account.ts';
import { Button } from '../../components/button.tsx';
import { formatCount } from '../../components/format.ts';
import { Card, Section } from '../../components/page.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { PasswordDialog } from './password-dialog.tsx';
import { sourceSentence } from './role-words.ts';
import { SecondFactorDialog } from './second-factor-dialog.tsx';
import { SecondFactorOffDialog } from './second-factor-off-dialog.tsx';
import { SetUpDialog } from './set-up-dialog.tsx';

/** Below this many, new codes should be had before the last is used. */
const fewCodes = 3;

export function SignInSection({ account }: { account: Account }) {
  const [dialog, setDialog] = useState<'set-up' | 'password' | 'factor' | 'factor-off' | null>(null);
  const close = () => setDialog(null);
  return (
    <Section title="Signing in">
      <Card className="divide-y divide-line">
        <Line
          icon={KeyRound}
          title="Password"
          action={
            account.source === 'local' && account.email === null ? (
              <Button onClick={() => setDialog('set-up')}>Set an e-mail and password…</Button>
            ) : (
              account.hasPassword && <Button onClick={() => setDialog('password')}>Change password…</Button>
            )
          }
        >
          {sourceSentence(account)}
        </Line>
        {(account.hasPassword || account.hasSecondFactor) && (
          <Line
            icon={account.hasSecondFactor ? ShieldCheck : Smartphone}
            title="Second factor"
            mark={
              account.hasSecondFactor ? (
                <StateMark signal="running" word="on" />
              ) : (
                <StateMark signal="stopped" word="off" />
              )
            }
            action={
              account.hasSecondFactor ? (
                <Button onClick={() => setDialog('factor-off')}>Turn off…</Button>
              ) : (
                <Button onClick={() => setDialog('factor')}>Turn on…</Button>
              )
            }
          >
            {account.hasSecondFactor ? (
              <>
                Signing in also needs a code of your authenticator app.{' '}
                {account.recoveryCodes === 0
                  ? 'No recovery codes are left'
                  : `${formatCount(account.recoveryCodes, 'recovery code is', 'recovery codes are')} left`}
                {account.recoveryCodes < fewCodes && ': turn it off and on again for new ones'}.
              </>
            ) : (
              'A code of an app on your phone beside the password: a stolen password alone opens nothing.'
            )}
          </Line>
        )}
      </Card>
      {dialog === 'set-up' && <SetUpDialog onClose={close} />}
      {dialog === 'password' && <PasswordDialog email={account.email} onClose={close} />}
      {dialog === 'factor' && <SecondFactorDialog onClose={close} />}
      {dialog === 'factor-off' && <SecondFactorOffDialog onClose={close} />}
    </Section>
  );
}

interface LineProps {
  readonly icon: LucideIcon;
  readonly title: string;
  readonly mark?: ReactNode;
  readonly action: ReactNode;
  readonly children: ReactNode;
}

function Line({ icon: Icon, title, mark, action, children }: LineProps) {
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-2 px-4 py-3">
      <Icon aria-hidden size={16} strokeWidth={1.75} className="shrink-0 text-muted" />
      <div className="min-w-0 flex-1 basis-56">
        <div className="flex flex-wrap items-center gap-x-3">
          <h3 className="font-medium">{title}</h3>
          {mark}
        </div>
        <p className="text-meta text-pretty text-muted">{children}</p>
      </div>
      {action}
    </div>
  );
}
