/**
 * What makes terminals good to work in, as a person meets it: several terminals at once, the clipboard's question, marks
 * of commands, copies with colours, recordings, pictures, links. On a real host through the real served window.
 */
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { waitUntil } from '../servers/wait-until.ts';
import { seriousInThisTheme } from '../src-renderer/fixture/axe.ts';
import { openTerminalWorld, type TerminalScreen, type TerminalWorld } from './terminal-window.ts';

let world: TerminalWorld;
let screen: TerminalScreen;
let page: Page;
let complained = 0;

beforeAll(async () => {
  world = await openTerminalWorld('quay');
  screen = world.screen;
  page = world.window.page;
  // A shell that tells of its folder and its commands, whatever Berth itself gives to shells.
  await world.host.writeFile(
    '/root/tells.sh',
    [
      `tell() { printf '\\033]133;D;%s\\007\\033]7;file://quay%s\\007' "$?" "$PWD"; }`,
      'PROMPT_COMMAND=tell',
      `PS1='\\[\\033]133;A\\007\\]$ \\[\\033]133;B\\007\\]'`,
      `PS0='\\033]133;C\\007'`,
    ].join('\n'),
  );
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

const dialog = () => page.getByRole('dialog');
const question = () => page.getByRole('alertdialog');
const notices = () => page.getByRole('region', { name: 'New notifications' });
/** The drawn text of every terminal in front. */
const screens = () => screen.shown.evaluateAll((all) => all.map((one) => one.textContent ?? ''));
const quiet = async () => {
  for (const close of await notices().getByRole('button', { name: 'Close' }).all())
    await close.click({ timeout: 1_000 }).catch(() => undefined);
};

describe('typing into several terminals', () => {
  async function openTwo(): Promise<void> {
    await screen.run('cat > /dev/null # one');
    await screen.open('Split terminal to the right');
    await screen.command('Type into several terminals');
    await dialog().getByRole('button', { name: 'On the same host' }).click();
    await dialog().getByRole('button', { name: 'Type into 2 terminals' }).click();
    await dialog().waitFor({ state: 'detached' });
    await waitUntil(async () => (await page.getByText('Typing into 2 terminals').count()) >= 2, {
      what: 'both say so',
    });
    await screen.shown.last().click();
    await screen.hasKeyboard();
  }

  it('sends keys and pastes to all, marks each, and stops', async () => {
    await openTwo();
    await screen.type('echo together');
    await waitUntil(
      async () => (await screens()).every((text) => text.replaceAll('\u00a0', ' ').includes('together')),
      {
        what: 'both have the keys',
      },
    );
    expect(
      await page
        .getByRole('tab')
        .filter({ has: page.locator('.lucide-keyboard') })
        .count(),
    ).toBe(2);
    await page.keyboard.press('Control+C');
    await screen.setClipboard('pasted-in-all');
    await page.keyboard.press('Control+Shift+V');
    await waitUntil(async () => (await screens()).every((text) => text.includes('pasted-in-all')), {
      what: 'both have the paste',
    });
    await page.getByRole('button', { name: 'Stop', exact: true }).first().click();
    await waitUntil(async () => (await page.getByText('Typing into 2 terminals').count()) === 0, {
      what: 'nobody says so any more',
    });
    await screen.shown.last().click();
    await screen.type('alone');
    await screen.sees('alone');
    expect((await screens())[0]).not.toContain('alone');
  });

  it('passes on no answer that a screen gives to a program', async () => {
    await screen.run('cat -v');
    await screen.open('Split terminal to the right');
    await screen.command('Type into several terminals');
    await dialog().getByRole('button', { name: 'All', exact: true }).click();
    await dialog().getByRole('button', { name: 'Type into 2 terminals' }).click();
    await dialog().waitFor({ state: 'detached' });
    await screen.shown.last().click();
    await screen.hasKeyboard();
    // Cursor position, device attributes, focus and mouse reports: each makes the screen answer.
    await screen.run(`printf '\\033[6n\\033[c\\033[?1004h\\033[?1003h'; echo asked`);
    await screen.sees(/^asked/m);
    await page.mouse.move(900, 400);
    await page.mouse.move(1000, 500);
    await screen.type('END');
    await waitUntil(async () => (await screens())[0]?.includes('END'), { what: 'the other has the keys' });
    // `cat -v` shows an escape as ^[.
    expect((await screens())[0]).not.toContain('^[');
    await screen.command('Stop typing into several terminals');
  });

  it('asks before a paste that one of them would run line by line', async () => {
    // The palette of the test before gives the keyboard back when it has gone, which may be just now.
    await screen.shown.last().click();
    await screen.hasKeyboard();
    await screen.run('PS1="plain $ " exec sh');
    await screen.sees(/plain \$$/);
    await screen.open('Split terminal to the right');
    await screen.command('Type into several terminals');
    await dialog().getByRole('button', { name: 'All', exact: true }).click();
    await dialog().getByRole('button', { name: 'Type into 2 terminals' }).click();
    await dialog().waitFor({ state: 'detached' });
    await screen.shown.last().click();
    await screen.hasKeyboard();
    await screen.setClipboard('echo ran-1\necho ran-2\n');
    await page.keyboard.press('Control+Shift+V');
    await question().getByText('Paste 2 lines?').waitFor();
    await page.keyboard.press('Escape');
    await question().waitFor({ state: 'detached' });
    expect((await screens()).join()).not.toContain('ran-1');
    await screen.command('Stop typing into several terminals');
  });

  it('ends for all when one of them ends', async () => {
    await openTwo();
    await page.getByRole('button', { name: 'Stop', exact: true }).first().waitFor();
    // Ends what reads in one, and the shell itself in the other.
    await page.keyboard.press('Control+D');
    await notices().getByText('Keys go to one terminal again').waitFor();
    await waitUntil(async () => (await page.getByText('Typing into 2 terminals').count()) === 0, {
      what: 'nobody says so any more',
    });
    await quiet();
  });
});

describe('programs that fill the clipboard', () => {
  const write = (text: string) => `printf '\\033]52;c;%s\\007' "$(printf %s '${text}' | base64)"`;

  it('asks once for a flood, shows the text, and writes on yes alone', async () => {
    await screen.setClipboard('mine');
    await screen.run(
      `clear; ${write('from-a-program')}; for i in 1 2 3 4 5 6 7 8 9; do ${write('flood')}; done`,
    );
    await question().getByText('Let a program fill the clipboard?').waitFor();
    expect(await question().innerText()).toContain('from-a-program');
    await page.keyboard.press('Escape');
    await question().waitFor({ state: 'detached' });
    expect(await screen.ask('echo after')).toBe('after');
    expect(await question().count()).toBe(0);
    expect(await screen.clipboard()).toBe('mine');
    // The pause after an answer: asked again until the question is there.
    await waitUntil(
      async () => {
        await screen.run(`clear; ${write('agreed-to')}`);
        await question().waitFor({ timeout: 1_000 });
        return true;
      },
      { what: 'it asks again' },
    );
    await question().getByRole('button', { name: 'Fill clipboard' }).click();
    await waitUntil(async () => (await screen.clipboard()) === 'agreed-to', { what: 'the text is there' });
  });

  it('writes at once under always, never under never, and answers no question', async () => {
    try {
      await screen.settings({ terminalClipboard: 'always' });
      await screen.run(`clear; ${write('at-once')}`);
      await waitUntil(async () => (await screen.clipboard()) === 'at-once', { what: 'the text is there' });
      await screen.settings({ terminalClipboard: 'never' });
      await waitUntil(
        async () => {
          await screen.ask(write('not-this'));
          await screen.setClipboard('mine');
          await screen.ask(write('nor-this'));
          return (await screen.clipboard()) === 'mine';
        },
        { what: 'the setting counts' },
      );
      expect(await question().count()).toBe(0);
      await screen.settings({ terminalClipboard: 'always' });
      await screen.run(
        `clear; printf '\\033]52;c;?\\007'; IFS= read -rsn1 -t 1 answer; echo "got:\${#answer}"`,
      );
      await screen.sees(/^got:0$/m);
    } finally {
      await screen.settings({ terminalClipboard: 'ask' });
    }
  });
});

describe('a shell that tells of its commands', () => {
  const marks = (kind: string) => screen.shown.last().locator(`.command-mark-${kind}`);

  beforeEach(async () => {
    await screen.run('. ~/tells.sh; clear; echo "to""ld"');
    // The new prompt, and not the one before it: keys that come first would be echoed in front of it.
    await screen.sees(/^told\n\$$/);
  });

  it('has a mark beside each prompt that says how its command ended', async () => {
    await screen.run('true');
    await waitUntil(async () => (await marks('good').count()) === 1, { what: 'a good one is marked' });
    await screen.run('sh -c "exit 3"');
    await waitUntil(async () => (await marks('bad').count()) === 1, { what: 'a failed one is marked' });
    expect(await marks('bad').getAttribute('title')).toMatch(/^Exit status 3 · /);
    await screen.run('sleep 87651');
    await waitUntil(async () => (await marks('running').count()) === 1, { what: 'it is told to run' });
    // The mark is written before the program is there; what is pressed then meets a shell that drops it.
    await waitUntil(async () => (await screen.processes('sleep 87651')).length > 0, { what: 'it runs' });
    await page.keyboard.press('Control+C');
    await waitUntil(async () => (await marks('bad').count()) === 2, { what: 'it was interrupted' });
  });

  it('goes from prompt to prompt and copies the last output', async () => {
    // What is typed before a prompt is there would be echoed in front of it.
    await screen.run('seq 1 200');
    await screen.sees(/^200\n\$$/m);
    await screen.run('seq 501 700');
    await screen.sees(/^700\n\$$/m);
    await screen.command('Copy last command');
    await waitUntil(async () => (await screen.clipboard()).startsWith('501\n502'), { what: 'the output' });
    expect((await screen.clipboard()).trimEnd().endsWith('\n700')).toBe(true);
    await screen.command('Previous command');
    await screen.sees(/^\$ seq 501 700\n501$/m);
    await screen.hasKeyboard();
    await page.keyboard.press('Control+Shift+ArrowUp');
    await screen.sees(/^\$ seq 1 200\n1$/m);
    await page.keyboard.press('Control+Shift+ArrowDown');
    await screen.sees(/^\$ seq 501 700\n501$/m);
  });

  it('tells of a long command that nobody watched, and of none that was', async () => {
    await screen.settings({ announceCommandAfterSeconds: 1 });
    // What the system is told, in place of the system.
    await page.evaluate(() => {
      const told: string[] = [];
      Object.assign(window, { toldSystem: told });
      window.Notification = class {
        static permission = 'granted';
        onclick: () => void = () => undefined;
        constructor(title: string, { body }: { body: string }) {
          told.push(`${title}. ${body}`);
          Object.assign(window, { clickSystem: () => this.onclick() });
        }
        close(): void {}
      } as never;
    });
    try {
      await screen.run('sleep 1.2; echo watched');
      await screen.sees(/^watched$/m);
      await screen.hasPrompt();
      expect(await notices().getByText('is finished').count()).toBe(0);
      await screen.run('sleep 2; false');
      await page.keyboard.press('Control+Shift+Comma');
      await page.getByRole('tab', { name: 'Settings', selected: true }).waitFor();
      await notices().getByText('sleep 2; false ended with exit status 1').waitFor({ timeout: 30_000 });
      const told = await page.evaluate(() => (window as unknown as { toldSystem: string[] }).toldSystem);
      expect(told).toEqual([
        expect.stringMatching(/^sleep 2; false ended with exit status 1\. In .*, after [12]\.\d\ss\.$/),
      ]);
      await notices().getByRole('button', { name: 'Show terminal' }).waitFor();
      await page.evaluate(() => (window as unknown as { clickSystem(): void }).clickSystem());
      await screen.hasKeyboard();
    } finally {
      await screen.settings({ announceCommandAfterSeconds: 10 });
    }
    await page.getByRole('tab', { name: 'Settings' }).click({ button: 'middle' });
  });

  it('shows its folder on its tab, and copies file names that are clicked', async () => {
    await screen.run('mkdir -p /tmp/folder && cd /tmp/folder && clear && echo "at ./deep/file.ts:12:3 now"');
    await screen.sees(/^at \.\/deep/m);
    await screen.frontTab.hover();
    await waitUntil(async () => (await screen.frontTab.getAttribute('title'))?.includes('\n/tmp/folder\n'), {
      what: 'the folder',
    });
    const drawn = screen.shown.last().locator('.xterm-rows > div', { hasText: 'at ./deep' }).first();
    const box = (await drawn.boundingBox()) ?? { x: 0, y: 0, height: 0 };
    await waitUntil(
      async () => {
        await page.mouse.move(box.x + 50, box.y + box.height / 2 + 1);
        await page.mouse.move(box.x + 60, box.y + box.height / 2);
        await page.mouse.click(box.x + 60, box.y + box.height / 2);
        return (await screen.clipboard()) === '/tmp/folder/deep/file.ts';
      },
      { what: 'the path is copied' },
    );
    await notices().getByText('Path copied').first().waitFor();
    await quiet();
  });
});

describe('copies', () => {
  it('carry colours as HTML and stay plain as text', async () => {
    await screen.run(`clear; printf '\\033[38;2;201;140;250mviolet\\033[0m <b>\\n'`);
    await screen.sees(/^violet/m);
    await screen.command('Select all');
    await screen.command('Copy selection as HTML');
    const read = () =>
      page.evaluate(async () => {
        const [item] = await navigator.clipboard.read();
        const text = async (type: string) =>
          item?.types.includes(type) ? await (await item.getType(type)).text() : '';
        return { html: await text('text/html'), plain: await text('text/plain') };
      });
    const copied = await waitUntil(
      async () => {
        const now = await read();
        return now.html.includes('violet') ? now : undefined;
      },
      { what: 'the HTML is on the clipboard' },
    );
    expect(copied.html).toMatch(/<span style="color: ?(#c98cfa|rgb\(201, 140, 250\))[^>]*>violet<\/span>/);
    expect(copied.html).toContain('&lt;b&gt;');
    expect(copied.plain).toContain('violet <b>');
  });
});

describe('a recording', () => {
  it('is shown while it runs, saved when it stops, and can be replayed', async () => {
    await screen.run('clear; echo before"-"it');
    await screen.sees('before-it');
    await screen.command('Start recording');
    await page
      .getByText(/^Recording \d+:\d\d$/)
      .first()
      .waitFor();
    expect(await page.locator('footer').getByText('Recording').count()).toBe(1);
    await screen.hasKeyboard();
    await screen.run('echo in"-"it; stty -echo; read -r secret; stty echo');
    await screen.sees('in-it');
    await screen.run('hunter2');
    await screen.hasPrompt();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Stop and save' }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/\.cast$/);
    const file = await download.path();
    const text = await readFile(file, 'utf8');
    const [head = '', ...events] = text.trimEnd().split('\n');
    expect(JSON.parse(head)).toMatchObject({ version: 2 });
    expect(events[0]).toContain('before-it');
    expect(text).toContain('in-it');
    expect(text).not.toContain('hunter2');
    await quiet();

    const [chooser] = await Promise.all([
      page.waitForEvent('filechooser'),
      screen.command('Replay recording'),
    ]);
    await chooser.setFiles({
      name: 'saved.cast',
      mimeType: 'application/x-asciicast',
      buffer: Buffer.from(text),
    });
    const player = page
      .locator('[role=tabpanel]:not([inert])')
      .filter({ has: page.locator('.replay-holder') });
    await player.waitFor();
    await waitUntil(
      async () => {
        const drawn = await player.locator('.xterm-rows').innerText();
        return drawn.includes('before-it') && drawn.includes('in-it');
      },
      { what: 'it is replayed' },
    );
    await player.getByRole('button', { name: 'Play again' }).waitFor();
    await player.getByLabel('Place in the recording').fill('0');
    await waitUntil(async () => !(await player.locator('.xterm-rows').innerText()).includes('in-it'), {
      what: 'it is at the start again',
    });
    await screen.frontTab.last().click({ button: 'middle' });
  });

  it('that is no recording is refused with a reason', async () => {
    const [chooser] = await Promise.all([
      page.waitForEvent('filechooser'),
      screen.command('Replay recording'),
    ]);
    await chooser.setFiles({
      name: 'x.cast',
      mimeType: 'text/plain',
      buffer: Buffer.from('{"version":2}\n'),
    });
    await notices().getByText('x.cast cannot be replayed').waitFor();
    await quiet();
  });
});

describe('pictures', () => {
  const sixel = `printf '\\033Pq"1;1;60;30#1;2;100;0;0#1'; for i in 1 2 3 4 5; do printf '!60~-'; done; printf '\\033\\\\\\n'`;
  /** Red pixels on the layer of pictures, of the terminal in front. */
  const redPixels = () =>
    page.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>(
        '[role=tabpanel]:not([inert]) .xterm-image-layer',
      );
      const data = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data;
      let count = 0;
      for (let at = 0; data && at < data.length; at += 4)
        if (data[at] === 255 && data[at + 1] === 0 && data[at + 3] === 255) count += 1;
      return count;
    });

  it('are drawn when the setting says so, and else not', async () => {
    await screen.ask(sixel);
    expect(await redPixels()).toBe(0);
    await screen.settings({ terminalImages: true });
    try {
      await waitUntil(
        async () => {
          await screen.run(`clear; ${sixel}`);
          await screen.hasPrompt();
          return (await redPixels()) >= 1_000;
        },
        { what: 'the picture is drawn' },
      );
      await screen.run('clear');
      await waitUntil(async () => (await redPixels()) === 0, { what: 'the picture is gone' });
      const png = await page.evaluate(() => {
        const canvas = document.createElement('canvas');
        canvas.width = canvas.height = 40;
        const context = canvas.getContext('2d');
        if (context) context.fillStyle = '#ff0000';
        context?.fillRect(0, 0, 40, 40);
        return canvas.toDataURL('image/png').split(',')[1];
      });
      await screen.run(`clear; printf '\\033]1337;File=inline=1:%s\\007\\n' '${png}'`);
      await waitUntil(async () => (await redPixels()) >= 1_000, { what: 'the file is drawn' });
      const answer = await screen.ask(`printf '\\033[c'; IFS= read -rsd c answer; printf '%q' "$answer"`);
      // tmux on the host answers what the terminal can, and knows of no pictures.
      expect(answer).toContain('?1;2');
    } finally {
      await screen.settings({ terminalImages: false });
    }
  });

  it('draw ligatures as one when the setting says so', async () => {
    await screen.run('clear; echo "a => b"');
    await screen.sees(/^a => b$/m);
    await screen.settings({ terminalLigatures: true });
    try {
      const isJoined = () =>
        page.evaluate(() => {
          const rows = document.querySelector('[role=tabpanel]:not([inert]) [data-ligatures=on] .xterm-rows');
          return rows !== null && getComputedStyle(rows).fontVariantLigatures === 'normal';
        });
      await waitUntil(isJoined, { what: 'the setting counts' });
    } finally {
      await screen.settings({ terminalLigatures: false });
    }
  });
});

describe('what there is to see', () => {
  it('has nothing that axe calls serious', async () => {
    const check = async (what: string) => {
      for (const theme of ['light', 'dark'] as const) {
        await screen.settings({ theme });
        await page.locator(`html[data-theme=${theme}]`).waitFor({ state: 'attached' });
        expect([theme, await seriousInThisTheme(page)], what).toEqual([theme, []]);
      }
    };
    await screen.run('. ~/tells.sh; false');
    await screen.open('Split terminal to the right');
    await screen.command('Type into several terminals');
    await dialog().getByRole('button', { name: 'All', exact: true }).click();
    await check('the choice of terminals');
    await dialog().getByRole('button', { name: 'Type into 2 terminals' }).click();
    await dialog().waitFor({ state: 'detached' });
    await screen.command('Start recording');
    await page.getByRole('button', { name: 'Stop and save' }).waitFor();
    await check('a group and a recording');
    await screen.command('Stop typing into several terminals');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Stop and save' }).click(),
    ]);
    await download.delete();
    await notices().getByRole('button', { name: 'Replay' }).click();
    await page.locator('.replay-holder .xterm-rows').waitFor();
    await check('a replay');
    await screen.frontTab.last().click({ button: 'middle' });
  });
});
