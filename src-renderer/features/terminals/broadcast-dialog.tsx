/** Which terminals of this window take part when a person types into several. */
import { useId, useState } from 'react';
import { useStore } from 'zustand';
import type { TerminalId } from '#contract/ids.ts';
import type { Terminal } from '#contract/terminals.ts';
import { Button } from '../../components/button.tsx';
import { Checkbox } from '../../components/choices.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { useAppState } from '../../state/app-context.tsx';
import type { AppState } from '../../state/commands.ts';
import { terminalTitle } from '../../state/marks.ts';
import { broadcast } from './broadcast.ts';
import { terminalPlace } from './terminal-place.ts';
import { terminalSessions } from './terminal-sessions.ts';

export function BroadcastDialog() {
  const from = useStore(broadcast.store, (state) => state.choosingFor);
  return from === null ? null : <BroadcastChoice key={from} from={from} />;
}

/** The machine that a terminal is on, in a workspace or not. */
function hostOf(terminal: Terminal, state: Pick<AppState, 'workspaces'>): string | undefined {
  if (terminal.target.kind === 'host') return terminal.target.hostId;
  return state.workspaces.get(terminal.target.workspaceId)?.hostId;
}

/** Tells two shells of one host apart, where they say where they are. */
function directoryOf({ id }: Terminal): string | null {
  return terminalSessions.get(id)?.work.marks.log.directory ?? null;
}

function BroadcastChoice({ from }: { from: TerminalId }) {
  const state = useAppState();
  const [chosen, setChosen] = useState<ReadonlySet<TerminalId>>(
    () => new Set([from, ...broadcast.store.getState().members]),
  );
  const listId = useId();
  // A tab that was never in front has no screen yet, and nothing to type into.
  const possible = [...state.terminals.values()].filter(
    ({ id, state: { phase } }) => phase === 'live' && terminalSessions.get(id)?.isAttached === true,
  );
  const own = state.terminals.get(from);
  const ownHost = own && hostOf(own, state);
  const members = possible.filter(({ id }) => chosen.has(id)).map(({ id }) => id);
  const choose = (isWanted: (terminal: Terminal) => boolean) =>
    setChosen(new Set(possible.filter(isWanted).map(({ id }) => id)));
  return (
    <Dialog
      isOpen
      onClose={() => broadcast.cancel()}
      title="Type into several terminals"
      description="What you type or paste in one of them goes to all, until you stop it or one of them ends."
      footer={
        <>
          <Button onClick={() => broadcast.cancel()}>Cancel</Button>
          <Button
            variant="primary"
            disabled={members.length < 2}
            reason="Choose at least two"
            onClick={() => broadcast.start(members)}
          >
            {members.length < 2 ? 'Type into several' : `Type into ${members.length} terminals`}
          </Button>
        </>
      }
    >
      <div className="flex flex-wrap items-center gap-1 pb-1">
        <h3 id={listId} className="mr-auto text-meta font-medium">
          Open terminals
        </h3>
        <Button variant="quiet" onClick={() => choose(() => true)}>
          All
        </Button>
        <Button variant="quiet" onClick={() => choose((terminal) => hostOf(terminal, state) === ownHost)}>
          On the same host
        </Button>
      </div>
      <ul aria-labelledby={listId} className="m-0 flex list-none flex-col p-0">
        {possible.map((terminal) => (
          <li key={terminal.id}>
            <Checkbox
              label={
                <span dir="auto" className="wrap-anywhere">
                  {terminalTitle(terminal)}
                  {terminal.id === from && <span className="text-muted"> (this one)</span>}
                </span>
              }
              help={[terminalPlace(terminal, state), directoryOf(terminal)].filter(Boolean).join(', ')}
              isChecked={chosen.has(terminal.id)}
              onChange={(isChecked) => {
                const next = new Set(chosen);
                if (isChecked) next.add(terminal.id);
                else next.delete(terminal.id);
                setChosen(next);
              }}
            />
          </li>
        ))}
      </ul>
      {possible.length < 2 && (
        <p className="pt-2 text-meta text-muted">
          Only one terminal of this window is live. Open another one first.
        </p>
      )}
    </Dialog>
  );
}
