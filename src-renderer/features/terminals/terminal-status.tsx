/**
 * Of the terminal in front: its word and its round trip in the status bar, where the time goes on hover, and that it ends
 * with its connection where it does. On every tab of such a terminal a mark of the same.
 */
import { Unplug } from 'lucide-react';
import type { TerminalId } from '#contract/ids.ts';
import type { Terminal } from '#contract/terminals.ts';
import { StateMark } from '../../components/state-mark.tsx';
import { Tooltip } from '../../components/tooltip.tsx';
import { useTerminal, useViewState } from '../../state/app-context.tsx';
import { terminalMark } from '../../state/marks.ts';
import { activeTab } from '../../state/view-state.ts';
import { useHealth, useTruth } from './terminal-state-line.tsx';
import { ms, wayText } from './terminal-truth.ts';

export function TerminalStatus() {
  const ref = useViewState((state) => activeTab(state)?.ref);
  return ref?.type === 'terminal' ? <FrontTerminal id={ref.terminalId} /> : null;
}

function FrontTerminal({ id }: { id: TerminalId }) {
  const terminal = useTerminal(id);
  const truth = useTruth(id, true);
  const { way } = useHealth(id);
  if (terminal === undefined || truth === undefined) return null;
  const isPlain = terminal.lifetime === 'connection' && terminal.state.phase === 'live';
  return (
    <>
      <Tooltip side="top" text={way === null ? truth.word : wayText(way)}>
        <button type="button" className={itemClass} data-part="terminal-state">
          <span className="sr-only">State of this terminal:</span>
          {/* Since when, and what is next, the host's own item says beside it. */}
          <StateMark
            signal={truth.signal}
            word={terminal.state.phase === 'lost' ? 'Lost' : shortWord(terminal, truth.word)}
          />
          {truth.isCalm && way !== null && <span className="tabular">{ms(way.totalMs)}</span>}
        </button>
      </Tooltip>
      {isPlain && (
        <Tooltip side="top" text={terminal.lifetimeNote ?? 'It does not run under tmux on its host.'}>
          <button type="button" className={itemClass}>
            <Unplug aria-hidden size={13} strokeWidth={1.75} className="text-attention" />
            <span className="truncate">Ends with the connection</span>
          </button>
        </Tooltip>
      )}
    </>
  );
}

/** What has ended says so at length under its screen. */
function shortWord(terminal: Terminal, word: string): string {
  return terminal.state.phase === 'ended' ? terminalMark(terminal).word : word;
}

const itemClass =
  'focus-inset flex h-full min-w-0 shrink-0 items-center gap-1.5 px-2 text-muted hover:bg-hover hover:text-text';

/** On every tab, in front or not: what is true of its terminal, as a shape; the word on hover. */
export function TruthMark({ id }: { id: TerminalId }) {
  const truth = useTruth(id, true);
  const terminal = useTerminal(id);
  if (truth === undefined || terminal === undefined) return null;
  return <StateMark signal={truth.signal} word={shortWord(terminal, truth.word)} isCompact />;
}

/** On the tab of a terminal that ends with its connection. */
export function PlainMark({ id }: { id: TerminalId }) {
  const terminal = useTerminal(id);
  if (terminal?.lifetime !== 'connection' || terminal.state.phase !== 'live') return null;
  return (
    <span
      title={`Ends with the connection. ${terminal.lifetimeNote ?? ''}`.trim()}
      className="shrink-0 text-faint"
    >
      <Unplug aria-hidden size={13} strokeWidth={1.75} />
      <span className="sr-only">ends with the connection</span>
    </span>
  );
}
