/**
 * Runs esctest in a terminal under test and reads what came of each of its tests. Its code (GPL-2) stays in the folder that
 * a person gives and on the throw-away host; nothing of it is ours.
 */
import { cp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RemoteHost } from '../servers/remote-host.ts';
import { waitUntil } from '../servers/wait-until.ts';
import { instrument } from './instrument.ts';
import type { Side } from './side.ts';

export type Verdict = 'passed' | 'failed' | 'known bug' | 'skipped';

export interface EsctestResult {
  readonly verdict: Verdict;
  /** The last line of a failure's own words. */
  readonly reason: string;
}

export type EsctestReport = ReadonlyMap<string, EsctestResult>;

/** What esctest resizes its terminal to, and what it takes for granted where it cannot. */
export const esctestSize = { cols: 80, rows: 25 } as const;
/** Seconds for an answer. Many queries of esctest are never answered by xterm.js: it is what a run takes its time with. */
const answerTimeout = 0.5;
/** For the tests that differed: a busy machine must not look like a difference. */
const patientAnswerTimeout = 3;
const runTimeoutMs = 20 * 60_000;
const remoteFolder = '/root/esctest';

/** Brings it to the host and resolves with the names of all its tests. */
export async function copyEsctest(host: RemoteHost, folder: string): Promise<string[]> {
  await readFile(join(folder, 'esctest', 'esctest.py')).catch((error: unknown) => {
    throw new Error(`${folder} is no checkout of esctest2`, { cause: error });
  });
  await cp(folder, host.pathOnThisMachine(remoteFolder), { recursive: true });
  // It has no list of them, but it names each that it runs: here in a terminal that answers nothing.
  const log = '/root/esctest-names.log';
  const flags = ['--max-vt-level=4', '--no-print-logs', '--timeout=0.001', `--logfile=${log}`];
  const command = ['python3', `${remoteFolder}/esctest/esctest.py`, ...flags].join(' ');
  await host.runChecked(['script', '--quiet', '--return', '--command', command, '/dev/null'], {
    timeoutMs: 120_000,
  });
  return [...readLog(await readFile(host.pathOnThisMachine(log), 'utf8')).keys()];
}

/** A process for each test: it begins by throwing away what its terminal still holds for an earlier one. */
export async function runEsctest(
  host: RemoteHost,
  side: Side,
  names: readonly string[],
  { isPatient = false } = {},
): Promise<EsctestReport> {
  await instrument(side.page, 'answerChecksums');
  const file = (suffix: string) => `/root/esctest-${side.name}.${suffix}`;
  const flags = [
    '--expected-terminal=xterm',
    '--xterm-checksum=334',
    '--max-vt-level=4',
    '--no-print-logs',
    `--timeout=${isPatient ? patientAnswerTimeout : answerTimeout}`,
    `--logfile=${file('one')}`,
  ];
  const script = [
    `cd ${remoteFolder}/esctest`,
    'while read -r name <&3; do',
    `  python3 esctest.py ${flags.join(' ')} --include="^$name\\$"`,
    `  cat ${file('one')} >>${file('log')}`,
    `done 3<${file('names')}`,
    'stty sane',
    `: >${file('end')}`,
  ];
  for (const suffix of ['log', 'end']) await rm(host.pathOnThisMachine(file(suffix)), { force: true });
  await host.writeFile(file('names'), `${names.join('\n')}\n`);
  await host.writeFile(file('sh'), `${script.join('\n')}\n`);
  await side.shell(`sh ${file('sh')}`);
  await waitUntil(async () => (await readFile(host.pathOnThisMachine(file('end')))).length === 0, {
    what: `esctest ends in ${side.name}`,
    timeoutMs: runTimeoutMs,
    intervalMs: 100,
  });
  return readLog(await readFile(host.pathOnThisMachine(file('log')), 'utf8'));
}

export function readLog(text: string): EsctestReport {
  const results = new Map<string, EsctestResult>();
  for (const part of text.split(/^Run test: /m).slice(1)) {
    // Up to the sum at the end of a process: what follows is the next one's.
    const [name = '', ...lines] = (part.split(/^\*\*\* \d/m)[0] ?? '').split('\n');
    const body = lines.join('\n');
    const verdict: Verdict = body.includes('*** TEST ')
      ? 'failed'
      : /^Fails as expected/m.test(body)
        ? 'known bug'
        : /^Skipped/m.test(body)
          ? 'skipped'
          : 'passed';
    const traceback = body.split('*** TEST ')[1]?.trimEnd().split('\n') ?? [];
    const reason = traceback.filter((line) => /^\S/.test(line)).at(-1) ?? '';
    results.set(name, { verdict, reason: verdict === 'failed' ? reason : '' });
  }
  return results;
}

export interface TestDifference {
  readonly name: string;
  readonly berth: EsctestResult;
  readonly bare: EsctestResult;
}

const absent: EsctestResult = { verdict: 'skipped', reason: 'did not run' };

export function compareReports(berth: EsctestReport, bare: EsctestReport): TestDifference[] {
  const names = [...new Set([...bare.keys(), ...berth.keys()])];
  return names
    .map((name) => ({ name, berth: berth.get(name) ?? absent, bare: bare.get(name) ?? absent }))
    .filter((one) => one.berth.verdict !== one.bare.verdict);
}

/** Both sides at once; what differs is asked again, with patience. */
export async function compareEsctest(
  host: RemoteHost,
  sides: { readonly berth: Side; readonly bare: Side },
  names: readonly string[],
) {
  const [berth, bare] = await Promise.all([
    runEsctest(host, sides.berth, names),
    runEsctest(host, sides.bare, names),
  ]);
  const different = compareReports(berth, bare).map(({ name }) => name);
  if (different.length === 0) return { berth, bare, differences: [] };
  const [berthAgain, bareAgain] = await Promise.all([
    runEsctest(host, sides.berth, different, { isPatient: true }),
    runEsctest(host, sides.bare, different, { isPatient: true }),
  ]);
  const settled = { berth: new Map([...berth, ...berthAgain]), bare: new Map([...bare, ...bareAgain]) };
  return { ...settled, differences: compareReports(settled.berth, settled.bare) };
}

export function countVerdicts(report: EsctestReport): Readonly<Record<Verdict, number>> {
  const counts = { passed: 0, failed: 0, 'known bug': 0, skipped: 0 };
  for (const { verdict } of report.values()) counts[verdict] += 1;
  return counts;
}
