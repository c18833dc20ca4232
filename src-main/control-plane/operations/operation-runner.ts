/**
 * Runs operations. Owns: which are under way, their journal, their progress and their history.
 *
 * Guarantees: the intent is on disk before the first step, and each step's row before its effect; one operation per
 * subject; an operation whose host is away waits for it; what was unfinished when Berth ended, in whatever way, is
 * finished or undone after `recover()`. Must not decide what a step does, nor find remote things: that is the step's job.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { OperationId, UserId } from '#contract/ids.ts';
import type { LogLine, Operation } from '#contract/operations.ts';
import { Collection } from '../changes.ts';
import type { HostLinks } from '../hosts/host-links.ts';
import { type Clock, instantOf } from '../interfaces/clock.ts';
import type { Log } from '../interfaces/log.ts';
import type { Random } from '../interfaces/random.ts';
import type { RecordCollection, RecordStore, RowLog } from '../interfaces/record-store.ts';
import {
  couldNotUndo,
  endOperation,
  endTold,
  hasEnded,
  newOperation,
  type OperationRecord,
  parseOperationRecord,
  turnBack,
} from './operation.ts';
import type {
  OperationDefinition,
  OperationStarter,
  SecretsUsable,
  StartOperation,
} from './operation-definition.ts';
import { OperationLog } from './operation-log.ts';
import { OperationRun } from './operation-run.ts';

/** Ended operations that are remembered of one person; the oldest beyond that are forgotten with their logs. */
const HISTORY = 500;
/** And those that ended longer ago than that, in milliseconds (90 days): nobody asks any more why they failed. */
const HISTORY_MS = 90 * 86_400_000;

