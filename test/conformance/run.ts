/**
 * `npm run conformance`: what vttest shows in a Berth terminal beside what it shows in bare xterm.js, and, where a person
 * gives a checkout of esctest2, which of its tests pass in each. Exit code 1 for a difference without an explanation, and
 * for an explanation that nothing needs any more.
 */
import { parseArgs } from 'node:util';
import { ensureRequirements } from '../servers/requirements.ts';
import { openConformanceWorld } from './conformance-world.ts';
import { compareEsctest, copyEsctest, countVerdicts, esctestSize } from './esctest.ts';
import { type Explanation, explainedScreens, explainedTests, sortDifferences } from './explained.ts';
import { differences, runVttest, type Screen } from './vttest.ts';

const usage = `npm run conformance -- [--esctest FOLDER [--only esctest]] [--list]
  --esctest FOLDER  a checkout of esctest2 (ThomasDickey/esctest2 on GitHub; GPL-2, so it is not part of Berth)
  --only esctest    without vttest
  --list            also names the tests of esctest that fail in both
`;

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

async function vttest(): Promise<boolean> {
  await using world = await openConformanceWorld('vttest', { cols: 80, rows: 24 });
  const screens: Screen[] = [];
  for await (const screen of runVttest(world)) screens.push(screen);
  const different = screens.filter((screen) => differences(screen).length > 0);
  console.log(
    `vttest: ${screens.length} screens, ${screens.length - different.length} alike in Berth and in bare xterm.js`,
  );
  const wordsOf = (screen: Screen) => differences(screen).join('; ');
  return judge(different, ({ name }) => name, wordsOf, explainedScreens);
}

async function esctest(folder: string, isListing: boolean): Promise<boolean> {
  await using world = await openConformanceWorld('esctest', esctestSize);
  const { host } = world.world;
  const names = await copyEsctest(host, folder);
  const { berth, bare, differences: different } = await compareEsctest(host, world, names);
  for (const [name, report] of [
    ['Berth', berth],
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
    explainedTests,
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
  const isAlike = values.only === 'esctest' || (await vttest());
  const passesAlike = values.esctest === undefined || (await esctest(values.esctest, values.list));
  return isAlike && passesAlike ? 0 : 1;
}

process.exitCode = await main();
