/**
 * Whose a terminal is. A shell in a workspace is whose the workspace is, and of whoever opened it once that is gone; one that
 * was found in a workspace that nobody knows yet is nobody's until then. A shell on a host is for those who may change hosts.
 */
import { localOwnerId, type UserId, type WorkspaceId } from '#contract/ids.ts';
import type { TerminalTarget } from '#contract/terminals.ts';
import type { Belonging } from '../ownership.ts';
import type { TerminalRecord } from './terminal.ts';

export interface TerminalOwnersDeps {
  readonly records: () => Iterable<TerminalRecord>;
  readonly find: (id: string) => TerminalRecord | undefined;
  /** Whose the workspace is, if it is known. */
  readonly workspaceOwner: (id: WorkspaceId) => UserId | undefined;
  /** Writes it down, and shows it to whom it is now. */
  readonly give: (record: TerminalRecord, ownerId: UserId) => Promise<void>;
}

export class TerminalOwners {
  readonly #deps: TerminalOwnersDeps;

  constructor(deps: TerminalOwnersDeps) {
    this.#deps = deps;
  }

  belongingOf(id: string): Belonging | undefined {
    const record = this.#deps.find(id);
    if (record === undefined) return undefined;
    const { target, ownerId } = record;
    if (target.kind === 'host') return ownerId === null ? undefined : { ownerId, scope: 'hosts.write' };
    const own = this.#deps.workspaceOwner(target.workspaceId) ?? ownerId;
    return own === null ? undefined : { ownerId: own };
  }

  /** Of one that runs on its host and that nobody remembers. */
  ofFound(target: TerminalTarget): UserId | null {
    return target.kind === 'host' ? localOwnerId : (this.#deps.workspaceOwner(target.workspaceId) ?? null);
  }

  /** Shells that were found in it before are shown to its owner from now on. */
  workspaceKnown(id: WorkspaceId): void {
    const ownerId = this.#deps.workspaceOwner(id);
    if (ownerId === undefined) return;
    for (const record of this.#deps.records()) {
      const { target } = record;
      if (record.ownerId === null && target.kind === 'workspace' && target.workspaceId === id)
        void this.#deps.give(record, ownerId);
    }
  }

  /** One person's become another's. */
  async takeOver(from: UserId, to: UserId): Promise<void> {
    for (const record of this.#deps.records()) if (record.ownerId === from) await this.#deps.give(record, to);
  }
}
