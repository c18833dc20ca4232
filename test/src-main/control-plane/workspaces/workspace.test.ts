/** What a workspace is shown as, and what Berth does about it: every state of a container, both wishes. */
import { describe, expect, it } from 'vitest';
import { localOwnerId } from '#contract/ids.ts';
import { projectDefaults } from '#contract/projects.ts';
import type { ContainerDetail } from '#main/control-plane/interfaces/container-engine.ts';
import {
  decideMend,
  deriveState,
  endCause,
  findRuntime,
  type MendInputs,
  nameKey,
  newRecord,
  type Observed,
  restartDelaysMs,
  runsOn,
  toWorkspace,
} from '#main/control-plane/workspaces/workspace.ts';

const states: ContainerDetail['state'][] = [
  'created',
  'running',
  'paused',
  'restarting',
  'removing',
  'exited',
  'dead',
];
const seen = (
  state: ContainerDetail['state'],
  over: Partial<NonNullable<Observed>> = {},
): NonNullable<Observed> => ({
  id: 'c1',
  state,
  startedAt: null,
  exitCode: null,
  isOutOfMemory: false,
  error: '',
  ...over,
});

describe('deriveState', () => {
  const derive = (over: Partial<Parameters<typeof deriveState>[0]>) =>
    deriveState({
      record: { desired: 'running', hasGivenUp: false },
      observed: seen('running'),
      operation: undefined,
      isDeciding: false,
      ...over,
    });

  it('says unknown while the host is away, and missing when the host has no container', () => {
    expect(derive({ observed: undefined })).toBe('unknown');
    expect(derive({ observed: null })).toBe('missing');
  });
  it.each([
    ['created', 'starting'],
    ['running', 'running'],
    ['paused', 'paused'],
    ['restarting', 'starting'],
    ['removing', 'destroying'],
    ['exited', 'starting'],
    ['dead', 'starting'],
  ] as const)('shows %s, wanted running, as %s', (state, shown) => {
    expect(derive({ observed: seen(state) })).toBe(shown);
  });
  it('shows what ended and is not wanted as stopped, and what was given up as failed', () => {
    expect(derive({ observed: seen('exited'), record: { desired: 'stopped', hasGivenUp: false } })).toBe(
      'stopped',
    );
    expect(derive({ observed: seen('exited'), record: { desired: 'running', hasGivenUp: true } })).toBe(
      'failed',
    );
    expect(derive({ observed: seen('exited'), isDeciding: true })).toBe('stopped');
  });
  it('shows the operation under way', () => {
    const during = (
      kind: 'workspace.create' | 'workspace.destroy' | 'workspace.stop' | 'workspace.start',
      state: 'running' | 'undoing' = 'running',
    ) => derive({ operation: { kind, state } });
    expect(during('workspace.create')).toBe('creating');
    expect(during('workspace.create', 'undoing')).toBe('destroying');
    expect(during('workspace.destroy')).toBe('destroying');
    expect(during('workspace.stop')).toBe('stopping');
    expect(during('workspace.start')).toBe('starting');
  });
});

describe('decideMend', () => {
  const decide = (
    over: Partial<MendInputs> & {
      desired?: 'running' | 'stopped';
      hasGivenUp?: boolean;
      pausedBy?: 'op_00000000000000000000';
    },
  ) => {
    const { desired = 'running', hasGivenUp = false, pausedBy = null, ...rest } = over;
    return decideMend({
      record: { desired, hasGivenUp, pausedBy },
      observed: seen('exited'),
      recentEnds: 0,
      wasStoppedOutside: false,
      isPausingUnderWay: false,
      ...rest,
    });
  };

  it('starts what should run and does not, later each time, and gives up', () => {
    expect(decide({})).toEqual({ kind: 'start', afterMs: 0 });
    const delays = restartDelaysMs.map((_, index) => decide({ recentEnds: index + 1 }));
    expect(delays).toEqual(restartDelaysMs.map((afterMs) => ({ kind: 'start', afterMs })));
    expect(decide({ recentEnds: restartDelaysMs.length + 1 })).toEqual({ kind: 'give-up', mustStop: false });
    expect(decide({ observed: seen('restarting'), recentEnds: restartDelaysMs.length + 1 })).toEqual({
      kind: 'give-up',
      mustStop: true,
    });
  });
  it('never fights a person: a stop on the host is followed, and so is a start', () => {
    expect(decide({ wasStoppedOutside: true })).toEqual({ kind: 'follow-stop' });
    expect(decide({ observed: seen('running'), desired: 'stopped' })).toEqual({ kind: 'follow-start' });
  });
  it('thaws only what Berth froze, and not while it still works on it', () => {
    const paused = seen('paused');
    expect(decide({ observed: paused })).toEqual({ kind: 'none' });
    expect(decide({ observed: paused, pausedBy: 'op_00000000000000000000' })).toEqual({ kind: 'unpause' });
    expect(
      decide({ observed: paused, pausedBy: 'op_00000000000000000000', isPausingUnderWay: true }),
    ).toEqual({
      kind: 'none',
    });
  });
  it.each(states)('does nothing about %s once it has given up, or when it is to be stopped', (state) => {
    if (state !== 'running') expect(decide({ observed: seen(state), desired: 'stopped' }).kind).toBe('none');
    expect(decide({ observed: seen(state), hasGivenUp: true }).kind).toBe('none');
  });
  it('makes nothing anew that is missing: that is a person’s decision', () => {
    expect(decide({ observed: null })).toEqual({ kind: 'none' });
  });
});

