/**
 * Where a terminal's shell runs: under the host's multiplexer, where it outlives the connection, or else plainly, as long
 * as the connection. Says which, and why not the first.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { HostId, TerminalId, UserId } from '#contract/ids.ts';
import type { Terminal, TerminalSize, TerminalTarget } from '#contract/terminals.ts';
import type { HostLink, HostLinks } from '../hosts/host-links.ts';
import type { Pty } from '../interfaces/host-connection.ts';
import type { MultiplexedPty, MultiplexerOffer } from '../interfaces/multiplexer.ts';
import type { WorkspaceRecord } from '../workspaces/workspace.ts';
import { bashIntegration } from './shell-integration.ts';

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
  /** The same PTY where it outlives its connection. */
  readonly kept: MultiplexedPty | undefined;
  /** For a person: `“api” on “atlas”`. */
  readonly attachedTo: string;
  /** Why it ends with the connection; null where it does not. */
  readonly lifetimeNote: Terminal['lifetimeNote'];
}

export interface TerminalBackend<T extends TerminalTarget = TerminalTarget> {
  open(request: TerminalRequest<T>): Promise<OpenedTerminal>;
  /** Undefined when it is not known any more. */
  hostOf(target: T): HostId | undefined;
  /** What a shell left running that the end of its PTY does not reach. */
  endRest(id: TerminalId, target: T): Promise<void>;
}

type TargetOf<K extends TerminalTarget['kind']> = Extract<TerminalTarget, { kind: K }>;
export type TerminalBackends = {
  readonly [K in TerminalTarget['kind']]: TerminalBackend<TargetOf<K>>;
};

/** For targets of any kind; what is no failure of Berth's own is terminal.open-failed. */
export function eitherBackend({ workspace, host }: TerminalBackends): TerminalBackend {
  return {
    async open({ target, ...request }) {
      try {
        return target.kind === 'workspace'
          ? await workspace.open({ ...request, target })
          : await host.open({ ...request, target });
      } catch (error) {
        if (BerthError.is(error)) throw error;
        throw new BerthError('terminal.open-failed', 'The shell could not be started.', { cause: error });
      }
    },
    hostOf: (target) => (target.kind === 'workspace' ? workspace.hostOf(target) : host.hostOf(target)),
    endRest: (id, target) =>
      target.kind === 'workspace' ? workspace.endRest(id, target) : host.endRest(id, target),
  };
}

/** What a person chose. */
export interface ShellChoices {
  /** Null is the login shell. */
  readonly hostShell: string | null;
  readonly keepTerminals: boolean;
  readonly shellIntegration: boolean;
}

interface BackendDeps {
  readonly links: HostLinks;
  readonly choices: (userId: UserId) => ShellChoices;
  /** The multiplexer of a host. Throws what connecting throws. */
  readonly multiplexer: (link: HostLink, signal: AbortSignal) => Promise<MultiplexerOffer>;
}

