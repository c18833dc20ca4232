/** When each act on a machine can be begun, and where its rows stand. */
import { describe, expect, it } from 'vitest';
import type { Machine } from '#contract/machines.ts';
import type { Operation } from '#contract/operations.ts';
import { settingsDefaults } from '#contract/settings.ts';
import { machineCommands } from '#renderer/features/machines/machine-commands.ts';
import { type AppState, isCommandEnabled, subjectFor } from '#renderer/state/commands.ts';
import { hostMark, machineRest } from '#renderer/state/marks.ts';
import { machine } from '../../machine-fixtures.ts';
import { host, ready } from '../../scenes.ts';

const body = (n: number) => String(n).padStart(20, '0');
const running = (id: string): Operation => ({
  ...{ id: `op_${body(1)}`, kind: 'machine.power', title: 'Switch', hostId: null, state: 'running' },
  subject: { kind: 'machine', id, name: 'x' },
  ...{ steps: [], error: null, canCancel: false, startedAt: '2026-11-20T09:00:00.000Z', endedAt: null },
});

function stateOf(one: Machine, more: Partial<AppState> = {}): AppState {
  return {
    about: null,
    connection: { phase: 'open' },
    settings: settingsDefaults,
    hosts: new Map([[`host_${body(1)}`, host(1, 'do-fra1', ready(1))]]),
    machines: new Map([[one.id, one]]),
    projects: new Map(),
    workspaces: new Map(),
    terminals: new Map(),
    forwards: new Map(),
    operations: new Map(),
    hostLeases: new Map(),
    lifecycles: new Map(),
    snapshots: new Map(),
    restoreUndos: new Map(),
    view: {} as AppState['view'],
    subject: { kind: 'machine', id: one.id },
    ...more,
  };
}
const enabled = (state: AppState) =>
  machineCommands.filter((row) => isCommandEnabled(row, state)).map(({ id }) => id.slice('machine.'.length));

const on = machine(1, 'do-fra1');
const power = (state: 'on' | 'off' | 'new', isBusy = false) => ({
  power: { state, isBusy, readAt: '2026-11-20T09:00:00.000Z' },
});

describe('what can be done with a machine', () => {
  it('that is on', () => {
    const ids = enabled(stateOf(on));
    expect(ids).toEqual(
      expect.arrayContaining(['power-off', 'reboot', 'cut', 'resize', 'rebuild', 'hibernate', 'destroy']),
    );
    expect(ids).not.toContain('power-on');
    expect(ids).not.toContain('wake');
    expect(ids).not.toContain('forget');
  });

  it('that is off is to switch it on, and no power is taken from it', () => {
    const ids = enabled(stateOf(machine(1, 'x', power('off'))));
    expect(ids).toContain('power-on');
    for (const id of ['power-off', 'reboot', 'cut']) expect(ids).not.toContain(id);
  });

  it('that sleeps, was kept unfinished, or vanished', () => {
    expect(enabled(stateOf(machine(1, 'x', { life: 'asleep', power: null })))).toEqual([
      'open',
      'wake',
      'destroy',
    ]);
    expect(enabled(stateOf(machine(1, 'x', { life: 'incomplete' })))).toEqual([
      'open',
      'finish',
      'end',
      'destroy',
    ]);
    expect(enabled(stateOf(machine(1, 'x', { life: 'vanished' })))).toEqual(['open', 'forget']);
  });

  it('that was kept half awake goes on by waking, and one without hardware has nothing to finish', () => {
    const sleep = {
      place: { kind: 'computer' } as const,
      ...{ sinceAt: '2026-11-20T09:00:00.000Z', monthlyUsd: null, sizeBytes: null, workspaces: 1 },
    };
    const half = enabled(stateOf(machine(1, 'x', { life: 'incomplete', sleep })));
    expect(half).toContain('wake');
    expect(half).not.toContain('finish');
    const bare = enabled(stateOf(machine(1, 'x', { life: 'incomplete', providerId: null })));
    expect(bare).not.toContain('finish');
    expect(bare).toContain('destroy');
  });

  it('whose destroying did not end well is to try again', () => {
    expect(enabled(stateOf(machine(1, 'x', { life: 'destroying' })))).toEqual(['open', 'destroy']);
  });

  it('is nothing that begins an operation while one works on it, or the provider does', () => {
    const busy = stateOf(on, { operations: new Map([['op', running(on.id)]]) });
    expect(enabled(busy)).toEqual(['open', 'end']);
    expect(enabled(stateOf(machine(1, 'x', power('on', true))))).toEqual(['open', 'end']);
    const other = stateOf(on, { operations: new Map([['op', running(`mach_${body(7)}`)]]) });
    expect(enabled(other)).toContain('destroy');
  });
});

describe('a host that is a machine', () => {
  it('stands for it in commands, and it for the host', () => {
    const state = stateOf(on, { subject: { kind: 'host', id: `host_${body(1)}` } });
    expect(subjectFor({ on: 'machine' }, state)).toEqual({ kind: 'machine', id: on.id });
    expect(subjectFor({ on: 'host' }, stateOf(on))).toEqual({ kind: 'host', id: `host_${body(1)}` });
    const plain = stateOf(on, { subject: { kind: 'host', id: `host_${body(2)}` } });
    expect(subjectFor({ on: 'machine' }, plain)).toBeNull();
  });

  it('that was removed is no subject any more', () => {
    expect(subjectFor({ on: 'host' }, stateOf(on, { hosts: new Map() }))).toBeNull();
  });

  const failed = host(1, 'do-fra1', {
    phase: 'failed',
    atAt: '2026-11-20T09:00:00.000Z',
    error: { code: 'host.unreachable', message: 'No answer.', details: {} },
  });

  it('is no error while it sleeps or is switched off', () => {
    expect(hostMark(failed, machine(1, 'x', { life: 'asleep', power: null }))).toEqual({
      signal: 'stopped',
      word: 'asleep',
    });
    expect(hostMark(failed, machine(1, 'x', power('off'))).word).toBe('switched off');
  });

  it('is one while the machine is on, and says so when it is ready whatever the machine says', () => {
    expect(hostMark(failed, on).signal).toBe('failed');
    expect(hostMark(failed).signal).toBe('failed');
    expect(machineRest(host(1, 'x', ready(1)), machine(1, 'x', power('off')))).toBeNull();
  });
});
