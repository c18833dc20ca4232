/** Everything that was told since the window opened, the newest first. */
import { Bell, Trash2 } from 'lucide-react';
import { useEffect } from 'react';
import { useStore } from 'zustand';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Card, Page } from '../../components/page.tsx';
import { ProgressBar } from '../../components/progress-bar.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { useNotices } from '../../state/app-context.tsx';
import type { ViewProps } from '../../state/feature.ts';
import { noticeShapes } from './toasts.tsx';

export function NotificationsPage({ isVisible }: ViewProps<'notifications'>) {
  const store = useNotices();
  const notices = useStore(store.store, (state) => state.notices);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each new notice is read when it appears here
  useEffect(() => {
    if (isVisible) store.markRead();
  }, [isVisible, notices.length, store]);
  return (
    <Page
      title="Notifications"
      width="text"
      actions={
        notices.length > 0 && (
          <Button icon={Trash2} onClick={() => store.clear()}>
            Clear
          </Button>
        )
      }
    >
      {notices.length === 0 ? (
        <EmptyState icon={Bell} title="Nothing was told yet">
          What happens while you look elsewhere is kept here until the window closes.
        </EmptyState>
      ) : (
        <ol className="m-0 flex list-none flex-col gap-3 p-0">
          {notices.map((notice) => {
            const { icon: Icon, colour, word } = noticeShapes[notice.level];
            return (
              <li key={notice.id}>
                {notice.error ? (
                  <ErrorNote
                    title={notice.title}
                    error={notice.error}
                    actions={
                      notice.action && <Button onClick={notice.action.run}>{notice.action.label}</Button>
                    }
                  >
                    <RelativeTime at={notice.at} className="text-meta" />
                  </ErrorNote>
                ) : (
                  <Card className="flex items-start gap-2.5 px-3 py-2.5">
                    <Icon aria-hidden size={16} className={`mt-0.5 shrink-0 ${colour}`} />
                    <div className="min-w-0 flex-1">
                      <p className="font-medium wrap-anywhere">
                        <span className="sr-only">{word}: </span>
                        {notice.title}
                      </p>
                      {notice.body && <p className="text-muted wrap-anywhere">{notice.body}</p>}
                      {notice.progress !== null && (
                        <ProgressBar label={notice.title} value={notice.progress.part} className="my-1" />
                      )}
                      <RelativeTime at={notice.at} className="text-meta text-muted" />
                    </div>
                    {notice.action && <Button onClick={notice.action.run}>{notice.action.label}</Button>}
                  </Card>
                )}
              </li>
            );
          })}
        </ol>
      )}
    </Page>
  );
}
