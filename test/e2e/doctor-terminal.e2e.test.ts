/**
 * From a finding to its remedy: the doctor of a host without tmux types its command into a terminal, a person reads it and
 * presses Return, and terminals opened after that are kept. On a real host whose installer is the test's own.
 */
import type { Page } from 'playwright';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { waitUntil } from '../servers/wait-until.ts';
import { openTerminalWorld, type TerminalScreen, type TerminalWorld } from './terminal-window.ts';

let world: TerminalWorld;
let screen: TerminalScreen;
let page: Page;

/** What the finding proposes to root on Debian. */
const command = 'apt-get update && apt-get install -y tmux';
/** Puts tmux back where a real one would install it; the host reaches no network. */
const installer = `#!/bin/sh
echo "$*" >>/root/installer.log
[ "$1" = install ] && mv /usr/bin/tmux.away /usr/bin/tmux
exit 0
`;

beforeAll(async () => {
  world = await openTerminalWorld('quay');
  screen = world.screen;
  page = world.window.page;
  await world.host.runChecked(['mv', '/usr/bin/tmux', '/usr/bin/tmux.away']);
  await world.host.writeFile('/usr/local/bin/apt-get', installer, { mode: '0755' });
});
afterAll(() => world?.[Symbol.asyncDispose]());
afterEach(() => screen?.closeAll());

const plainMark = () => page.getByRole('button', { name: 'Ends with the connection' });
const finding = (title: string) =>
  page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: title, exact: true }) });
const installerLog = async () =>
  (await world.host.run(['cat', '/root/installer.log'])).stdout.trim().split('\n').filter(Boolean);
async function showHost(): Promise<void> {
  await page.getByRole('treeitem', { name: /quay/ }).click();
  await page.getByRole('tab', { name: 'quay', selected: true }).waitFor();
}

describe('a host without tmux', () => {
  it('is told of it by the doctor, gets the command typed and not run, and keeps terminals after Return', async () => {
    await showHost();
    await page.getByRole('button', { name: 'Run doctor' }).click();
    const tmux = finding('tmux');
    await tmux.getByText('Not installed.').waitFor();
    await tmux.getByText('outlive the connection, the window and Berth itself').waitFor();
    await tmux.getByText(command).waitFor();
    await tmux.getByRole('button', { name: 'Type it into a terminal' }).click();
    await screen.hasKeyboard();
    await screen.sees(new RegExp(`(?:^|\\n)\\$ ${command}$`));
    await plainMark().waitFor();
    // Not before the terminal has answered something after it: what was typed would have run by then.
    await page.keyboard.press('Control+A');
    await screen.type('echo read; ');
    await screen.sees(`$ echo read; ${command}`);
    expect(await installerLog()).toEqual([]);
    expect(await screen.processes('apt-get')).toEqual([]);

    await page.keyboard.press('Enter');
    await screen.sees(/\nread\n/);
    await waitUntil(async () => (await installerLog()).length === 2, { what: 'the installer ran' });
    expect(await installerLog()).toEqual(['update', 'install -y tmux']);
    const restoredMs = performance.now();

    await showHost();
    await page.getByRole('button', { name: 'Run again' }).click();
    const fine = page.getByRole('button', { name: /checks? (is|are) fine/ });
    await fine.click();
    await finding('tmux')
      .getByText(/^3\.\d/)
      .waitFor();
    expect(await finding('tmux').getByRole('button').count()).toBe(0);

    await waitUntil(
      async () => {
        await screen.open('Open terminal on host');
        if ((await plainMark().count()) === 0) return true;
        await showHost();
        return false;
      },
      { what: 'a new terminal is kept', timeoutMs: 25_000 },
    );
    expect(performance.now() - restoredMs).toBeLessThan(20_000);
    const sessions = await world.host.runChecked([
      'tmux',
      '-L',
      'berth',
      'list-sessions',
      '-F',
      '#{session_name}',
    ]);
    expect(sessions).toMatch(/^term_/m);

    await screen.frontTab.click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Copy attach command' }).click();
    await page.getByText('Attach command copied').waitFor();
    const id = /^term_\w+$/m.exec(sessions)?.[0];
    expect(await screen.clipboard()).toBe(
      `ssh -t root@${world.host.address} "tmux -u -L berth attach -t '=${id}'"`,
    );
  });
});
