/** Terminals as a person uses them every day, on a real host through the real served window. */
import type { Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { waitUntil } from '../servers/wait-until.ts';
import { seriousInThisTheme } from '../src-renderer/fixture/axe.ts';
import { openTerminalWorld, type TerminalScreen, type TerminalWorld } from './terminal-window.ts';

let world: TerminalWorld;
let screen: TerminalScreen;
let page: Page;

beforeAll(async () => {
  world = await openTerminalWorld('harbour');
  screen = world.screen;
  page = world.window.page;
});
afterAll(() => world?.[Symbol.asyncDispose]());
beforeEach(async () => {
  complained = world.window.complaints.length;
  await screen.open();
});
afterEach(async () => {
  await screen?.closeAll();
  expect(world.window.complaints.slice(complained)).toEqual([]);
});
let complained = 0;

const dialog = () => page.getByRole('alertdialog');

describe('a terminal', () => {
  it('runs what is typed and shows what came of it', async () => {
    expect(await screen.ask('echo "$TERM $COLORTERM $(hostname)"')).toBe('xterm-256color truecolor harbour');
  });

  it('tells the program when the window changes its size', async () => {
    const size = async () => (await screen.ask('stty size')).split(' ').map(Number);
    // A new terminal is told its size once the window has drawn it.
    const [rows = 0, cols = 0] = await waitUntil(
      async () => {
        const now = await size();
        return (await screen.rows()).length === now[0] ? now : undefined;
      },
      { what: 'the program knows the size of the screen' },
    );
    await page.setViewportSize({ width: 1000, height: 600 });
    try {
      await waitUntil(async () => (await screen.rows()).length < rows, { what: 'fewer rows' });
      const smaller = await waitUntil(
        async () => {
          const now = await size();
          return (now[0] ?? 0) < rows && (now[1] ?? 0) < cols ? now : undefined;
        },
        { what: 'the program knows the smaller size' },
      );
      expect((await screen.rows()).length).toBe(smaller[0]);
    } finally {
      await page.setViewportSize({ width: 1440, height: 900 });
    }
  });

  it('shows every row and column whole, above the status bar', async () => {
    const room = await page.evaluate(() => {
      const holder = document.querySelector('[role=tabpanel]:not([inert]) .terminal-holder');
      const rows = [...(holder?.querySelectorAll('.xterm-rows > div') ?? [])];
      const last = rows.at(-1)?.getBoundingClientRect();
      const box = holder?.getBoundingClientRect();
      return {
        last: last?.bottom ?? 0,
        right: last?.right ?? 0,
        holderBottom: box?.bottom ?? 0,
        holderRight: box?.right ?? 0,
      };
    });
    expect(room.last).toBeGreaterThan(0);
    expect(room.last).toBeLessThanOrEqual(room.holderBottom);
    expect(room.right).toBeLessThanOrEqual(room.holderRight);
  });

  it('takes its title from the program, as one clean line', async () => {
    await screen.run(`printf '\\033]0;build \\342\\200\\256 of\\ttoday\\007'`);
    await screen.page.getByRole('tab', { name: /^build of ?today/ }).waitFor();
    await screen.run(`printf '\\033]2;second\\033\\\\'`);
    await screen.page.getByRole('tab', { name: /^second/ }).waitFor();
    expect(await page.getByRole('tab', { name: /build/ }).count()).toBe(0);
  });

  it('says with what it ended, and opens again in its place', async () => {
    const count = await screen.tabs.count();
    await screen.run('exit 3');
    await page.getByText('Ended with exit code 3').waitFor();
    await page.getByRole('button', { name: 'Open again' }).click();
    await page.getByText('Ended with exit code 3').waitFor({ state: 'detached' });
    await screen.hasPrompt();
    expect(await screen.ask('echo anew')).toBe('anew');
    expect(await screen.tabs.count()).toBe(count);
  });

  it('is there again after a reload, with its screen and its shell', async () => {
    await screen.ask('kept=yes; echo before');
    await screen.run('echo seen"-"before');
    await screen.sees('seen-before');
    await page.reload();
    await screen.sees('seen-before');
    await screen.hasKeyboard();
    expect(await screen.ask('echo $kept')).toBe('yes');
  });

  it('marks the bell and lets the mark go', async () => {
    await screen.run(`printf '\\a'`);
    await page.locator('[data-bell]').waitFor();
    await page.locator('[data-bell]').waitFor({ state: 'detached' });
  });

  it('has nothing that axe calls serious', async () => {
    await screen.run('echo hello; ls --color=always /');
    await screen.sees('hello');
    for (const theme of ['light', 'dark'] as const) {
      await screen.settings({ theme });
      await page.locator(`html[data-theme=${theme}]`).waitFor({ state: 'attached' });
      expect([theme, await seriousInThisTheme(page)]).toEqual([theme, []]);
    }
  });

  it('changes its colours with the theme, on the screen that is there', async () => {
    const background = () =>
      page.evaluate(() => {
        const rows = document.querySelector('[role=tabpanel]:not([inert]) .xterm-rows');
        return rows === null ? '' : getComputedStyle(rows).color;
      });
    await screen.settings({ theme: 'dark' });
    await waitUntil(async () => (await background()) === 'rgb(230, 237, 243)', { what: 'light letters' });
    await screen.settings({ theme: 'light' });
    await waitUntil(async () => (await background()) === 'rgb(23, 32, 42)', { what: 'dark letters' });
    await screen.settings({ theme: 'dark' });
    await waitUntil(async () => (await background()) === 'rgb(230, 237, 243)', {
      what: 'light letters again',
    });
  });

  it('grows and shrinks its letters', async () => {
    const count = async () => (await screen.rows()).length;
    // The program is told once the size has settled, a moment after the screen has it.
    const told = () =>
      waitUntil(
        async () => {
          const rows = await count();
          return (await screen.ask('stty size')).startsWith(`${rows} `) ? rows : undefined;
        },
        { what: 'the program knows the size of the screen' },
      );
    const usual = await told();
    for (let step = 0; step < 4; step += 1) await page.keyboard.press('Control+Shift+Equal');
    await waitUntil(async () => (await count()) < usual - 3, { what: 'larger letters, fewer rows' });
    await screen.command('Usual text size');
    await waitUntil(async () => (await count()) === usual, { what: 'the usual size' });
    await page.keyboard.press('Control+Shift+Minus');
    await waitUntil(async () => (await count()) > usual, { what: 'smaller letters, more rows' });
    await page.keyboard.press('Control+Shift+Digit0');
    await waitUntil(async () => (await count()) === usual, { what: 'the usual size again' });
    await screen.hasKeyboard();
    expect(await told()).toBe(usual);
  });
});

describe('what a terminal draws', () => {
  it('counts columns as the program does: family emoji, combining marks, wide letters', async () => {
    // The cursor's own column, asked for by the program: CPR is one of the few answers that may leave the terminal.
    const cases: [string, number][] = [
      ['abc', 3],
      ['e\u0301x', 2],
      ['漢字', 4],
      ['👨‍👩‍👧‍👦', 2],
      ['🇳🇴', 2],
      ['각', 2],
      ['👍🏽', 2],
    ];
    await world.host.writeFile(
      '/root/column.sh',
      [
        'stty -echo raw',
        `printf '\\r%s\\033[6n' "$1"`,
        'IFS= read -r -d R answer',
        'stty echo cooked',
        `printf '\\r\\033[Kcolumn:%s\\n' "\${answer##*;}"`,
      ].join('\n'),
    );
    // Of a plain terminal: tmux would answer for its own screen, which knows no families.
    await screen.settings({ keepTerminals: false });
    try {
      await screen.open();
      // Without a locale readline takes bytes above 127 for Alt with a key.
      await screen.run('LANG=C.UTF-8 exec bash');
      await screen.hasPrompt();
      for (const [text, width] of cases)
        expect([text, await screen.ask(`bash ~/column.sh '${text}'`)]).toEqual([text, `column:${width + 1}`]);
    } finally {
      await screen.settings({ keepTerminals: true });
    }
  });

  it('draws an arrow of two characters as two', async () => {
    await screen.run('clear; echo "->"');
    await screen.sees(/^->$/m);
    const features = await page.evaluate(() => {
      const rows = document.querySelector('[role=tabpanel]:not([inert]) .xterm-rows');
      if (rows === null) return undefined;
      const { fontFeatureSettings, fontVariantLigatures } = getComputedStyle(rows);
      return { fontFeatureSettings, fontVariantLigatures };
    });
    expect(features).toEqual({ fontFeatureSettings: 'normal', fontVariantLigatures: 'none' });
  });

  it('draws true colour', async () => {
    await screen.run(`clear; printf '\\033[38;2;201;140;250mviolet\\033[0m\\n'`);
    await screen.sees(/^violet/);
    const colour = await page.evaluate(() => {
      const spans = [...document.querySelectorAll('[role=tabpanel]:not([inert]) .xterm-rows span')];
      const span = spans.find((candidate) => candidate.textContent?.startsWith('violet'));
      return span === undefined ? '' : getComputedStyle(span).color;
    });
    expect(colour).toBe('rgb(201, 140, 250)');
  });
});

describe('copy and paste', () => {
  it('copies the selection with Ctrl+Shift+C', async () => {
    await screen.run('clear; echo select-me');
    await screen.sees(/^select-me$/m);
    await screen.doubleClick('select-me');
    await page.keyboard.press('Control+Shift+C');
    await waitUntil(async () => (await screen.clipboard()).includes('select'), { what: 'the copy' });
    expect(await screen.text()).not.toContain('^C');
  });

  it('copies by itself on selection when the setting says so, and else not', async () => {
    await screen.setClipboard('untouched');
    await screen.run('clear; echo selected');
    await screen.sees(/^selected$/m);
    await screen.doubleClick('selected');
    expect(await screen.clipboard()).toBe('untouched');
    await screen.settings({ copyOnSelection: true });
    try {
      await waitUntil(
        async () => {
          await screen.doubleClick('selected');
          return (await screen.clipboard()) === 'selected';
        },
        { what: 'the selection is copied' },
      );
    } finally {
      await screen.settings({ copyOnSelection: false });
    }
  });

  it('pastes with Ctrl+Shift+V, and no end mark in the clipboard ends the paste', async () => {
    await screen.setClipboard('echo x\u001b[201~id\n');
    // At the prompt: while a program runs, the shell takes no bracketed paste, and Berth rightly asks.
    await page.keyboard.press('Control+Shift+V');
    await screen.sees('echo xid');
    expect(await dialog().count()).toBe(0);
    expect(await screen.text()).not.toContain('uid=');
    await page.keyboard.press('Control+C');
    expect(await screen.ask('echo done')).toBe('done');
  });

  it('pastes several lines into a shell that knows bracketed paste without running them', async () => {
    await screen.setClipboard('touch /root/ran-1\ntouch /root/ran-2\n');
    await page.keyboard.press('Control+Shift+V');
    await screen.sees('touch /root/ran-2');
    await page.keyboard.press('Control+C');
    // bash 5.2 mixes what is typed before its new prompt with the line that it gave up.
    await screen.sees(/\n\$$/);
    expect(await screen.ask('ls -a /root | grep ran-; echo none')).toBe('none');
    expect(await dialog().count()).toBe(0);
  });

  it('asks, with what it is about, before several lines run by themselves', async () => {
    await screen.run('PS1="plain $ " exec sh');
    await screen.sees(/plain \$$/);
    await screen.setClipboard('echo one\necho two\n');
    await page.keyboard.press('Control+Shift+V');
    await dialog().getByText('Paste 2 lines?').waitFor();
    expect(await dialog().innerText()).toContain('echo one\necho two');
    // Escape means no, and the keyboard goes back to the program.
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'detached' });
    await screen.hasKeyboard();
    expect(await screen.text()).not.toContain('echo two');
    await page.keyboard.press('Control+Shift+V');
    await dialog().getByRole('button', { name: 'Paste' }).click();
    await screen.sees(/^one$[\s\S]*^plain \$ two$/m);
    await screen.hasKeyboard();
  });

  it('pastes from the menu too', async () => {
    await screen.setClipboard('echo from-the-menu');
    await screen.command('Paste');
    await screen.sees('echo from-the-menu');
  });
});