describe('a note', () => {
  const [first, second] = ['2026-01-01T10:00:00.000Z', '2026-01-01T11:00:00.000Z'];
  const noteOf = (observed: Observed | undefined, noteStartedAt: string | null) => {
    const record = {
      ...newRecord({
        id: 'ws_00000000000000000001',
        name: 'api',
        hostId: 'host_00000000000000000001',
        ownerId: localOwnerId,
        projectId: null,
        definition: { ...projectDefaults, environment: [], name: 'api', image: 'debian:12' },
        volumeName: null,
        accessPassword: null,
        createdAt: first,
      }),
      note: 'Berth started it again. It ended with exit code 1.',
      noteStartedAt,
    };
    return toWorkspace({ record, projectName: 'api', observed, operation: undefined, isDeciding: false })
      .note;
  };
  it('about a run is not shown of a later one, which somebody else began', () => {
    expect(noteOf(seen('running', { startedAt: first }), first)).toMatch(/^Berth started it again/);
    expect(noteOf(seen('running', { startedAt: second }), first)).toBeUndefined();
    expect(noteOf(seen('exited', { startedAt: second }), first)).toBeUndefined();
  });
  it('is shown while nobody knows better, and where it is about no run', () => {
    expect(noteOf(undefined, first)).toBeDefined();
    expect(noteOf(null, first)).toBeDefined();
    expect(noteOf(seen('running', { startedAt: second }), null)).toBeDefined();
  });
});

describe('endCause', () => {
  it('names memory, with the limit, whether the engine or an event told of it', () => {
    const limit = 512 * 1024 * 1024;
    expect(endCause(seen('exited', { isOutOfMemory: true, exitCode: 137 }), false, limit)).toMatchObject({
      code: 'workspace.out-of-memory',
    });
    expect(endCause(seen('exited', { exitCode: 137 }), true, limit).message).toContain('512 MiB');
  });
  it('names the exit code and what it means', () => {
    const cause = endCause(seen('exited', { exitCode: 127 }), false, null);
    expect(cause).toMatchObject({ code: 'workspace.exited', details: { exitCode: 127 } });
    expect(cause.message).toMatch(/127 .*does not exist/);
  });
  it('repeats what the engine says of a start that failed', () => {
    expect(endCause(seen('created', { error: 'no such runtime' }), false, null).message).toContain(
      'no such runtime',
    );
  });
});

describe('names and machines', () => {
  it('takes two names for one that a person cannot tell apart', () => {
    expect(nameKey('Ärger')).toBe(nameKey('a\u0308RGER'));
  });
  it('knows the names of processors', () => {
    expect(runsOn('amd64', 'x86_64')).toBe(true);
    expect(runsOn('arm64', 'aarch64')).toBe(true);
    expect(runsOn('arm64', 'x86_64')).toBe(false);
    expect(runsOn('386', 'x86_64')).toBe(true);
  });
  it('finds the engine’s name of a runtime', () => {
    expect(findRuntime('default', [])).toBe('default');
    expect(findRuntime('kata', ['runc', 'kata-qemu'])).toBe('kata-qemu');
    expect(findRuntime('runc', ['io.containerd.runc.v2'])).toBe('io.containerd.runc.v2');
    expect(findRuntime('runsc', ['runc'])).toBeUndefined();
  });
});
