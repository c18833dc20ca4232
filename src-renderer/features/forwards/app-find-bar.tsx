/** Below an app's bar: what is looked for in its page, how often it is there, and the way through it. In the desktop alone. */
import { ChevronDown, ChevronUp, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { AppViewState, ShellBridge } from '#contract/shell.ts';
import { IconButton } from '../../components/button.tsx';

export interface AppFindBarProps {
  readonly shell: Pick<ShellBridge, 'request'>;
  readonly tabId: string;
  readonly found: AppViewState['found'];
  readonly onClose: () => void;
}

export function AppFindBar({ shell, tabId, found, onClose }: AppFindBarProps) {
  const [text, setText] = useState('');
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    // The app has the keyboard: it is fetched from there first.
    void shell.request('focusPage', {});
    input.current?.focus();
    return () => void shell.request('appViewFind', { tabId, text: '', isForward: true, isNew: true });
  }, [shell, tabId]);
  const find = (wanted: string, isForward: boolean, isNew: boolean) =>
    void shell.request('appViewFind', { tabId, text: wanted, isForward, isNew });
  const step = (isForward: boolean) => {
    if (text !== '') find(text, isForward, false);
  };
  return (
    <search
      className="flex h-9 shrink-0 items-center gap-1 border-b border-line bg-app px-2"
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        onClose();
      }}
    >
      <input
        ref={input}
        type="text"
        value={text}
        aria-label="Find in page"
        placeholder="Find in page"
        spellCheck={false}
        autoComplete="off"
        maxLength={500}
        onChange={({ target }) => {
          setText(target.value);
          find(target.value, true, true);
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return;
          event.preventDefault();
          step(!event.shiftKey);
        }}
        className="h-6 min-w-0 flex-1 bg-transparent px-1 text-meta outline-none"
      />
      <output aria-live="polite" className="text-meta whitespace-nowrap text-muted tabular-nums">
        {text === '' || found === null ? '' : foundWords(found)}
      </output>
      <IconButton
        label="Previous"
        icon={ChevronUp}
        size="small"
        disabled={text === ''}
        onClick={() => step(false)}
      />
      <IconButton
        label="Next"
        icon={ChevronDown}
        size="small"
        disabled={text === ''}
        onClick={() => step(true)}
      />
      <IconButton label="Close find" icon={X} size="small" onClick={onClose} />
    </search>
  );
}

function foundWords({ count, current }: NonNullable<AppViewState['found']>): string {
  return count === 0 ? 'not there' : `${current} of ${count}`;
}
