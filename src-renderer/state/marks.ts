/** What a thing's state is called and which signal it has: one table per noun, so that tree, tabs, pages and menus agree. */
import type { Host } from '#contract/hosts.ts';
import type { Machine } from '#contract/machines.ts';
import type { Operation } from '#contract/operations.ts';
import type { Terminal } from '#contract/terminals.ts';
import type { Workspace, WorkspaceState } from '#contract/workspaces.ts';
import type { Mark } from './feature.ts';

const connectWords = {
  resolving: 'looking up the address',
  dialling: 'dialling',
  'verifying-key': 'checking the host key',
  authenticating: 'signing in',
  'reaching-engine': 'reaching the engine',
  probing: 'looking around',
} as const;

/**
 * Why a host that is a machine does not answer, where that is as it should be: it sleeps, is switched off, or is being made
 * or destroyed. Null: the machine explains nothing, and what the connection says counts.
 */
export function machineRest(host: Pick<Host, 'state'>, machine: Machine | undefined): Mark | null {
  return machine === undefined || host.state.phase === 'ready' ? null : restOf(machine);
}

function restOf(machine: Machine): Mark | null {
  switch (machine.life) {
    case 'asleep':
    case 'hibernating':
    case 'waking':
    case 'destroying':
    case 'creating':
    case 'vanished':
      return machineMark(machine);
    case 'made':
      return machine.power?.state === 'off' || machine.power?.state === 'archived'
        ? machineMark(machine)
        : null;
    case 'incomplete':
      return null;
    default:
      return machine.life satisfies never;
  }
}

export function machineMark(machine: Pick<Machine, 'life' | 'power' | 'retry' | 'trouble'>): Mark {
  // Of one that was kept unfinished the trouble stays to be read; nothing waits any more.
  if (machine.trouble !== null && machine.life !== 'incomplete')
    return { signal: 'attention', word: 'needs you' };
  if (machine.retry !== null)
    return { signal: 'attention', word: machine.retry.why === 'sleep' ? 'not asleep' : 'did not end' };
  switch (machine.life) {
    case 'creating':
      return { signal: 'busy', word: 'being made' };
    case 'incomplete':
      return { signal: 'attention', word: 'unfinished' };
    case 'hibernating':
      return { signal: 'busy', word: 'going to sleep' };
    case 'asleep':
      return { signal: 'stopped', word: 'asleep' };
    case 'waking':
      return { signal: 'busy', word: 'waking' };
    case 'destroying':
      return { signal: 'busy', word: 'being destroyed' };
    case 'vanished':
      return { signal: 'attention', word: 'vanished' };
    case 'made':
      return powerMark(machine.power);
    default:
      return machine.life satisfies never;
  }
}

function powerMark(power: Machine['power']): Mark {
  if (power === null) return { signal: 'stopped', word: 'not looked at yet' };
  if (power.isBusy) return { signal: 'busy', word: 'being worked on' };
  switch (power.state) {
    case 'new':
      return { signal: 'busy', word: 'starting' };
    case 'on':
      return { signal: 'running', word: 'on' };
    case 'off':
      return { signal: 'stopped', word: 'switched off' };
    case 'archived':
      return { signal: 'attention', word: 'archived' };
    default:
      return power.state satisfies never;
  }
}

/** `machine`: the one that the host is, if it is one. */
export function hostMark(host: Host, machine?: Machine): Mark {
  const { state } = host;
  const rest = machineRest(host, machine);
  if (rest !== null) return rest;
  switch (state.phase) {
    case 'disconnected':
      return { signal: 'stopped', word: 'not connected' };
    case 'connecting':
      return { signal: 'busy', word: connectWords[state.step] };
    case 'ready':
      return state.engineRoute === 'none'
        ? { signal: 'attention', word: 'no engine' }
        : { signal: 'running', word: 'ready' };
    case 'lost':
      return { signal: 'attention', word: 'connection lost' };
    case 'needs-you':
      return { signal: 'attention', word: 'needs you' };
    case 'failed':
      return { signal: 'failed', word: 'failed' };
    default:
      return state satisfies never;
  }
}

const workspaceMarks: Record<WorkspaceState, Mark> = {
  creating: { signal: 'busy', word: 'creating' },
  starting: { signal: 'busy', word: 'starting' },
  running: { signal: 'running', word: 'running' },
  paused: { signal: 'attention', word: 'paused' },
  stopping: { signal: 'busy', word: 'stopping' },
  stopped: { signal: 'stopped', word: 'stopped' },
  destroying: { signal: 'busy', word: 'destroying' },
  failed: { signal: 'failed', word: 'failed' },
  missing: { signal: 'attention', word: 'missing' },
  unknown: { signal: 'stopped', word: 'unknown' },
};

/** `machine`: the one that it is on, if it is one. What cannot be known while that rests is called by the rest. */
export function workspaceMark(workspace: Pick<Workspace, 'state'>, machine?: Machine): Mark {
  const rest = workspace.state === 'unknown' && machine !== undefined ? restOf(machine) : null;
  return rest ?? workspaceMarks[workspace.state];
}

export function terminalMark(terminal: Terminal): Mark {
  const { state } = terminal;
  switch (state.phase) {
    case 'opening':
      return { signal: 'busy', word: 'opening' };
    case 'live':
      return { signal: 'running', word: 'live' };
    case 'lost':
      return { signal: 'attention', word: 'connection lost' };
    case 'ended':
      // That somebody stopped what it ran in is no failure.
      if (state.error?.details?.reason === 'stopped') return { signal: 'stopped', word: 'ended' };
      return state.error !== null || (state.exitCode ?? 0) !== 0
        ? { signal: 'failed', word: state.exitCode === null ? 'ended' : `ended with ${state.exitCode}` }
        : { signal: 'stopped', word: 'ended' };
    default:
      return state satisfies never;
  }
}

export function operationMark(operation: Pick<Operation, 'state'>): Mark {
  switch (operation.state) {
    case 'running':
      return { signal: 'busy', word: 'running' };
    case 'waiting':
      return { signal: 'attention', word: 'waiting for the host' };
    case 'undoing':
      return { signal: 'busy', word: 'taking back' };
    case 'succeeded':
      return { signal: 'running', word: 'done' };
    case 'failed':
      return { signal: 'failed', word: 'failed' };
    case 'cancelled':
      return { signal: 'stopped', word: 'cancelled' };
    default:
      return operation.state satisfies never;
  }
}

export function terminalTitle(terminal: Pick<Terminal, 'name' | 'programTitle'>): string {
  return terminal.name ?? (terminal.programTitle.trim() || 'Terminal');
}
