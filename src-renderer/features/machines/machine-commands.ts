/**
 * The rows of the command table that work on machines. Long, since it is one table. Nothing begins while an operation works
 * on the machine, or the provider does: what it would be begun on is not what the person sees.
 */
import type { Machine } from '#contract/machines.ts';
import type { Operation } from '#contract/operations.ts';
import { formatPerHour } from '../../components/money.ts';
import type { AppState, Command } from '../../state/commands.ts';
import { isUnderWay } from '../../state/operation-progress.ts';
import { type MachineDialogKind, machineDialogs } from './machine-dialogs.ts';

function machineOf(state: AppState): Machine | undefined {
  return state.subject?.kind === 'machine' ? state.machines.get(state.subject.id) : undefined;
}

/** What is under way on a machine, if something is. */
export function operationOn(
  operations: Iterable<Operation>,
  machine: Pick<Machine, 'id'>,
): Operation | undefined {
  for (const operation of operations) if (isOn(operation, machine) && isUnderWay(operation)) return operation;
  return undefined;
}

export function isOn({ subject }: Operation, machine: Pick<Machine, 'id'>): boolean {
  return subject.kind === 'machine' && subject.id === machine.id;
}

function isFree(machine: Machine, state: AppState): boolean {
  return machine.power?.isBusy !== true && operationOn(state.operations.values(), machine) === undefined;
}

type Judge = (machine: Machine, state: AppState) => boolean;
const when =
  (judge: Judge): Command['isEnabled'] =>
  (state) => {
    const machine = machineOf(state);
    return machine !== undefined && judge(machine, state);
  };
const isMadeAndFree: Judge = (machine, state) => machine.life === 'made' && isFree(machine, state);
const isPowered =
  (...powers: readonly NonNullable<Machine['power']>['state'][]): Judge =>
  (machine, state) =>
    isMadeAndFree(machine, state) && machine.power !== null && powers.includes(machine.power.state);

const asks =
  (kind: MachineDialogKind): Command['run'] =>
  ({ subject }) => {
    if (subject?.kind === 'machine') machineDialogs.open({ kind, id: subject.id });
  };

const base = { menu: 'Machine', on: 'machine' } as const;

