/**
 * Berth beside what people use in a browser instead: one browser, one host over SSH, terminals of one size, in turns. Each
 * terminal is a page of its own; what is measured in it is what xterm.js's buffer holds and when.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser, Page } from 'playwright';
import type { BenchWorld } from './bench-world.ts';
import { textPath, writeTexts } from './floods.ts';
import { inTurns, type AddMeasure, type Series, within } from './measures.ts';
import { ask } from './page-probe.ts';
import { memoryMb } from './process-figures.ts';
import { fitPage, openRivalPage, openTerminal, type TerminalPage } from './rival-page.ts';
import { processTree, type RivalServer, rivals, startRival } from './rival-servers.ts';
import { startServedProcess } from './served-process.ts';
import {
  clickToPrompt,
  flood,
  floodMs,
  keyPauseMs,
  keys,
  openBerthWindow,
  quietMs,
  shownBytes,
  stepTimeoutMs,
  typeLine,
} from './window.ts';

const size = { cols: 120, rows: 36 };
const idleTerminals = 10;
/** The slowest rival goes on for seconds after Ctrl+C. */
const quietTimeoutMs = 60_000;
const shownTimeoutMs = 90_000;
const looks = 3;
const lookEveryMs = 500;

interface Participant {
  readonly name: string;
  /** From an address to a prompt. */
  readonly open: () => Promise<{ opened: TerminalPage; elapsedMs: number }>;
  /** Terminals beyond the one of `opened`, all idle; what is opened for them is closed with the stack. */
  readonly openMore: (opened: TerminalPage, count: number, stack: AsyncDisposableStack) => Promise<void>;
  /** Of the server's processes, with those that it needs for each terminal. */
  readonly memory: () => Promise<number>;
}

export async function measureRivals(
  world: BenchWorld,
  browser: Browser,
  add: AddMeasure,
  skip: (name: string, reason: string) => void,
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const participants = [await berthParticipant(world, browser, stack)];
  for (const rival of rivals)
    try {
      await rival.install();
      const server = stack.use(await startRival(world, rival));
      const participant = rivalParticipant(browser, server);
      // One that shows no prompt at all would end the measure for everybody.
      const { opened } = await participant.open();
      await opened[Symbol.asyncDispose]();
      participants.push(participant);
    } catch (error) {
      skip(rival.name, error instanceof Error ? error.message : String(error));
    }
  const pages: (TerminalPage | undefined)[] = [];
  /** Who did not do what was measured: the page's state is nobody's any more. */
  const lost = new Set<string>();
  const turns = async (
    rounds: number,
    take: (one: Participant, index: number) => Promise<number | readonly number[]>,
  ): Promise<[Series, ...Series[]]> => {
    const takers = participants.map((one, index): [string, () => Promise<number | readonly number[]>] => [
      one.name,
      async () => {
        if (lost.has(one.name)) return [];
        if (index === 0) return take(one, index);
        return take(one, index).catch((error: unknown) => {
          lost.add(one.name);
          skip(one.name, error instanceof Error ? error.message : String(error));
          return [];
        });
      },
    ]);
    const [own, ...others] = await inTurns(rounds, takers);
    return [own, ...others.filter(({ samples }) => samples.length > 0)];
  };

  const prompts = await turns(world.isQuick ? 1 : 3, async ({ open }) => {
    const { opened, elapsedMs } = await open();
    await opened[Symbol.asyncDispose]();
    return elapsedMs;
  });
  add({ id: 'rivals-prompt', title: 'Page to prompt, beside rivals', unit: 'ms', series: prompts });

  await turns(1, async ({ open }, index) => {
    const { opened } = await open();
    pages[index] = stack.use(opened);
    await fitPage(opened.page, size);
    await opened.focus();
    return [];
  });
  const front = async (index: number): Promise<Page> => {
    const opened = pages[index];
    if (opened === undefined) throw new TypeError('a page for each');
    await opened.page.bringToFront();
    await opened.focus();
    return opened.page;
  };

  await turns(1, async (_one, index) =>
    typeLine(await front(index), 'echo rea""dy; cat >/dev/null', '^ready$'),
  );
  const echo = await turns(world.isQuick ? 2 : 8, async (_one, index) => echoSamples(await front(index)));
  await turns(1, async (_one, index) => {
    await (await front(index)).keyboard.press('Control+c');
    return [];
  });
  add({ id: 'rivals-echo', title: 'Key to echo, beside rivals', unit: 'ms', series: echo });

  await writeTexts(world, shownBytes);
  let count = 0;
  const rounds = world.isQuick ? 1 : 3;
  const shown = await turns(rounds, async (_one, index) => {
    const mark = `end-${++count}-of`;
    const command = `clear; cat ${textPath.host}; printf '%s-text\\n' ${mark}`;
    return shownBytes / 1e3 / (await typeLine(await front(index), command, `${mark}-text`, shownTimeoutMs));
  });
  add({ id: 'rivals-shown', title: '20 MB of text shown, beside rivals', unit: 'MB/s', series: shown });

  const interrupt = await turns(rounds, async (_one, index) => {
    const page = await front(index);
    await typeLine(page, `clear; ${flood}`, '^\\d+$');
    await pause(floodMs);
    await ask(page, 'armInterrupt', quietMs);
    await page.keyboard.press('Control+c');
    return within(quietTimeoutMs, 'the page is quiet', ask(page, 'reached'));
  });
  add({
    id: 'rivals-interrupt',
    title: 'Ctrl+C under a flood, beside rivals',
    unit: 'ms',
    series: interrupt,
  });
  for (const opened of pages) await opened?.[Symbol.asyncDispose]();

  add({
    id: 'rivals-memory',
    title: `Memory of the server, ${idleTerminals} idle terminals, beside rivals`,
    unit: 'MB',
    series: await memorySeries(
      world,
      browser,
      participants.filter(({ name }) => !lost.has(name)),
      skip,
    ),
  });
}

