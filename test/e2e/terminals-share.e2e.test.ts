/**
 * Terminals shared by a link, in a real served Berth: the owner's window, and guests in browsers of their own. What a
 * guest sees, types and cannot do; what ends it; and one size for a terminal in two windows.
 */
import type { BrowserContext, Page } from 'playwright';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { contract } from '#contract/index.ts';
import { waitUntil } from '../servers/wait-until.ts';
import { openWindow } from './served-berth.ts';
import { openTerminalWorld, TerminalScreen, type TerminalWorld } from './terminal-window.ts';

let world: TerminalWorld;
let owner: Page;
/** Browsers of guests: those that are somebody's in this test, and those of tests before, with nothing left of them. */
const taken: BrowserContext[] = [];
const free: BrowserContext[] = [];
const complaints: string[] = [];

beforeAll(async () => {
  world = await openTerminalWorld('shareland');
  owner = world.window.page;
});
afterAll(() => world?.[Symbol.asyncDispose]());
// Guests leave. A browser that has loaded the page before has a fifth of the work with it.
afterEach(async () => {
  for (const context of taken.splice(0)) {
    for (const page of context.pages()) {
      const protocol = await context.newCDPSession(page);
      const { origin } = world.berth;
      await protocol.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' });
      await page.close();
    }
    await context.clearCookies();
    free.push(context);
  }
});

interface ShareWish {
  readonly access?: 'Can watch' | 'Can type';
  /** Default: an hour. */
  readonly minutes?: number;
}

/** From the menu of the tab in front. */
async function openShareDialog(): Promise<void> {
  await world.screen.frontTab.click({ button: 'right' });
  await owner.getByRole('menuitem', { name: 'Share terminal…' }).click();
  await owner.getByRole('dialog').getByRole('button', { name: 'Create link' }).waitFor();
}

/** As a person does it: through the menu and the dialog. Resolves with the link. */
async function share({ access = 'Can watch', minutes }: ShareWish = {}): Promise<string> {
  await openShareDialog();
  const dialog = owner.getByRole('dialog');
  await dialog.getByRole('radio', { name: access }).click();
  if (minutes !== undefined) {
    await dialog.getByRole('combobox', { name: 'Ends after' }).click();
    await owner.getByRole('option', { name: /Another time/ }).click();
    await dialog.getByRole('combobox', { name: 'Unit' }).click();
    await owner.getByRole('option', { name: 'minutes', exact: true }).click();
    await dialog.getByLabel('How long').fill(String(minutes));
  }
  await dialog.getByRole('button', { name: 'Create link' }).click();
  const link = await dialog.getByLabel(/^New link/).inputValue();
  await closeDialog();
  return link;
}

async function closeDialog(): Promise<void> {
  await owner.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
  await owner.getByRole('dialog').waitFor({ state: 'detached' });
  // The keyboard is back where it was: on the tab, whose menu this came from.
  await world.screen.shown.click();
  await world.screen.hasKeyboard();
}

async function revokeAll(): Promise<void> {
  await openShareDialog();
  const revoke = owner.getByRole('dialog').getByRole('button', { name: 'Revoke' });
  await waitUntil(
    async () => {
      if ((await revoke.count()) === 0) return true;
      await revoke.first().click({ timeout: 1_000 });
      return false;
    },
    { what: 'every link is revoked' },
  );
  await closeDialog();
}

let asked = 0;
/** What the program is told, asked from one window; the mark is new, since another window's old one may be shown here. */
async function sizeIn(screen: TerminalScreen): Promise<string> {
  const mark = `size-${++asked}`;
  await screen.run(`clear; stty size; echo ${mark}-e""nd`);
  return (await screen.sees(new RegExp(`(\\d+ \\d+)\\n${mark}-end`)))[1] ?? '';
}

