/** From the start of the process to a window that can be used, and on to the prompt of a host that is saved. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright';
import { endWithThisProcess, stopProcess } from '#test/servers/stop-process.ts';
import type { BenchWorld } from './bench-world.ts';
import { elapsedMs, inTurns, type AddMeasure } from './measures.ts';
import { startServedProcess } from './served-process.ts';
import { clickToPrompt, openBerthWindow } from './window.ts';

export async function measureStartUp(world: BenchWorld, browser: Browser, add: AddMeasure): Promise<void> {
  const rounds = world.isQuick ? 2 : 5;
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'berth-bench-saved-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  await saveHost(world, folder);
  const first = await inTurns(rounds, [
    ['Berth, served', () => startedMs(browser)],
    ['an empty page from Node', () => emptyPageMs(browser)],
  ]);
  add({ id: 'start-window', title: 'Start to usable window', unit: 'ms', series: first });
  const saved = await inTurns(Math.min(rounds, 3), [['Berth, served', () => promptMs(browser, folder)]]);
  add({ id: 'start-prompt', title: 'Start to prompt on a saved host', unit: 'ms', series: saved });
}

async function startedMs(browser: Browser): Promise<number> {
  const begunAtMs = performance.now();
  await using served = await startServedProcess();
  await using _window = await openBerthWindow(browser, await served.link());
  return performance.now() - begunAtMs;
}

/** What the machine needs for any such app: a Node process that listens, and a page of it in a new window. */
function emptyPageMs(browser: Browser): Promise<number> {
  const script =
    "const s = require('node:http').createServer((q, a) => a.setHeader('Content-Type', 'text/html').end('<p role=tablist>.</p>')); s.listen(0, '127.0.0.1', () => console.log(s.address().port));";
  return elapsedMs(async () => {
    const child = spawn(process.execPath, ['--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    endWithThisProcess(child);
    const context = await browser.newContext();
    try {
      const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
      const page = await context.newPage();
      await page.goto(`http://127.0.0.1:${Number(chunk.toString())}/`);
      await page.getByRole('tablist').waitFor();
    } finally {
      await Promise.all([context.close(), stopProcess(child)]);
    }
  });
}

async function saveHost(world: BenchWorld, dataFolder: string): Promise<void> {
  await using served = await startServedProcess({ dataFolder, args: ['--add-host', world.addHostPath] });
  await using stack = new AsyncDisposableStack();
  const plane = stack.adopt(await served.connect(), (one) => one.client.close());
  await plane.until('hosts.watch', {}, (hosts) => hosts.find((host) => host.state.phase === 'ready'));
}

async function promptMs(browser: Browser, dataFolder: string): Promise<number> {
  const begunAtMs = performance.now();
  await using served = await startServedProcess({ dataFolder });
  await using window = await openBerthWindow(browser, await served.link());
  await clickToPrompt(window.page, 'bench');
  return performance.now() - begunAtMs;
}
