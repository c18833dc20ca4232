/** The bands above the window, in Chromium: what the plane has to tell since its start, and that nothing can be changed. */
import type { Page } from 'playwright';
import { expect, it } from 'vitest';
import { fixtureStage } from '../../fixture/fixture-stage.ts';
import '../../fixture/fixture-window.ts';

const restored =
  'The database was damaged and was replaced by its backup of 1 November. The damaged file is in /data/damaged.';
const newer = 'The data is from a newer Berth.';

const stage = fixtureStage();
let page: Page;

async function show(scene: string) {
  page = await stage.show(scene);
}

/** As the plane's next `about.get` says it. */
const tell = (notice: string | null) =>
  page.evaluate((text) => {
    const { about } = window.fixture.app.mirror;
    const state = about.getState();
    if (!state.value) throw new Error('the fixture plane has not said what it is');
    about.setState({ ...state, value: { ...state.value, notice: text } });
  }, notice);
const bands = () => page.getByRole('status').filter({ hasText: /Berth|database/ });

it('shows a notice until it is closed, and another one anew', async () => {
  await show('usual');
  await expect.poll(() => bands().count()).toBe(0);
  await tell(restored);
  await page.getByText(restored).waitFor();
  // A later answer of the plane says the same, and it was not read yet.
  await tell(restored);
  await page.getByRole('button', { name: 'Close this notice' }).click();
  await expect.poll(() => page.getByText(restored).count()).toBe(0);
  await tell(restored);
  await expect.poll(() => page.getByText(restored).count()).toBe(0);
  await tell('The log could not be written.');
  await page.getByText('The log could not be written.').waitFor();
});

it('counts down to the next try of a host that is lost, below and on its page', async () => {
  await show('work');
  await page.evaluate(() =>
    window.fixture.app.view.actions.open({ type: 'host', hostId: 'host_00000000000000000002' }),
  );
  const words = /lost since \d\d:\d\d, retrying in \d+\u00a0s/i;
  const shown = page.getByText(words);
  await expect.poll(() => shown.count()).toBe(2);
  const left = async () => Number(/in (\d+)/.exec(await shown.first().innerText())?.[1]);
  const before = await left();
  // It changes once a second; the usual limit is one second as well.
  await expect.poll(left, { timeout: 10_000 }).toBeLessThan(before);
});

it('shows a notice beside the fact that nothing can be changed, and beside a lost connection', async () => {
  await show('readonly');
  await page.getByText(newer).waitFor();
  await tell(restored);
  await page.getByText(restored).waitFor();
  await page.evaluate(() => window.fixture.plane.setConnection({ phase: 'lost', retryAtMs: null } as never));
  await page.getByText('The connection to Berth was lost.').waitFor();
  expect(await page.getByText(newer).count()).toBe(1);
  expect(await page.getByText(restored).count()).toBe(1);
});