class Guest {
  readonly page: Page;
  constructor(page: Page) {
    this.page = page;
  }
  async text(): Promise<string> {
    const rows = await this.page.locator('.xterm-rows > div').allTextContents();
    return rows
      .map((row) => row.replaceAll('\u00a0', ' ').trimEnd())
      .join('\n')
      .trimEnd();
  }
  sees(what: string): Promise<unknown> {
    return waitUntil(async () => (await this.text()).includes(what), { what: `the guest sees ${what}` });
  }
  async says(what: string | RegExp, timeout = 20_000): Promise<void> {
    try {
      await this.page.getByText(what).first().waitFor({ timeout });
    } catch (error) {
      throw new Error(`it says: ${await this.page.locator('body').innerText()}`, { cause: error });
    }
  }
}

async function come(link: string, size = { width: 900, height: 600 }): Promise<Guest> {
  const context = free.pop() ?? (await world.window.browser.newContext({ reducedMotion: 'reduce' }));
  taken.push(context);
  const page = await context.newPage();
  await page.setViewportSize(size);
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    // Chromium itself complains of answers that say no, which some of these are about.
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text()))
      complaints.push(message.text());
  });
  await page.goto(link);
  return new Guest(page);
}

describe('a shared terminal', () => {
  it('is watched by a guest who sees what the owner sees, and nothing of it is typed by the guest', async () => {
    await world.screen.open();
    await world.screen.run("printf '\\e]0;twin\\a'; echo first-li''ne");
    await world.screen.sees('first-line');
    const link = await share();
    expect(link).toMatch(new RegExp(`^${world.berth.origin}/shared#[\\w-]{43}$`));
    const requests: string[] = [];
    const guest = await come(link);
    guest.page.on('request', (request) => requests.push(request.url()));
    await guest.sees('first-line');
    await guest.says('Read only');
    await guest.says(/ends in (59|60)\smin|ends in 1\sh/);
    await guest.page.getByRole('heading', { name: 'twin' }).waitFor();
    const token = new URL(link).hash.slice(1);
    expect(guest.page.url()).not.toContain(token);
    expect(requests.join()).not.toContain(token);
    await owner.getByText('Shared · 1 watching').filter({ visible: true }).first().waitFor();

    await world.screen.run('echo second-li""ne');
    await guest.sees('second-line');
    await guest.page.keyboard.type('echo typed-by-guest');
    await guest.says('You can only watch');
    await world.screen.run('echo third-li""ne');
    await world.screen.sees('third-line');
    expect(await world.screen.text()).not.toContain('typed-by-guest');

    // The address alone brings nobody in: it holds no token any more, and another browser has no cookie.
    const other = await come(guest.page.url());
    await other.says('leads nowhere');
    // A reload does, in the browser that came in.
    await guest.page.reload();
    await guest.sees('third-line');
  });

  it('takes nothing from a guest who may only watch, and opens no other door, whatever the page is made to send', async () => {
    const guest = await come(await share());
    await guest.sees('third-line');
    const names = Object.entries(contract).filter(
      ([name]) => name !== 'terminals.shared' && name !== 'terminals.attach',
    );
    const answers = await guest.page.evaluate(
      async (methods) => {
        const shareId = location.hash.slice(1);
        const asked = await fetch(`/api/v1/shared/${shareId}/socket-ticket`, {
          method: 'POST',
          headers: { 'X-Berth': '1' },
        });
        const { ticket } = (await asked.json()) as { ticket: string };
        const socket = new WebSocket(`ws://${location.host}/api/v1/socket`, ['berth.v1', `ticket.${ticket}`]);
        socket.binaryType = 'arraybuffer';
        const frames: Record<string, unknown>[] = [];
        socket.onmessage = ({ data }) => {
          if (typeof data === 'string') frames.push(JSON.parse(data) as Record<string, unknown>);
        };
        await new Promise((resolve) => (socket.onopen = resolve));
        const until = async (id: number) => {
          for (;;) {
            const frame = frames.find((one) => one.id === id);
            if (frame) return frame;
            await new Promise((resolve) => setTimeout(resolve, 5));
          }
        };
        socket.send(JSON.stringify({ t: 'open', id: 1, method: 'terminals.shared', input: {}, credit: 64 }));
        const { item } = (await until(1)) as { item: { terminalId: string } };
        socket.send(
          JSON.stringify({
            t: 'open',
            id: 2,
            method: 'terminals.attach',
            input: { id: item.terminalId },
            credit: 262144,
          }),
        );
        await until(2);
        const bytes = new TextEncoder().encode('echo forced-in\r');
        const message = new Uint8Array(4 + bytes.length);
        new DataView(message.buffer).setUint32(0, 2);
        message.set(bytes, 4);
        socket.send(message);
        socket.send(message);
        const answers: string[] = [];
        let id = 2;
        for (const [method, kind] of methods) {
          id += 1;
          const t = kind === 'call' ? 'call' : 'open';
          socket.send(JSON.stringify({ t, id, method, input: { id: item.terminalId }, credit: 1 }));
          const answer = await until(id);
          answers.push(JSON.stringify({ ...answer, id: 0 }));
        }
        const told = frames.filter((frame) => frame.id === 1).map((frame) => JSON.stringify(frame.item));
        return { answers: [...new Set(answers)], told };
      },
      names.map(([name, { kind }]) => [name, kind] as const),
    );
    expect(answers.answers).toHaveLength(1);
    expect(answers.answers[0]).toContain('"not-found"');
    expect(answers.told.filter((item) => item.includes('"isTypingDropped":true'))).toHaveLength(1);
    await world.screen.run('echo fourth-li""ne');
    await world.screen.sees('fourth-line');
    expect(await world.screen.text()).not.toContain('forced-in');
  });

  it('is typed into by a guest who may', async () => {
    const guest = await come(await share({ access: 'Can type' }), { width: 480, height: 900 });
    await guest.says('You can type');
    await guest.sees('fourth-line');
    const before = await sizeIn(world.screen);
    await guest.page.locator('.guest-terminal').click();
    await guest.page.keyboard.type('echo from-the-gu""est');
    await guest.page.keyboard.press('Enter');
    await world.screen.sees('from-the-guest');
    await guest.sees('from-the-guest');
    // The guest's window is far narrower: its text is small, and the terminal is as it was.
    expect(await sizeIn(world.screen)).toBe(before);
    const { drawn, room } = await guest.page.evaluate(() => ({
      drawn: document.querySelector<HTMLElement>('.xterm-screen')?.offsetWidth ?? 0,
      room: document.querySelector<HTMLElement>('.terminal-holder')?.clientWidth ?? 0,
    }));
    expect(drawn).toBeLessThanOrEqual(room);
    expect(drawn).toBeGreaterThan(room * 0.7);
  });

  it('leaves the owner signed in who opens the link in the same browser', async () => {
    const link = await share({ access: 'Can type' });
    const page = await world.window.context.newPage();
    await page.goto(link);
    await new Guest(page).says('You can type');
    await page.close();
    await owner.reload();
    await owner.getByRole('tablist').first().waitFor();
    await world.screen.hasKeyboard();
  });

  it('is gone for its guests at once when its links are revoked', async () => {
    const link = await share();
    const guest = await come(link);
    await guest.says('Read only');
    await revokeAll();
    await guest.says('This link leads nowhere any more');
    const late = await come(link);
    await late.says('This link leads nowhere any more');
    await owner
      .getByText(/^Shared · /)
      .first()
      .waitFor({ state: 'detached' });
  });

  it('ends by itself at its time', async () => {
    const guest = await come(await share({ minutes: 1 }));
    await guest.says(/ends in \d+\ss/);
    await guest.page.getByText('This link leads nowhere any more').waitFor({ timeout: 75_000 });
  });

  it('ends with the terminal, whose last screen stays', async () => {
    await world.screen.open();
    await world.screen.run('echo last-wo""rds');
    const guest = await come(await share());
    await guest.sees('last-words');
    await world.screen.run('exit 3');
    await guest.says('The terminal has ended with exit code 3.');
    await guest.sees('last-words');
  });
});