describe('the find bar', () => {
  it('finds, counts, steps and gives the keyboard back', async () => {
    await screen.run('clear; for i in 1 2 3; do echo "needle $i"; done; echo Needle');
    await screen.sees(/^Needle$/m);
    await page.keyboard.press('Control+Shift+F');
    const bar = page.getByRole('search');
    await page.getByLabel('Find in terminal').fill('needle');
    // Three of the loop, one in capitals.
    await bar.getByText('4 of 4').waitFor();
    // Marks are drawn with the next frame.
    const marks = page.locator('.xterm-decoration-container > *');
    await waitUntil(async () => (await marks.count()) >= 4, { what: 'every match is marked' });
    await page.keyboard.press('Enter');
    await bar.getByText('3 of 4').waitFor();
    await page.keyboard.press('Shift+Enter');
    await bar.getByText('4 of 4').waitFor();
    await bar.getByRole('button', { name: 'Match case' }).click();
    await bar.getByText('of 3').waitFor();
    await page.getByLabel('Find in terminal').fill('nothing like it');
    await bar.getByText('no match').waitFor();
    await bar.getByRole('button', { name: 'Regular expression' }).click();
    await page.getByLabel('Find in terminal').fill('needle [12]$');
    await bar.getByText('of 2').waitFor();
    await page.getByLabel('Find in terminal').fill('needle [');
    await bar.getByText('not a pattern').waitFor();
    await page.getByLabel('Find in terminal').fill('needle [12]');
    await bar.getByText('of 2').waitFor();
    // Asked for again from the terminal, it has the keyboard again, with what is in it to be written over.
    await screen.shown.click();
    await screen.hasKeyboard();
    await page.keyboard.press('Control+Shift+F');
    await page.keyboard.type('needle');
    await bar.getByText('of 3').waitFor();
    await page.keyboard.press('Escape');
    await bar.waitFor({ state: 'detached' });
    await screen.hasKeyboard();
    // Nothing stays marked: neither the matches nor the one that was selected.
    await screen.setClipboard('untouched');
    await page.keyboard.press('Control+Shift+C');
    expect(await screen.clipboard()).toBe('untouched');
    expect(await screen.ask('echo typed')).toBe('typed');
    await waitUntil(async () => (await marks.count()) === 0, { what: 'no match is marked any more' });
  });
});

