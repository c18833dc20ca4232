/**
 * One operation on its way: takes the moves that the journal asks for, one at a time, until it has ended or Berth does.
 * Writes before each effect; waits while its host is away; shows progress without writing it. Long, since every way to
 * wait, repeat and turn back is of one state.
 */
import { BerthError } from '#contract/berth-error.ts';
import { HostId } from '#contract/ids.ts';
import type { LogLine, Operation, StepProgress } from '#contract/operations.ts';
import { delay } from '../delay.ts';
import { type HostLink, type HostLinks, isForgotten } from '../hosts/host-links.ts';
import { type Clock, instantOf } from '../interfaces/clock.ts';
import type { Log } from '../interfaces/log.ts';
import {
  beginStep,
  beginUndo,
  couldNotUndo,
  endOperation,
  finishStep,
  finishUndo,
  hasBegun,
  hasEnded,
  type Move,
  nextMove,
  type OperationRecord,
  turnBack,
  waitForHost,
  withoutCancel,
} from './operation.ts';
import type { OperationDefinition, SecretsUsable, StepContext } from './operation-definition.ts';

/** Milliseconds between two pictures of a progress. Ten a second look smooth; a pull tells a hundred. */
const PROGRESS_EVERY_MS = 100;
/** Milliseconds to wait before a step is repeated on a link that seems alive: an engine restarts in about ten seconds. */
const REPEAT_AFTER_MS = [1_000, 2_000, 4_000, 8_000, 16_000] as const;
/** Repeats after a time-out on a live link: each may have cost a minute already. */
const TIME_OUT_REPEATS = 1;
/** Milliseconds before an undo that failed is tried again; then it is left behind, and said so. */
const UNDO_AGAIN_AFTER_MS = [1_000, 5_000] as const;
/** Milliseconds before a write of the journal that failed is tried again (a full disk here, at home). */
const SAVE_AGAIN_AFTER_MS = 5_000;
/** Milliseconds from the word that secrets can be read to the next try. */
const SECRETS_AGAIN_AFTER_MS = 500;
const NOTE_CHARACTERS = 500;
/** As many as the contract carries. */
const PROGRESS_PARTS = 256;

export interface OperationRunDeps {
  readonly definition: OperationDefinition<unknown>;
  readonly record: OperationRecord;
  readonly input: unknown;
  readonly isRecovered: boolean;
  readonly clock: Clock;
  readonly links: HostLinks;
  readonly log: Log;
  readonly secretsUsable: SecretsUsable;
  readonly save: (record: OperationRecord) => Promise<void>;
  readonly show: (operation: Operation) => void;
  readonly addLine: (line: LogLine) => void;
}

export class OperationRun {
  readonly #deps: OperationRunDeps;
  readonly #hostId: HostId | null;
  /** Aborts what goes forward: cancel, or Berth's end. */
  readonly #forward = new AbortController();
  /** Aborts everything: Berth's end. */
  readonly #stop = new AbortController();
  #record: OperationRecord;
  #saving: Promise<void> = Promise.resolve();
  #takeBackShow: (() => void) | undefined;
  /** The links that the present step was given, by host; the last wish is that for `#wished`. */
  readonly #used = new Map<HostId, HostLink>();
  #wished: HostId | null = null;
  #repeats = 0;
  #undoFailures = 0;

  constructor(deps: OperationRunDeps) {
    this.#deps = deps;
    this.#record = deps.record;
    this.#hostId = deps.record.operation.hostId === null ? null : HostId.parse(deps.record.operation.hostId);
  }

  get operation(): Operation {
    return this.#record.operation;
  }

  stop(): void {
    this.#stop.abort(new BerthError('cancelled', 'Berth is ending.'));
    this.#forward.abort(this.#stop.signal.reason);
  }

