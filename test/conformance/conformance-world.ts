/** Both terminals on one host in one browser: a tab of a served Berth, and bare xterm.js. Both have the same size. */
import { openTerminalWorld, type TerminalWorld } from '../e2e/terminal-window.ts';
import { waitUntil } from '../servers/wait-until.ts';
import { openBareTerminal } from './bare-terminal.ts';
import { installInstrument, instrument } from './instrument.ts';
import { Side, type Size } from './side.ts';

export interface ConformanceWorld extends AsyncDisposable {
  readonly world: TerminalWorld;
  readonly berth: Side;
  readonly bare: Side;
}

/** `isKept`: Berth's terminal runs under tmux, as they do by default; else plainly, as bare xterm.js's does. */
export async function openConformanceWorld(
  name: string,
  size: Size,
  isKept: boolean,
): Promise<ConformanceWorld> {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await openTerminalWorld(name));
  await world.screen.settings({ keepTerminals: isKept });
  const { page, browser } = world.window;
  await page.addInitScript(installInstrument);
  await page.reload();
  await page.getByRole('treeitem', { name: new RegExp(name) }).waitFor();
  await world.screen.open();
  await fitTo(world, size);
  const { side: bare } = stack.use(await openBareTerminal(world.host, browser, size));
  const kept = stack.move();
  return {
    world,
    berth: new Side('berth', page, world.host),
    bare,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** A window's terminal is as large as its room: the window is made so large that the terminal has that size. */
async function fitTo({ window: { page }, screen }: TerminalWorld, size: Size): Promise<void> {
  await waitUntil(
    async () => {
      const now = await instrument(page, 'size');
      const viewport = page.viewportSize();
      if (now === undefined || viewport === null) return false;
      if (now.cols === size.cols && now.rows === size.rows) return true;
      const width = Math.round(viewport.width + (size.cols - now.cols) * now.cellWidth);
      const height = Math.round(viewport.height + (size.rows - now.rows) * now.cellHeight);
      await page.setViewportSize({ width, height });
      // The window follows with its next frames.
      await page.evaluate(
        () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
      );
      return false;
    },
    { what: `a terminal of ${size.cols} × ${size.rows}` },
  );
  await waitUntil(async () => (await screen.ask('stty size')) === `${size.rows} ${size.cols}`, {
    what: 'the program knows that size',
  });
  await screen.run('clear');
}
