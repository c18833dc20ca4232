/**
 * How a kind of operation is written: steps in order, each idempotent, each findable again by label. The runner writes
 * the intent before the first step and each step's state before its effect (journal), so after a crash it knows where
 * it was. `recover` says which way to go then.
 */
import type { Operation, OperationKind, StepProgress } from '#contract/operations.ts';
import type { HostId, OperationId, UserId } from '#contract/ids.ts';
import type { HostLink } from '../hosts/host-links.ts';

/** Resolves when secrets can be read, at once where they can be now, or when the signal aborts. */
export type SecretsUsable = (signal: AbortSignal) => Promise<void>;

export interface StepContext<I> {
  readonly operationId: OperationId;
  readonly input: I;
  /** What earlier steps left for later ones; saved with the journal. JSON only. */
  readonly memory: Record<string, unknown>;
  /** Aborted by cancel and by shutdown. */
  readonly signal: AbortSignal;
  /**
   * The live link of the operation's host, or of another one that the step needs; throws host.not-connected, on which the
   * runner waits for that host and repeats the step.
   */
  link(hostId?: HostId): HostLink;
  progress(progress: StepProgress): void;
  note(text: string): void;
  /** A line of the log; `command`: what a person would type. Never a secret. */
  log(text: string, level?: 'info' | 'command' | 'warning'): void;
}

export interface StepDefinition<I> {
  readonly id: string;
  readonly title: string;
  run(context: StepContext<I>): Promise<void>;
  /** Takes the step's effect back; must succeed where there is no effect. Absent: nothing to undo. */
  undo?(context: StepContext<I>): Promise<void>;
}

export interface OperationDefinition<I> {
  readonly kind: OperationKind;
  readonly parseInput: (value: unknown) => I;
  readonly steps: readonly StepDefinition<I>[];
  /** After a crash: go on with the step that was under way, or undo what was done. */
  readonly recover: 'finish' | 'undo';
  /**
   * When a step fails for good: take back what was done (the default; steps without `undo` are passed over), or keep
   * what there is. A function: as somebody decided meanwhile.
   */
  readonly onFailure?: 'undo' | 'keep' | ((input: I) => 'undo' | 'keep');
  /** Where the keychain or vault is locked it waits, instead of failing. What goes on after a crash does so in any case. */
  readonly waitsForSecrets?: true;
  /** May a person stop it? Cancel undoes the steps that were done. */
  readonly canCancel: boolean;
  /**
   * The id of a step that cannot be taken back. Once it has begun nothing is undone any more: a cancel throws conflict, and
   * a failure keeps what there is.
   */
  readonly commitsAt?: string;
  /**
   * Called after the operation ended in any way, once, also after recovery; again only if Berth died inside it.
   * The subject is free by then. What it throws is logged and changes nothing.
   */
  onEnd?(operation: Operation, input: I): Promise<void>;
}

export interface StartOperation<I> {
  readonly title: string;
  readonly subject: Operation['subject'];
  readonly hostId: HostId | null;
  readonly userId: UserId;
  readonly input: I;
}

export interface OperationStarter {
  /** Registers a kind; all kinds are registered before `recover()` runs. */
  define<I>(definition: OperationDefinition<I>): void;
  /**
   * Writes the intent and begins. One at a time per subject: the same kind again attaches to the one under way, another
   * kind throws conflict.
   */
  start<I>(definition: OperationDefinition<I>, start: StartOperation<I>): Promise<Operation>;
  get(id: OperationId): Operation | undefined;
  /** The unfinished operation on a subject, if any. */
  current(subject: { kind: string; id: string }): Operation | undefined;
  /** Resolves when it has ended in whichever way. */
  ended(id: OperationId): Promise<Operation>;
}
