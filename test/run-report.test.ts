import { describe, expect, test } from 'vitest';
import {
  exitCodeOf,
  formatTable,
  formatWrongs,
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

const assertion = (status: string, failureMessages: readonly string[] = []) => ({
  status,
  fullName: `what ${status}`,
  failureMessages,
});
const file = (name: string, status: string, assertionResults: readonly object[]) => ({
  name,
  status,
  message: `${name} did not load`,
  assertionResults,
});

const step = (name: string, outcome: StepReport['outcome']): StepReport => ({ name, outcome, seconds: 1.25 });

describe('outcomeOfVitest', () => {
  test('takes the numbers', () => {
    const json = vitestJson({ numPassedTests: 7, numPendingTests: 1, numTodoTests: 1 });
    expect(outcomeOfVitest(json, 0)).toEqual({
      kind: 'tests',
      passed: 7,
      failed: 0,
      skipped: 2,
      wrongs: [],
    });
  });

  test('counts a file that never came to its tests as a failure', () => {
    const testResults = [
      file('a.test.ts', 'failed', []),
      file('b.test.ts', 'failed', [assertion('failed'), assertion('passed')]),
      file('c.test.ts', 'passed', [assertion('passed')]),
    ];
    const json = vitestJson({ success: false, numPassedTests: 2, numFailedTests: 1, testResults });
    expect(outcomeOfVitest(json, 1)).toMatchObject({ passed: 2, failed: 2 });
  });

  test('names what failed, what never came to its tests, and what needed another try', () => {
    const long = Array.from({ length: 20 }, (_, index) => `line ${index}`).join('\n');
    const json = vitestJson({
      success: false,
      numPassedTests: 2,
      numFailedTests: 1,
      testResults: [
        file('a.test.ts', 'failed', []),
        file('b.test.ts', 'failed', [assertion('failed', [long]), assertion('passed')]),
        file('c.test.ts', 'passed', [assertion('passed', ['it was late'])]),
      ],
    });
    const text = formatWrongs([step('integration tests', outcomeOfVitest(json, 1))]);
    expect(text.split('\n')).toEqual([
      'needed another try:',
      '  c.test.ts > what passed',
      '      it was late',
      '',
      'failed:',
      '  a.test.ts',
      '      a.test.ts did not load',
      '  b.test.ts > what failed',
      ...[0, 1, 2, 3, 4, 5].map((line) => `      line ${line}`),
      '',
    ]);
    expect(formatWrongs([step('types', { kind: 'passed' })])).toBe('');
  });

  test('never calls a run clean that vitest called failed (an unhandled rejection, no test found)', () => {
    expect(outcomeOfVitest(vitestJson({ numPassedTests: 3 }), 1)).toMatchObject({ passed: 3, failed: 1 });
    expect(outcomeOfVitest(vitestJson({ success: false }), 0)).toMatchObject({ failed: 1 });
  });
});

describe('the end of a run', () => {
  const clean = [
    step('types', { kind: 'passed' }),
    step('unit tests', { kind: 'tests', passed: 3, failed: 0, skipped: 0, wrongs: [] }),
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
      exitCodeOf(
        [...clean, step('e2e', { kind: 'tests', passed: 1, failed: 1, skipped: 0, wrongs: [] })],
        true,
      ),
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
