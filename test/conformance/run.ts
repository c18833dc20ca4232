/**
 * `npm run conformance`, once for a plain terminal and once for one that tmux keeps: what vttest shows in a Berth terminal beside what it shows in bare xterm.js, and, where a person
 * gives a checkout of esctest2, which of its tests pass in each. Exit code 1 for a difference without an explanation, and
 * for an explanation that nothing needs any more.
 */
import { parseArgs } from 'node:util';
import { ensureRequirements } from '../servers/requirements.ts';
import { openConformanceWorld } from './conformance-world.ts';
import { compareEsctest, copyEsctest, countVerdicts, esctestSize } from './esctest.ts';
import {
  type Explanation,
  explainedScreens,
  explainedScreensUnderTmux,
  explainedTests,
  explainedTestsUnderTmux,
  sortDifferences,
} from './explained.ts';
import { differences, runVttest, type Screen } from './vttest.ts';

const usage = `npm run conformance -- [--esctest FOLDER [--only esctest]] [--list]
  --esctest FOLDER  a checkout of esctest2 (ThomasDickey/esctest2 on GitHub; GPL-2, so it is not part of Berth)
  --only esctest    without vttest
  --list            also names the tests of esctest that fail in both
`;

const wordOf = (isKept: boolean) => (isKept ? 'under tmux' : 'plain');

/** Prints what differs and why; true when each difference has a reason and each reason a difference. */
function judge<T>(
  found: readonly T[],
  nameOf: (item: T) => string,
  wordsOf: (item: T) => string,
  explanations: readonly Explanation[],
): boolean {
  const { explained, unexplained, idle } = sortDifferences(found, nameOf, explanations);
  for (const { item, why } of explained)
    console.log(`explained: ${nameOf(item)}: ${wordsOf(item)}\n  ${why}`);
  for (const item of unexplained) console.log(`UNEXPLAINED: ${nameOf(item)}: ${wordsOf(item)}`);
  for (const { where } of idle) console.log(`NEEDED BY NOTHING: ${where.source}`);
  return unexplained.length === 0 && idle.length === 0;
}

async function vttest(isKept: boolean): Promise<boolean> {
  await using world = await openConformanceWorld('vttest', { cols: 80, rows: 24 }, isKept);
  const screens: Screen[] = [];
  for await (const screen of runVttest(world)) screens.push(screen);
  const different = screens.filter((screen) => differences(screen).length > 0);
  console.log(
    `vttest, ${wordOf(isKept)}: ${screens.length} screens, ${screens.length - different.length} alike in Berth and in bare xterm.js`,
  );
  const wordsOf = (screen: Screen) => differences(screen).join('; ');
  return judge(
    different,
    ({ name }) => name,
    wordsOf,
    isKept ? [...explainedScreens, ...explainedScreensUnderTmux] : explainedScreens,
  );
}

async function esctest(folder: string, isListing: boolean, isKept: boolean): Promise<boolean> {
  await using world = await openConformanceWorld('esctest', esctestSize, isKept);
  const { host } = world.world;
  const names = await copyEsctest(host, folder);
  const { berth, bare, differences: different } = await compareEsctest(host, world, names);
  for (const [name, report] of [
    [`Berth, ${wordOf(isKept)}`, berth],
    ['bare xterm.js', bare],
  ] as const) {
    const counts = countVerdicts(report);
    console.log(
      `esctest, ${name}: ${counts.passed} passed, ${counts['known bug']} known bugs, ${counts.failed} failed, ${counts.skipped} skipped, of ${report.size}`,
    );
  }
  if (isListing)
    for (const [name, { verdict, reason }] of bare)
      if (verdict === 'failed' && berth.get(name)?.verdict === 'failed')
        console.log(`fails in both: ${name}: ${reason}`);
  return judge(
    different,
    ({ name }) => name,
    (one) =>
      `${one.berth.verdict} in Berth (${one.berth.reason}), ${one.bare.verdict} in bare xterm.js (${one.bare.reason})`,
    isKept ? [...explainedTests, ...explainedTestsUnderTmux] : explainedTests,
  );
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      esctest: { type: 'string' },
      only: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  await ensureRequirements(['remote-host', 'chromium', 'conformance']);
  let isAlike = true;
  for (const isKept of [false, true]) {
    if (values.only !== 'esctest') isAlike = (await vttest(isKept)) && isAlike;
    if (values.esctest !== undefined)
      isAlike = (await esctest(values.esctest, values.list, isKept)) && isAlike;
  }
  return isAlike ? 0 : 1;
}

process.exitCode = await main();
