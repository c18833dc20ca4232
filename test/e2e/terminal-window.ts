/**
 * A window of a served Berth that has one real host, and what a person does with terminals in it: open, type, look.
 * Looks at the drawn rows, so that what it sees is what a person sees. Every look waits for its condition.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright';
import type { Settings } from '#contract/settings.ts';
import { addHostFileFor } from '../servers/demo-host.ts';
import { type RemoteHost, startRemoteHost } from '../servers/remote-host.ts';
import { waitUntil } from '../servers/wait-until.ts';
import { ensureBuilt } from './launch-served.ts';
import {
  openWindow,
  type ServedBerth,
  startServedBerth,
  type Window,
  type WindowOptions,
} from './served-berth.ts';

export interface TerminalWorld extends AsyncDisposable {
  readonly host: RemoteHost;
  readonly berth: ServedBerth;
  readonly window: Window;
  readonly screen: TerminalScreen;
}

/** Engine or not, a host of that name that Berth knows from the start, and a signed-in window that may use the clipboard. */
export async function openTerminalWorld(
  name: string,
  options: { engine?: boolean; diskMiB?: number; window?: WindowOptions } = {},
): Promise<TerminalWorld> {
  await using stack = new AsyncDisposableStack();
  const [host] = await Promise.all([
    startRemoteHost({
      name,
      engine: options.engine ?? false,
      ...(options.diskMiB === undefined ? {} : { diskMiB: options.diskMiB }),
    }),
    ensureBuilt(),
  ]);
  stack.use(host);
  // Of the machine's own root is an overlay: what its prompt looks like is nobody's business here.
  await host.writeFile('/root/.bashrc', "PS1='$ '\nPROMPT_COMMAND=\nunset HISTFILE\n");
  await host.writeFile('/root/.profile', '. ~/.bashrc\n');
  const folder = await mkdtemp(join(tmpdir(), 'berth-terminals-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const hostFile = join(folder, 'host.json');
  await writeFile(hostFile, JSON.stringify(addHostFileFor(host, name)), { mode: 0o600 });
  const berth = stack.use(await startServedBerth({ args: ['--add-host', hostFile] }));
  const window = stack.adopt(await openWindow(berth, options.window), (one) => one.close());
  await window.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: berth.origin });
  const screen = new TerminalScreen(window.page, host);
  await window.page
    .getByRole('treeitem', { name: new RegExp(`${name}.*(ready|no engine)`) })
    .waitFor({ timeout: 30_000 });
  const kept = stack.move();
  return { host, berth, window, screen, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

export class TerminalScreen {
  readonly page: Page;
  readonly #host: RemoteHost;
  #marks = 0;

  constructor(page: Page, host: RemoteHost) {
    this.page = page;
    this.#host = host;
  }

  /** The pages that are in front, one per pane, that show a terminal. */
  get shown(): Locator {
    return this.page.locator('[role=tabpanel]:not([inert]) .terminal-holder');
  }
  get tabs(): Locator {
    return this.page.getByRole('tab');
  }
  get frontTab(): Locator {
    return this.page.locator('[role=tab][aria-selected=true]');
  }

  /** The rows as they are drawn, of the terminal that has the keyboard or else of the first one in front. */
  rows(): Promise<string[]> {
    return this.page.evaluate(() => {
      const holder =
        document.activeElement?.closest('[role=tabpanel]')?.querySelector('.terminal-holder') ??
        document.querySelector('[role=tabpanel]:not([inert]) .terminal-holder');
      return [...(holder?.querySelectorAll('.xterm-rows > div') ?? [])].map((row) =>
        (row.textContent ?? '').replaceAll('\u00a0', ' ').trimEnd(),
      );
    });
  }

  async text(): Promise<string> {
    return (await this.rows()).join('\n').trimEnd();
  }

  /** Resolves with the match of the screen's text. */
  async sees(what: string | RegExp, timeoutMs = 20_000): Promise<RegExpMatchArray> {
    const pattern = typeof what === 'string' ? new RegExp(what.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')) : what;
    let last = '';
    try {
      return await waitUntil(
        async () => {
          last = await this.text();
          return pattern.exec(last) ?? undefined;
        },
        { what: `the terminal shows ${pattern}`, timeoutMs },
      );
    } catch (error) {
      throw new Error(`${(error as Error).message}; it shows:\n${last}`, { cause: error });
    }
  }

  async type(text: string): Promise<void> {
    await this.page.keyboard.type(text);
  }

  async run(line: string): Promise<void> {
    await this.type(line);
    await this.page.keyboard.press('Enter');
  }

  /** Runs a command and resolves with what it printed; the echo of what was typed does not count. */
  async ask(line: string): Promise<string> {
    const mark = `m${++this.#marks}`;
    await this.run(`clear; ${line}; echo "${mark}""-end"`);
    const [, answer = ''] = await this.sees(new RegExp(`(?:^|\\n)([\\s\\S]*?)${mark}-end`));
    return answer.trimEnd();
  }

  /** The palette as a person uses it, also from inside a terminal. */
  async command(label: string): Promise<void> {
    const palette = this.page.getByRole('dialog').getByRole('combobox');
    await this.page.getByRole('alertdialog').waitFor({ state: 'detached' });
    // The keyboard may be on its way from a closed tab to the next one: then the keys are those of neither.
    await waitUntil(
      async () => {
        const isInTerminal = await this.page.evaluate(
          () => document.activeElement?.closest('[data-keys=terminal]') != null,
        );
        await this.page.keyboard.press(isInTerminal ? 'Control+Shift+K' : 'Control+K');
        await palette.waitFor({ timeout: 2_000 });
        return true;
      },
      { what: 'the palette opens' },
    );
    await palette.fill(label);
    await this.page.getByRole('option', { name: label }).first().waitFor();
    await this.page.keyboard.press('Enter');
    await palette.waitFor({ state: 'detached' });
  }

  /** A new host terminal in front, with a prompt and the keyboard. */
  async open(command = 'New terminal'): Promise<void> {
    const known = await this.page.getByRole('tabpanel').evaluateAll((panels) => panels.map(({ id }) => id));
    await this.command(command);
    await this.page.waitForFunction((ids) => {
      const element = document.activeElement;
      const panel = element?.closest('[role=tabpanel]');
      return element?.classList.contains('xterm-helper-textarea') && panel && !ids.includes(panel.id);
    }, known);
    await this.hasPrompt();
  }

  /** Where a text was drawn last. The screen's own layer lies over the rows, so it is for the mouse, not for a locator. */
  async placeOf(text: string): Promise<{ x: number; y: number }> {
    const drawn = this.shown.locator('.xterm-rows span', { hasText: text }).last();
    const box = await waitUntil(async () => (await drawn.boundingBox({ timeout: 2_000 })) ?? undefined, {
      what: `${text} is drawn`,
    });
    return { x: box.x + 12, y: box.y + box.height / 2 };
  }

  async doubleClick(text: string): Promise<void> {
    const { x, y } = await this.placeOf(text);
    await this.page.mouse.dblclick(x, y);
  }

  async hasPrompt(): Promise<void> {
    await this.hasKeyboard();
    await this.sees(/(?:^|\n)[^\n]*[$#]$/);
  }

  async hasKeyboard(): Promise<void> {
    await this.page.waitForFunction(() =>
      document.activeElement?.classList.contains('xterm-helper-textarea'),
    );
  }

  /** Closes every tab of a terminal, through the door that asks no question. */
  async closeAll(): Promise<void> {
    // Not by role: behind a dialog tabs have none, and yet are there.
    const terminals = this.page
      .locator('[role=tab]')
      .filter({ has: this.page.locator('.lucide-square-terminal') });
    const question = this.page.getByRole('alertdialog');
    const agree = question.getByRole('button', { name: 'Close terminal' });
    await waitUntil(
      async () => {
        // Either may be gone by the time of the click.
        if ((await agree.count()) > 0) await agree.click({ timeout: 1_000 });
        // One that a failed test left open would fail all that come after it.
        else if ((await question.count()) > 0) await this.page.keyboard.press('Escape');
        else if ((await terminals.count()) === 0) return true;
        else await terminals.first().click({ button: 'middle', timeout: 1_000 });
        return false;
      },
      { what: 'every terminal is closed', timeoutMs: 60_000 },
    );
  }

  async settings(change: Partial<Settings>): Promise<void> {
    const status = await this.page.evaluate(
      async (body) =>
        (
          await fetch('/api/v1/settings', {
            method: 'PATCH',
            headers: { 'X-Berth': '1', 'Content-Type': 'application/json' },
            body,
          })
        ).status,
      JSON.stringify(change),
    );
    if (status !== 200) throw new Error(`settings: ${status}`);
  }

  async setClipboard(text: string): Promise<void> {
    await this.page.evaluate((value) => navigator.clipboard.writeText(value), text);
  }
  clipboard(): Promise<string> {
    return this.page.evaluate(() => navigator.clipboard.readText());
  }

  /** Process ids on the host whose command line holds `marker`. */
  async processes(marker: string): Promise<string[]> {
    const { stdout } = await this.#host.run(['pgrep', '-f', '--', marker]);
    return stdout.split('\n').filter((pid) => pid !== '');
  }
}
