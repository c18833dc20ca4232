/** Over a terminal: what is looked for in its lines; Escape gives the keyboard back to the program. */
import { CaseSensitive, Regex } from 'lucide-react';
import { useEffect, useState } from 'react';
import { IconButton } from '../../components/button.tsx';
import { FindBar } from '../../components/find-bar.tsx';
import { readToken } from '../../theme/theme.ts';
import type { TerminalSession } from './terminal-session.ts';

export interface FindResult {
  readonly index: number;
  readonly count: number;
}

export function TerminalFindBar(props: {
  readonly session: TerminalSession;
  readonly asked: number;
  readonly result: FindResult | null;
  readonly onClose: () => void;
}) {
  const { session, asked, result, onClose } = props;
  const [text, setText] = useState('');
  const [isCase, setCase] = useState(false);
  const [isRegex, setRegex] = useState(false);

  useEffect(() => () => session.search.clear(), [session]);

  useEffect(() => {
    if (text === '' || (isRegex && !isRegularExpression(text))) session.search.clear();
    else session.search.findPrevious(text, { ...options(isCase, isRegex), incremental: true });
  }, [session, text, isCase, isRegex]);

  const isBroken = isRegex && text !== '' && !isRegularExpression(text);

  return (
    <FindBar
      asked={asked}
      label="Find in terminal"
      text={text}
      onText={setText}
      found={isBroken ? 'not a pattern' : text === '' || result === null ? '' : resultText(result)}
      isInvalid={isBroken}
      // As in a browser's page Enter goes on, here upwards from the newest line.
      enterGoes="backward"
      onStep={(isForward) =>
        isForward
          ? session.search.findNext(text, options(isCase, isRegex))
          : session.search.findPrevious(text, options(isCase, isRegex))
      }
      onClose={onClose}
      isCode
      className="absolute top-2 right-4 z-10 max-w-[calc(100%-2rem)] rounded-md border border-line bg-raised shadow-raised"
    >
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
    </FindBar>
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
