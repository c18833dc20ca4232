/**
 * A terminal in each state in Chromium on a fixture plane: what is true of it is said in words, under the screen and in the
 * status bar; nothing is cut off on a phone; axe finds nothing serious.
 */
import type { Page } from 'playwright';
import { describe, expect, it, vi } from 'vitest';
import { uiPolicy } from '#main/ui-files.ts';
import { seriousFindings } from './fixture/axe.ts';
import { fixtureStage } from './fixture/fixture-stage.ts';
import './fixture/fixture-window.ts';
import { terminalRef, terminalStates } from './terminal-scenes.ts';

type State = keyof typeof terminalStates;

// The policy of the served app: xterm.js makes style elements of its own.
const stage = fixtureStage({ policy: uiPolicy([]) });
let page: Page;

async function show(
  state: State,
  { scene = 'terminals', width = 1024 }: { scene?: string; width?: number } = {},
) {
  page = await stage.show(scene, { width });
  await open(state);
}
async function open(state: State): Promise<void> {
  await page.evaluate((ref) => window.fixture.app.view.actions.open(ref as never), terminalRef(state));
  await page.locator('.xterm:visible').waitFor();
}

const line = () => page.getByRole('tabpanel').getByRole('status').and(page.locator(':visible'));
const statusItem = () => page.getByRole('button', { name: /^State of this terminal:/ });
/** What the line under the screen says. */
const said: readonly (readonly [State, RegExp])[] = [
  ['lost', /^Lost since .*, retrying in \d+\u00a0s.*The last 37\u00a0bytes typed may not have arrived$/],
  ['waiting', /^Lost since .*, waiting for a network.*The last 65,536\u00a0bytes typed/],
  ['behind', /^Catching up, 12\.0\u00a0MiB behindSkip to the end$/],
  ['silent', /^No answer since \d\d:\d\d$/],
  ['back', /^Re-attached$/],
  ['ended', /^Ended with exit code 137.*Open again$/],
  ['gone', /^Ended.*is gone\..*Open again$/],
];

describe('axe, dark and light', () => {
  it('finds nothing serious, whatever a terminal is', async () => {
    await show('live');
    const states = Object.keys(terminalStates) as State[];
    // What lasts for a moment comes first.
    for (const state of ['back' as const, ...states.filter((one) => one !== 'back')]) {
      await open(state);
      const words = said.find(([name]) => name === state)?.[1];
      if (words) await line().filter({ hasText: words }).waitFor();
      expect([state, await seriousFindings(page)]).toEqual([state, []]);
    }
    await page.locator('.xterm:visible').click();
    await open('refused');
    await page.locator('.xterm:visible').click();
    await page.keyboard.type('x');
    await page.getByText(/^Not sent/).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
  });
});

describe('under the screen', () => {
  it.each(said)(
    'a terminal that is %s says so, and nothing of it is cut off on a phone',
    async (state, words) => {
      await show(state, { width: 480 });
      await line().filter({ hasText: words }).waitFor();
      const cut = await line().evaluate((element) =>
        [element, ...element.querySelectorAll('*')]
          .filter(
            (one) => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== 'inline',
          )
          .map((one) => one.textContent),
      );
      expect(cut).toEqual([]);
      const bar = await page
        .getByRole('contentinfo')
        .evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth);
      expect(bar).toBe(0);
    },
  );

  it('a terminal that is simply live says nothing', async () => {
    await show('live');
    await statusItem()
      .filter({ hasText: /Live.*ms/ })
      .waitFor();
    expect(await line().count()).toBe(0);
  });

  it('one that came back says so only for a while', async () => {
    await show('back');
    await line().filter({ hasText: 'Re-attached' }).waitFor();
    await vi.waitFor(async () => expect(await line().count()).toBe(0), { timeout: 15_000, interval: 200 });
  });

  it('a refused key is told, then the line is what it was', async () => {
    await show('refused');
    await page.locator('.xterm:visible').click();
    await page.keyboard.type('x');
    await line()
      .filter({ hasText: /Not sent/ })
      .waitFor();
    await line()
      .filter({ hasText: /The last key may not have arrived/ })
      .waitFor();
    expect(await page.evaluate(() => window.fixture.plane.calls.map(({ method }) => method))).not.toContain(
      'terminals.dropBacklog',
    );
  });
});

describe('in the status bar', () => {
  it('says that a terminal is lost once, beside its host', async () => {
    await show('lost');
    await statusItem()
      .filter({ hasText: /:Lost$/ })
      .waitFor();
    const text = await page.getByRole('contentinfo').innerText();
    expect(text.match(/retrying in/g)).toHaveLength(1);
  });

  it('says that a terminal ends with its connection, and so does its tab', async () => {
    await show('plain');
    await page.getByRole('button', { name: 'Ends with the connection' }).hover();
    await page.getByText('tmux is not installed on its host.').first().waitFor();
    await page.getByRole('tab', { name: /bash.*ends with the connection/ }).waitFor();
    await open('live');
    expect(await page.getByRole('button', { name: 'Ends with the connection' }).count()).toBe(0);
  });

  it('says on hover where the time goes', async () => {
    await show('live');
    await statusItem().filter({ hasText: 'ms' }).hover();
    await page.getByText(/there and back: .* to the host/).waitFor();
  });
});

describe('terminals that were found', () => {
  it('are told of once, together, and shown by a button', async () => {
    await show('live', { scene: 'found' });
    await page.getByText('3 terminals still run that no tab shows').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await expect.poll(() => page.getByRole('tab', { name: /bash/ }).count()).toBe(4);
  });
});