  async cancel(): Promise<Operation> {
    if (this.#record.direction === 'forward') {
      if (!this.#deps.definition.canCancel || this.#isCommitted)
        throw new BerthError('conflict', `“${this.operation.title}” cannot be stopped half-way.`);
      this.#line(null, 'info', 'Cancelled; what was done is taken back.');
      this.#turnBack('undo', 'cancelled', null);
      const saved = this.#save();
      this.#forward.abort(new BerthError('cancelled', 'The operation was cancelled.'));
      await saved;
    }
    return this.operation;
  }

  /** The record as it ended; undefined when Berth ends first. Never rejects for what a step does. */
  async drive(): Promise<OperationRecord | undefined> {
    const { definition, isRecovered } = this.#deps;
    const canUndo = (index: number) => definition.steps[index]?.undo !== undefined;
    if (isRecovered) {
      this.#line(null, 'info', 'Berth was started anew; going on from the journal.');
      if (nextMove(this.#record, canUndo).do !== 'end') await this.#awaitHost(undefined, this.#hostId);
    }
    while (!this.#stop.signal.aborted) {
      const move = nextMove(this.#record, canUndo);
      if (move.do === 'end') {
        const ended = await this.#end();
        // Berth may have ended while the last row was written: then the next start tells the end.
        return this.#stop.signal.aborted ? undefined : ended;
      }
      await this.#take(move);
    }
    return undefined;
  }

  async #take(move: Exclude<Move, { do: 'end' }>): Promise<void> {
    const { definition, clock } = this.#deps;
    const step = definition.steps[move.index]!;
    const isUndo = move.do === 'undo';
    this.#record = isUndo
      ? beginUndo(this.#record, move.index)
      : beginStep(this.#record, move.index, instantOf(clock));
    if (this.#isCommitted) this.#record = withoutCancel(this.#record);
    await this.#save();
    // A cancel may have come while the row was written: then there is no effect yet, and there shall be none.
    if (this.#stop.signal.aborted || (!isUndo && this.#record.direction !== 'forward')) return;
    const memory = structuredClone(this.#record.memory) as Record<string, unknown>;
    try {
      const context = this.#contextOf(step.id, isUndo ? this.#stop.signal : this.#forward.signal, memory);
      if (isUndo) {
        this.#line(step.id, 'info', `Taking back: ${step.title}`);
        await step.undo?.(context);
      } else await step.run(context);
      const at = instantOf(clock);
      this.#record = isUndo
        ? finishUndo(this.#record, move.index, at)
        : finishStep(this.#record, move.index, at, jsonOf(memory));
      this.#repeats = 0;
      this.#undoFailures = 0;
      await this.#save();
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      if (isUndo) await this.#undoFailed(move.index, error);
      else await this.#stepFailed(move.index, error, jsonOf(memory));
    }
  }

  async #stepFailed(index: number, error: unknown, memory: Record<string, unknown>): Promise<void> {
    const step = this.#deps.definition.steps[index]!;
    if (this.#record.direction !== 'forward') {
      // Cancelled: whatever it threw, what it left is taken back.
      this.#record = { ...this.#record, memory };
      return;
    }
    if (await this.#mayRepeat(step.id, error)) {
      this.#record = { ...this.#record, memory };
      return;
    }
    if (this.#stop.signal.aborted || this.#record.direction !== 'forward') return;
    const shape = shapeOf(error);
    if (shape.code === 'internal') this.#deps.log.error('a step failed', { step: step.id, cause: error });
    this.#line(step.id, 'error', shape.message);
    const { onFailure } = this.#deps.definition;
    const wish = typeof onFailure === 'function' ? onFailure(this.#deps.input) : onFailure;
    const direction = wish === 'keep' || this.#isCommitted ? 'stop' : 'undo';
    this.#turnBack(direction, 'failed', shape, index, memory);
    await this.#save();
  }

  async #undoFailed(index: number, error: unknown): Promise<void> {
    const { definition, clock, log } = this.#deps;
    const step = definition.steps[index]!;
    if (await this.#mayRepeat(step.id, error)) return;
    if (this.#stop.signal.aborted) return;
    const againAfterMs = UNDO_AGAIN_AFTER_MS[this.#undoFailures];
    this.#undoFailures += 1;
    const shape = shapeOf(error);
    this.#line(step.id, 'error', `Could not be taken back: ${shape.message}`);
    if (againAfterMs !== undefined) {
      await delay(clock, againAfterMs, this.#stop.signal);
      return;
    }
    log.error('something was left behind on the host', { step: step.id, cause: error });
    this.#undoFailures = 0;
    this.#record = couldNotUndo(finishUndo(this.#record, index, instantOf(clock)), {
      code: shape.code,
      message: `“${step.title}” could not be taken back: ${shape.message}`,
      details: { ...shape.details, leftBehind: step.title },
    });
    await this.#save();
  }

  /**
   * Whether the step is to be taken again: its host was away (and is back when this resolves), or an engine that
   * restarts may answer in a moment. False: the failure stands.
   */
  async #mayRepeat(stepId: string, error: unknown): Promise<boolean> {
    const { links, clock } = this.#deps;
    if (this.#waitsForSecrets(error)) {
      this.#line(stepId, 'warning', `${error.message} Waiting until then.`);
      await this.#awaitSecrets();
      return true;
    }
    if (this.#hostId === null) return false;
    const lost = [...this.#used.values()].find(({ signal }) => signal.aborted);
    if (BerthError.is(error, 'host.not-connected') || lost !== undefined) {
      this.#line(stepId, 'warning', 'The host is away; waiting until it is back.');
      await this.#awaitHost(lost, lost?.hostId ?? this.#wished ?? this.#hostId);
      return true;
    }
    if (!BerthError.is(error, 'connection-lost', 'timed-out', 'engine.unreachable')) return false;
    for (const hostId of this.#used.keys()) links.suspect(hostId);
    const waitMs = REPEAT_AFTER_MS[this.#repeats];
    const isSpent = error.code === 'timed-out' && this.#repeats >= TIME_OUT_REPEATS;
    if (waitMs === undefined || isSpent) return false;
    this.#repeats += 1;
    this.#line(stepId, 'warning', `${error.message} Trying again.`);
    const waiting = AbortSignal.any([
      this.#activeSignal,
      ...[...this.#used.values()].map(({ signal }) => signal),
    ]);
    await delay(clock, waitMs, waiting);
    const lostNow = [...this.#used.values()].find(({ signal }) => signal.aborted);
    if (lostNow !== undefined) await this.#awaitHost(lostNow, lostNow.hostId);
    return true;
  }

  /** Nobody is there to unlock anything when Berth goes on by itself: nothing is undone for that. */
  #waitsForSecrets(error: unknown): error is BerthError {
    const { definition, isRecovered } = this.#deps;
    return (
      (isRecovered || definition.waitsForSecrets === true) &&
      BerthError.is(error, 'credential.vault-locked', 'credential.keychain-unavailable')
    );
  }

  async #awaitSecrets(): Promise<void> {
    const { clock, secretsUsable } = this.#deps;
    this.#record = waitForHost(this.#record);
    await this.#save();
    await secretsUsable(this.#activeSignal);
    // A store that calls itself ready and is not must not be asked without end.
    await delay(clock, SECRETS_AGAIN_AFTER_MS, this.#activeSignal);
  }

  /** Resolves when the host is back (with another link than `lost`), it was removed, or the wait has lost its point. */
  async #awaitHost(lost: HostLink | undefined, hostId: HostId | null): Promise<void> {
    if (hostId === null) return;
    const { links } = this.#deps;
    const signal = this.#activeSignal;
    const current = links.current(hostId);
    if (signal.aborted || (current && !current.signal.aborted && current !== lost)) return;
    if (isForgotten(links, hostId)) return await this.#hostRemoved();
    this.#record = waitForHost(this.#record);
    await this.#save();
    const undo: (() => void)[] = [];
    const isRemoved = await new Promise<boolean>((resolve) => {
      const turned = () => resolve(false);
      signal.addEventListener('abort', turned, { once: true });
      undo.push(
        () => signal.removeEventListener('abort', turned),
        links.onReady((link) => {
          if (link.hostId === hostId && link !== lost && !link.signal.aborted) resolve(false);
        }),
        links.onRemoved((id) => {
          if (id === hostId) resolve(true);
        }),
      );
      // Both may have come about while the row was written.
      if (signal.aborted) resolve(false);
      else if (isForgotten(links, hostId)) resolve(true);
    });
    for (const end of undo) end();
    if (isRemoved) await this.#hostRemoved();
    this.#repeats = 0;
  }

  async #hostRemoved(): Promise<void> {
    const error = new BerthError(
      'not-found',
      'The host was removed from Berth. What this operation made there, if anything, still carries its label.',
    );
    this.#line(null, 'error', error.message);
    const outcome = this.#record.outcome === 'cancelled' ? 'cancelled' : 'failed';
    this.#turnBack('stop', outcome, error.toShape());
    await this.#save();
  }

  async #end(): Promise<OperationRecord> {
    this.#record = endOperation(this.#record, instantOf(this.#deps.clock));
    await this.#save();
    return this.#record;
  }

  /** The step that cannot be taken back has begun. */
  get #isCommitted(): boolean {
    return this.#record.direction === 'forward' && hasBegun(this.#record, this.#deps.definition.commitsAt);
  }

  get #activeSignal(): AbortSignal {
    return this.#record.direction === 'forward' ? this.#forward.signal : this.#stop.signal;
  }

  #turnBack(
    direction: 'undo' | 'stop',
    outcome: 'failed' | 'cancelled',
    error: ReturnType<typeof shapeOf> | null,
    failedIndex?: number,
    memory?: Record<string, unknown>,
  ): void {
    this.#record = turnBack(this.#record, {
      direction,
      outcome,
      error,
      at: instantOf(this.#deps.clock),
      ...(failedIndex === undefined ? {} : { failedIndex }),
      ...(memory === undefined ? {} : { memory }),
    });
  }

  #contextOf(stepId: string, signal: AbortSignal, memory: Record<string, unknown>): StepContext<unknown> {
    this.#used.clear();
    this.#wished = null;
    return {
      operationId: this.#record.id,
      input: this.#deps.input,
      memory,
      signal,
      link: (hostId = this.#hostId ?? undefined) => {
        if (hostId === undefined) throw new Error(`${this.operation.kind} has no host`);
        this.#wished = hostId;
        const link = this.#deps.links.require(hostId);
        this.#used.set(hostId, link);
        return link;
      },
      progress: (progress) =>
        this.#showStep(stepId, { progress: { ...progress, parts: progress.parts.slice(0, PROGRESS_PARTS) } }),
      note: (text) => this.#showStep(stepId, { note: text.slice(0, NOTE_CHARACTERS) }),
      log: (text, level = 'info') => this.#line(stepId, level, text),
    };
  }

  #line(step: string | null, level: LogLine['level'], text: string): void {
    this.#deps.addLine({ at: instantOf(this.#deps.clock), step, level, text });
  }

  /** Shown at most every `PROGRESS_EVERY_MS`; written only when the journal is next. */
  #showStep(stepId: string, change: { progress?: StepProgress; note?: string }): void {
    if (hasEnded(this.operation)) return;
    const steps = this.operation.steps.map((step) => (step.id === stepId ? { ...step, ...change } : step));
    this.#record = { ...this.#record, operation: { ...this.operation, steps } };
    this.#takeBackShow ??= this.#deps.clock.after(PROGRESS_EVERY_MS, () => {
      this.#takeBackShow = undefined;
      this.#deps.show(this.operation);
    });
  }

  /** Writes the record as it is now, then shows it. Tries until it succeeds or Berth ends: nothing may go on without. */
  #save(): Promise<void> {
    const record = this.#record;
    const saved = this.#saving.then(async () => {
      for (;;) {
        try {
          await this.#deps.save(record);
          break;
        } catch (cause) {
          this.#deps.log.error('the journal of an operation cannot be written', { cause });
          this.#line(null, 'warning', 'The journal cannot be written; waiting until it can.');
          await delay(this.#deps.clock, SAVE_AGAIN_AFTER_MS, this.#stop.signal);
          if (this.#stop.signal.aborted) return;
        }
      }
      this.#takeBackShow?.();
      this.#takeBackShow = undefined;
      this.#deps.show(this.operation);
    });
    this.#saving = saved;
    return saved;
  }
}

/** JSON only, as the journal keeps it: what would not survive a restart must not work before one either. */
function jsonOf(memory: Record<string, unknown>): Record<string, unknown> {
  return JSON.parse(JSON.stringify(memory)) as Record<string, unknown>;
}

function shapeOf(error: unknown): ReturnType<BerthError['toShape']> {
  if (error instanceof BerthError) return error.toShape();
  return new BerthError('internal', 'Berth made a mistake; the log says more.').toShape();
}
