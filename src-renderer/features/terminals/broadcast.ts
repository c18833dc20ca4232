/**
 * Which terminals take part when a person types into several at once. One group per window. Knows ids alone; sessions
 * send. Guarantees: a group has at least two members, and ends as a whole, so that nobody goes on typing into fewer
 * terminals than they believe.
 */
import { createStore } from 'zustand/vanilla';
import type { TerminalId } from '#contract/ids.ts';

export interface BroadcastState {
  /** Empty: nobody types into several. */
  readonly members: readonly TerminalId[];
  /** The terminal for which the dialog is open. */
  readonly choosingFor: TerminalId | null;
}

export class Broadcast {
  readonly store = createStore<BroadcastState>(() => ({ members: [], choosingFor: null }));

  choose(from: TerminalId): void {
    this.store.setState({ choosingFor: from });
  }
  cancel(): void {
    this.store.setState({ choosingFor: null });
  }

  /** False: one alone is no group. */
  start(ids: Iterable<TerminalId>): boolean {
    const members = [...new Set(ids)];
    if (members.length < 2) return false;
    this.store.setState({ members, choosingFor: null });
    return true;
  }

  stop(): void {
    if (this.store.getState().members.length > 0) this.store.setState({ members: [] });
  }

  isMember(id: TerminalId): boolean {
    return this.store.getState().members.includes(id);
  }

  /** Who else gets what is typed into this one. */
  othersOf(id: TerminalId): readonly TerminalId[] {
    const { members } = this.store.getState();
    return members.includes(id) ? members.filter((member) => member !== id) : [];
  }

  /** Ends the group when a member cannot take part any more; returns that member. */
  endWithout(canType: (id: TerminalId) => boolean): TerminalId | null {
    const gone = this.store.getState().members.find((id) => !canType(id));
    if (gone === undefined) return null;
    this.stop();
    return gone;
  }
}

export const broadcast = new Broadcast();
