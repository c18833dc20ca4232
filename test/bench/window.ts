/** The window in Chromium: text shown, keys echoed, a flood interrupted, a click answered by a prompt. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser, BrowserContext, Page } from 'playwright';
import type { BenchWorld } from './bench-world.ts';
import { textPath, writeTexts } from './floods.ts';
import { inTurns, type AddMeasure, type Measure, within } from './measures.ts';
import { ask, installPageProbe } from './page-probe.ts';
import { RawTerminal } from './raw-terminal.ts';

export const shownBytes = 20_000_000;
/** How long a flood runs before it is interrupted. */
export const floodMs = 1_200;
export const quietMs = 250;
export const keys = 'qwertzuiop';
/** A fast typist's pace. Keys without a pause would wait for the frame that shows the one before. */
export const keyPauseMs = 60;
export const stepTimeoutMs = 30_000;
export const promptInBuffer = '[$#] ?$';
const xtermScript = new URL('../../node_modules/@xterm/xterm/lib/xterm.js', import.meta.url).pathname;
const xtermStyle = new URL('../../node_modules/@xterm/xterm/css/xterm.css', import.meta.url).pathname;

export interface BerthWindow extends AsyncDisposable {
  readonly context: BrowserContext;
  readonly page: Page;
}

/** A signed-in window whose tabs can be seen. */
export async function openBerthWindow(browser: Browser, link: string): Promise<BerthWindow> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(stepTimeoutMs);
  await page.addInitScript(installPageProbe);
  await page.goto(link);
  await page.getByRole('tablist').first().waitFor();
  return { context, page, [Symbol.asyncDispose]: () => context.close() };
}

/** Opens a shell by a click on the page of a host or workspace; resolves with the milliseconds to its prompt. */
export async function clickToPrompt(page: Page, name: string): Promise<number> {
  await page.getByRole('treeitem', { name }).first().click();
  await page.getByRole('tab', { name, selected: true }).waitFor();
  const button = page.getByRole('button', { name: 'Open terminal' }).filter({ visible: true }).first();
  await button.waitFor();
  await ask(page, 'arm', 'click', promptInBuffer);
  await button.click();
  return within(stepTimeoutMs, `a click opens a shell in ${name}`, ask(page, 'reached'));
}

export async function measureWindow(world: BenchWorld, browser: Browser, add: AddMeasure): Promise<void> {
  await using window = await openBerthWindow(browser, await world.served.link());
  const { page } = window;
  const rounds = world.isQuick ? 2 : 4;

  const prompts = await inTurns(rounds, [
    ['host', () => clickToPrompt(page, world.host.name)],
    ['workspace', () => clickToPrompt(page, world.workspace.name)],
    ['ssh -tt', () => rawPromptMs(world)],
  ]);
  const [onHost, inWorkspace, raw] = prompts;
  if (inWorkspace === undefined || raw === undefined) throw new TypeError('three were asked for');
  add({
    id: 'click-to-prompt-host',
    title: 'Click to prompt, host',
    unit: 'ms',
    series: [
      { ...onHost, name: 'Berth' },
      { ...raw, name: 'ssh -tt, from nothing' },
    ],
  });
  add({
    id: 'click-to-prompt-workspace',
    title: 'Click to prompt, workspace',
    unit: 'ms',
    series: [
      { ...inWorkspace, name: 'Berth' },
      { ...raw, name: 'ssh -tt, from nothing' },
    ],
  });

  // The newest host shell is in front from here on.
  await clickToPrompt(page, world.host.name);
  add(await measureEcho(world, page));
  add(await measureInterrupt(world, page, rounds));
  add(await measureShown(world, browser, page, rounds));
}

