/** What the window says goes to the system as well where nobody looks at the window. Draws nothing. */
import { useEffect } from 'react';
import { useApp } from '../../state/app-context.tsx';
import { isAway } from '../../state/is-away.ts';
import { type SystemNotice, tellBySystem } from '../../state/system-notices.ts';

export function SystemNotices() {
  const { notices, shell } = useApp();
  useEffect(
    () =>
      tellBySystem({
        notices,
        isAway,
        notify,
        showWindow: () => {
          if (shell === null) window.focus();
          else void shell.request('showWindow', {});
        },
      }),
    [notices, shell],
  );
  return null;
}

function notify({ title, body, onClick }: SystemNotice): void {
  // Nobody is asked for leave here: the desktop has it, and in a browser a person gives it (features/terminals).
  if (typeof Notification === 'undefined' || Notification.permission !== 'granted') return;
  try {
    const shown = new Notification(title, { body });
    shown.onclick = () => {
      onClick();
      shown.close();
    };
  } catch {
    // Some browsers let only service workers notify: the notice in the window stands.
  }
}