describe('panes', () => {
  it('moves a tab into a new half with its screen', async () => {
    await screen.run('clear; echo first"-"screen');
    await screen.sees('first-screen');
    await screen.open();
    await screen.run('clear; echo second"-"screen');
    await screen.sees('second-screen');
    // What was found and left is drawn as selected neither now nor at another width.
    await page.keyboard.press('Control+Shift+F');
    await page.getByLabel('Find in terminal').fill('second');
    await page.getByRole('search').getByText('1 of 1').waitFor();
    await page.keyboard.press('Escape');
    await screen.hasKeyboard();
    await page.keyboard.press('Control+Shift+Backslash');
    await waitUntil(async () => (await screen.shown.count()) === 2, { what: 'two panes' });
    await screen.sees('second-screen');
    await screen.hasKeyboard();
    expect(await screen.shown.first().innerText()).toContain('first-screen');
    const { width = 0 } = (await screen.shown.last().boundingBox()) ?? {};
    await waitUntil(
      async () => ((await screen.shown.last().locator('.xterm-rows').boundingBox())?.width ?? 9999) < width,
      { what: 'the new width is drawn' },
    );
    const selected = page.locator('.xterm-selection > *');
    await waitUntil(async () => (await selected.count()) === 0, { what: 'nothing is selected' });
    // The program is told once the size has settled.
    const rows = await waitUntil(
      async () => {
        const [told = '', cols = ''] = (await screen.ask('stty size')).split(' ');
        return Number(cols) < 90 ? Number(told) : undefined;
      },
      { what: 'the program knows its half' },
    );
    expect(await screen.rows()).toHaveLength(rows);
  });

  it('keeps the screen of a tab that is dragged to another pane', async () => {
    await screen.ask('dragged=along');
    await screen.run('clear; echo drag"-"me');
    await screen.sees('drag-me');
    await screen.open('Split terminal to the right');
    expect(await screen.shown.count()).toBe(2);
    const [panes, tab] = [page.getByRole('region', { name: 'Pane' }), screen.frontTab];
    const from = await tab.first().boundingBox();
    const to = await panes.last().boundingBox();
    if (from === null || to === null) throw new Error('there is something to drag');
    await page.mouse.move(from.x + from.width / 3, from.y + from.height / 2);
    await page.mouse.down();
    await page.mouse.move(to.x + to.width / 2, to.y + to.height / 2, { steps: 5 });
    await page.mouse.up();
    await screen.hasKeyboard();
    await screen.sees('drag-me');
    expect(await screen.ask('echo $dragged')).toBe('along');
  });
});

