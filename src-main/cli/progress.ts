/**
 * How far an operation or a transfer is: one rewritten line where a person watches, else a line for each step. Says only
 * what is known: time left comes from the running step's own rate.
 */
import type { Operation, OperationStep } from '#contract/operations.ts';
import { formatBytes, formatDuration, formatPercent } from './amounts.ts';
import type { Terminal } from './terminal.ts';

/** Milliseconds below which a rate says little. */
const leastMs = 2_000;
/** Milliseconds between two drawings of a transfer. */
const drawEveryMs = 100;

interface Amount {
  readonly done: number;
  readonly total: number | null;
  readonly unit: 'bytes' | 'items';
  readonly passedMs: number;
}

/** "42 %, 1.2 GiB of 3.0 GiB, about 2 min left". */
export function describeAmount({ done, total, unit, passedMs }: Amount): string {
  const format = (value: number) => (unit === 'bytes' ? formatBytes(value) : String(value));
  if (total === null || total <= 0) return done > 0 ? format(done) : '';
  const part = Math.min(1, done / total);
  const canTell = passedMs >= leastMs && done > 0 && done < total;
  const left = canTell ? `, about ${formatDuration((passedMs * (total - done)) / done)} left` : '';
  return `${formatPercent(part)}, ${format(done)} of ${format(total)}${left}`;
}

function describeStep(step: OperationStep, nowMs: number): string {
  const { progress, startedAt, note } = step;
  const passedMs = startedAt === null ? 0 : nowMs - Date.parse(startedAt);
  const amount = progress === null ? '' : describeAmount({ ...progress, passedMs });
  return [step.title, amount || note].filter((text) => text !== '').join(': ');
}

/** "[2/5] Reading files: 42 %, …". */
export function describeOperation(operation: Operation, nowMs: number): string {
  const { steps, state, title } = operation;
  if (state === 'waiting') return `${title}: waiting for the host`;
  const index = steps.findIndex((step) => step.state === 'running');
  const step = steps[index];
  const taking = state === 'undoing' ? 'Taking back what was half made: ' : '';
  if (step === undefined) return `${taking}${title}`;
  return `${taking}[${index + 1}/${steps.length}] ${describeStep(step, nowMs)}`;
}

export interface OperationProgress {
  show(operation: Operation): void;
  end(): void;
}

export function createOperationProgress(terminal: Terminal, nowMs = Date.now): OperationProgress {
  const told = new Set<string>();
  const tell = (key: string, line: string) => {
    if (told.has(key)) return;
    told.add(key);
    terminal.note(line);
  };
  return {
    show(operation) {
      if (terminal.isWatched) return terminal.status(describeOperation(operation, nowMs()));
      tell('title', operation.title);
      if (operation.state === 'waiting') tell('waiting', '  Waiting for the host');
      for (const step of operation.steps)
        if (step.state === 'running' || step.state === 'done') tell(`step ${step.id}`, `  ${step.title}`);
      if (operation.state === 'undoing') tell('undoing', '  Taking back what was half made');
    },
    end: () => terminal.status(''),
  };
}

export interface TransferProgress {
  add(byteCount: number): void;
  end(): void;
}

export function createTransferProgress(
  terminal: Terminal,
  what: string,
  total: number | null,
  nowMs = Date.now,
): TransferProgress {
  const beganMs = nowMs();
  let done = 0;
  let drawnMs = 0;
  return {
    add(byteCount) {
      done += byteCount;
      const now = nowMs();
      if (now - drawnMs < drawEveryMs) return;
      drawnMs = now;
      terminal.status(`${what}: ${describeAmount({ done, total, unit: 'bytes', passedMs: now - beganMs })}`);
    },
    end: () => terminal.status(''),
  };
}
