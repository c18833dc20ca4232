/** Living with machines and their ends, put together: orders, destruction, and the end by itself. */
import type { MachineId, UserId } from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import type { Handlers } from '../handler.ts';
import type { CloudClients } from './cloud-clients.ts';
import { DestroyService, type DestroyServiceDeps } from './ending/destroy-service.ts';
import { EndKeeper } from './ends/end-keeper.ts';
import { setEnd, type SetEndDeps } from './ends/set-end.ts';
import type { MachineWorkDeps, MachineWorkspaces } from './life/machine-work.ts';
import { MachineLifeService } from './life/machine-life-service.ts';
import type { MachineDirectory } from './machine-directory.ts';
import type { MachinePartsDeps } from './machine-parts.ts';
import { dropKeys, trustFirstBoot } from './making/hardware-keys.ts';
import { createFinishSteps, giveUp } from './making/make-operation.ts';
import type { MakingDeps } from './making/making-deps.ts';
import { removeProviderParts } from './making/provider-parts.ts';

export interface LifePartsDeps
  extends Pick<
      MachinePartsDeps,
      'clock' | 'hosts' | 'isAtWork' | 'log' | 'operations' | 'snapshots' | 'terminals' | 'workspaces'
    >,
    Pick<DestroyServiceDeps, 'discardSleep'> {
  readonly directory: MachineDirectory;
  readonly clouds: CloudClients;
  readonly making: MakingDeps;
  /** Puts it to sleep where it is cheapest and nobody is asked. */
  readonly hibernate: (id: MachineId, userId: UserId) => Promise<Operation>;
}

export type LifeHandlers = Pick<
  Handlers,
  | 'machines.setEnd'
  | 'machines.power'
  | 'machines.resize'
  | 'machines.rebuild'
  | 'machines.rename'
  | 'machines.setBackups'
  | 'machines.setSshAccess'
  | 'machines.snapshots'
  | 'machines.takeSnapshot'
  | 'machines.restoreSnapshot'
  | 'machines.destroySnapshot'
  | 'machines.destroyPlan'
  | 'machines.destroy'
  | 'machines.forget'
>;

export interface LifeParts {
  readonly handlers: LifeHandlers;
  start(): void;
  close(): Promise<void>;
}

export function createLifeParts(deps: LifePartsDeps): LifeParts {
  const { clock, clouds, directory, hosts, operations } = deps;
  const log = deps.log.child({ noun: 'machines' });
  const work: MachineWorkDeps & Pick<DestroyServiceDeps, 'operations'> = {
    directory,
    clouds,
    hosts: {
      get: (id) => hosts.get(id),
      connect: (id) => hosts.connect(id),
      disconnect: (id) => hosts.disconnect(id),
      rename: (id, name) => hosts.changeForMachine(id, { name }),
    },
    links: hosts.links,
    workspaces: workspacesOf(deps),
    operations,
    clock,
    log,
  };
  const destroying = new DestroyService({
    ...work,
    snapshots: () => deps.snapshots.directory.records(),
    removeProviderParts: (waiting, record) => removeProviderParts(deps.making, waiting, record),
    removeHost: (id) => hosts.removeForMachine(id),
    dropKeys: (record) => dropKeys(deps.making, record, false),
    discardSleep: deps.discardSleep,
  });
  const life = new MachineLifeService({
    ...work,
    operations,
    trustFirstBoot: (id) => trustFirstBoot(deps.making, id),
    firstBoot: createFinishSteps(deps.making),
    giveUp: (machineId) => giveUp(deps.making, { machineId }),
    requireFreeHostName: (name, { hostId }) => hosts.checkName(name, hostId ?? undefined),
  });
  const { directory: workspaces } = deps.workspaces;
  const keeper = new EndKeeper({
    directory,
    clouds,
    links: hosts.links,
    operations,
    workspacesOn: (hostId) =>
      workspaces.onHost(hostId).map(({ id }) => {
        return { id, state: workspaces.workspace(id).state, isAtWork: deps.isAtWork(id) };
      }),
    terminalUsedMs: (hostId, ids) =>
      deps.terminals.usedMs((target) =>
        target.kind === 'host' ? target.hostId === hostId : ids.has(target.workspaceId),
      ),
    stats: (id, signal) => deps.workspaces.stats(id, signal),
    destroy: (id, userId) => destroying.destroyByItself(id, userId),
    hibernate: deps.hibernate,
    clock,
    log,
  });
  return {
    handlers: handlersOf(life, destroying, { directory, keeper, clock }),
    start: () => keeper.start(),
    close: () => keeper.close(),
  };
}

function workspacesOf({ workspaces }: Pick<LifePartsDeps, 'workspaces'>): MachineWorkspaces {
  const { directory } = workspaces;
  return {
    onHost: (hostId) => directory.onHost(hostId),
    runningContainer: (id) => directory.runningContainer(id),
    change: (id, change) => directory.change(id, change),
    stop: (id, userId) => workspaces.stopWorkspace(id, userId),
    start: (id, userId) => workspaces.startWorkspace(id, userId),
  };
}

function handlersOf(life: MachineLifeService, destroying: DestroyService, ends: SetEndDeps): LifeHandlers {
  return {
    'machines.setEnd': (input) => setEnd(ends, input),
    'machines.power': (input, { caller }) => life.power(input, caller.userId),
    'machines.resize': (input, { caller, signal }) => life.resize(input, caller.userId, signal),
    'machines.rebuild': (input, { caller, signal }) => life.rebuild(input, caller.userId, signal),
    'machines.rename': (input, { caller }) => life.rename(input, caller.userId),
    'machines.setBackups': (input, { caller }) => life.setBackups(input, caller.userId),
    'machines.setSshAccess': (input, { caller }) => life.setSshAccess(input, caller.userId),
    'machines.snapshots': async ({ id }, { signal }) => ({ snapshots: await life.snapshots(id, signal) }),
    'machines.takeSnapshot': (input, { caller }) => life.takeSnapshot(input, caller.userId),
    'machines.restoreSnapshot': (input, { caller, signal }) =>
      life.restoreSnapshot(input, caller.userId, signal),
    'machines.destroySnapshot': (input, { caller, signal }) =>
      life.destroySnapshot(input, caller.userId, signal),
    'machines.destroyPlan': ({ id }, { caller, signal }) => destroying.plan(id, caller.userId, signal),
    'machines.destroy': (input, { caller, signal }) => destroying.destroy(input, caller.userId, signal),
    'machines.forget': async ({ id }) => {
      await destroying.forget(id);
      return {};
    },
  };
}
