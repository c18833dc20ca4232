/** Keeps a session's size what the plane says, and tells when another window has set it: one click takes it over. */
import { useEffect, useSyncExternalStore } from 'react';
import type { TerminalSize } from '#contract/terminals.ts';
import { Button } from '../../components/button.tsx';
import type { TerminalSession } from './terminal-session.ts';

export function SizeNote({ session, size }: { session: TerminalSession | null; size: TerminalSize }) {
  const { cols, rows } = size;
  useEffect(() => session?.size.hear({ cols, rows }), [session, cols, rows]);
  const isElsewhere = useSyncExternalStore(
    (listener) => session?.size.onChange(listener) ?? (() => undefined),
    () => session?.size.isSetElsewhere ?? false,
  );
  if (session === null || !isElsewhere) return null;
  return (
    // Over the screen, not beside it: room that comes and goes with the note would itself be a change of size.
    <div
      role="status"
      className="floating absolute right-5 bottom-3 z-10 flex max-w-[90%] flex-wrap items-center gap-x-3 gap-y-1 rounded-md py-1 pr-1 pl-3"
    >
      <span className="tabular min-w-0 text-muted">
        Sized by another window: {cols} × {rows}
      </span>
      <Button
        onClick={() => {
          session.size.take();
          session.focus();
        }}
      >
        Use this window’s size
      </Button>
    </div>
  );
}
