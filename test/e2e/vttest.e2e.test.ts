/**
 * What vttest shows in a Berth terminal is what it shows in bare xterm.js: the same characters, drawn alike, the cursor at
 * the same place, after every screen. Both run in one browser, on one host, in step.
 */
import { expect, it } from 'vitest';
import { openConformanceWorld } from '../conformance/conformance-world.ts';
import { explainedScreens, explainedScreensUnderTmux, sortDifferences } from '../conformance/explained.ts';
import { differences, runVttest, type Screen } from '../conformance/vttest.ts';
import { ensureRequirements } from '../servers/requirements.ts';

// Two hundred and fifty screens in two terminals.
it('shows vttest as bare xterm.js does', { timeout: 400_000 }, async () => {
  await ensureRequirements(['conformance']);
  await using world = await openConformanceWorld('vttest', { cols: 80, rows: 24 }, true);
  const screens: Screen[] = [];
  for await (const screen of runVttest(world)) screens.push(screen);
  expect(screens.length).toBeGreaterThan(200);
  // A blank screen is like any other: these must show what they are about.
  const text = screens.map(({ berth }) => berth.text.join('\n')).join('\n');
  for (const word of ['EEEEEEEE', 'magenta', '┘┐┌└┼', 'DECRQSS', 'accordion']) expect(text).toContain(word);
  const different = screens.filter((screen) => differences(screen).length > 0);
  const { unexplained } = sortDifferences(different, ({ name }) => name, [
    ...explainedScreens,
    ...explainedScreensUnderTmux,
  ]);
  expect(unexplained.map((screen) => [screen.name, ...differences(screen)])).toEqual([]);
});
