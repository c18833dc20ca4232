/** Where one is signed in, and the ends of it. */
import { AppWindow, SquareTerminal } from 'lucide-react';
import { useEffect, useRef } from 'react';
import type { SignedInSession } from '#contract/account.ts';
import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { Card, Section } from '../../components/page.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { Badge } from '../../components/state-mark.tsx';
import { useClient, useCommand, useConfirm, useNotices } from '../../state/app-context.tsx';
import { useAsked } from '../../state/use-asked.ts';

export function SessionsSection({ isVisible }: { isVisible: boolean }) {
  const client = useClient();
  const confirm = useConfirm();
  const notices = useNotices();
  const sessions = useAsked('sessions', (signal) => client.call('account.sessions', {}, { signal }));

  // A page that comes to the front again may show what ended meanwhile.
  const { askAgain } = sessions;
  const wasVisible = useRef(isVisible);
  useEffect(() => {
    if (isVisible && !wasVisible.current) askAgain();
    wasVisible.current = isVisible;
  }, [isVisible, askAgain]);

  const endAll = async () => {
    const isAgreed = await confirm({
      title: 'Sign out everywhere?',
      body: 'Every browser and every program with tokens of yours is signed out, this window too.',
      keeps: ['API keys, your workspaces and everything that runs in them'],
      action: 'Sign out everywhere',
    });
    if (!isAgreed) return;
    try {
      await client.call('account.signOutEverywhere', {});
    } catch (cause) {
      notices.fail('You were not signed out everywhere', cause);
    }
  };
  const items = sessions.answer?.sessions ?? [];
  return (
    <Section title="Sessions" actions={<Button onClick={() => void endAll()}>Sign out everywhere…</Button>}>
      {sessions.error !== null ? (
        <ErrorNote
          title="Your sessions could not be read"
          error={sessions.error}
          actions={<Button onClick={sessions.askAgain}>Read again</Button>}
        />
      ) : sessions.answer === null ? (
        <LoadingRows label="Loading your sessions" rows={2} />
      ) : (
        <Card>
          <ul aria-label="Sessions" className="m-0 list-none divide-y divide-line p-0">
            {items.map((session) => (
              <Row key={session.id} session={session} onEnded={sessions.askAgain} />
            ))}
          </ul>
        </Card>
      )}
    </Section>
  );
}

function Row({ session, onEnded }: { session: SignedInSession; onEnded: () => void }) {
  const client = useClient();
  const notices = useNotices();
  const signOut = useCommand('account.sign-out');
  const Icon = session.kind === 'browser' ? AppWindow : SquareTerminal;
  const end = async () => {
    try {
      await client.call('account.endSession', { id: session.id });
      onEnded();
    } catch (cause) {
      notices.fail('The session was not ended', cause);
    }
  };
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2.5">
      <Icon aria-hidden size={16} strokeWidth={1.75} className="shrink-0 text-muted" />
      <div className="min-w-0 flex-1 basis-56">
        <div className="flex flex-wrap items-center gap-x-2">
          <span className="font-medium wrap-anywhere" dir="auto">
            {session.agent === '' ? 'Unknown program' : session.agent}
          </span>
          {session.isThisOne && <Badge>this one</Badge>}
        </div>
        <div className="text-meta text-muted wrap-anywhere">
          {session.address ?? 'this computer'}
          {' · used '}
          <RelativeTime at={session.usedAt} />
          {' · signed in '}
          <RelativeTime at={session.createdAt} />
        </div>
      </div>
      <Button
        variant="quiet"
        aria-label={session.isThisOne ? 'Sign out here' : `Sign out ${session.agent}`}
        onClick={() => (session.isThisOne ? signOut.run() : void end())}
      >
        Sign out
      </Button>
    </li>
  );
}
