/** What is said of a snapshot that is being made, from an operation as the plane tells it. */
import { describe, expect, it } from 'vitest';
import type { Operation, OperationStep } from '#contract/operations.ts';
import {
  snapshotProgress,
  snapshotUnderWay,
  standsStill,
} from '#renderer/features/snapshots/snapshot-progress.ts';

const beganMs = Date.parse('2026-11-25T10:00:00.000Z');
const id = 'ws_00000000000000000001';

function reading(more: Partial<OperationStep>, own: Partial<Operation> = {}): Operation {
  return {
    id: 'op_00000000000000000001',
    kind: 'snapshot.create',
    title: 'Take a snapshot of “api-server”',
    subject: { kind: 'workspace', id, name: 'api-server' },
    hostId: 'host_00000000000000000001',
    state: 'running',
    steps: [
      {
        id: 'read',
        title: 'Read the files',
        state: 'running',
        startedAt: new Date(beganMs).toISOString(),
        endedAt: null,
        progress: null,
        note: '',
        ...more,
      },
    ],
    error: null,
    canCancel: true,
    startedAt: new Date(beganMs).toISOString(),
    endedAt: null,
    ...own,
  };
}
const bytes = (done: number, total: number | null, files = 0) => ({
  progress: {
    done,
    total,
    unit: 'bytes' as const,
    parts: files === 0 ? [] : [{ id: 'files', label: 'files', done: files, total: 5000 }],
  },
});

describe('progress', () => {
  it('estimates for the first seconds, then says the time left at the rate so far', () => {
    const operation = reading(bytes(250, 1000, 1200));
    expect(snapshotProgress(operation, beganMs + 1500)).toMatchObject({ leftMs: null, isEstimating: true });
    expect(snapshotProgress(operation, beganMs + 10_000)).toEqual({
      doing: 'Read the files',
      note: '',
      part: 0.25,
      doneBytes: 250,
      totalBytes: 1000,
      files: { done: 1200, total: 5000 },
      leftMs: 30_000,
      isEstimating: false,
    });
  });

  it('goes on estimating while nothing was read', () => {
    expect(snapshotProgress(reading(bytes(0, 1000)), beganMs + 60_000)).toMatchObject({
      part: 0,
      leftMs: null,
      isEstimating: true,
    });
  });

  it('promises nothing where the whole is not known, or where no step runs', () => {
    expect(snapshotProgress(reading(bytes(250, null)), beganMs + 9000)).toMatchObject({
      part: null,
      doneBytes: 250,
      leftMs: null,
      isEstimating: false,
    });
    expect(snapshotProgress(reading({ state: 'done' }), beganMs)).toMatchObject({ doing: 'About to begin' });
    expect(snapshotProgress(reading({ state: 'waiting' }, { state: 'waiting' }), beganMs)).toMatchObject({
      doing: 'Waiting for the host',
      part: null,
    });
  });
});

it('knows which operation is the snapshot of a workspace, and when the workspace stands still', () => {
  const operation = reading({});
  const ended = reading({}, { state: 'succeeded' });
  const workspace = { id, operationId: null } as const;
  expect(snapshotUnderWay([ended, operation], workspace)).toBe(operation);
  expect(snapshotUnderWay([ended, { ...operation, kind: 'snapshot.verify' }], workspace)).toBeUndefined();
  const bySnapshot = { ...operation, subject: { ...operation.subject, id: 'snap_1' } };
  expect(snapshotUnderWay([bySnapshot], workspace)).toBeUndefined();
  expect(snapshotUnderWay([bySnapshot], { id, operationId: operation.id })).toBe(bySnapshot);
  expect(standsStill({ state: 'paused' }, operation)).toBe(true);
  expect(standsStill({ state: 'running' }, operation)).toBe(false);
  expect(standsStill({ state: 'paused' }, ended)).toBe(false);
});
