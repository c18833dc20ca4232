/**
 * What can be done with a machine that is there: short checks at once, so that a bad wish fails before anything is begun; the
 * rest is an operation. One at a time for a machine.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { CloudOffer } from '#contract/clouds.ts';
import type { MachineId, UserId } from '#contract/ids.ts';
import type { MachineSnapshot } from '#contract/machines.ts';
import type { ParsedInputOf } from '#contract/index.ts';
import type { Operation } from '#contract/operations.ts';
import type { OperationDefinition, OperationStarter } from '../../operations/operation-definition.ts';
import type { MachineRecord } from '../machine.ts';
import { requireFirstBootKey } from '../making/hardware-keys.ts';
import { defineLiveOperations, type LiveOperations } from './live-operations.ts';
import { type MachineInput, type MachineWorkDeps, requireHardware } from './machine-work.ts';

import { defineRenewal, type RenewalDeps, type RenewalOperations } from './renewal-operations.ts';
import { defineSshAccess, type SshAccessInput } from './ssh-access-operation.ts';
import { requireQuietHost } from './switching.ts';
import { requireImage, requireMade, requireSameName, requireSize } from './wishes.ts';

export interface MachineLifeDeps extends MachineWorkDeps, RenewalDeps {
  readonly operations: MachineWorkDeps['operations'] & Pick<OperationStarter, 'define' | 'start'>;
  /** Throws host.name-taken. */
  readonly requireFreeHostName: (name: string, record: MachineRecord) => void;
}

export class MachineLifeService {
  readonly #deps: MachineLifeDeps;
  readonly #kinds: LiveOperations;
  readonly #renewal: RenewalOperations;
  readonly #sshAccess: OperationDefinition<SshAccessInput>;

  constructor(deps: MachineLifeDeps) {
    this.#deps = deps;
    this.#kinds = defineLiveOperations(deps);
    this.#renewal = defineRenewal(deps);
    this.#sshAccess = defineSshAccess(deps);
    for (const kind of [...Object.values(this.#kinds), ...Object.values(this.#renewal), this.#sshAccess])
      deps.operations.define(kind as OperationDefinition<unknown>);
  }

  power({ action, id }: ParsedInputOf<'machines.power'>, userId: UserId): Promise<Operation> {
    const record = this.#requireMade(id);
    if (action === 'off' || action === 'reboot') requireQuietHost(this.#deps, record.hostId);
    const verb = { on: 'Switch on', off: 'Switch off', reboot: 'Start again', cut: 'Cut off' }[action];
    return this.#start(this.#kinds.power, verb, record, userId, { id, action });
  }

  async resize(
    { growsDisk, hourlyUsd, id, size }: ParsedInputOf<'machines.resize'>,
    userId: UserId,
    signal: AbortSignal,
  ): Promise<Operation> {
    const record = this.#requireMade(id);
    requireSize(record, await this.#offer(record, signal), { size, hourlyUsd });
    requireQuietHost(this.#deps, record.hostId);
    return this.#start(this.#kinds.resize, 'Resize', record, userId, { id, size, growsDisk });
  }

  async rebuild(
    { id, image, name }: ParsedInputOf<'machines.rebuild'>,
    userId: UserId,
    signal: AbortSignal,
  ): Promise<Operation> {
    const record = this.#requireMade(id);
    requireSameName(record, name);
    this.#deps.directory.requireNoSleepers(record);
    requireImage(record, await this.#offer(record, signal), image);
    requireQuietHost(this.#deps, record.hostId);
    requireFirstBootKey(record);
    return this.#start(this.#renewal.rebuild, 'Rebuild', record, userId, { id, machineId: id, image });
  }

  async snapshots(id: MachineId, signal: AbortSignal): Promise<MachineSnapshot[]> {
    const { cloudId, providerId } = this.#deps.directory.require(id);
    if (providerId === null) return [];
    const client = await this.#deps.clouds.client(cloudId);
    return await client.snapshotsOf(providerId, signal);
  }

  takeSnapshot(
    { id, isOff, name }: ParsedInputOf<'machines.takeSnapshot'>,
    userId: UserId,
  ): Promise<Operation> {
    const record = this.#requireMade(id);
    if (isOff) requireQuietHost(this.#deps, record.hostId);
    return this.#start(this.#kinds.snapshot, 'Take a snapshot of', record, userId, { id, name, isOff });
  }

  async restoreSnapshot(
    { id, name, snapshot }: ParsedInputOf<'machines.restoreSnapshot'>,
    userId: UserId,
    signal: AbortSignal,
  ): Promise<Operation> {
    const record = this.#requireMade(id);
    requireSameName(record, name);
    this.#deps.directory.requireNoSleepers(record);
    const { kind } = await this.#snapshot(id, snapshot, signal);
    requireQuietHost(this.#deps, record.hostId);
    return this.#start(this.#renewal.restore, 'Restore', record, userId, { id, snapshot, kind });
  }

  async destroySnapshot(
    { id, snapshot }: ParsedInputOf<'machines.destroySnapshot'>,
    userId: UserId,
    signal: AbortSignal,
  ): Promise<Operation> {
    const record = this.#requireMade(id);
    await this.#snapshot(id, snapshot, signal);
    return this.#start(this.#kinds.destroySnapshot, 'Destroy a snapshot of', record, userId, {
      id,
      snapshot,
    });
  }

  rename({ id, name }: ParsedInputOf<'machines.rename'>, userId: UserId): Promise<Operation> {
    const record = this.#requireMade(id);
    this.#deps.directory.requireFreeName(name, id);
    this.#deps.requireFreeHostName(name, record);
    return this.#start(this.#kinds.rename, 'Rename', record, userId, { id, name });
  }

  setBackups({ id, isOn }: ParsedInputOf<'machines.setBackups'>, userId: UserId): Promise<Operation> {
    const record = this.#requireMade(id);
    return this.#start(this.#kinds.backups, `Turn backups ${isOn ? 'on' : 'off'} for`, record, userId, {
      id,
      isOn,
    });
  }

  setSshAccess(
    { id, sshAccess }: ParsedInputOf<'machines.setSshAccess'>,
    userId: UserId,
  ): Promise<Operation> {
    const record = this.#requireMade(id);
    return this.#start(this.#sshAccess, 'Change who may reach', record, userId, { id, sshAccess });
  }

  // --- private ------------------------------------------------------------------------------------------------------

  #requireMade(id: MachineId): MachineRecord {
    const record = this.#deps.directory.require(id);
    requireMade(record);
    requireHardware(record);
    return record;
  }

  async #offer({ cloudId }: MachineRecord, signal: AbortSignal): Promise<CloudOffer> {
    return await (await this.#deps.clouds.client(cloudId)).offer(signal);
  }

  /** Throws conflict where it is none of this machine's. */
  async #snapshot(id: MachineId, snapshotId: string, signal: AbortSignal): Promise<MachineSnapshot> {
    const found = (await this.snapshots(id, signal)).find((one) => one.id === snapshotId);
    if (found === undefined)
      throw new BerthError(
        'conflict',
        'This machine has no such snapshot (any more). Look at the list again.',
      );
    return found;
  }

  #start<I extends MachineInput>(
    kind: OperationDefinition<I>,
    verb: string,
    { id, name }: MachineRecord,
    userId: UserId,
    input: I,
  ): Promise<Operation> {
    return this.#deps.operations.start(kind, {
      title: `${verb} “${name}”`,
      subject: { kind: 'machine', id, name },
      // None: it outlives its host's absence, and most of it is done while the host is away.
      hostId: null,
      userId,
      input,
    });
  }
}
