/** The line under a terminal's screen: what is true of it while it is not simply live, and what can be done. */
import { useEffect, useState } from 'react';
import { useStore } from 'zustand';
import type { HostId, TerminalId } from '#contract/ids.ts';
import type { Terminal } from '#contract/terminals.ts';
import { Button } from '../../components/button.tsx';
import { formatCount } from '../../components/format.ts';
import { useNow } from '../../components/now.ts';
import { StateMark } from '../../components/state-mark.tsx';
import {
  useCommand,
  useHosts,
  useMachineOfHost,
  useTerminal,
  useWorkspaces,
} from '../../state/app-context.tsx';
import { machineRest } from '../../state/marks.ts';
import { type Health, terminalHealths } from './terminal-health.ts';
import { reattachedForMs, type Truth, truthOf } from './terminal-truth.ts';

const healthy: Health = { behindBytes: 0, way: null, unansweredSinceMs: null };
/** A refused key is shown for so long after the last one. */
const refusedForMs = 4_000;

export function useHealth(id: TerminalId): Health {
  return useStore(terminalHealths.store, ({ of }) => of.get(id) ?? healthy);
}

function useHostOf(terminal: Terminal | undefined): HostId | undefined {
  const workspaces = useWorkspaces();
  if (terminal === undefined) return undefined;
  const { target } = terminal;
  return target.kind === 'host' ? target.hostId : workspaces.byId.get(target.workspaceId)?.hostId;
}

/** What is true of a terminal now; undefined when there is none. `isAttached`: this window has its stream. */
export function useTruth(id: TerminalId, isAttached: boolean): Truth | undefined {
  const terminal = useTerminal(id);
  const hosts = useHosts();
  const hostId = useHostOf(terminal);
  const health = useHealth(id);
  const host = hostId === undefined ? undefined : hosts.byId.get(hostId);
  const machine = useMachineOfHost(hostId);
  const isCounting =
    terminal?.state.phase === 'lost' || isFresh(terminal) || health.unansweredSinceMs !== null;
  const nowMs = useNow(isCounting);
  if (terminal === undefined) return undefined;
  const rest = host === undefined ? null : (machineRest(host, machine)?.word ?? null);
  return truthOf({ terminal, host: host?.state, rest, health, isAttached, nowMs });
}

function isFresh(terminal: Terminal | undefined): boolean {
  if (terminal?.state.phase !== 'live' || terminal.state.reattachedAt === null) return false;
  return Date.now() - Date.parse(terminal.state.reattachedAt) < reattachedForMs + 1_000;
}

export function StateLine(props: {
  readonly id: TerminalId;
  readonly isAttached: boolean;
  /** Keys that were refused so far. */
  readonly refusedCount: number;
}) {
  const { id, isAttached, refusedCount } = props;
  const terminal = useTerminal(id);
  const truth = useTruth(id, isAttached);
  const again = useCommand('terminal.open-again', terminal ? { kind: 'terminal', id: terminal.id } : null);
  const skip = useCommand('terminal.drop-backlog', terminal ? { kind: 'terminal', id: terminal.id } : null);
  const isRefused = useRefused(refusedCount);
  if (terminal === undefined || truth === undefined || (truth.isCalm && !isRefused)) return null;
  const { state } = terminal;
  return (
    <div
      role="status"
      data-refused={isRefused || undefined}
      className="flex min-h-9 flex-wrap items-center gap-x-3 gap-y-1 border-t border-line bg-panel px-3 py-1 data-refused:bg-attention-soft"
    >
      <StateMark signal={truth.signal} word={truth.word} />
      {isRefused && (
        <span className="font-medium text-attention">
          Not sent: what you type goes nowhere until it is back
        </span>
      )}
      {state.phase === 'lost' && state.unconfirmedBytes > 0 && !isRefused && (
        <span className="min-w-0 truncate text-muted">
          {state.unconfirmedBytes === 1
            ? 'The last key may not have arrived'
            : `The last ${formatCount(state.unconfirmedBytes, 'byte', 'bytes')} typed may not have arrived`}
        </span>
      )}
      {truth.isBehind && (
        <>
          <span className="ml-auto" />
          <Button onClick={skip.run}>Skip to the end</Button>
        </>
      )}
      {state.phase === 'ended' && (
        <>
          {state.error !== null && (
            // Nobody hovers on a phone: there it is read in full.
            <span
              className="min-w-0 flex-1 truncate text-muted max-sm:order-last max-sm:basis-full max-sm:whitespace-normal"
              title={state.error.message}
            >
              {state.error.message}
            </span>
          )}
          <span className="ml-auto" />
          <Button onClick={again.run} disabled={!again.isEnabled} reason="Its workspace or host is not ready">
            Open again
          </Button>
        </>
      )}
    </div>
  );
}

/** True for a moment after each refused key. */
function useRefused(count: number): boolean {
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    if (count === 0) return;
    setShown(true);
    const timer = setTimeout(() => setShown(false), refusedForMs);
    return () => clearTimeout(timer);
  }, [count]);
  return isShown;
}
