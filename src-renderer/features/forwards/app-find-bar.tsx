/** Below an app's bar: what is looked for in its page. In the desktop alone. */
import { useEffect, useState } from 'react';
import type { AppViewState, ShellBridge } from '#contract/shell.ts';
import { FindBar } from '../../components/find-bar.tsx';

export interface AppFindBarProps {
  readonly shell: Pick<ShellBridge, 'request'>;
  readonly tabId: string;
  readonly asked: number;
  readonly found: AppViewState['found'];
  readonly onClose: () => void;
}

export function AppFindBar({ shell, tabId, asked, found, onClose }: AppFindBarProps) {
  const [text, setText] = useState('');
  useEffect(() => {
    // The app has the keyboard, and the field's having it on this page does not change that.
    if (asked > 0) void shell.request('focusPage', {});
  }, [shell, asked]);
  useEffect(
    () => () => void shell.request('appViewFind', { tabId, text: '', isForward: true, isNew: true }),
    [shell, tabId],
  );
  const find = (wanted: string, isForward: boolean, isNew: boolean) =>
    void shell.request('appViewFind', { tabId, text: wanted, isForward, isNew });
  return (
    <FindBar
      asked={asked}
      label="Find in page"
      text={text}
      onText={(wanted) => {
        setText(wanted);
        find(wanted, true, true);
      }}
      found={text === '' || found === null ? '' : foundWords(found)}
      enterGoes="forward"
      onStep={(isForward) => find(text, isForward, false)}
      onClose={onClose}
      className="shrink-0 border-b border-line bg-app"
    />
  );
}

function foundWords({ count, current }: NonNullable<AppViewState['found']>): string {
  return count === 0 ? 'no match' : `${current} of ${count}`;
}