export interface OperationRunnerDeps {
  readonly store: RecordStore;
  readonly rows: RowLog<LogLine>;
  readonly links: HostLinks;
  readonly secretsUsable: SecretsUsable;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export class OperationRunner implements OperationStarter {
  readonly #deps: OperationRunnerDeps;
  readonly #records: RecordCollection<OperationRecord>;
  readonly #log: OperationLog;
  readonly #definitions = new Map<string, OperationDefinition<unknown>>();
  readonly #shown = new Collection<Operation>();
  /** In whose name each is. */
  readonly #owners = new Map<string, UserId>();
  /** What has not ended, from before its intent is written. */
  readonly #unfinished = new Map<OperationId, OperationRecord>();
  readonly #runs = new Map<OperationId, OperationRun>();
  /** Subject → its unfinished operation, also while its intent is being written. */
  readonly #subjects = new Map<string, { kind: string; started: Promise<Operation> }>();
  readonly #ends = new Map<OperationId, Promise<void>>();
  #isClosed = false;

  constructor(deps: OperationRunnerDeps) {
    this.#deps = deps;
    this.#records = deps.store.collection('operations', parseOperationRecord);
    this.#log = new OperationLog(deps.rows, deps.log);
  }

  define<I>(definition: OperationDefinition<I>): void {
    if (this.#definitions.has(definition.kind)) throw new Error(`${definition.kind} is defined twice`);
    // The input is only ever what this definition's own parseInput returned.
    this.#definitions.set(definition.kind, definition as unknown as OperationDefinition<unknown>);
  }

  async start<I>(definition: OperationDefinition<I>, start: StartOperation<I>): Promise<Operation> {
    const known = this.#definitions.get(definition.kind);
    if (!known) throw new Error(`${definition.kind} is not defined`);
    if (this.#isClosed) throw new BerthError('cancelled', 'Berth is ending; nothing new is begun.');
    const key = subjectKey(start.subject);
    const present = this.#subjects.get(key);
    if (present) {
      const operation = await present.started;
      const now = this.#shown.get(operation.id) ?? operation;
      if (present.kind === definition.kind && now.state !== 'undoing') return now;
      throw new BerthError(
        'conflict',
        `“${now.title}” is under way on ${start.subject.name}; wait for its end.`,
        {
          details: { operationId: now.id, kind: now.kind },
        },
      );
    }
    const started = this.#begin(known, start);
    this.#subjects.set(key, { kind: definition.kind, started });
    try {
      return await started;
    } catch (error) {
      this.#subjects.delete(key);
      throw error;
    }
  }

  async #begin(definition: OperationDefinition<unknown>, start: StartOperation<unknown>): Promise<Operation> {
    const record = newOperation({
      operation: {
        id: this.#deps.random.id('op'),
        kind: definition.kind,
        title: start.title,
        subject: start.subject,
        hostId: start.hostId,
        canCancel: definition.canCancel,
        startedAt: instantOf(this.#deps.clock),
      },
      steps: definition.steps,
      userId: start.userId,
      input: definition.parseInput(start.input),
    });
    // At once: who counts what is under way must find it before anything is awaited.
    this.#unfinished.set(record.id, record);
    try {
      await this.#records.put(record);
      await this.#log.open(record.id);
    } catch (error) {
      this.#unfinished.delete(record.id);
      throw error;
    }
    this.#drive(definition, record, record.input, false);
    return this.#shown.get(record.id) ?? record.operation;
  }

  all(): Operation[] {
    return this.#shown.all();
  }

  /** Also those whose intent is being written. */
  unfinished(): Iterable<Pick<OperationRecord, 'userId' | 'input'>> {
    return this.#unfinished.values();
  }

  ownerOf(id: string): UserId | undefined {
    return this.#owners.get(id);
  }

  /** One person's history becomes another's. Throws conflict while one of theirs is under way. */
  async takeOver(from: UserId, to: UserId): Promise<void> {
    this.requireIdle(from);
    for (const record of await this.#records.all()) {
      if (record.userId !== from) continue;
      await this.#records.put({ ...record, userId: to });
      this.#owners.set(record.id, to);
      const shown = this.#shown.get(record.id);
      if (shown !== undefined) this.#shown.put(shown);
    }
  }

  /** Throws conflict while an operation of this person's is under way. */
  requireIdle(userId: UserId): void {
    const begun = [...this.#unfinished.values()].map(({ id, userId: ownerId }) => ({ id, ownerId }));
    // Also those whose end is being told: their record is written once more.
    const ending = [...this.#ends.keys()].map((id) => ({ id, ownerId: this.#owners.get(id) }));
    const busy = [...begun, ...ending].find(({ ownerId }) => ownerId === userId);
    if (busy === undefined) return;
    const title = this.#shown.get(busy.id)?.title ?? 'An operation';
    throw new BerthError('conflict', `“${title}” is under way; wait for its end.`, {
      details: { operationId: busy.id },
    });
  }

  get(id: OperationId): Operation | undefined {
    return this.#shown.get(id);
  }

  current(subject: { kind: string; id: string }): Operation | undefined {
    for (const run of this.#runs.values())
      if (subjectKey(run.operation.subject) === subjectKey(subject)) return run.operation;
    return undefined;
  }

  async ended(id: OperationId): Promise<Operation> {
    const operation = this.#require(id);
    await this.#ends.get(id);
    return this.#shown.get(id) ?? operation;
  }

  /** All of them, unless told which to show. */
  watch(
    signal: AbortSignal,
    isVisible?: (operation: { id: string }) => boolean,
  ): ReturnType<Collection<Operation>['watch']> {
    return this.#shown.watch(signal, isVisible);
  }

  log(id: OperationId, signal: AbortSignal): AsyncGenerator<LogLine> {
    this.#require(id);
    return this.#log.follow(id, signal);
  }

  /** Resolves when the wish is on disk; the way back then goes on by itself. */
  async cancel(id: OperationId): Promise<Operation> {
    const operation = this.#require(id);
    const run = this.#runs.get(id);
    if (!run || hasEnded(run.operation))
      throw new BerthError('operation.finished', `“${operation.title}” has ended already.`);
    return await run.cancel();
  }

  /** Forgets ended operations; those that are under way stay. */
  async clear(ids: readonly OperationId[]): Promise<void> {
    for (const id of ids) {
      const operation = this.#shown.get(id);
      if (operation && hasEnded(operation) && !this.#ends.has(id)) await this.#forget(id);
    }
  }

  /**
   * Reads the journal and goes on with what was unfinished: once, after every kind is defined and the hosts are loaded.
   * Does not wait for the ends.
   */
  async recover(): Promise<void> {
    const records = await this.#records.all();
    records.sort((a, b) => a.operation.startedAt.localeCompare(b.operation.startedAt));
    for (const record of records) {
      const { operation } = record;
      this.#owners.set(record.id, record.userId);
      this.#shown.put(operation);
      const definition = this.#definitions.get(operation.kind);
      if (hasEnded(operation)) {
        if (!record.isEndTold && definition) this.#tellAgain(definition, record);
        continue;
      }
      await this.#log.open(record.id);
      const input = definition && this.#parse(definition, record);
      if (!definition || !input || !sameSteps(definition, record)) await this.#giveUp(record);
      else this.#drive(definition, this.#turnAsDefined(definition, record), input.value, true);
    }
    await this.#prune();
  }

  /** Stops without ending anything: what is unfinished is recovered at the next start. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const run of this.#runs.values()) run.stop();
    await Promise.all(this.#ends.values());
  }

  #drive(
    definition: OperationDefinition<unknown>,
    record: OperationRecord,
    input: unknown,
    isRecovered: boolean,
  ): void {
    const { clock, links, log, secretsUsable } = this.#deps;
    const run = new OperationRun({
      definition,
      record,
      input,
      isRecovered,
      clock,
      links,
      secretsUsable,
      log: log.child({ operation: record.id, kind: definition.kind }),
      save: (next) => this.#records.put(next),
      show: (operation) => this.#shown.put(operation),
      addLine: (line) => this.#log.add(record.id, line),
    });
    this.#runs.set(record.id, run);
    this.#unfinished.set(record.id, record);
    this.#owners.set(record.id, record.userId);
    this.#shown.put(record.operation);
    const key = subjectKey(record.operation.subject);
    if (isRecovered)
      this.#subjects.set(key, {
        kind: definition.kind,
        started: Promise.resolve(record.operation),
      });
    this.#track(record.id, async () => {
      const ended = await run.drive();
      this.#runs.delete(record.id);
      this.#unfinished.delete(record.id);
      this.#subjects.delete(key);
      await this.#log.close(record.id);
      if (ended) await this.#tellEnd(definition, ended, input);
    });
  }

  #track(id: OperationId, work: () => Promise<void>): void {
    const close = async () => {
      try {
        await work();
        this.#ends.delete(id);
        if (!this.#isClosed) await this.#prune();
      } catch (cause) {
        this.#ends.delete(id);
        this.#deps.log.error('an operation could not be closed', { id, cause });
      }
    };
    this.#ends.set(id, close());
  }

  #tellAgain(definition: OperationDefinition<unknown>, record: OperationRecord): void {
    const input = this.#parse(definition, record);
    if (input) this.#track(record.id, () => this.#tellEnd(definition, record, input.value));
  }

  async #tellEnd(
    definition: OperationDefinition<unknown>,
    record: OperationRecord,
    input: unknown,
  ): Promise<void> {
    try {
      await definition.onEnd?.(record.operation, input);
    } catch (cause) {
      this.#deps.log.error('the end of an operation was not taken note of', { id: record.id, cause });
    }
    if (this.#shown.get(record.id)) await this.#records.put(endTold(record));
  }

  #parse(definition: OperationDefinition<unknown>, record: OperationRecord): { value: unknown } | undefined {
    try {
      return { value: definition.parseInput(record.input) };
    } catch (cause) {
      this.#deps.log.error('the input of an operation cannot be read', { id: record.id, cause });
      return undefined;
    }
  }

  #turnAsDefined(definition: OperationDefinition<unknown>, record: OperationRecord): OperationRecord {
    if (record.direction !== 'forward' || definition.recover === 'finish') return record;
    const error = new BerthError(
      'operation.interrupted',
      'Berth ended in the middle; what was half made is taken back.',
    );
    const at = instantOf(this.#deps.clock);
    return turnBack(record, { direction: 'undo', outcome: 'failed', error: error.toShape(), at });
  }

  /** A kind or a shape that this Berth does not know (written by another version): nothing can be done about it. */
  async #giveUp(record: OperationRecord): Promise<void> {
    const error = new BerthError(
      'operation.interrupted',
      'This version of Berth does not know how to go on with it. What it made carries its label on the host.',
    );
    const at = instantOf(this.#deps.clock);
    const stopped = turnBack(record, { direction: 'stop', outcome: 'failed', error: error.toShape(), at });
    const ended = endTold(endOperation(couldNotUndo(stopped, error.toShape()), at));
    await this.#records.put(ended);
    this.#shown.put(ended.operation);
    await this.#log.close(record.id);
  }

  async #prune(): Promise<void> {
    const ended = this.#shown
      .all()
      .filter((operation) => hasEnded(operation) && !this.#ends.has(operation.id));
    const oldestMs = this.#deps.clock.nowMs() - HISTORY_MS;
    for (const own of Map.groupBy(ended, ({ id }) => this.#owners.get(id)).values()) {
      own.sort((a, b) => (a.endedAt ?? '').localeCompare(b.endedAt ?? ''));
      const tooMany = own.length - HISTORY;
      for (const [index, { id, endedAt }] of own.entries())
        if (index < tooMany || Date.parse(endedAt ?? '') < oldestMs) await this.#forget(id);
    }
  }

  async #forget(id: OperationId): Promise<void> {
    this.#owners.delete(id);
    this.#shown.delete(id);
    await this.#records.delete(id);
    await this.#log.drop(id);
  }

  #require(id: OperationId): Operation {
    const operation = this.#shown.get(id);
    if (!operation) throw new BerthError('not-found', 'There is no such operation.');
    return operation;
  }
}

function subjectKey({ kind, id }: { kind: string; id: string }): string {
  return `${kind}:${id}`;
}

function sameSteps(definition: OperationDefinition<unknown>, record: OperationRecord): boolean {
  return (
    definition.steps.length === record.journal.length &&
    definition.steps.every((step, index) => step.id === record.journal[index]?.id)
  );
}
