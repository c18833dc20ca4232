/**
 * What `npm test` says at its end: what failed and what needed another try, a table of steps, and one last line that a
 * machine reads. Pure.
 */

export type StepOutcome =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed'; readonly reason: string }
  | {
      readonly kind: 'tests';
      readonly passed: number;
      readonly failed: number;
      readonly skipped: number;
      /** Of those that failed or needed another try: file, name and the first lines of what was wrong. */
      readonly wrongs: readonly Wrong[];
    }
  | { readonly kind: 'not-run'; readonly reason: string };

export interface Wrong {
  readonly test: string;
  readonly isFailed: boolean;
  readonly message: string;
}

export interface StepReport {
  readonly name: string;
  readonly outcome: StepOutcome;
  readonly seconds: number;
}

export interface Totals {
  readonly passed: number;
  readonly failed: number;
}

/** The part of vitest's JSON reporter that we read (vitest: packages/vitest/src/node/reporters/json.ts). */
interface VitestReport {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    /** Of a file that never came to its tests. */
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      /** Of every try: a test that passed and has some passed at its second. */
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

/**
 * Counts a ring. A file that failed outside its tests (an import, a hook) counts as one failure: its tests are not in the
 * numbers. A run that vitest itself calls failed never counts as clean.
 */
export function outcomeOfVitest(json: string, exitCode: number): StepOutcome {
  const report = JSON.parse(json) as VitestReport;
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((assertion) => assertion.status === 'failed'),
  );
  const failed = report.numFailedTests + brokenFiles.length;
  const unaccounted = failed === 0 && (exitCode !== 0 || !report.success) ? 1 : 0;
  return {
    kind: 'tests',
    passed: report.numPassedTests,
    failed: failed + unaccounted,
    skipped: report.numPendingTests + report.numTodoTests,
    wrongs: report.testResults.flatMap((file) => [
      ...(brokenFiles.includes(file) ? [wrong(file.name, true, file.message)] : []),
      ...file.assertionResults
        .filter(({ status, failureMessages }) => status === 'failed' || failureMessages.length > 0)
        .map(({ fullName, status, failureMessages }) =>
          wrong(`${file.name} > ${fullName}`, status === 'failed', failureMessages[0] ?? ''),
        ),
    ]),
  };
}

/** Lines of a message that are shown: an assertion's difference has more, and is further up in the output. */
const shownLines = 6;

function wrong(test: string, isFailed: boolean, message: string): Wrong {
  return {
    test: test.replace(/^\/.*?\/(?=test\/)/, ''),
    isFailed,
    message: message.split('\n').slice(0, shownLines).join('\n'),
  };
}

/** What a person looks for first, in one place; empty when nothing went wrong. */
export function formatWrongs(steps: readonly StepReport[]): string {
  const wrongs = steps.flatMap(({ outcome }) => (outcome.kind === 'tests' ? outcome.wrongs : []));
  const part = (title: string, some: readonly Wrong[]) =>
    some.length === 0
      ? []
      : [
          title,
          ...some.map(({ test, message }) => `  ${[test, ...message.split('\n')].join('\n      ')}`),
          '',
        ];
  return [
    ...part(
      'needed another try:',
      wrongs.filter(({ isFailed }) => !isFailed),
    ),
    ...part(
      'failed:',
      wrongs.filter(({ isFailed }) => isFailed),
    ),
  ].join('\n');
}

/** Tests count themselves; a check that fails (types, lint, …) counts as one failure, one that passes as nothing. */
export function totalsOf(steps: readonly StepReport[]): Totals {
  let passed = 0;
  let failed = 0;
  for (const { outcome } of steps) {
    if (outcome.kind === 'tests') {
      passed += outcome.passed;
      failed += outcome.failed;
    } else if (outcome.kind === 'failed') failed += 1;
  }
  return { passed, failed };
}

function describe(outcome: StepOutcome): string {
  switch (outcome.kind) {
    case 'passed':
      return 'ok';
    case 'failed':
      return `FAILED: ${outcome.reason}`;
    case 'not-run':
      return `not run: ${outcome.reason}`;
    case 'tests': {
      const skipped = outcome.skipped > 0 ? `, ${outcome.skipped} skipped` : '';
      return `${outcome.failed > 0 ? 'FAILED: ' : ''}${outcome.passed} passed, ${outcome.failed} failed${skipped}`;
    }
  }
}

export function formatTable(steps: readonly StepReport[]): string {
  const width = Math.max(4, ...steps.map(({ name }) => name.length));
  const rows = steps.map(({ name, outcome, seconds }) => {
    const [first = '', ...more] = describe(outcome).trimEnd().split('\n');
    const indent = ' '.repeat(width + 12);
    return [
      `${name.padEnd(width)}  ${seconds.toFixed(1).padStart(7)}s  ${first}`,
      ...more.map((line) => indent + line),
    ];
  });
  return [`${'step'.padEnd(width)}  seconds   result`, ...rows.flat()].join('\n');
}

export function lastLine({ passed, failed }: Totals): string {
  return `berth: ${passed} passed, ${failed} failed`;
}

/** 0 only when nothing failed, something passed, and nothing was left out (or leaving out was allowed). */
export function exitCodeOf(steps: readonly StepReport[], allowMissing: boolean): number {
  const { passed, failed } = totalsOf(steps);
  const leftOut = steps.some(({ outcome }) => outcome.kind === 'not-run');
  return failed > 0 || passed === 0 || (leftOut && !allowMissing) ? 1 : 0;
}
