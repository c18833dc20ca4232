/**
 * Brings hibernations to their end whose hardware could not be destroyed: everything is kept elsewhere, and it still costs.
 * Looks at the start and then again and again; what fails is put off further each time, and tried at once when the account
 * can be used again. Acts in the name of whoever asked for the sleep.
 */
import type { CloudId, MachineId, UserId } from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import type { Clock } from '../../interfaces/clock.ts';
import type { Log } from '../../interfaces/log.ts';
import type { CloudClients } from '../cloud-clients.ts';
import type { MachineRecord } from '../machine.ts';
import type { MachineDirectory } from '../machine-directory.ts';
import { requireSucceeded, Retries } from '../retries.ts';
import { keptOf } from './hibernate-operation.ts';

/** Milliseconds between two looks; they ask nobody anything. */
const LOOK_MS = 60_000;

export interface SleepResumerDeps {
  readonly directory: MachineDirectory;
  readonly clouds: Pick<CloudClients, 'onUsable'>;
  readonly operations: { all(): Operation[]; ended(id: Operation['id']): Promise<Operation> };
  readonly resume: (id: MachineId, userId: UserId) => Promise<Operation>;
  readonly clock: Clock;
  readonly log: Log;
}

export class SleepResumer {
  readonly #deps: SleepResumerDeps;
  readonly #retries: Retries;
  readonly #acting = new Set<MachineId>();
  #isClosed = false;
  #stops: (() => void)[] = [];
  #stopTimer = () => {};

  constructor(deps: SleepResumerDeps) {
    this.#deps = deps;
    this.#retries = new Retries(deps);
  }

  start(): void {
    this.#stops = [this.#deps.clouds.onUsable((id) => this.#look(id))];
    this.#turn();
  }

  close(): void {
    this.#isClosed = true;
    this.#stopTimer();
    for (const stop of this.#stops) stop();
  }

  #turn(): void {
    if (this.#isClosed) return;
    this.#look();
    this.#stopTimer = this.#deps.clock.after(LOOK_MS, () => this.#turn());
  }

  /** `cloudId`: this account can be used again, so that its machines are not waited for any longer. */
  #look(cloudId?: CloudId): void {
    const { clock, directory, operations } = this.#deps;
    for (const record of directory.records()) {
      if (this.#acting.has(record.id)) continue;
      const userId = halfAsleep(record);
      if (userId === undefined) {
        this.#retries.clear(record.id);
        continue;
      }
      if (operations.all().some(({ endedAt, subject }) => endedAt === null && subject.id === record.id))
        continue;
      const againMs = this.#retries.againMs(record.id);
      if (againMs !== null && record.cloudId !== cloudId && clock.nowMs() < againMs) continue;
      void this.#resume(record, userId);
    }
  }

  async #resume({ id }: MachineRecord, userId: UserId): Promise<void> {
    const { directory, log, operations, resume } = this.#deps;
    this.#acting.add(id);
    try {
      const { id: operationId } = await resume(id, userId);
      const ended = await operations.ended(operationId);
      if (this.#isClosed) return;
      requireSucceeded(ended);
      this.#retries.clear(id);
    } catch (cause) {
      if (this.#isClosed || directory.record(id) === undefined) return;
      log.warn('the hardware of a machine that sleeps could not be destroyed; it is tried again', {
        machineId: id,
        cause,
      });
      this.#retries.failed(id, { why: 'sleep', action: 'hibernate' }, cause);
    } finally {
      this.#acting.delete(id);
    }
  }
}

/** In whose name its sleep is brought to its end; undefined: there is nothing to bring to an end. */
function halfAsleep(record: MachineRecord): UserId | undefined {
  return record.life === 'hibernating' ? keptOf(record)?.userId : undefined;
}
