import { describe, expect, test } from 'vitest';
import {
  exitCodeOf,
  formatTable,
  lastLine,
  outcomeOfVitest,
  type StepReport,
  totalsOf,
} from './run-report.ts';

const vitestJson = (report: object) =>
  JSON.stringify({
    success: true,
    numPassedTests: 0,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    testResults: [],
    ...report,
  });

const step = (name: string, outcome: StepReport['outcome']): StepReport => ({ name, outcome, seconds: 1.25 });

describe('outcomeOfVitest', () => {
  test('takes the numbers', () => {
    const json = vitestJson({ numPassedTests: 7, numPendingTests: 1, numTodoTests: 1 });
    expect(outcomeOfVitest(json, 0)).toEqual({ kind: 'tests', passed: 7, failed: 0, skipped: 2 });
  });

  test('counts a file that never came to its tests as a failure', () => {
    const testResults = [
      { status: 'failed', assertionResults: [] },
      { status: 'failed', assertionResults: [{ status: 'failed' }, { status: 'passed' }] },
      { status: 'passed', assertionResults: [{ status: 'passed' }] },
    ];
    const json = vitestJson({ success: false, numPassedTests: 2, numFailedTests: 1, testResults });
    expect(outcomeOfVitest(json, 1)).toMatchObject({ passed: 2, failed: 2 });
  });

  test('never calls a run clean that vitest called failed (an unhandled rejection, no test found)', () => {
    expect(outcomeOfVitest(vitestJson({ numPassedTests: 3 }), 1)).toMatchObject({ passed: 3, failed: 1 });
    expect(outcomeOfVitest(vitestJson({ success: false }), 0)).toMatchObject({ failed: 1 });
  });
});

describe('the end of a run', () => {
  const clean = [
    step('types', { kind: 'passed' }),
    step('unit tests', { kind: 'tests', passed: 3, failed: 0, skipped: 0 }),
  ];

  test('sums tests, and adds one for each failed check', () => {
    const steps = [...clean, step('lint', { kind: 'failed', reason: 'exit code 1' })];
    expect(lastLine(totalsOf(clean))).toBe('berth: 3 passed, 0 failed');
    expect(lastLine(totalsOf(steps))).toBe('berth: 3 passed, 1 failed');
  });

  test('exits with 0 only when all ran and none failed', () => {
    expect(exitCodeOf(clean, false)).toBe(0);
    expect(exitCodeOf([...clean, step('lint', { kind: 'failed', reason: 'x' })], true)).toBe(1);
    expect(
      exitCodeOf([...clean, step('e2e', { kind: 'tests', passed: 1, failed: 1, skipped: 0 })], true),
    ).toBe(1);
    expect(exitCodeOf([step('types', { kind: 'passed' })], false)).toBe(1);
    const leftOut = [...clean, step('integration tests', { kind: 'not-run', reason: 'needs root' })];
    expect(exitCodeOf(leftOut, false)).toBe(1);
    expect(exitCodeOf(leftOut, true)).toBe(0);
  });

  test('shows every step with its seconds and reason', () => {
    const table = formatTable([
      ...clean,
      step('integration tests', { kind: 'not-run', reason: 'needs root' }),
    ]);
    expect(table.split('\n')).toEqual([
      'step               seconds   result',
      'types                  1.3s  ok',
      'unit tests             1.3s  3 passed, 0 failed',
      'integration tests      1.3s  not run: needs root',
    ]);
  });
});
