/** One's own account: who one is here, what one has and may have, the ways in, and the programs that act for one. */
import { LogOut, Pencil } from 'lucide-react';
import { useState } from 'react';
import type { Account } from '#contract/account.ts';
import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { Card, Page, Section } from '../../components/page.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { Badge } from '../../components/state-mark.tsx';
import { useAccount, useCommand } from '../../state/app-context.tsx';
import type { ViewProps } from '../../state/feature.ts';
import { ApiKeysSection } from './api-keys-section.tsx';
import { NameDialog } from './name-dialog.tsx';
import { QuotaBars } from './quota-bars.tsx';
import { roleWords } from './role-words.ts';
import { SessionsSection } from './sessions-section.tsx';
import { SignInSection } from './sign-in-section.tsx';

export default function AccountPage({ isVisible }: ViewProps<'account'>) {
  const account = useAccount();
  const signOut = useCommand('account.sign-out');
  return (
    <Page
      title="Account"
      lead="Who you are on this Berth, and how you and your programs come in."
      actions={
        <Button
          icon={LogOut}
          disabled={!signOut.isEnabled}
          reason="The connection is away"
          onClick={signOut.run}
        >
          Sign out
        </Button>
      }
    >
      {account.value !== null ? (
        <>
          <Person account={account.value} />
          <Section title="What you have">
            <Card className="p-4">
              <QuotaBars usage={account.value.usage} quota={account.value.quota} />
            </Card>
          </Section>
          <SignInSection account={account.value} />
          <SessionsSection isVisible={isVisible} />
          <ApiKeysSection />
        </>
      ) : account.status === 'error' && account.error !== null ? (
        <ErrorNote
          title="Your account could not be read"
          error={account.error}
          actions={<Button onClick={account.retry}>Read again</Button>}
        />
      ) : (
        <LoadingRows label="Loading your account" rows={5} />
      )}
    </Page>
  );
}

function Person({ account }: { account: Account }) {
  const [isRenaming, setRenaming] = useState(false);
  const role = roleWords[account.role];
  return (
    <Card className="flex flex-wrap items-start gap-x-4 gap-y-2 p-4">
      <div className="min-w-0 flex-1 basis-64">
        <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <h2 className="text-lead font-semibold wrap-anywhere" dir="auto">
            {account.name}
          </h2>
          <Badge>{role.name.toLowerCase()}</Badge>
        </div>
        <p className="text-muted wrap-anywhere">
          {account.email ?? 'No e-mail address yet'}
          {' · account made '}
          <RelativeTime at={account.createdAt} />
        </p>
        <p className="mt-1 text-meta text-pretty text-muted">{role.help}</p>
      </div>
      <Button icon={Pencil} onClick={() => setRenaming(true)}>
        Change name…
      </Button>
      {isRenaming && <NameDialog name={account.name} onClose={() => setRenaming(false)} />}
    </Card>
  );
}
