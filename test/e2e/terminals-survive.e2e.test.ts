/**
 * What a person sees of a terminal that outlives its connection: the words while it is away, keys that are refused, the
 * screen that is there again, after a cut, a reload, a frozen and a killed Berth. Real host, real tmux, real Chromium.
 */
import type { Page } from 'playwright';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { waitUntil } from '../servers/wait-until.ts';
import { openTerminalWorld, type TerminalScreen, type TerminalWorld } from './terminal-window.ts';

let world: TerminalWorld;
let screen: TerminalScreen;
let page: Page;

beforeAll(async () => {
  world = await openTerminalWorld('quay');
  screen = world.screen;
  page = world.window.page;
});
afterAll(() => world?.[Symbol.asyncDispose]());
afterEach(() => screen?.closeAll());

/** Longer than the keep-alives of both ends and the window's own patience. A person may wait longer: in seconds. */
const stoppedMs = Number(process.env.BERTH_TEST_STOP_SECONDS ?? '20') * 1_000;

const stateLine = () => page.locator('[role=tabpanel]:not([inert]) [role=status]');
const statusBar = () => page.locator('[data-part=terminal-state]');
/** As a network that comes and goes: the page tells of it, and nobody has to wait for a timer. */
const wake = () => page.evaluate(() => window.dispatchEvent(new Event('online')));
/** Every line of a counter that is on the screen, in order. */
const numbers = async () =>
  [...(await screen.text()).matchAll(/line (\d+)\./g)].map(([, number]) => Number(number));

async function expectWhole(last: number): Promise<void> {
  const seen = await numbers();
  expect(seen.length).toBeGreaterThan(10);
  expect(seen.at(-1)).toBe(last);
  expect(seen.every((number, index) => index === 0 || number === (seen[index - 1] as number) + 1)).toBe(true);
}

const count = (last: number) => `for i in $(seq ${last}); do echo "line $i."; sleep 0.02; done; echo do''ne`;

describe('a terminal whose connection is cut', () => {
  it('says so, refuses keys with a mark, and goes on where it was', async () => {
    await screen.open();
    await statusBar().getByText('Live').waitFor();
    await statusBar()
      .getByText(/\d\sms/)
      .waitFor({ timeout: 15_000 });
    await screen.run(count(600));
    await screen.sees('line 20.');
    await world.host.blackhole();
    await wake();
    await stateLine()
      .getByText(/Lost since \d\d:\d\d, (retrying in \d+\ss|trying now)/)
      .waitFor({ timeout: 20_000 });
    await page.keyboard.type('x');
    await stateLine().getByText('Not sent').waitFor();
    await world.host.heal();
    await wake();
    await stateLine().getByText('Re-attached').waitFor({ timeout: 30_000 });
    await stateLine().getByText('Re-attached').waitFor({ state: 'detached', timeout: 15_000 });
    await screen.sees(/done\n/, 30_000);
    await expectWhole(600);
    // The refused key is nowhere.
    expect((await screen.rows()).filter(Boolean).at(-1)).toBe('$');
  });

  it('tells where the time of a round trip goes', async () => {
    await screen.open();
    await statusBar()
      .getByText(/\d\sms/)
      .waitFor({ timeout: 15_000 });
    await statusBar().hover();
    await page
      .getByText(/there and back: .* between window and Berth, .* to the host, .* in its session/)
      .first()
      .waitFor();
  });
});

describe('a window that is loaded again', () => {
  it('has screen, scrollback and the alternate screen of a program', async () => {
    await screen.open();
    await screen.run("seq -f 'line %.0f.' 1 200");
    await screen.sees('line 200.');
    await screen.run("printf '\\033[31mred\\033[0m\\n'; seq 500 | less");
    await screen.sees(/^1\n2\n3\n/);
    await page.reload();
    await screen.sees(/^1\n2\n3\n/);
    await screen.hasKeyboard();
    await page.keyboard.type('q');
    await screen.hasPrompt();
    await screen.sees('red');
    await page.keyboard.press('Shift+PageUp');
    await screen.sees('line 150.');
  });
});

describe('a Berth that was killed', () => {
  it('has its tabs, splits, titles and shells again when it is started', async () => {
    await screen.open();
    await screen.run("printf '\\033]2;my build\\007'; cat");
    await screen.frontTab.getByText('my build').waitFor();
    await screen.open('Split terminal to the right');
    await screen.run(count(300));
    await screen.sees('line 20.');
    const size = await page.evaluate(() => document.querySelectorAll('.terminal-holder').length);
    await world.berth.kill();
    await world.berth.restart();
    await waitUntil(async () => (await screen.shown.count()) === size, {
      what: 'both halves are there',
      timeoutMs: 30_000,
    });
    await screen.frontTab.first().waitFor();
    await page.getByText('my build').first().waitFor({ timeout: 30_000 });
    await screen.sees(/done\n/, 40_000);
    await expectWhole(300);
    // The keyboard still is where it was, and both shells live.
    await screen.run('echo typed-$((40+2))');
    await screen.sees('typed-42');
  });

  it.each([
    ['plain output', count(1500), 1500],
    ['a flood', `seq -f 'line %.0f.' 2000000; echo do''ne`, 2_000_000],
  ])(
    'goes on after it stood still for longer than any time-out, during %s',
    async (_what, command, last) => {
      await screen.open();
      await screen.run(command);
      await screen.sees(/line \d\d+\./);
      process.kill(world.berth.pid, 'SIGSTOP');
      try {
        await new Promise((resolve) => setTimeout(resolve, stoppedMs));
      } finally {
        process.kill(world.berth.pid, 'SIGCONT');
      }
      await screen.sees(/done\n/, 90_000);
      await expectWhole(last);
      await screen.run('echo typed-$((40+3))');
      await screen.sees('typed-43', 60_000);
    },
    stoppedMs + 240_000,
  );
});

describe('a flood', () => {
  it('is said to be behind, and ends at once at Ctrl+C', async () => {
    await screen.open();
    await screen.run('yes "$(seq -s, 30)"');
    await screen.sees(/1,2,3.*\n1,2,3/);
    await stateLine()
      .getByText(/Catching up, .* behind/)
      .waitFor({ timeout: 20_000 });
    await page.keyboard.press('Control+C');
    await screen.hasPrompt();
    await stateLine()
      .getByText(/Catching up/)
      .waitFor({ state: 'detached' });
  });
});
