/**
 * Making machines: what may be asked, and the decisions of whoever watches. Guarantees: the wish is on disk before anything is
 * asked of a provider, and a wish that came to nothing leaves nothing.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { MachineId, UserId } from '#contract/ids.ts';
import type { ParsedInputOf } from '#contract/index.ts';
import type { Machine } from '#contract/machines.ts';
import type { Operation } from '#contract/operations.ts';
import { instantOf } from '../../interfaces/clock.ts';
import type { Log } from '../../interfaces/log.ts';
import type { OperationRunner } from '../../operations/operation-runner.ts';
import type { MachineRecord } from '../machine.ts';
import { checkAccount } from './account-check.ts';
import { newGate } from './gate.ts';
import { defineCreate, defineFinish } from './make-operation.ts';
import { LOGIN_USER, type MakingDeps } from './making-deps.ts';

export interface MachineMakingDeps extends MakingDeps {
  readonly operations: OperationRunner;
  readonly log: Log;
}

export class MachineMakingService {
  readonly #deps: MachineMakingDeps;
  readonly #create: ReturnType<typeof defineCreate>;
  readonly #finish: ReturnType<typeof defineFinish>;

  /** Defines its operations: before they are recovered. */
  constructor(deps: MachineMakingDeps) {
    this.#deps = deps;
    this.#create = defineCreate(deps);
    this.#finish = defineFinish(deps);
    deps.operations.define(this.#create);
    deps.operations.define(this.#finish);
  }

  /** After operations were recovered: a wish whose operation was never written has asked for nothing. */
  async tidy(): Promise<void> {
    const { directory, log, operations } = this.#deps;
    for (const record of directory.records()) {
      if (record.life !== 'creating' || operations.current(subjectOf(record)) !== undefined) continue;
      if (record.operationId === null) await directory.remove(record.id);
      else {
        log.warn('a machine that nobody makes any more is shown as incomplete', { machineId: record.id });
        await directory.change(record.id, { life: 'incomplete', gate: null });
      }
    }
  }

  /** Throws cloud.*, credential.*, machine.name-taken, host.name-taken. */
  async create(
    input: ParsedInputOf<'machines.create'>,
    userId: UserId,
    signal: AbortSignal,
  ): Promise<{ machine: Machine; operation: Operation }> {
    const { clock, clouds, directory, hosts, operations, random } = this.#deps;
    directory.requireFreeName(input.name);
    hosts.checkName(input.name);
    const client = await clouds.client(input.cloudId);
    const { cpus, diskBytes, memoryBytes, monthlyUsd } = await checkAccount(client, input, true, signal);
    const record: MachineRecord = {
      ...input,
      id: random.id('mach'),
      userId,
      ...{ cpus, diskBytes, memoryBytes, monthlyUsd },
      ...nothingYet,
      life: 'creating',
      createdAt: instantOf(clock),
    };
    await directory.add(record);
    try {
      const operation = await operations.start(this.#create, {
        title: `Make ${record.name}`,
        subject: subjectOf(record),
        hostId: null,
        userId,
        input: { machineId: record.id },
      });
      return { machine: directory.view(record.id), operation };
    } catch (error) {
      await directory.remove(record.id);
      throw error;
    }
  }

  /** Throws conflict where there is no such choice now. */
  async decide({ choice, id }: ParsedInputOf<'machines.decide'>): Promise<Machine> {
    const { clock, directory, operations } = this.#deps;
    const { gate, life, name, trouble } = directory.require(id);
    const operation = operations.current(subjectOf({ id, name }));
    if (trouble === null || operation === undefined || life === 'incomplete')
      throw new BerthError('conflict', `Nothing in the making of “${name}” waits for a decision.`);
    if (!trouble.choices.includes(choice))
      throw new BerthError(
        'conflict',
        `This cannot be chosen now. Choose one of: ${trouble.choices.join(', ')}.`,
      );
    switch (choice) {
      case 'keep-waiting': {
        const fresh = newGate(clock, trouble.gate);
        await directory.change(id, {
          trouble: null,
          gate: { ...fresh, sinceAt: gate?.sinceAt ?? fresh.sinceAt },
        });
        break;
      }
      case 'retry':
        await directory.change(id, { trouble: null, gate: newGate(clock, trouble.gate) });
        break;
      case 'keep':
        // The trouble stays to be read: it is why the machine is incomplete.
        await directory.change(id, { life: 'incomplete', trouble: { ...trouble, choices: [] } });
        break;
      case 'destroy':
        await operations.cancel(operation.id);
        break;
      default:
        choice satisfies never;
    }
    return directory.view(id);
  }

  /** Throws conflict where its making was not given up. */
  async finish(id: MachineId, userId: UserId): Promise<Operation> {
    const { directory, operations } = this.#deps;
    const record = directory.require(id);
    const present = operations.current(subjectOf(record));
    if (present?.kind === 'machine.finish') return present;
    if (record.life !== 'incomplete' || record.providerId === null)
      throw new BerthError('conflict', `The making of “${record.name}” was not given up half-way.`);
    if (record.sleep !== null)
      throw new BerthError(
        'conflict',
        `“${record.name}” was being woken. Wake it again: that goes on with it.`,
      );
    if (present !== undefined)
      throw new BerthError(
        'conflict',
        `“${present.title}” is under way on ${record.name}; wait for its end.`,
      );
    await directory.change(id, { life: 'creating', trouble: null, gate: null, onTrouble: 'ask' });
    try {
      return await operations.start(this.#finish, {
        title: `Finish ${record.name}`,
        subject: subjectOf(record),
        hostId: null,
        userId,
        input: { machineId: id },
      });
    } catch (error) {
      await directory.change(id, { life: 'incomplete', trouble: record.trouble });
      throw error;
    }
  }
}

function subjectOf({ id, name }: Pick<MachineRecord, 'id' | 'name'>) {
  return { kind: 'machine' as const, id, name };
}

const nothingYet = {
  providerId: null,
  hostId: null,
  power: null,
  gate: null,
  trouble: null,
  ipv4: null,
  ipv6: null,
  sleep: null,
  operationId: null,
  keyId: null,
  firewallId: null,
  loginCredentialId: null,
  loginUser: LOGIN_USER,
  hostKey: null,
  bootKey: null,
  earlierProviderIds: [],
  billedFromAt: null,
} satisfies Partial<MachineRecord>;
