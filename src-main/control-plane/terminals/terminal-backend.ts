/**
 * Where a terminal's shell lives. Today: as long as the connection. A multiplexer on the host (tmux) is another backend
 * behind this same interface: it opens with `lifetime: 'multiplexer'`, and `resume` gives the same shell back on the
 * next link.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { TerminalId, UserId } from '#contract/ids.ts';
import type { Terminal, TerminalSize, TerminalTarget } from '#contract/terminals.ts';
import type { HostLinks } from '../hosts/host-links.ts';
import type { Pty } from '../interfaces/host-connection.ts';
import type { WorkspaceRecord } from '../workspaces/workspace.ts';

export interface TerminalRequest<T extends TerminalTarget = TerminalTarget> {
  readonly id: TerminalId;
  readonly target: T;
  readonly size: TerminalSize;
  /** Who opens it. */
  readonly userId: UserId;
  readonly signal: AbortSignal;
}

export interface OpenedTerminal {
  readonly pty: Pty;
  /** For a person: `“api” on “atlas”`. */
  readonly attachedTo: string;
}

export interface TerminalBackend<T extends TerminalTarget = TerminalTarget> {
  readonly lifetime: Terminal['lifetime'];
  open(request: TerminalRequest<T>): Promise<OpenedTerminal>;
  /** Attaches to the shell that is still there; absent where it ends with the connection. */
  resume?(request: TerminalRequest<T>): Promise<OpenedTerminal>;
}

/** What every terminal program may rely on. TERM is what xterm.js is; COLORTERM says that it knows true colour. */
const term = 'xterm-256color';
const env = { COLORTERM: 'truecolor', TERM_PROGRAM: 'Berth' } as const;

export interface WorkspaceShells {
  readonly links: HostLinks;
  readonly recordOf: (id: WorkspaceRecord['id']) => WorkspaceRecord;
  /** Undefined unless it runs. */
  readonly runningContainer: (id: WorkspaceRecord['id']) => string | undefined;
}

export function createWorkspaceBackend(
  deps: WorkspaceShells,
): TerminalBackend<Extract<TerminalTarget, { kind: 'workspace' }>> {
  return {
    lifetime: 'connection',
    async open({ id, target, size, signal }) {
      const record = deps.recordOf(target.workspaceId);
      const { engine, hostName } = deps.links.requireEngine(record.hostId);
      const containerId = deps.runningContainer(record.id);
      if (containerId === undefined)
        throw new BerthError('workspace.not-running', `“${record.name}” is not running. Start it first.`);
      const { shell, mountPoint } = record.definition;
      const shells = [...(shell === null ? [] : [shell]), '/bin/bash', '/bin/sh'];
      const pty = await engine.openPty({
        containerId,
        cols: size.cols,
        rows: size.rows,
        term,
        shells,
        env,
        workingFolder: mountPoint,
        terminalId: id,
        signal,
      });
      return { pty, attachedTo: `“${record.name}” on “${hostName}”` };
    },
  };
}

export interface HostShells {
  readonly links: HostLinks;
  /** A person's choice; null is the login shell. */
  readonly hostShell: (userId: UserId) => string | null;
}

export function createHostBackend(
  deps: HostShells,
): TerminalBackend<Extract<TerminalTarget, { kind: 'host' }>> {
  return {
    lifetime: 'connection',
    async open({ target, size, userId, signal }) {
      const { connection, hostName } = deps.links.require(target.hostId);
      const shell = deps.hostShell(userId);
      const pty = await connection.openPty({
        cols: size.cols,
        rows: size.rows,
        term,
        env,
        ...(shell === null ? {} : { argv: [shell, '-l'] }),
        signal,
      });
      return { pty, attachedTo: `“${hostName}”` };
    },
  };
}
