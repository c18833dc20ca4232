/**
 * One visit to a shared terminal: from the link to its end. Owns the order (token, connection, what is told of the
 * terminal) and says in one value what there is to show. Calls nothing that a guest may not call.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { BerthError } from '#contract/berth-error.ts';
import { ShareId } from '#contract/ids.ts';
import type { SharedTerminal } from '#contract/terminal-shares.ts';
import type { ConnectionState, PlaneClient } from '../../state/api.ts';
import { toBerthError } from '../../state/to-berth-error.ts';
import type { Client } from '../../transport/client.ts';

export type VisitState =
  | { readonly phase: 'opening' }
  | { readonly phase: 'refused'; readonly error: BerthError }
  | {
      readonly phase: 'open';
      readonly client: GuestClient;
      readonly terminal: SharedTerminal;
      readonly connection: ConnectionState;
      /** Tries again at once. */
      readonly reconnect: () => void;
    }
  /** `terminal`: it has ended, and what it showed last may still be looked at. */
  | { readonly phase: 'over'; readonly why: 'incomplete' | 'link' }
  | {
      readonly phase: 'over';
      readonly why: 'terminal';
      readonly terminal: SharedTerminal;
      readonly client: GuestClient;
    };

/** As a terminal's screen wants it, with every door shut but a guest's own. */
export type GuestClient = Client;
export type VisitConnection = PlaneClient & { close(): void };

export interface VisitOptions {
  /** What is behind `#` in the address: a link's token, or the share that this page has entered before. */
  readonly fragment: string;
  readonly enter: (token: string) => Promise<ShareId>;
  /** The token is used: it goes from the address. */
  readonly onEntered: (shareId: ShareId) => void;
  readonly connect: (shareId: ShareId, onGone: () => void) => VisitConnection;
}

export interface Visit {
  readonly store: StoreApi<VisitState>;
  /** After a refusal. */
  readonly retry: () => void;
}

export function beginVisit({ fragment, enter, onEntered, connect }: VisitOptions): Visit {
  const store = createStore<VisitState>(() => ({ phase: 'opening' }));
  const set = (state: VisitState) => store.setState(state, true);

  const begin = async () => {
    set({ phase: 'opening' });
    const known = ShareId.safeParse(fragment);
    if (fragment === '') return set({ phase: 'over', why: 'incomplete' });
    if (known.success) return visit(known.data);
    try {
      const shareId = await enter(fragment);
      onEntered(shareId);
      visit(shareId);
    } catch (cause) {
      const error = toBerthError(cause);
      set(error.code === 'not-found' ? { phase: 'over', why: 'link' } : { phase: 'refused', error });
    }
  };

  const visit = (shareId: ShareId) => {
    const isOver = () => store.getState().phase === 'over';
    const gone = () => {
      const state = store.getState();
      if (isOver()) return;
      // The last word may have been lost with the line; what was told before it says as much.
      set(
        state.phase === 'open' && state.terminal.phase === 'ended'
          ? { phase: 'over', why: 'terminal', terminal: state.terminal, client: state.client }
          : { phase: 'over', why: 'link' },
      );
      connection.close();
    };
    const connection = connect(shareId, () => gone());
    const client = guestClient(connection);
    const tell = (terminal: SharedTerminal) => {
      if (isOver()) return;
      if (terminal.end === 'terminal') {
        set({ phase: 'over', why: 'terminal', terminal, client });
        connection.close();
      } else if (terminal.end === 'link') gone();
      else
        set({
          phase: 'open',
          client,
          terminal,
          connection: connection.connectionState,
          reconnect: () => connection.reconnect(),
        });
    };
    const follow = async () => {
      try {
        for await (const terminal of connection.stream('terminals.shared', {})) tell(terminal);
      } catch (cause) {
        if (BerthError.is(cause, 'not-found')) gone();
      }
    };
    connection.onConnectionState((state) => {
      if (state.phase === 'open') void follow();
      const before = store.getState();
      if (before.phase === 'open') set({ ...before, connection: state });
    });
    if (connection.connectionState.phase === 'open') void follow();
  };

  void begin();
  return { store, retry: () => void begin() };
}

function guestClient(connection: PlaneClient): GuestClient {
  return {
    call: () => Promise.reject(new BerthError('not-found', 'A guest calls nothing.')),
    stream: (method, input, options) => connection.stream(method, input, options),
    bytes: (method, input) => connection.bytes(method, input),
  };
}
