/**
 * A rival's page, with the same probe in it as in Berth's window. Nearly all of them show xterm.js, which hands the terminal
 * to each addon that is loaded: that is where the probe gets it.
 */
import type { Terminal } from '@xterm/xterm';
import type { Browser, BrowserContext, Page } from 'playwright';
import { waitUntil } from '#test/servers/wait-until.ts';
import { within } from './measures.ts';
import { installPageProbe } from './page-probe.ts';
import type { RivalServer } from './rival-servers.ts';
import { promptInBuffer, stepTimeoutMs } from './window.ts';

/** An editor loads 20 MB of scripts before it listens. */
const editorTimeoutMs = 90_000;

export interface TerminalPage extends AsyncDisposable {
  readonly context: BrowserContext;
  readonly page: Page;
  /** The keyboard goes to the terminal. */
  readonly focus: () => Promise<void>;
}

interface Room {
  readonly cols: number;
  readonly rows: number;
  readonly cellWidth: number;
  readonly cellHeight: number;
}

interface Scope {
  benchTerminals: Terminal[];
  benchSession: () => { lastLines(count: number): string[] } | undefined;
}

/** Runs in the page before everything else: must not refer to anything outside itself. */
function installTerminalHook(): void {
  const scope = window as unknown as Scope;
  scope.benchTerminals = [];
  const push = Array.prototype.push;
  // biome-ignore lint/suspicious/noExplicitAny: every array of the page comes by.
  Array.prototype.push = function (this: unknown[], ...items: any[]) {
    // Own properties only: some pages make a service when a property of its stand-in is read.
    const item = items.length === 1 ? Object(items[0]) : {};
    const addon = Object.hasOwn(item, 'isDisposed') && Object.hasOwn(item, 'instance') ? item.instance : {};
    if (typeof addon?.activate === 'function') {
      const activate = addon.activate;
      addon.activate = function (this: unknown, made: Terminal) {
        const all = scope.benchTerminals;
        if (typeof made.onTitleChange === 'function' && !all.includes(made)) push.call(all, made);
        return activate.call(this, made);
      };
    }
    return push.apply(this, items);
  };
  scope.benchSession = () => {
    const terminal = scope.benchTerminals.at(-1);
    if (terminal === undefined) return undefined;
    return {
      lastLines: (count) => {
        const buffer = terminal.buffer.active;
        const lines: string[] = [];
        for (let row = buffer.length - 1; row >= 0 && lines.length < count; row -= 1) {
          const text = buffer.getLine(row)?.translateToString(true) ?? '';
          if (text !== '' || lines.length > 0) lines.unshift(text);
        }
        return lines;
      },
    };
  };
}

/** From the address to a prompt, and how long that took. */
export async function openRivalPage(browser: Browser, server: RivalServer) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(stepTimeoutMs);
    await page.addInitScript(installTerminalHook);
    await page.addInitScript(installPageProbe);
    const begunAtMs = performance.now();
    await page.goto(server.url);
    await openTerminal(page, server);
    const elapsedMs = performance.now() - begunAtMs;
    const focus = () => focusTerminal(page);
    await focus();
    const opened: TerminalPage = { context, page, focus, [Symbol.asyncDispose]: () => context.close() };
    return { opened, elapsedMs };
  } catch (error) {
    await context.close();
    throw error;
  }
}

/** One more terminal, on the page of an editor. */
export async function openTerminal(page: Page, { kind, name }: RivalServer): Promise<void> {
  let known = 0;
  if (kind === 'editor') {
    known = await page.evaluate(() => (window as unknown as Scope).benchTerminals.length);
    await page.locator('.monaco-workbench').waitFor({ timeout: editorTimeoutMs });
    const palette = page.locator('.quick-input-widget input.input').first();
    const command = 'Create New Terminal in Editor Area';
    const row = page.locator('.quick-input-list .monaco-list-row', { hasText: command }).first();
    // While the editor loads it takes the keyboard for itself, and its palette closes.
    await waitUntil(
      async () => {
        // One that is open from an attempt before is closed; the keys are those that a terminal leaves to the editor.
        await page.keyboard.press('Escape');
        await page.keyboard.press('Control+Shift+P');
        await palette.waitFor({ timeout: 1_000 });
        await palette.fill(`>Terminal: ${command}`, { timeout: 1_000 });
        await row.click({ timeout: 3_000 });
        return true;
      },
      { what: 'the palette of the editor opens', timeoutMs: editorTimeoutMs },
    );
  }
  const prompt = page.waitForFunction(
    ([count, pattern]) => {
      const scope = window as unknown as Scope;
      const text = scope.benchSession()?.lastLines(1)[0] ?? '';
      return scope.benchTerminals.length > Number(count) && new RegExp(String(pattern)).test(text);
    },
    [known, promptInBuffer],
    { polling: 10 },
  );
  await within(stepTimeoutMs, `${name} shows a prompt`, prompt);
}

async function focusTerminal(page: Page): Promise<void> {
  await page.evaluate(() => (window as unknown as Scope).benchTerminals.at(-1)?.focus());
}

function roomOf(page: Page): Promise<Room | undefined> {
  return page.evaluate(() => {
    const scope = window as unknown as Partial<Scope>;
    const screens = [...document.querySelectorAll('.xterm-screen')].filter((one) =>
      one.checkVisibility({ visibilityProperty: true }),
    );
    const screen = screens.at(-1);
    if (screen === undefined) return undefined;
    const { width, height } = screen.getBoundingClientRect();
    const terminal = scope.benchTerminals?.at(-1);
    // Berth draws its rows as elements, and a measuring element tells the width of a character.
    const sample = screen.querySelector('.xterm-char-measure-element')?.getBoundingClientRect();
    const cellWidth = terminal ? width / terminal.cols : (sample?.width ?? 0) / 32;
    const rows = terminal?.rows ?? screen.querySelectorAll('.xterm-rows > div').length;
    if (!(cellWidth > 0) || rows === 0) return undefined;
    return { cols: Math.round(width / cellWidth), rows, cellWidth, cellHeight: height / rows };
  });
}

/** A page's terminal is as large as its room: the page is made so large that the terminal has about that size. */
export async function fitPage(page: Page, wanted: { cols: number; rows: number }): Promise<void> {
  await waitUntil(
    async () => {
      const now = await roomOf(page);
      const viewport = page.viewportSize();
      if (now === undefined || viewport === null) return false;
      // A column more or less is one hundredth of what is drawn.
      if (Math.abs(now.cols - wanted.cols) <= 1 && Math.abs(now.rows - wanted.rows) <= 1) return true;
      await page.setViewportSize({
        width: Math.round(viewport.width + (wanted.cols - now.cols) * now.cellWidth),
        height: Math.round(viewport.height + (wanted.rows - now.rows) * now.cellHeight),
      });
      await page.evaluate(
        () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
      );
      return false;
    },
    { what: `a terminal of ${wanted.cols} × ${wanted.rows}`, intervalMs: 100 },
  );
}
