/**
 * The sessions of this window, by terminal: made when a tab first shows one, kept while any tab has it, and the thing
 * that commands (copy, find, paste) reach. One page has one window, so there is one of these.
 */
import type { TerminalId } from '#contract/ids.ts';
import type { TerminalSession } from './terminal-session.ts';

export class TerminalSessions {
  readonly #sessions = new Map<TerminalId, TerminalSession>();
  readonly #listeners = new Set<(request: FindRequest) => void>();

  get(id: TerminalId): TerminalSession | undefined {
    return this.#sessions.get(id);
  }

  /** The session of a terminal, made by `make` the first time. */
  obtain(id: TerminalId, make: () => TerminalSession): TerminalSession {
    const present = this.#sessions.get(id);
    if (present !== undefined) return present;
    const made = make();
    this.#sessions.set(id, made);
    return made;
  }

  /** Disposes every session that `isWanted` does not want. */
  keepOnly(isWanted: (id: TerminalId) => boolean): void {
    for (const [id, session] of this.#sessions) {
      if (isWanted(id)) continue;
      this.#sessions.delete(id);
      session.dispose();
    }
  }

  /** Asks the page that shows a terminal to open its find bar. */
  requestFind(id: TerminalId): void {
    for (const listener of this.#listeners) listener({ id });
  }
  onFindRequest(listener: (request: FindRequest) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

export interface FindRequest {
  readonly id: TerminalId;
}

export const terminalSessions = new TerminalSessions();
