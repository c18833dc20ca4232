/** What the fixture plane answers about machines: each act changes what the window then shows. */
import { BerthError } from '#contract/berth-error.ts';
import type { DestroyPlan, HibernatePlan, Machine, MachineSnapshot } from '#contract/machines.ts';
import type { Operation, OperationKind } from '#contract/operations.ts';
import type { FixtureCollection, Replies } from './fixture-plane.ts';
import { body } from './machine-fixtures.ts';

export interface MachineWorkScene {
  readonly destroyPlan?: DestroyPlan;
  readonly hibernatePlan?: HibernatePlan;
  readonly snapshots?: readonly MachineSnapshot[];
}

interface Collections {
  readonly machines: FixtureCollection<Machine>;
  readonly operations: FixtureCollection<Operation>;
}

export function machineReplies(
  scene: MachineWorkScene,
  { machines, operations }: Collections,
  found: <T>(value: T | undefined) => T,
): Replies {
  let count = 700;
  const machineOf = (id: string) => found(machines.items.get(id));
  const change = (id: string, to: Partial<Machine>): Machine => {
    const next = { ...machineOf(id), ...to };
    machines.put(next);
    return next;
  };
  const begin = (kind: OperationKind, id: string, title: string): Operation => {
    count += 1;
    const now = new Date().toISOString();
    const operation: Operation = {
      ...{ id: `op_${body(count)}`, kind, title: `${title} “${machineOf(id).name}”` },
      subject: { kind: 'machine', id, name: machineOf(id).name },
      hostId: null,
      state: 'running',
      steps: [
        {
          ...{ id: 'ask', title: 'Ask the provider', state: 'running', startedAt: now, endedAt: null },
          ...{ progress: null, note: '' },
        },
      ],
      ...{ error: null, canCancel: false, startedAt: now, endedAt: null },
    };
    operations.put(operation);
    return operation;
  };
  const named = (id: string, name: string) => {
    if (machineOf(id).name !== name) throw new BerthError('conflict', 'The name is another one.');
  };
  return {
    'machines.decide': ({ id }) => change(id, { trouble: null }),
    'machines.finish': ({ id }) => {
      change(id, { life: 'creating' });
      return begin('machine.finish', id, 'Finish');
    },
    'machines.setEnd': ({ id, end }) => change(id, { end, endsAt: end.at }),
    'machines.power': ({ id }) => begin('machine.power', id, 'Switch'),
    'machines.resize': ({ id }) => begin('machine.resize', id, 'Resize'),
    'machines.rebuild': ({ id, name }) => {
      named(id, name);
      return begin('machine.rebuild', id, 'Rebuild');
    },
    'machines.rename': ({ id, name }) => {
      if ([...machines.items.values()].some((each) => each.name === name && each.id !== id))
        throw new BerthError('machine.name-taken', `Another machine is called ${name}.`);
      const operation = begin('machine.rename', id, 'Rename');
      change(id, { name });
      return operation;
    },
    'machines.setBackups': ({ id, isOn }) => {
      change(id, { hasBackups: isOn });
      return begin('machine.backups', id, 'Backups of');
    },
    'machines.setSshAccess': ({ id, sshAccess }) => {
      change(id, { sshAccess });
      return begin('machine.ssh-access', id, 'SSH access of');
    },
    'machines.snapshots': () => ({ snapshots: scene.snapshots ?? [] }),
    'machines.takeSnapshot': ({ id }) => begin('machine.snapshot', id, 'Snapshot of'),
    'machines.restoreSnapshot': ({ id, name }) => {
      named(id, name);
      return begin('machine.restore', id, 'Restore');
    },
    'machines.destroySnapshot': ({ id }) => begin('machine.destroy-snapshot', id, 'Snapshot of'),
    'machines.destroyPlan': ({ id }) =>
      scene.destroyPlan ?? {
        ...{ name: machineOf(id).name, perHourUsd: machineOf(id).hourlyUsd },
        ...{ leftovers: [], blind: [], workspaces: [], otherWorkspaces: 0, snapshots: 0 },
      },
    'machines.destroy': ({ id, name }) => {
      named(id, name);
      change(id, { life: 'destroying' });
      return begin('machine.destroy', id, 'Destroy');
    },
    'machines.forget': ({ id }) => {
      machines.delete(id);
      return {};
    },
    'machines.hibernatePlan': ({ id }) =>
      scene.hibernatePlan ?? {
        awakeMonthlyUsd: machineOf(id).monthlyUsd,
        ...{ places: [], workspaces: [], otherWorkspaces: 0, snapshots: 0 },
      },
    'machines.hibernate': ({ id }) => {
      change(id, { life: 'hibernating' });
      return begin('machine.hibernate', id, 'Hibernate');
    },
    'machines.wake': ({ id }) => {
      change(id, { life: 'waking' });
      return begin('machine.wake', id, 'Wake');
    },
    'operations.cancel': ({ id }) => {
      const operation: Operation = { ...found(operations.items.get(id)), state: 'undoing', canCancel: false };
      operations.put(operation);
      return operation;
    },
    'operations.clear': ({ ids }) => {
      for (const id of ids) operations.delete(id);
      return {};
    },
  };
}
