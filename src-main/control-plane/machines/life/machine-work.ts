/**
 * What the steps of one machine's operations work with: its record, and its account, asked with patience. A machine that the
 * provider does not have any more is noted as such by whoever meets it first.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { Host } from '#contract/hosts.ts';
import type { HostId, MachineId, UserId, WorkspaceId } from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import type { HostLinks } from '../../hosts/host-links.ts';
import { type Clock, instantOf } from '../../interfaces/clock.ts';
import type { CloudClient, CloudMachine } from '../../interfaces/cloud-provider.ts';
import type { Log } from '../../interfaces/log.ts';
import type { StepContext } from '../../operations/operation-definition.ts';
import type { WorkspaceRecord } from '../../workspaces/workspace.ts';
import { askCloud } from '../ask-cloud.ts';
import type { CloudClients } from '../cloud-clients.ts';
import type { MachineRecord } from '../machine.ts';
import type { MachineDirectory } from '../machine-directory.ts';
import type { Waiting } from '../patience.ts';
import { hardwareFacts } from './hardware-facts.ts';

/** What machines ask of hosts. */
export interface MachineHosts {
  get(id: HostId): Pick<Host, 'id' | 'name' | 'desired'> | undefined;
  connect(id: HostId): Promise<unknown>;
  disconnect(id: HostId): Promise<unknown>;
  /** Throws host.name-taken. */
  rename(id: HostId, name: string): Promise<unknown>;
}

/** What machines ask of the workspaces on their hosts. */
export interface MachineWorkspaces {
  onHost(hostId: HostId): readonly Pick<WorkspaceRecord, 'id' | 'name' | 'ownerId' | 'desired' | 'move'>[];
  /** Undefined unless it runs, as far as its host told. */
  runningContainer(id: WorkspaceId): string | undefined;
  change(id: WorkspaceId, change: { desired: 'running' | 'stopped' }): Promise<void>;
  stop(id: WorkspaceId, userId: UserId): Promise<Operation>;
  start(id: WorkspaceId, userId: UserId): Promise<Operation>;
}

/** What an order to a provider needs. */
export interface OrderDeps {
  readonly directory: MachineDirectory;
  readonly clouds: CloudClients;
  readonly clock: Clock;
}

export interface MachineWorkDeps extends OrderDeps {
  readonly hosts: MachineHosts;
  readonly links: HostLinks;
  readonly workspaces: MachineWorkspaces;
  readonly operations: {
    ended(id: Operation['id']): Promise<Operation>;
    all(): Operation[];
  };
  readonly log: Log;
}

export interface MachineInput {
  readonly id: MachineId;
}

export interface OrderWork extends Waiting {
  readonly deps: OrderDeps;
  readonly context: StepContext<MachineInput>;
  /** As it is now. Throws not-found once Berth has forgotten it. */
  readonly record: MachineRecord;
  /** Throws conflict where it has no hardware. */
  readonly providerId: string;
  /** With patience: only for what may be asked twice. */
  ask<T>(run: (client: CloudClient) => Promise<T>): Promise<T>;
  /** Sent once. */
  once<T>(run: (client: CloudClient) => Promise<T>): Promise<T>;
}

export interface MachineWork extends OrderWork {
  readonly deps: MachineWorkDeps;
}

export function workOn<D extends OrderDeps>(
  deps: D,
  context: StepContext<MachineInput>,
): OrderWork & { readonly deps: D } {
  const { clouds, clock, directory } = deps;
  const { signal } = context;
  const { id } = context.input;
  const waiting: Waiting = { clock, signal, note: (text) => context.note(text) };
  return {
    ...waiting,
    deps,
    context,
    get record() {
      return directory.require(id);
    },
    get providerId() {
      return requireHardware(directory.require(id));
    },
    ask: (run) => askCloud(waiting, clouds, directory.require(id).cloudId, run),
    once: async (run) => await run(await clouds.client(directory.require(id).cloudId)),
  };
}

/** Throws conflict. */
export function requireHardware({ name, providerId }: MachineRecord): string {
  if (providerId !== null) return providerId;
  throw new BerthError('conflict', `There is no machine at the provider for “${name}” now.`);
}

/** As the provider tells it now, noted in the record. Throws not-found where it has it no more. */
export async function readMachine(work: OrderWork): Promise<CloudMachine> {
  const machine = await lookForMachine(work);
  if (machine === undefined) throw hasVanished(work.record);
  return machine;
}

/** Undefined: the provider has it no more, which is noted. */
export async function lookForMachine(work: OrderWork): Promise<CloudMachine | undefined> {
  const { deps, providerId, record, signal } = work;
  const machine = await work.ask((client) => client.machine(providerId, signal));
  await deps.directory.change(
    record.id,
    machine === undefined
      ? { life: record.life === 'destroying' ? 'destroying' : 'vanished', power: null }
      : hardwareFacts(machine, instantOf(deps.clock)),
  );
  return machine;
}

export function hasVanished({ name }: Pick<MachineRecord, 'name'>): BerthError {
  return new BerthError(
    'not-found',
    `The provider does not have “${name}” any more. Look there who destroyed it; Berth can forget it.`,
  );
}