describe('two windows on one terminal', () => {
  it('see the same screen at one size, that of the window that was typed in last', async () => {
    await world.screen.closeAll();
    await world.screen.open();
    await world.screen.run("printf '\\e]0;twin\\a'");
    const small = await openWindow(world.berth, { width: 800, height: 560 });
    try {
      const other = new TerminalScreen(small.page, world.host);
      const rowsOf = (page: Page) => page.locator('[role=tabpanel]:not([inert]) .xterm-rows > div').count();
      const sameScreens = async (what: string) => {
        await world.screen.sees(what);
        await other.sees(what);
        await waitUntil(async () => (await world.screen.text()) === (await other.text()), {
          what: 'both windows show the same',
        });
      };
      const large = await sizeIn(world.screen);
      await small.page.getByRole('treeitem', { name: /twin/ }).click();
      await other.hasKeyboard();
      // Until its font has come, it draws with another, whose characters have another size.
      await small.page.evaluate(() => document.fonts.ready);
      await waitUntil(async () => (await rowsOf(small.page)) === (await rowsOf(owner)), {
        what: 'both windows have one size',
      });
      // Looked at last: the small window's size counts, and the large one follows and says so.
      await owner.getByText('Sized by another window').waitFor();
      const narrow = await sizeIn(other);
      expect(narrow).not.toBe(large);
      const [rows = '', cols = ''] = narrow.split(' ');
      expect(Number(cols)).toBeLessThan(Number(large.split(' ')[1]));
      expect([await rowsOf(owner), await rowsOf(small.page)]).toEqual([Number(rows), Number(rows)]);
      await other.run(`clear; printf '%s' "$(seq -s, 1 80)"; echo; echo narrow-en""d`);
      await sameScreens('narrow-end');

      await owner.getByRole('button', { name: 'Use this window’s size' }).click();
      await small.page.getByText('Sized by another window').waitFor();
      expect(await sizeIn(world.screen)).not.toBe(narrow);
      await world.screen.run(`clear; printf '%s' "$(seq -s, 1 80)"; echo; echo wide-en""d`);
      await sameScreens('wide-end');
      const { drawn, room } = await small.page.evaluate(() => ({
        drawn:
          document.querySelector<HTMLElement>('[role=tabpanel]:not([inert]) .xterm-screen')?.offsetWidth ?? 0,
        room:
          document.querySelector<HTMLElement>('[role=tabpanel]:not([inert]) .terminal-holder')?.clientWidth ??
          0,
      }));
      expect(drawn).toBeLessThanOrEqual(room);

      // Typing takes it over, too.
      await small.page.keyboard.press('Enter');
      await owner.getByText('Sized by another window').waitFor();
      expect(await sizeIn(other)).toBe(narrow);
    } finally {
      await small.close();
    }
  });
});