async function echoSamples(page: Page): Promise<number[]> {
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
}

/** Servers of their own: what other measurements left behind is not what idle terminals cost. */
async function memorySeries(
  world: BenchWorld,
  browser: Browser,
  participants: readonly Participant[],
  skip: (name: string, reason: string) => void,
): Promise<[Series, ...Series[]]> {
  const takers: [string, () => Promise<number[]>][] = [];
  await using stack = new AsyncDisposableStack();
  for (const { name } of participants) {
    const rival = rivals.find((one) => one.name === name);
    const fresh =
      rival === undefined
        ? await berthParticipant(world, browser, stack)
        : rivalParticipant(browser, stack.use(await startRival(world, rival)));
    takers.push([
      name,
      async () => {
        await using pages = new AsyncDisposableStack();
        const { opened } = await fresh.open();
        pages.use(opened);
        try {
          await fresh.openMore(opened, idleTerminals - 1, pages);
        } catch (error) {
          if (rival === undefined) throw error;
          skip(`${name}: memory`, error instanceof Error ? error.message : String(error));
          return [];
        }
        const samples: number[] = [];
        for (let look = 0; look < looks; look += 1) {
          await pause(lookEveryMs);
          samples.push(await fresh.memory());
        }
        return samples;
      },
    ]);
  }
  const [own, ...others] = await inTurns(1, takers);
  return [own, ...others.filter(({ samples }) => samples.length > 0)];
}

async function berthParticipant(
  world: BenchWorld,
  browser: Browser,
  stack: AsyncDisposableStack,
): Promise<Participant> {
  const served = stack.use(await startServedProcess({ args: ['--add-host', world.addHostPath] }));
  const plane = stack.adopt(await served.connect(), (one) => one.client.close());
  await plane.until('hosts.watch', {}, (hosts) => hosts.find((one) => one.state.phase === 'ready'));
  return {
    name: 'Berth, over SSH',
    open: async () => {
      const link = await served.link();
      const begunAtMs = performance.now();
      const window = await openBerthWindow(browser, link);
      await clickToPrompt(window.page, 'bench');
      const elapsedMs = performance.now() - begunAtMs;
      // The terminal that was opened last has the keyboard, and keeps it.
      return { opened: { ...window, focus: async () => undefined }, elapsedMs };
    },
    openMore: async ({ page }, count) => {
      for (let opened = 0; opened < count; opened += 1) await clickToPrompt(page, 'bench');
    },
    memory: () => treeMemory(served.pid),
  };
}

function rivalParticipant(browser: Browser, server: RivalServer): Participant {
  return {
    name: server.name,
    open: () => openRivalPage(browser, server),
    openMore: async ({ page }, count, stack) => {
      for (let opened = 0; opened < count; opened += 1)
        if (server.kind === 'editor') await openTerminal(page, server);
        else stack.use((await openRivalPage(browser, server)).opened);
    },
    memory: () => treeMemory(server.pid),
  };
}

async function treeMemory(root: number): Promise<number> {
  // One that ended between the look at the tree and the look at it holds nothing.
  const all = (await processTree(root)).map((pid) => memoryMb(pid).catch(() => 0));
  return (await Promise.all(all)).reduce((sum, one) => sum + one, 0);
}
