/**
 * Destroying machines and forgetting them: what a person is told before, what may be asked, and the operation itself.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { HostId, MachineId, UserId, WorkspaceId } from '#contract/ids.ts';
import type { ParsedInputOf } from '#contract/index.ts';
import type { DestroyPlan } from '#contract/machines.ts';
import type { Operation } from '#contract/operations.ts';
import type { LeftoverRef } from '../../interfaces/cloud-provider.ts';
import type { OperationDefinition, OperationStarter } from '../../operations/operation-definition.ts';
import type { SnapshotRecord } from '../../snapshots/manifest.ts';
import type { MachineRecord } from '../machine.ts';
import type { MachineWorkDeps } from '../life/machine-work.ts';
import { requireQuietHost } from '../life/switching.ts';
import { requireForgettable, requireSameName } from '../life/wishes.ts';
import { defineDestroy, type DestroyInput, type DestroyOperationDeps } from './destroy-operation.ts';
import { planDestruction } from './destroy-plan.ts';
import { chooseLeftovers, findLeftovers } from './leftovers.ts';
import { dropKeys, removeHost, removeProviderParts } from './remains-here.ts';

/** Milliseconds that the provider has for what is forgotten beside a machine: it costs nothing where it stays. */
const PARTS_MS = 10_000;

export interface DestroyServiceDeps extends DestroyOperationDeps {
  readonly operations: MachineWorkDeps['operations'] & Pick<OperationStarter, 'define' | 'start' | 'current'>;
  readonly snapshots: () => readonly Pick<SnapshotRecord, 'hostId' | 'manifest'>[];
}

export class DestroyService {
  readonly #deps: DestroyServiceDeps;
  readonly #kind: OperationDefinition<DestroyInput>;

  constructor(deps: DestroyServiceDeps) {
    this.#deps = deps;
    this.#kind = defineDestroy(deps);
    deps.operations.define(this.#kind);
  }

  async plan(id: MachineId, userId: UserId, signal: AbortSignal): Promise<DestroyPlan> {
    const { clouds, directory, snapshots, workspaces } = this.#deps;
    const record = directory.require(id);
    const { attached, kept, unseen } = await findLeftovers(
      await clouds.client(record.cloudId),
      record,
      signal,
    );
    return planDestruction({
      record,
      hourlyUsd: directory.view(id).hourlyUsd,
      leftovers: [...attached, ...kept],
      unseen,
      workspaces: this.#workspacesOn(record.hostId).map((one) => ({
        ...one,
        isRunning: workspaces.runningContainer(one.id) !== undefined,
      })),
      snapshots: snapshots(),
      userId,
    });
  }

  async destroy(
    { id, leftovers, name }: ParsedInputOf<'machines.destroy'>,
    userId: UserId,
    signal: AbortSignal,
  ): Promise<Operation> {
    const record = this.#deps.directory.require(id);
    requireSameName(record, name);
    return await this.#begin(record, leftovers, userId, signal);
  }

  /** For a machine that ends by itself: nothing is asked, so whatever could be kept at the provider is kept. */
  async destroyByItself(id: MachineId, userId: UserId): Promise<Operation> {
    return await this.#begin(this.#deps.directory.require(id), [], userId, undefined);
  }

  /** Throws conflict. */
  async forget(id: MachineId): Promise<void> {
    const { clock, directory, log, operations } = this.#deps;
    const record = directory.require(id);
    requireForgettable(record);
    const current = operations.current({ kind: 'machine', id });
    if (current !== undefined)
      throw new BerthError('conflict', `“${current.title}” is under way; wait for its end.`);
    const waiting = { clock, signal: AbortSignal.timeout(PARTS_MS), note: () => {} };
    await removeProviderParts(this.#deps, waiting, id).catch((cause: unknown) => {
      log.info('a key or a firewall of a machine that is forgotten stays at the provider', { cause });
    });
    await removeHost(this.#deps, id);
    await dropKeys(this.#deps, id);
    await directory.remove(id);
  }

  // --- private ------------------------------------------------------------------------------------------------------

  async #begin(
    record: MachineRecord,
    leftovers: readonly LeftoverRef[],
    userId: UserId,
    signal: AbortSignal | undefined,
  ): Promise<Operation> {
    const { clouds, operations } = this.#deps;
    const { cloudId, hostId, id, life, name } = record;
    this.#deps.directory.requireNoSleepers(record);
    requireQuietHost(this.#deps, hostId);
    const chosen =
      leftovers.length === 0 || signal === undefined
        ? { attached: [], kept: [] }
        : chooseLeftovers(await findLeftovers(await clouds.client(cloudId), record, signal), leftovers);
    return await operations.start(this.#kind, {
      title: `Destroy “${name}”`,
      subject: { kind: 'machine', id, name },
      hostId: null,
      userId,
      input: { id, was: life, ...chosen },
    });
  }

  #workspacesOn(hostId: HostId | null): readonly { id: WorkspaceId; name: string; ownerId: UserId }[] {
    return hostId === null ? [] : this.#deps.workspaces.onHost(hostId);
  }
}
