/** What a terminal shows now, small. Nothing where this window does not show that terminal. */
import { useEffect, useState } from 'react';
import type { TerminalId } from '#contract/ids.ts';
import { useApp } from '../../state/app-context.tsx';

/** Lines of a terminal's small picture, and how often it is read while somebody looks. */
const SCREEN_LINES = 6;
const SCREEN_EVERY_MS = 2000;

export function LastScreen({ terminalId, isVisible }: { terminalId: TerminalId; isVisible: boolean }) {
  const { screens } = useApp();
  const [lines, setLines] = useState<readonly string[]>([]);
  useEffect(() => {
    if (!isVisible) return;
    const read = () => setLines(screens.lastLines(terminalId, SCREEN_LINES) ?? []);
    read();
    const timer = setInterval(read, SCREEN_EVERY_MS);
    return () => clearInterval(timer);
  }, [screens, terminalId, isVisible]);
  if (lines.length === 0) return null;
  return (
    <pre
      aria-hidden
      className="mx-3 mb-2 max-h-22 overflow-hidden rounded-sm border border-line bg-app px-2 py-1 text-[10px] leading-[13px] whitespace-pre text-muted select-none"
    >
      {lines.join('\n')}
    </pre>
  );
}
