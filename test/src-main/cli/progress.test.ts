import { describe, expect, it } from 'vitest';
import type { Operation, OperationStep } from '#contract/operations.ts';
import {
  createOperationProgress,
  createTransferProgress,
  describeAmount,
  describeOperation,
} from '#main/cli/progress.ts';
import { createTerminal, type OutputStream } from '#main/cli/terminal.ts';

const beganMs = Date.parse('2026-01-01T00:00:00.000Z');
const step = (id: string, over: Partial<OperationStep> = {}): OperationStep => ({
  id,
  title: `Step ${id}`,
  state: 'waiting',
  startedAt: '2026-01-01T00:00:00.000Z',
  endedAt: null,
  progress: null,
  note: '',
  ...over,
});
const operation = (steps: OperationStep[], over: Partial<Operation> = {}): Operation => ({
  id: 'op_00000000000000000000',
  kind: 'snapshot.create',
  title: 'Snapshot of alpha',
  subject: { kind: 'workspace', id: 'x', name: 'alpha' },
  hostId: null,
  state: 'running',
  steps,
  error: null,
  canCancel: true,
  startedAt: '2026-01-01T00:00:00.000Z',
  endedAt: null,
  ...over,
});
const bytes = (done: number, total: number | null) => ({ done, total, unit: 'bytes' as const, parts: [] });

function stream(isTTY: boolean): OutputStream & { readonly text: () => string } {
  let text = '';
  const fake = {
    isTTY,
    columns: 40,
    write: (chunk: string) => {
      text += chunk;
      return true;
    },
    text: () => text,
  };
  return fake as unknown as OutputStream & { readonly text: () => string };
}
const terminalOn = (error: OutputStream) =>
  createTerminal({ input: process.stdin, output: stream(false), error });

describe('progress', () => {
  it('says percent, amount and the time that the rate so far leaves', () => {
    const amount = { done: 1024 ** 3, total: 4 * 1024 ** 3, unit: 'bytes' as const };
    expect(describeAmount({ ...amount, passedMs: 60_000 })).toBe(
      '25 %, 1.0 GiB of 4.0 GiB, about 3 min left',
    );
    expect(describeAmount({ ...amount, passedMs: 1_000 })).toBe('25 %, 1.0 GiB of 4.0 GiB');
    expect(describeAmount({ ...amount, total: null, passedMs: 60_000 })).toBe('1.0 GiB');
    expect(describeAmount({ ...amount, done: 0, total: 0, passedMs: 60_000 })).toBe('');
    expect(describeAmount({ done: 3, total: 4, unit: 'items', passedMs: 0 })).toBe('75 %, 3 of 4');
    expect(describeAmount({ ...amount, done: 5 * 1024 ** 3, passedMs: 60_000 })).toContain('100 %');
  });

  it('names the step and how many there are', () => {
    const steps = [
      step('a', { state: 'done' }),
      step('b', { state: 'running', progress: bytes(512, 1024) }),
      step('c'),
    ];
    expect(describeOperation(operation(steps), beganMs + 10_000)).toBe(
      '[2/3] Step b: 50 %, 512 B of 1.0 KiB, about 10 s left',
    );
    const noted = [step('a', { state: 'running', note: 'layer 3 of 7' })];
    expect(describeOperation(operation(noted), beganMs)).toBe('[1/1] Step a: layer 3 of 7');
    expect(describeOperation(operation([], { state: 'waiting' }), beganMs)).toContain('waiting for the host');
    expect(describeOperation(operation(noted, { state: 'undoing' }), beganMs)).toContain('Taking back');
  });

  it('rewrites one line for a person, cut to the terminal and made plain', () => {
    const error = stream(true);
    const progress = createOperationProgress(terminalOn(error), () => beganMs);
    progress.show(operation([step('a', { state: 'running', note: `\u001b[1m${'x'.repeat(60)}` })]));
    progress.show(operation([step('a', { state: 'running', note: 'y' })]));
    progress.end();
    const lines = error.text().split('\r\u001b[2K');
    expect(lines).toEqual(['', `[1/1] Step a: \\x1b[1m${'x'.repeat(17)}…`, '[1/1] Step a: y', '']);
  });

  it('writes a line for each step where nobody watches, each once', () => {
    const error = stream(false);
    const progress = createOperationProgress(terminalOn(error), () => beganMs);
    progress.show(operation([step('a', { state: 'running', progress: bytes(1, 2) }), step('b')]));
    progress.show(operation([step('a', { state: 'running', progress: bytes(2, 2) }), step('b')]));
    progress.show(operation([step('a', { state: 'done' }), step('b', { state: 'running' })]));
    progress.show(operation([step('a', { state: 'done' }), step('b')], { state: 'undoing' }));
    progress.end();
    expect(error.text()).toBe('Snapshot of alpha\n  Step a\n  Step b\n  Taking back what was half made\n');
  });

  it('draws a transfer now and then, and nothing where nobody watches', () => {
    let now = 0;
    const [seen, unseen] = [stream(true), stream(false)];
    for (const error of [seen, unseen]) {
      now = 1_000;
      const progress = createTransferProgress(terminalOn(error), 'f', 1024, () => now);
      for (let n = 0; n < 10; n += 1) {
        now += 30;
        progress.add(64);
      }
      progress.end();
    }
    expect(seen.text().split('\r\u001b[2K').length).toBeLessThan(6);
    expect(seen.text()).toContain('f: 6 %, 64 B of 1.0 KiB');
    expect(unseen.text()).toBe('');
  });
});
