/** What the tab of an app shows in each state of its forward and its workspace. */
import { describe, expect, it } from 'vitest';
import type { WorkspaceState } from '#contract/workspaces.ts';
import { appShow } from '#renderer/features/forwards/app-show.ts';

const ready = { state: 'ready', isWanted: true } as const;
const show = (state: WorkspaceState, forward: Parameters<typeof appShow>[0] = ready) =>
  appShow(forward, { name: 'api', state });

describe('the tab of an app', () => {
  it('shows the app while its workspace runs, stands still for a moment, or is out of sight', () => {
    for (const state of ['running', 'paused', 'unknown'] as const)
      expect(show(state)).toEqual({ kind: 'app', isCut: false });
  });

  it('keeps it where the way is cut, and says so', () => {
    expect(show('unknown', { state: 'waiting', isWanted: true })).toEqual({ kind: 'app', isCut: true });
  });

  it('offers to start what does not run, and waits for what is on its way', () => {
    expect(show('stopped')).toEqual({ kind: 'asleep', words: 'api does not run', canStart: true });
    expect(show('missing')).toMatchObject({ kind: 'asleep', canStart: true });
    for (const state of ['creating', 'starting', 'stopping', 'destroying'] as const)
      expect(show(state)).toMatchObject({ kind: 'asleep', canStart: false });
    expect(appShow(ready, undefined)).toMatchObject({ kind: 'asleep', canStart: false });
  });

  it('says first that a person stopped it, and last that it failed', () => {
    expect(show('stopped', { state: 'stopped', isWanted: false })).toEqual({ kind: 'stopped' });
    expect(show('stopped', { state: 'failed', isWanted: true })).toMatchObject({ kind: 'asleep' });
    expect(show('running', { state: 'failed', isWanted: true })).toEqual({ kind: 'failed' });
  });
});
