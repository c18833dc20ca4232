/**
 * New notices at the lower right for a while: failures and those with an act stay until they are closed or looked at.
 * Time stands still while the pointer or the keyboard is on them. All of them stay in the notifications page.
 */
import { CircleAlert, CircleCheck, Info, OctagonX, X } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useStore } from 'zustand';
import { Button, IconButton } from '../../components/button.tsx';
import { ProgressBar } from '../../components/progress-bar.tsx';
import { useNotices, useViewActions } from '../../state/app-context.tsx';
import type { Notice } from '../../state/notices.ts';

const shownMs = 6000;
const actShownMs = 12_000;
/** Long enough to be read twice. Whoever was away finds it in the list, with its mark on the bell. */
const errorShownMs = 20_000;
const shownAtOnce = 3;

export const noticeShapes = {
  info: { icon: Info, colour: 'text-busy', word: 'Note' },
  done: { icon: CircleCheck, colour: 'text-running', word: 'Done' },
  warning: { icon: CircleAlert, colour: 'text-attention', word: 'Warning' },
  error: { icon: OctagonX, colour: 'text-failed', word: 'Failed' },
} as const;

export function Toasts() {
  const notices = useNotices();
  const all = useStore(notices.store, (state) => state.notices);
  const shown = all.filter((notice) => notice.isShown).slice(0, shownAtOnce);
  const [isHeld, setHeld] = useState(false);
  return (
    <section
      aria-label="New notifications"
      aria-live="polite"
      data-notices
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
      className="pointer-events-none fixed right-4 bottom-[calc(var(--toast-floor,1.75rem)+0.5rem)] z-40 transition-[bottom] flex w-[min(380px,calc(100vw-32px))] flex-col-reverse gap-2"
    >
      {shown.map((notice) => (
        <Toast key={notice.id} notice={notice} isHeld={isHeld} />
      ))}
    </section>
  );
}

function Toast({ notice, isHeld }: { notice: Notice; isHeld: boolean }) {
  const notices = useNotices();
  const view = useViewActions();
  const { icon: Icon, colour, word } = noticeShapes[notice.level];
  useEffect(() => {
    if (isHeld || notice.progress !== null) return;
    const usualMs = notice.action ? actShownMs : shownMs;
    const timer = setTimeout(
      () => notices.hide(notice.id),
      notice.level === 'error' ? errorShownMs : usualMs,
    );
    return () => clearTimeout(timer);
  }, [isHeld, notice, notices]);
  return (
    <div className="floating pointer-events-auto flex items-start gap-2.5 rounded-lg py-2.5 pr-2 pl-3">
      <Icon aria-hidden size={16} className={`mt-0.5 shrink-0 ${colour}`} />
      <div className="flex min-w-0 flex-1 flex-col gap-1">
        <p className="font-medium wrap-anywhere">
          <span className="sr-only">{word}: </span>
          {notice.title}
        </p>
        {notice.body && <p className="tabular line-clamp-4 text-muted wrap-anywhere">{notice.body}</p>}
        {notice.progress !== null && (
          <ProgressBar label={notice.title} value={notice.progress.part} className="my-1" />
        )}
        {(notice.action || notice.error) && (
          <div className="mt-1 flex flex-wrap gap-x-1 gap-y-2">
            {notice.action && (
              <Button
                onClick={() => {
                  notices.hide(notice.id);
                  notice.action?.run();
                }}
              >
                {notice.action.label}
              </Button>
            )}
            {notice.otherActions.map((action) => (
              <Button
                key={action.label}
                variant="quiet"
                onClick={() => {
                  notices.hide(notice.id);
                  action.run();
                }}
              >
                {action.label}
              </Button>
            ))}
            {notice.error && (
              <Button
                onClick={() => {
                  notices.hide(notice.id);
                  view.open({ type: 'notifications' });
                }}
              >
                Show details
              </Button>
            )}
          </div>
        )}
      </div>
      <IconButton label="Close" icon={X} size="small" onClick={() => notices.hide(notice.id)} />
    </div>
  );
}