describe('closing a tab', () => {
  const close = () => screen.command('Close tab');
  const gone = (marker: string) =>
    waitUntil(async () => (await screen.processes(marker)).length === 0, { what: `${marker} is gone` });

  it('asks nothing when nothing was run', async () => {
    const count = await screen.tabs.count();
    await screen.type('not run');
    await close();
    await waitUntil(async () => (await screen.tabs.count()) === count - 1, { what: 'the tab is gone' });
    expect(await dialog().count()).toBe(0);
  });

  it('asks once a line was run, and a no changes nothing', async () => {
    await screen.run('sleep 98761 &');
    await screen.run('sleep 98762');
    await waitUntil(async () => (await screen.processes('sleep 9876[12]')).length === 2, {
      what: 'both sleep',
    });
    await close();
    await dialog().getByText('What runs in it ends.').waitFor();
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'detached' });
    expect(await screen.processes('sleep 9876[12]')).toHaveLength(2);
    await screen.hasKeyboard();
    await close();
    await dialog().getByRole('button', { name: 'Close terminal' }).click();
    await gone('sleep 9876[12]');
  });

  it('asks once, however often it is told to close', async () => {
    await screen.ask('echo typed');
    const tab = screen.frontTab;
    await tab.click({ button: 'middle' });
    // Past the dialog, as a second press of the same key gets there before it is drawn.
    await tab.dispatchEvent('auxclick', { button: 1 });
    await dialog().getByRole('button', { name: 'Close terminal' }).click();
    await dialog().waitFor({ state: 'detached' });
    await screen.open();
    expect(await dialog().count()).toBe(0);
  });

  it('ends also what ignores a hangup and a polite request', async () => {
    await screen.run(`sh -c 'trap "" HUP TERM; while :; do sleep 98763; done'`);
    await waitUntil(async () => (await screen.processes('sleep 98763')).length > 0, { what: 'it sleeps' });
    await close();
    await dialog().getByRole('button', { name: 'Close terminal' }).click();
    await gone('sleep 98763');
  });
});

