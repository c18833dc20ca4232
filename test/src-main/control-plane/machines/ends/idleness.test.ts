import { describe, expect, it } from 'vitest';
import type { WorkspaceState } from '#contract/workspaces.ts';
import {
  advance,
  type IdleFacts,
  type Judgement,
  judge,
  notIdle,
  type WorkspaceLoad,
} from '#main/control-plane/machines/ends/idleness.ts';

const running = (cpus: number | null, networkBytesPerSecond = 0): WorkspaceLoad => ({
  state: 'running',
  load: cpus === null ? null : { cpus, networkBytesPerSecond },
});
const quiet: IdleFacts = {
  isOff: false,
  isConnected: true,
  isOperationUnderWay: false,
  terminalQuietMs: null,
  workspaces: [running(0.004, 40)],
  sinceMs: 30_000,
};

describe('a machine is', () => {
  it.each<[string, Partial<IdleFacts>, Judgement]>([
    ['idle with a workspace that does next to nothing', {}, 'idle'],
    ['idle without workspaces', { workspaces: [] }, 'idle'],
    ['busy while an operation is under way', { isOperationUnderWay: true }, 'busy'],
    ['busy where somebody typed since the last look', { terminalQuietMs: 30_000 }, 'busy'],
    ['idle where nobody did', { terminalQuietMs: 30_001 }, 'idle'],
    ['busy with processors in use', { workspaces: [running(0.05)] }, 'busy'],
    ['busy with bytes on the network', { workspaces: [running(0, 1_024)] }, 'busy'],
    ['busy with one of several', { workspaces: [running(0), running(1)] }, 'busy'],
    ['unknown where its host is away', { isConnected: false }, 'unknown'],
    ['busy where its host is away and somebody typed', { isConnected: false, terminalQuietMs: 0 }, 'busy'],
    ['unknown where nothing was measured', { workspaces: [running(null)] }, 'unknown'],
    ['busy with one of which nothing was measured', { workspaces: [running(null), running(1)] }, 'busy'],
    ['idle when it is off, though nobody can look', { isOff: true, isConnected: false }, 'idle'],
    ['busy when it is off, and is being resized', { isOff: true, isOperationUnderWay: true }, 'busy'],
  ])('%s', (_what, change, judgement) => {
    expect(judge({ ...quiet, ...change }, 'idle')).toBe(judgement);
  });

  it.each<[WorkspaceState, Judgement]>([
    ['creating', 'busy'],
    ['starting', 'busy'],
    ['stopping', 'busy'],
    ['destroying', 'busy'],
    ['stopped', 'idle'],
    ['paused', 'idle'],
    ['failed', 'idle'],
    ['missing', 'idle'],
    ['unknown', 'unknown'],
  ])('with a workspace that is %s: %s', (state, judgement) => {
    const workspaces = [{ state, load: null }];
    expect(judge({ ...quiet, workspaces }, 'idle')).toBe(judgement);
  });

  it('idle again only well below what made it busy', () => {
    const load = (cpus: number, bytes = 0) => ({ ...quiet, workspaces: [running(cpus, bytes)] });
    expect(judge(load(0.03), 'idle')).toBe('idle');
    expect(judge(load(0.03), 'busy')).toBe('busy');
    expect(judge(load(0.019), 'busy')).toBe('idle');
    expect(judge(load(0, 500), 'idle')).toBe('idle');
    expect(judge(load(0, 500), 'busy')).toBe('busy');
    expect(judge(load(0, 255), 'busy')).toBe('idle');
  });
});

describe('idleness', () => {
  it('adds up while it is seen, holds while it is not, and begins anew with work', () => {
    const seen = advance(advance(notIdle, quiet, 60_000), quiet, 60_000);
    expect(seen).toEqual({ judgement: 'idle', idleMs: 60_000 });
    const away = advance(seen, { ...quiet, isConnected: false }, 60_000);
    expect(away).toEqual({ judgement: 'unknown', idleMs: 60_000 });
    expect(advance(away, { ...quiet, isOperationUnderWay: true }, 60_000).idleMs).toBe(0);
  });

  it('does not count the hours for which the computer slept', () => {
    expect(advance(notIdle, { ...quiet, sinceMs: 8 * 3_600_000 }, 60_000).idleMs).toBe(60_000);
  });
});

it('is busy while a rule of one of its workspaces keeps that awake, however silent it is', () => {
  const silent = { ...running(0), isAtWork: true };
  expect(judge({ ...quiet, workspaces: [silent] }, 'idle')).toBe('busy');
  expect(judge({ ...quiet, workspaces: [{ ...silent, state: 'stopped', load: null }] }, 'busy')).toBe('idle');
});