export const machineCommands: readonly Command[] = [
  {
    id: 'machine.open',
    scope: 'machines.read',
    label: 'Open machine',
    description: 'Shows the machine that this host is: power, size, price, snapshots.',
    menu: 'Machine',
    group: 0,
    on: 'machine',
    inHostMenu: true,
    keywords: 'server cloud cost',
    isEnabled: when(() => true),
    run: ({ subject, view }) => {
      if (subject?.kind === 'machine') view.open({ type: 'machine', machineId: subject.id });
    },
  },
  {
    ...base,
    scope: 'machines.write',
    id: 'machine.finish',
    label: 'Finish setting up the machine',
    description: 'Goes on with the making of one that was kept unfinished.',
    group: 1,
    isEnabled: when(
      (machine, state) =>
        machine.life === 'incomplete' &&
        machine.providerId !== null &&
        machine.sleep === null &&
        isFree(machine, state),
    ),
    run: async ({ subject, client }) => {
      if (subject?.kind === 'machine') await client.call('machines.finish', { id: subject.id });
    },
  },
  {
    ...base,
    scope: 'machines.write',
    id: 'machine.wake',
    label: 'Wake machine',
    description: 'Rents a machine again and brings everything back.',
    group: 1,
    inHostMenu: true,
    keywords: 'resume start unhibernate',
    // One whose waking was given up and kept goes on by being woken again.
    isEnabled: when(
      (machine, state) =>
        (machine.life === 'asleep' || (machine.life === 'incomplete' && machine.sleep !== null)) &&
        isFree(machine, state),
    ),
    run: asks('wake'),
  },
  {
    ...base,
    scope: 'machines.write',
    id: 'machine.hibernate',
    label: 'Hibernate machine',
    description: 'Keeps its files elsewhere and gives the machine back, so that it costs less.',
    group: 1,
    inHostMenu: true,
    keywords: 'sleep suspend save money',
    isEnabled: when(isMadeAndFree),
    run: asks('hibernate'),
  },
  {
    ...base,
    scope: 'machines.write',
    id: 'machine.power-on',
    label: 'Switch machine on',
    group: 2,
    keywords: 'power boot start',
    isEnabled: when(isPowered('off')),
    run: async ({ subject, client }) => {
      if (subject?.kind === 'machine') await client.call('machines.power', { id: subject.id, action: 'on' });
    },
  },
  {
    ...base,
    scope: 'machines.write',
    id: 'machine.power-off',
    label: 'Switch machine off',
    description: 'Shuts it down. It costs the same while it is off.',
    group: 2,
    keywords: 'power shut down stop',
    isEnabled: when(isPowered('on')),
    run: async ({ state, client, confirm }) => {
      const machine = machineOf(state);
      if (machine === undefined) return;
      const isAgreed = await confirm({
        title: `Switch ${machine.name} off?`,
        body: `What runs on it ends. Switched off it costs the same: ${formatPerHour(machine.hourlyUsd)}. Hibernate it to pay less.`,
        keeps: ['Its disk, with all files', 'Its address'],
        action: 'Switch off',
      });
      if (isAgreed) await client.call('machines.power', { id: machine.id, action: 'off' });
    },
  },
  {
    ...base,
    scope: 'machines.write',
    id: 'machine.reboot',
    label: 'Reboot machine',
    description: 'Shuts the system down and starts it again.',
    group: 2,
    keywords: 'power restart',
    isEnabled: when(isPowered('on')),
    run: async ({ state, client, confirm }) => {
      const machine = machineOf(state);
      if (machine === undefined) return;
      const isAgreed = await confirm({
        title: `Reboot ${machine.name}?`,
        body: 'What runs on it ends, and it is away for a minute. Workspaces that ran are started again.',
        keeps: ['Its disk, with all files', 'Its address'],
        action: 'Reboot machine',
      });
      if (isAgreed) await client.call('machines.power', { id: machine.id, action: 'reboot' });
    },
  },
  {
    ...base,
    scope: 'machines.write',
    id: 'machine.cut',
    label: 'Cut the machine’s power',
    description:
      'For one that does not answer: as if the plug were pulled. It stays off, and costs the same.',
    group: 2,
    isDangerous: true,
    keywords: 'power off hard reset',
    isEnabled: when(isPowered('on', 'new')),
    run: async ({ state, client, confirm }) => {
      const machine = machineOf(state);
      if (machine === undefined) return;
      const isAgreed = await confirm({
        title: `Cut the power of ${machine.name}?`,
        body: `Nothing on it is asked first. It stays off until it is switched on, and costs the same: ${formatPerHour(machine.hourlyUsd)}. Only for a machine that does not answer.`,
        deletes: ['What was not written to its disk yet'],
        keeps: ['What is on its disk', 'Its address'],
        action: 'Cut the power',
        isDangerous: true,
      });
      if (isAgreed) await client.call('machines.power', { id: machine.id, action: 'cut' });
    },
  },
  {
    ...base,
    scope: 'machines.write',
    id: 'machine.rename',
    label: 'Rename machine',
    description: 'At the provider, and its host.',
    group: 3,
    isEnabled: when(isMadeAndFree),
    run: asks('rename'),
  },
  {
    ...base,
    scope: 'machines.write',
    id: 'machine.resize',
    label: 'Resize machine',
    description: 'Gives it another size. It is switched off meanwhile.',
    group: 3,
    keywords: 'scale bigger smaller memory cpu',
    isEnabled: when(isMadeAndFree),
    run: asks('resize'),
  },
  {
    ...base,
    scope: 'machines.write',
    id: 'machine.end',
    label: 'Change when the machine ends',
    description: 'At a time, or after so long without work.',
    group: 3,
    keywords: 'expiry idle auto destroy hibernate',
    isEnabled: when((machine) => ['creating', 'incomplete', 'made', 'waking'].includes(machine.life)),
    run: asks('end'),
  },
  {
    ...base,
    scope: 'machines.write',
    id: 'machine.backups',
    label: (state) => (machineOf(state)?.hasBackups ? 'Turn backups off' : 'Turn backups on'),
    description: 'The provider’s own backups of the whole machine.',
    group: 3,
    isEnabled: when(isMadeAndFree),
    run: async ({ state, client, confirm }) => {
      const machine = machineOf(state);
      if (machine === undefined) return;
      const isOn = !machine.hasBackups;
      const isAgreed = await confirm(
        isOn
          ? {
              title: `Turn on backups of ${machine.name}?`,
              body: 'The provider copies the whole machine from time to time, and adds a share of its price for that.',
              action: 'Turn backups on',
            }
          : {
              title: `Turn off backups of ${machine.name}?`,
              body: 'No more are made, and they cost nothing from then on. The provider may delete those that there are.',
              action: 'Turn backups off',
            },
      );
      if (isAgreed) await client.call('machines.setBackups', { id: machine.id, isOn });
    },
  },
  {
    ...base,
    scope: 'machines.write',
    id: 'machine.ssh-access',
    label: 'Change who may reach the machine over SSH',
    description: 'The provider’s firewall in front of it.',
    group: 3,
    keywords: 'firewall address',
    isEnabled: when(isMadeAndFree),
    run: asks('ssh-access'),
  },
  {
    ...base,
    scope: 'machines.write',
    id: 'machine.take-snapshot',
    label: 'Take a snapshot of the whole machine',
    description: 'At the provider; workspaces have snapshots of their own.',
    group: 4,
    keywords: 'image backup',
    isEnabled: when(isMadeAndFree),
    run: asks('take-snapshot'),
  },
  {
    ...base,
    scope: 'machines.write',
    id: 'machine.rebuild',
    label: 'Rebuild machine',
    description: 'Replaces its disk with a fresh image: everything on it is gone.',
    group: 5,
    isDangerous: true,
    keywords: 'reinstall image reset',
    isEnabled: when(isMadeAndFree),
    run: asks('rebuild'),
  },
  {
    ...base,
    scope: 'machines.write',
    id: 'machine.forget',
    label: 'Forget machine',
    description: 'Removes the record of one that the provider does not have any more.',
    group: 5,
    isEnabled: when((machine, state) => machine.life === 'vanished' && isFree(machine, state)),
    run: async ({ state, client, confirm }) => {
      const machine = machineOf(state);
      if (machine === undefined) return;
      const isAgreed = await confirm({
        title: `Forget ${machine.name}?`,
        body: 'The provider does not have it any more, so there is nothing to destroy. Berth forgets it and its host.',
        deletes: ['Its record in Berth, and its host with the tabs of it'],
        action: 'Forget machine',
      });
      if (isAgreed) await client.call('machines.forget', { id: machine.id });
    },
  },
  {
    ...base,
    scope: 'machines.write',
    id: 'machine.destroy',
    label: 'Destroy machine',
    description: 'Gives it back to the provider. Says first what goes with it and what stays and costs.',
    group: 5,
    inHostMenu: true,
    isDangerous: true,
    keywords: 'delete remove terminate',
    isEnabled: when((machine, state) => machine.life !== 'vanished' && isFree(machine, state)),
    run: asks('destroy'),
  },
];