async function rawPromptMs(world: BenchWorld): Promise<number> {
  const begunAtMs = performance.now();
  const raw = new RawTerminal(world, []);
  try {
    await raw.shows(/[$#] $/);
    return performance.now() - begunAtMs;
  } finally {
    raw.close();
  }
}

export async function typeLine(
  page: Page,
  text: string,
  pattern: string,
  timeoutMs = stepTimeoutMs,
): Promise<number> {
  await page.keyboard.type(text);
  await ask(page, 'arm', 'Enter', pattern);
  await page.keyboard.press('Enter');
  return within(timeoutMs, `the window shows ${pattern}`, ask(page, 'reached'));
}

async function measureEcho(world: BenchWorld, page: Page): Promise<Measure> {
  const raw = new RawTerminal(world, ['stty sane; echo ready; exec cat >/dev/null']);
  try {
    await raw.shows(/ready/);
    // The driver echoes, not a shell: nothing but the way is measured.
    await typeLine(page, 'echo rea""dy; cat >/dev/null', '^ready$');
    const series = await inTurns(world.isQuick ? 3 : 10, [
      [
        'Berth, in the window',
        async () => {
          await ask(page, 'watchKeys', true);
          const samples: number[] = [];
          for (const key of keys) {
            await pause(keyPauseMs);
            await page.keyboard.press(key);
            samples.push(...(await within(stepTimeoutMs, 'a key is echoed', ask(page, 'keys'))));
          }
          await ask(page, 'watchKeys', false);
          await page.keyboard.press('Enter');
          return samples;
        },
      ],
      [
        'ssh -tt, without a window',
        async () => {
          const samples: number[] = [];
          for (const key of keys) {
            await pause(keyPauseMs);
            samples.push(await raw.echoMs(key));
          }
          raw.type('\r');
          await raw.shows(/\n/);
          return samples;
        },
      ],
    ]);
    return { id: 'echo', title: 'Key to echo', unit: 'ms', series };
  } finally {
    raw.close();
    await page.keyboard.press('Control+c');
  }
}

/** Numbers, since lines that are all alike would look like silence. */
export const flood = 'seq 1 999999999';

async function measureInterrupt(world: BenchWorld, page: Page, rounds: number): Promise<Measure> {
  const series = await inTurns(rounds, [
    [
      'Berth, in the window',
      async () => {
        await typeLine(page, `clear; ${flood}`, '^\\d+$');
        await pause(floodMs);
        await ask(page, 'armInterrupt', quietMs);
        await page.keyboard.press('Control+c');
        return within(stepTimeoutMs, 'the window is quiet', ask(page, 'reached'));
      },
    ],
    [
      'ssh -tt, without a window',
      async () => {
        const raw = new RawTerminal(world, []);
        try {
          await raw.shows(/[$#] $/);
          raw.type(`${flood}\r`);
          await pause(floodMs);
          return await raw.interruptMs();
        } finally {
          raw.close();
        }
      },
    ],
  ]);
  return { id: 'interrupt', title: 'Ctrl+C under a flood, to quiet', unit: 'ms', series };
}

async function measureShown(
  world: BenchWorld,
  browser: Browser,
  page: Page,
  rounds: number,
): Promise<Measure> {
  await writeTexts(world, shownBytes);
  await using bare = await openBareScreen(browser);
  let count = 0;
  const series = await inTurns(rounds, [
    [
      'Berth, a tab on the host',
      async () => {
        const mark = `end-${++count}-of`;
        const command = `clear; cat ${textPath.host}; printf '%s-text\\n' ${mark}`;
        await page.bringToFront();
        return shownBytes / 1e3 / (await typeLine(page, command, `${mark}-text`));
      },
    ],
    [
      'xterm.js alone, from memory',
      async () => {
        await bare.page.bringToFront();
        return shownBytes / 1e3 / (await bare.showMs());
      },
    ],
  ]);
  return { id: 'shown', title: '20 MB of text shown', unit: 'MB/s', series };
}

/** The same library in the same browser with nothing around it and no way to come: the most that any app can show. */
async function openBareScreen(browser: Browser) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await page.setContent('<div id="screen" style="height:800px"></div>');
  await page.addStyleTag({ path: xtermStyle });
  await page.addScriptTag({ path: xtermScript });
  await page.evaluate((sizeBytes) => {
    interface Screen {
      open(element: HTMLElement | null): void;
      write(bytes: Uint8Array, done: () => void): void;
    }
    const scope = window as unknown as {
      Terminal: new (options: object) => Screen;
      showMs: () => Promise<number>;
    };
    const screen = new scope.Terminal({ cols: 150, rows: 45, scrollback: 10_000, fontSize: 13 });
    screen.open(document.getElementById('screen'));
    const line = `${'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/'.repeat(2).slice(0, 99)}\r\n`;
    const text = new TextEncoder().encode(line.repeat(Math.ceil(65_536 / line.length))).subarray(0, 65_536);
    scope.showMs = async () => {
      const begunAt = performance.now();
      for (let sent = 0; sent < sizeBytes; sent += text.byteLength * 4)
        await Promise.all(
          Array.from({ length: 4 }, () => new Promise<void>((resolve) => screen.write(text, resolve))),
        );
      return performance.now() - begunAt;
    };
  }, shownBytes);
  return {
    page,
    showMs: () => page.evaluate(() => (window as unknown as { showMs: () => Promise<number> }).showMs()),
    [Symbol.asyncDispose]: () => context.close(),
  };
}
