/**
 * What a person does with what was found: makes it one of this Berth's machines, has it destroyed, or says that it is all
 * right. Guarantees: hardware becomes one machine once; what is this Berth's own is not destroyed as a find.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { FoundResource } from '#contract/clouds.ts';
import type { MachineId, UserId } from '#contract/ids.ts';
import type { ParsedInputOf } from '#contract/index.ts';
import type { Machine } from '#contract/machines.ts';
import type { Operation } from '#contract/operations.ts';
import type { HostService } from '../hosts/host-service.ts';
import { type Clock, instantOf } from '../interfaces/clock.ts';
import type { Random } from '../interfaces/random.ts';
import type { OperationDefinition, OperationStarter } from '../operations/operation-definition.ts';
import { adoptedRecord, hostOf, waitsForHost } from './adopted.ts';
import type { CloudClients } from './cloud-clients.ts';
import { machineIdIn } from './compare.ts';
import type { DestroyFoundInput } from './destroy-found.ts';
import { gone, type FoundDirectory } from './found-directory.ts';
import type { FoundRecord } from './found.ts';
import type { KeptKeys } from './kept-keys.ts';
import type { MachineDirectory } from './machine-directory.ts';
import { definitionOf, pinsOf } from './making/making-deps.ts';

export interface FoundServiceDeps {
  readonly clients: CloudClients;
  readonly directory: MachineDirectory;
  readonly finds: FoundDirectory;
  readonly operations: OperationStarter;
  readonly destroyFound: OperationDefinition<DestroyFoundInput>;
  readonly hosts: Pick<HostService, 'all' | 'addForMachine'>;
  /** Those that are still there of a machine with this id and name. */
  readonly keptKeys: (id: MachineId, name: string) => Promise<KeptKeys | undefined>;
  readonly clock: Clock;
  readonly random: Pick<Random, 'id'>;
}

export class FoundService {
  readonly #deps: FoundServiceDeps;

  constructor(deps: FoundServiceDeps) {
    this.#deps = deps;
  }

  watch(signal: AbortSignal) {
    return this.#deps.finds.collection.watch(signal);
  }

  async dismiss({ id, isDismissed }: ParsedInputOf<'clouds.dismissFound'>): Promise<FoundResource> {
    const { finds } = this.#deps;
    await finds.dismiss(id, isDismissed);
    return finds.view(id);
  }

  /** Throws not-found, conflict, machine.name-taken, cloud.*, credential.*. */
  async adopt(
    { id, name }: ParsedInputOf<'clouds.adoptFound'>,
    userId: UserId,
    signal: AbortSignal,
  ): Promise<Machine> {
    const { clients, clock, directory, finds, hosts, keptKeys, random } = this.#deps;
    const find = finds.require(id);
    if (!find.canAdopt)
      throw new BerthError('conflict', 'Only a machine can become one of Berth’s machines.');
    const client = await clients.client(find.cloudId);
    const machine = await client.machine(find.providerId, signal);
    if (machine === undefined) {
      await finds.remove(id);
      throw gone();
    }
    const tagged = machineIdIn(machine.tags);
    const isFree = tagged !== undefined && directory.record(tagged) === undefined;
    const machineId: MachineId = isFree ? tagged : random.id('mach');
    const kept = isFree ? await keptKeys(machineId, machine.name) : undefined;
    // From here to `add` nothing is awaited: whoever asks at the same time finds it taken.
    this.#requireFree(find, machineId);
    const record = adoptedRecord({
      id: machineId,
      cloudId: find.cloudId,
      machine,
      name: name ?? null,
      userId,
      at: instantOf(clock),
    });
    const host = hostOf(record, hosts.all(), directory.records());
    const known = kept === undefined || host !== undefined ? waitsForHost(record, host, clock) : kept;
    await directory.add({ ...record, ...known });
    await finds.remove(id);
    if (host === undefined && kept !== undefined) await this.#makeHost(machineId);
    return directory.view(machineId);
  }

  /** Throws not-found, conflict, and invalid-input where the name is not the find's. */
  async destroy({ id, name }: ParsedInputOf<'clouds.destroyFound'>, userId: UserId): Promise<Operation> {
    const { destroyFound, finds, operations } = this.#deps;
    const { cloudId, kind, name: own, providerId } = finds.require(id);
    if (name !== own)
      throw BerthError.atField(
        'name',
        `This is not its name. Type “${own}”, so that nothing is destroyed by a slip.`,
      );
    return await operations.start(destroyFound, {
      title: `Destroy ${own}`,
      subject: { kind: 'found', id, name: own },
      hostId: null,
      userId,
      input: { id, cloudId, kind, providerId, name: own },
    });
  }

  /** A host that somebody added by hand may be a machine that waits for one. */
  async linkHosts(): Promise<void> {
    const { directory } = this.#deps;
    for (const { hostId, id } of directory.records()) if (hostId === null) await this.linkHost(id);
  }

  async linkHost(id: MachineId): Promise<void> {
    const { clock, directory, hosts } = this.#deps;
    const record = directory.record(id);
    if (record === undefined || record.hostId !== null || record.life !== 'made') return;
    const host = hostOf(record, hosts.all(), directory.records());
    if (host !== undefined) await directory.change(id, waitsForHost(record, host, clock));
  }

  /** With its own keys: nobody has to say whether it is the right machine. */
  async #makeHost(id: MachineId): Promise<void> {
    const { clock, directory, hosts, random } = this.#deps;
    const record = directory.require(id);
    const definition = definitionOf(record);
    const hostId = random.id('host');
    try {
      if (definition === undefined)
        throw new BerthError(
          'conflict',
          `“${record.name}” has no address. Once it has one, add it as a host.`,
        );
      await directory.change(id, { hostId });
      const pinnedFingerprints = pinsOf(record);
      await hosts.addForMachine({ id: hostId, name: record.name, definition, pinnedFingerprints });
    } catch (error) {
      if (!BerthError.is(error)) throw error;
      const trouble = {
        gate: 'ssh' as const,
        error: error.toShape(),
        choices: [],
        sinceAt: instantOf(clock),
      };
      await directory.change(id, { hostId: null, trouble });
    }
  }

  #requireFree({ cloudId, id, providerId }: FoundRecord, machineId: MachineId): void {
    const { directory, operations } = this.#deps;
    if (operations.current({ kind: 'found', id }) !== undefined)
      throw new BerthError('conflict', 'It is being destroyed.');
    const known =
      directory.ofCloud(cloudId).find((record) => record.providerId === providerId) ??
      directory.record(machineId);
    if (known !== undefined)
      throw new BerthError('conflict', `It is one of Berth’s machines already: “${known.name}”.`);
  }
}