describe('a guest whose line is cut', () => {
  it('is told, tries again, and sees the terminal go on that outlived Berth', async () => {
    await world.screen.closeAll();
    await world.screen.open();
    const guest = await come(await share());
    await guest.says('Read only');
    await world.screen.run('echo begun-$((10+1)); sleep 4; echo later-$((20+2))');
    // What was typed has reached the host.
    await guest.sees('begun-11');
    await world.berth.kill();
    await guest.says('Connection lost');
    await guest.says(/Trying again/);
    await world.berth.restart();
    await guest.says('later-22', 60_000);
  });

  it('learns that a terminal which ends with its connection went with Berth', async () => {
    await world.screen.closeAll();
    await world.screen.settings({ keepTerminals: false });
    await world.screen.open();
    const guest = await come(await share());
    await guest.says('Read only');
    await world.berth.kill();
    await guest.says('Connection lost');
    await world.berth.restart();
    await guest.says('This link leads nowhere any more', 60_000);
  });

  it('complained of nothing in all of this', () => {
    const odd = complaints.filter(
      (text) => !/ERR_CONNECTION_(REFUSED|RESET)|WebSocket connection/.test(text),
    );
    expect(odd).toEqual([]);
    const printed = world.berth.output();
    expect(printed).not.toMatch(/shared#/);
  });
});