describe('many and by keyboard', () => {
  it('holds twelve terminals, each its own', async () => {
    for (let index = 2; index <= 12; index += 1) {
      await screen.open();
      await screen.run(`own=${index}`);
    }
    const terminals = page.getByRole('tab').filter({ has: page.locator('.lucide-square-terminal') });
    expect(await terminals.count()).toBe(12);
    for (const index of [2, 7, 12]) {
      await terminals.nth(index - 1).click();
      await screen.hasKeyboard();
      expect(await screen.ask('echo $own')).toBe(String(index));
    }
  }, 180_000);

  it('is opened, left, found again and closed without a pointer', async () => {
    await screen.ask('which=first');
    await screen.open();
    await screen.ask('which=second');
    // A browser keeps Ctrl+Tab for itself, and keys without Ctrl+Shift belong to the program: the palette has every command.
    await screen.command('Go to the tab used last');
    await screen.hasKeyboard();
    expect(await screen.ask('echo $which')).toBe('first');
    const count = await screen.tabs.count();
    await screen.command('Close tab');
    // The dialog takes the keyboard a moment after it is there.
    const cancel = dialog().getByRole('button', { name: 'Cancel' });
    await waitUntil(() => cancel.evaluate((element) => element === document.activeElement), {
      what: 'the dialog has the keyboard',
    });
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await waitUntil(async () => (await screen.tabs.count()) === count - 1, { what: 'the tab is gone' });
    await screen.hasKeyboard();
    expect(await screen.ask('echo $which')).toBe('second');
  });
});