/** What every terminal program may rely on. TERM is what xterm.js is; COLORTERM says that it knows true colour. */
const term = 'xterm-256color';
function environmentFor({ shellIntegration }: ShellChoices): Record<string, string> {
  return {
    COLORTERM: 'truecolor',
    TERM_PROGRAM: 'Berth',
    ...(shellIntegration ? bashIntegration : {}),
  };
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: a shell's expansion, not ours.
const loginShell = ['/bin/sh', '-c', 'exec "${SHELL:-/bin/sh}" -l'] as const;

async function offerOf(
  deps: BackendDeps,
  link: HostLink,
  choices: ShellChoices,
  signal: AbortSignal,
): Promise<MultiplexerOffer> {
  if (!choices.keepTerminals) return { reason: 'Keeping terminals is turned off in the settings.' };
  try {
    return await deps.multiplexer(link, signal);
  } catch (error) {
    // A tmux that hangs or refuses is no reason to have no terminal.
    if (BerthError.is(error, 'timed-out') || BerthError.is(error, 'terminal.open-failed'))
      return { reason: `tmux on “${link.hostName}” does not work: ${error.message}` };
    throw error;
  }
}

export interface WorkspaceShells extends BackendDeps {
  readonly recordOf: (id: WorkspaceRecord['id']) => WorkspaceRecord;
  readonly findRecord: (id: WorkspaceRecord['id']) => WorkspaceRecord | undefined;
  /** Undefined unless it runs. */
  readonly runningContainer: (id: WorkspaceRecord['id']) => string | undefined;
}

export function createWorkspaceBackend(
  deps: WorkspaceShells,
): TerminalBackend<Extract<TerminalTarget, { kind: 'workspace' }>> {
  return {
    async open({ id, target, size, userId, signal }) {
      const record = deps.recordOf(target.workspaceId);
      const link = deps.links.requireEngine(record.hostId);
      const { engine, hostName, connection } = link;
      const containerId = deps.runningContainer(record.id);
      if (containerId === undefined)
        throw new BerthError('workspace.not-running', `“${record.name}” is not running. Start it first.`);
      const { shell, mountPoint } = record.definition;
      const choices = deps.choices(userId);
      const attachedTo = `“${record.name}” on “${hostName}”`;
      const spec = {
        containerId,
        term,
        shells: [...(shell === null ? [] : [shell]), '/bin/bash', '/bin/sh'],
        env: environmentFor(choices),
        workingFolder: mountPoint,
        terminalId: id,
      };
      const offer = await offerOf(deps, link, choices, signal);
      const note = noteOf(offer, connection.engineSocketPath);
      if ('multiplexer' in offer && note === null) {
        const way = {
          program: offer.multiplexer.engineProgram as string,
          socketPath: connection.engineSocketPath as string,
        };
        const kept = await offer.multiplexer.open({
          id,
          size,
          env: {},
          argv: engine.ptyCommand(spec, way),
          note: JSON.stringify(target),
          hasReadyByte: true,
          signal,
        });
        return { pty: kept, kept, attachedTo, lifetimeNote: null };
      }
      const pty = await engine.openPty({ ...spec, ...size, signal });
      return { pty, kept: undefined, attachedTo, lifetimeNote: note };
    },
    hostOf: ({ workspaceId }) => deps.findRecord(workspaceId)?.hostId,
    async endRest(id, { workspaceId }) {
      const record = deps.findRecord(workspaceId);
      const containerId = record && deps.runningContainer(record.id);
      const engine = record && deps.links.current(record.hostId)?.engine;
      if (containerId !== undefined && engine) await engine.sweepTerminals(containerId, [id]);
    },
  };
}

function noteOf(offer: MultiplexerOffer, socketPath: string | undefined): string | null {
  if ('reason' in offer) return offer.reason;
  if (offer.multiplexer.engineProgram === undefined)
    return 'Its host has no docker command, which a shell in a container needs to outlive the connection.';
  return socketPath === undefined ? 'The engine of its host is not reached by a socket there.' : null;
}

export type HostShells = BackendDeps;

export function createHostBackend(
  deps: HostShells,
): TerminalBackend<Extract<TerminalTarget, { kind: 'host' }>> {
  return {
    async open({ id, target, size, userId, signal }) {
      const link = deps.links.require(target.hostId);
      const { connection, hostName } = link;
      const choices = deps.choices(userId);
      const { hostShell } = choices;
      const env = environmentFor(choices);
      const attachedTo = `“${hostName}”`;
      const offer = await offerOf(deps, link, choices, signal);
      if ('multiplexer' in offer) {
        const kept = await offer.multiplexer.open({
          id,
          size,
          env,
          argv: hostShell === null ? [...loginShell] : [hostShell, '-l'],
          note: JSON.stringify(target),
          hasReadyByte: false,
          signal,
        });
        return { pty: kept, kept, attachedTo, lifetimeNote: null };
      }
      const argv = hostShell === null ? {} : { argv: [hostShell, '-l'] };
      const pty = await connection.openPty({ ...size, term, env, ...argv, signal });
      return { pty, kept: undefined, attachedTo, lifetimeNote: offer.reason };
    },
    hostOf: ({ hostId }) => hostId,
    endRest: () => Promise.resolve(),
  };
}
