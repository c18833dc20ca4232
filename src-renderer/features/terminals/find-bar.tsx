/** The find bar over a terminal: next, previous, how many; Escape gives the keyboard back to the program. */
import { CaseSensitive, ChevronDown, ChevronUp, Regex, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { IconButton } from '../../components/button.tsx';
import { readToken } from '../../theme/theme.ts';
import type { TerminalSession } from './terminal-session.ts';

export interface FindResult {
  readonly index: number;
  readonly count: number;
}

export function FindBar(props: {
  readonly session: TerminalSession;
  readonly result: FindResult | null;
  readonly onClose: () => void;
}) {
  const { session, result, onClose } = props;
  const [text, setText] = useState('');
  const [isCase, setCase] = useState(false);
  const [isRegex, setRegex] = useState(false);
  const input = useRef<HTMLInputElement>(null);

  useEffect(() => {
    input.current?.focus();
    input.current?.select();
    return () => session.search.clear();
  }, [session]);

  useEffect(() => {
    if (text === '' || (isRegex && !isRegularExpression(text))) session.search.clear();
    else session.search.findPrevious(text, { ...options(isCase, isRegex), incremental: true });
  }, [session, text, isCase, isRegex]);

  const isBroken = isRegex && text !== '' && !isRegularExpression(text);
  const step = (isForward: boolean) => {
    if (text === '' || isBroken) return;
    if (isForward) session.search.findNext(text, options(isCase, isRegex));
    else session.search.findPrevious(text, options(isCase, isRegex));
  };

  return (
    <search
      className="absolute top-2 right-4 z-10 flex h-9 items-center gap-1 rounded-md border border-line bg-raised pr-1 pl-2 shadow-raised"
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
        aria-label="Find in terminal"
        aria-invalid={isBroken || undefined}
        placeholder="Find"
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return;
          event.preventDefault();
          // As in a browser's page: Enter goes on, here upwards from the newest line.
          step(event.shiftKey);
        }}
        className="h-6 w-44 bg-transparent font-code text-meta outline-none"
      />
      <output
        aria-live="polite"
        className="min-w-14 text-right text-meta whitespace-nowrap text-muted tabular-nums"
      >
        {isBroken ? 'not a pattern' : text === '' || result === null ? '' : resultText(result)}
      </output>
      <IconButton
        label="Match case"
        icon={CaseSensitive}
        size="small"
        isPressed={isCase}
        onClick={() => setCase((before) => !before)}
      />
      <IconButton
        label="Regular expression"
        icon={Regex}
        size="small"
        isPressed={isRegex}
        onClick={() => setRegex((before) => !before)}
      />
      <IconButton label="Previous match" icon={ChevronUp} size="small" onClick={() => step(false)} />
      <IconButton label="Next match" icon={ChevronDown} size="small" onClick={() => step(true)} />
      <IconButton label="Close find bar" icon={X} size="small" onClick={onClose} />
    </search>
  );
}

function resultText({ index, count }: FindResult): string {
  if (count === 0) return 'no match';
  // The addon counts no further than its highlight limit and then knows no index.
  return index < 0 ? `${count}+` : `${index + 1} of ${count}`;
}

function isRegularExpression(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}

function options(isCase: boolean, isRegex: boolean) {
  return {
    caseSensitive: isCase,
    regex: isRegex,
    decorations: {
      matchBackground: readToken('--attention-soft'),
      // The soft ground alone is hard to see on a dark screen.
      matchBorder: readToken('--attention'),
      matchOverviewRuler: readToken('--attention'),
      activeMatchBackground: readToken('--accent-soft'),
      activeMatchBorder: readToken('--accent'),
      activeMatchColorOverviewRuler: readToken('--accent'),
    },
  };
}
