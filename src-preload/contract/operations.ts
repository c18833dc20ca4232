/** Operations: long work with steps, written down before its first remote act, so that it survives a crash. */
import { z } from 'zod';
import { ErrorShape } from './berth-error.ts';
import { collectionItem } from './collection.ts';
import { call, stream } from './contract.ts';
import { OperationId } from './ids.ts';
import { Instant } from './text.ts';

export const OperationKind = z.enum([
  'workspace.create',
  'workspace.start',
  'workspace.stop',
  'workspace.restart',
  'workspace.destroy',
  'volume.destroy',
  'workspace.move',
  'workspace.confirm-move',
  'workspace.cancel-move',
  'snapshot.create',
  'snapshot.verify',
  'snapshot.destroy',
  'snapshot.restore',
  'snapshot.undo-restore',
  'snapshot.end-undo',
  'snapshot.put-back',
  'machine.create',
  'machine.finish',
  'machine.power',
  'machine.resize',
  'machine.rebuild',
  'machine.rename',
  'machine.backups',
  'machine.ssh-access',
  'machine.snapshot',
  'machine.restore',
  'machine.destroy-snapshot',
  'machine.destroy',
  'machine.hibernate',
  'machine.wake',
  'found.destroy',
  'image.build',
  'files.copy',
  'files.remove',
  'files.permissions',
]);
export type OperationKind = z.infer<typeof OperationKind>;

/** Part of a step that moves by itself, as one layer of a pull. `total` null: not known. */
export const ProgressPart = z.object({
  id: z.string(),
  label: z.string(),
  done: z.number(),
  total: z.number().nullable(),
});

export const StepProgress = z.object({
  done: z.number(),
  total: z.number().nullable(),
  unit: z.enum(['bytes', 'items']),
  parts: z.array(ProgressPart).max(256),
});
export type StepProgress = z.infer<typeof StepProgress>;

export const OperationStep = z.object({
  id: z.string(),
  title: z.string(),
  state: z.enum(['waiting', 'running', 'done', 'skipped', 'failed', 'undone']),
  startedAt: Instant.nullable(),
  endedAt: Instant.nullable(),
  progress: StepProgress.nullable(),
  /** One line about what it is doing or found, as "layer 3 of 7". */
  note: z.string(),
});
export type OperationStep = z.infer<typeof OperationStep>;

export const Operation = z.object({
  id: OperationId,
  kind: OperationKind,
  title: z.string(),
  /** What it works on: one operation per subject at a time. */
  subject: z.object({
    kind: z.enum(['workspace', 'volume', 'host', 'snapshot', 'machine', 'found', 'image', 'files']),
    id: z.string(),
    name: z.string(),
  }),
  hostId: z.string().nullable(),
  /** `waiting`: until the host is back. `undoing`: taking back what was half made. */
  state: z.enum(['running', 'waiting', 'undoing', 'succeeded', 'failed', 'cancelled']),
  steps: z.array(OperationStep),
  error: ErrorShape.nullable(),
  canCancel: z.boolean(),
  startedAt: Instant,
  endedAt: Instant.nullable(),
});
export type Operation = z.infer<typeof Operation>;

export const LogLine = z.object({
  at: Instant,
  step: z.string().nullable(),
  level: z.enum(['info', 'command', 'warning', 'error']),
  /** For `command`: what a person would type to do the same by hand. */
  text: z.string(),
});
export type LogLine = z.infer<typeof LogLine>;

export const operationMethods = {
  'operations.watch': stream({
    summary: 'Running and past operations, then every change',
    scope: 'operations.read',
    input: z.object({}),
    item: collectionItem(Operation),
    errors: [],
    rest: { method: 'GET', path: '/operations', shape: 'collection' },
  }),
  'operations.log': stream({
    summary:
      'The log of one operation: the backlog first, then each new line; ends when the operation has ended',
    scope: 'operations.read',
    input: z.object({ id: OperationId }),
    item: LogLine,
    errors: [],
    rest: { method: 'GET', path: '/operations/:id/log', shape: 'items' },
  }),
  'operations.cancel': call({
    summary: 'Asks an operation to stop and to take back what it half made',
    scope: 'operations.write',
    input: z.object({ id: OperationId }),
    output: Operation,
    errors: ['operation.finished', 'conflict'],
    rest: { method: 'POST', path: '/operations/:id/cancel' },
  }),
  'operations.clear': call({
    summary: 'Forgets operations that have ended',
    scope: 'operations.write',
    input: z.object({ ids: z.array(OperationId).max(1000) }),
    output: z.object({}),
    errors: [],
    rest: { method: 'POST', path: '/operations/clear' },
  }),
};
