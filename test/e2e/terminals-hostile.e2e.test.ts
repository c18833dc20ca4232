/**
 * What hostile output must not do, in a real window on a real host: freeze the page, type for the person, leave the
 * terminal, or grow memory. The bytes are made on the host; the shell's own reading of its input is the witness.
 */
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { waitUntil } from '../servers/wait-until.ts';
import { openTerminalWorld, type TerminalScreen, type TerminalWorld } from './terminal-window.ts';

let world: TerminalWorld;
let screen: TerminalScreen;
let page: Page;

beforeAll(async () => {
  world = await openTerminalWorld('reef');
  screen = world.screen;
  page = world.window.page;
  // What it asks otherwise is in terminals-work.
  await screen.settings({ terminalClipboard: 'never' });
  // Every window that the page would open, and nothing opens.
  await page.evaluate(() => {
    const opened: string[] = [];
    Object.assign(window, { openedUrls: opened });
    window.open = (url) => {
      opened.push(String(url));
      return null;
    };
  });
});
afterAll(() => world?.[Symbol.asyncDispose]());
beforeEach(() => screen.open());
afterEach(() => screen?.closeAll());

const openedUrls = () =>
  page.evaluate(() => (window as unknown as { openedUrls: string[] }).openedUrls.splice(0));

/** Nothing is typed by it: no program is told of this key. */
const idleKey = 'ScrollLock';

/**
 * The longest time in milliseconds for which a key that a person pressed waited for the page while `act` ran. What a timer
 * of the page waits for is something else: the browser lets keys go first.
 */
async function longestBlock(act: () => Promise<unknown>): Promise<number> {
  await page.evaluate((key) => {
    const watch = { longestMs: 0, keys: 0 };
    if (!('blockWatch' in window))
      addEventListener(
        'keydown',
        (event) => {
          const { blockWatch } = window as unknown as { blockWatch: typeof watch };
          if (event.key !== key) return;
          blockWatch.keys += 1;
          blockWatch.longestMs = Math.max(blockWatch.longestMs, performance.now() - event.timeStamp);
        },
        { capture: true },
      );
    Object.assign(window, { blockWatch: watch });
  }, idleKey);
  let isOn = true;
  const press = async () => {
    for (; isOn; await new Promise((resolve) => setTimeout(resolve, 10))) await page.keyboard.press(idleKey);
  };
  const pressing = press();
  try {
    await act();
  } finally {
    isOn = false;
    await pressing;
  }
  const { longestMs, keys } = await page.evaluate(
    () => (window as unknown as { blockWatch: { longestMs: number; keys: number } }).blockWatch,
  );
  expect(keys, 'keys that the page heard').toBeGreaterThan(0);
  return longestMs;
}

async function planeMemoryMiB(): Promise<number> {
  const status = await readFile(`/proc/${world.berth.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}

/** Once five seconds bring no more of it: a flood takes 80 MiB at first, of what the collector has not looked at yet, and then none. */
async function settledMemoryMiB(): Promise<number> {
  const seen: number[] = [];
  return await waitUntil(
    async () => {
      const now = await planeMemoryMiB();
      seen.push(now);
      return seen.length > 5 && now - (seen.at(-6) ?? 0) < 4 && now;
    },
    { what: 'the memory of the plane grows no more', timeoutMs: 60_000, intervalMs: 1_000 },
  );
}

const freezers: readonly [string, string][] = [
  ...['b', 'I', 'L', 'M', 'S', 'T', 'Z', 'a', '@', 'P', 'X', 'A', 'B', 'C', 'D', 'E', 'F', 'e'].map(
    (final): [string, string] => [`CSI 2147483647 ${final}`, `x\\033[2147483647${final}`],
  ),
  ["CSI 2147483647 ' }", 'x\\033[2147483647\\047}'],
  ['CSI 2147483647 SP @', 'x\\033[2147483647 @'],
];

describe('output that would freeze the window', () => {
  it('a count of two thousand million holds the page for no tenth of a second', async () => {
    for (const [name, bytes] of freezers) {
      // What freezes does so every time; a busy machine does not.
      let blockedMs = Number.POSITIVE_INFINITY;
      for (let attempt = 1; attempt <= 12 && blockedMs >= 100; attempt += 1)
        blockedMs = await longestBlock(async () => {
          expect(await screen.ask(`printf '${bytes}\\r\\n\\033[H\\033[2J'`), name).toBe('');
        });
      expect(blockedMs, name).toBeLessThan(100);
    }
  });

  it('two hundred thousand links neither freeze the page nor stop the shell', async () => {
    await world.host.writeFile(
      '/root/links.awk',
      'BEGIN { for (i = 0; i < 200000; i++) printf "\\033]8;;http://a.test/%d\\033\\\\l\\033]8;;\\033\\\\%s", i, i % 40 ? "" : "\\n" }',
    );
    const blockedMs = await longestBlock(async () => {
      await screen.run('awk -f links.awk; clear; echo all"-"links');
      // Ten times as long where each of them is kept.
      await screen.sees('all-links', 20_000);
    });
    expect(blockedMs).toBeLessThan(250);
    expect(await screen.ask('echo alive')).toBe('alive');
  });
});

describe('output that would type for the person', () => {
  const questions: readonly [string, string][] = [
    ['title report', '\\033]2;id\\007\\033[21t'],
    ['icon title report', '\\033]1;id\\007\\033[20t'],
    ['window position and size in pixels', '\\033[13t\\033[14t\\033[19t'],
    ['clipboard read', '\\033]52;c;?\\007'],
    ['clipboard write', '\\033]52;c;cm0gLXJmIC8=\\007'],
    ['terminal capabilities', '\\033P+q544e\\033\\\\'],
    ['answer-back', '\\005'],
    ['notification', '\\033]9;hello\\007\\033]777;notify;a;b\\007'],
    ['unknown report', '\\033]1337;ReportCellSize\\007'],
  ];

  it.each(questions)('%s: nothing arrives', async (_name, bytes) => {
    await screen.setClipboard('untouched');
    // The program's input as it is: what arrives before the marker that is typed last.
    await screen.run(`clear; stty -echo; printf '${bytes}'; echo rea''dy; head -n 1 | cat -v; stty echo`);
    await screen.sees(/^ready$/m);
    await screen.type('typed-marker');
    await page.keyboard.press('Enter');
    const [line] = await screen.sees(/^.*typed-marker$/m);
    expect(line).toBe('typed-marker');
    expect(await screen.clipboard()).toBe('untouched');
  });

  it('answers what programs need, in the form of the answer alone', async () => {
    const answered: readonly [string, RegExp][] = [
      ['\\033[c', /^\^\[\[\?[\d;]+ctyped$/m],
      // tmux on the host says its own name, which no output can change.
      ['\\033[>q', /^\^\[P>\|tmux [\w.-]+\^\[\\typed$/m],
      ['\\033[6n', /^\^\[\[\d+;\d+Rtyped$/m],
      ['\\033]11;?\\007', /^\^\[\]11;rgb:[0-9a-f/]+\^\[\\typed$/m],
    ];
    for (const [index, [question, answer]] of answered.entries()) {
      await screen.run(
        `clear; stty -echo; printf '${question}'; echo ready''-${index}; head -n 1 | cat -v; stty echo`,
      );
      await screen.sees(new RegExp(`^ready-${index}$`, 'm'));
      await screen.type('typed');
      await page.keyboard.press('Enter');
      await screen.sees(answer);
    }
  });

  it('a question that was answered is not asked again by the replay after a reload', async () => {
    // No echo: the answers may arrive before the marker is printed, and would stand in its line.
    await screen.run(
      `clear; stty -echo; printf '\\033[c\\033[6n\\033]11;?\\007'; echo one''-asked; head -n 1 | cat -v; stty echo`,
    );
    await screen.sees(/^one-asked$/m);
    await screen.run('first');
    await screen.sees(/^\^\[.*first$/m);
    await screen.hasPrompt();
    await screen.run('echo two""-waits; head -n 1 | cat -v');
    await screen.sees(/^two-waits/m);
    await page.reload();
    await screen.hasKeyboard();
    await screen.sees(/^two-waits/m);
    await screen.run('second');
    const [shown] = await screen.sees(/two-waits[\s\S]*second[\s\S]*second/);
    expect(shown).not.toMatch(/\^\[/);
  });
});

describe('links', () => {
  beforeEach(async () => {
    await page.evaluate(() => {
      const opened: string[] = [];
      Object.assign(window, { openedUrls: opened });
      window.open = (url) => {
        opened.push(String(url));
        return null;
      };
    });
  });

  const clickOn = async (text: string) => {
    const { x, y } = await screen.placeOf(text);
    // Links are looked up as the pointer moves.
    await page.mouse.move(x, y + 40);
    await page.mouse.move(x - 4, y, { steps: 4 });
    await page.mouse.move(x, y);
    await page.mouse.click(x, y);
  };
  let shown = 0;
  /** Resolves with the text that carries the link: another one each time, or the link before would be taken for it. */
  const show = async (target: string): Promise<string> => {
    shown += 1;
    const text = `link-${shown}-here`;
    await screen.run(
      `clear; printf '\\033]8;;%s\\033\\\\link-%s-here\\033]8;;\\033\\\\\\n' '${target}' ${shown}`,
    );
    await screen.sees(new RegExp(`^${text}$`, 'm'));
    return text;
  };

  it.each(['https://berth.test/a?b=c', 'http://berth.test/', 'mailto:someone@berth.test'])(
    'opens %s on a click and not before',
    async (target) => {
      const text = await show(target);
      expect(await openedUrls()).toEqual([]);
      await waitUntil(
        async () => {
          await clickOn(text);
          return (await openedUrls()).includes(target);
        },
        { what: 'the link opens' },
      );
    },
  );

  it('opens an address that is plain text', async () => {
    await screen.run('clear; echo http://plain.test/page');
    await screen.sees(/^http:\/\/plain\.test\/page$/m);
    await waitUntil(
      async () => {
        await clickOn('http://plain.test/page');
        return (await openedUrls()).some((url) => url.startsWith('http://plain.test/page'));
      },
      { what: 'the address opens' },
    );
  });

  it('opens nothing of another scheme, and none that only looks like one', async () => {
    const hostile = [
      'javascript:alert(1)',
      'file:///etc/passwd',
      'data:text/html,<script>1</script>',
      'vbscript:x',
      'ssh://evil.test',
      'smb://evil.test/share',
      'berth://host/add',
      'blob:https://berth.test/x',
      'ms-msdt:/id',
      'http:',
      'https:///',
      ' javascript:alert(1)',
      'about:blank',
    ];
    for (const target of hostile) {
      const text = await show(target);
      await clickOn(text);
      await clickOn(text);
      expect(await openedUrls(), target).toEqual([]);
    }
    expect(page.url()).toContain(world.berth.origin);
  });
});

/** Presses Ctrl+C; milliseconds from then until the rows changed for the last time. */
async function interrupt(): Promise<number> {
  const quiet = page.evaluate(() => {
    const holder = document.activeElement?.closest('[role=tabpanel]');
    const rows = holder?.querySelector('.xterm-rows');
    if (!rows) throw new Error('the flooded terminal has the keyboard');
    return new Promise<number>((resolve) => {
      const begin = (event: KeyboardEvent) => {
        if (event.key !== 'c' || !event.ctrlKey) return;
        window.removeEventListener('keydown', begin, { capture: true });
        Object.assign(window, { isArmed: false });
        const from = performance.now();
        let changedAt = from;
        const observer = new MutationObserver(() => {
          changedAt = performance.now();
        });
        // The cursor's own life goes on; what counts is text.
        observer.observe(rows, { subtree: true, childList: true, characterData: true });
        const look = () => {
          if (performance.now() - changedAt < 600) return setTimeout(look, 20);
          observer.disconnect();
          return resolve(changedAt - from);
        };
        look();
      };
      window.addEventListener('keydown', begin, { capture: true });
      Object.assign(window, { isArmed: true });
    });
  });
  await page.waitForFunction(() => (window as unknown as { isArmed?: boolean }).isArmed === true);
  await page.keyboard.press('Control+c');
  return quiet;
}

describe('a flood', () => {
  it('stops at Ctrl+C, grows no memory, and leaves the page and other terminals responsive', async () => {
    await screen.run('clear; echo other"-"tab');
    await screen.sees('other-tab');
    await screen.open();
    await screen.run('yes flood-flood-flood-flood-flood');
    await screen.sees('flood-flood');
    const before = await settledMemoryMiB();
    // The other terminal works while this one floods.
    await screen.command('Go to the tab used last');
    await screen.hasKeyboard();
    const beganAt = performance.now();
    expect(await screen.ask('echo echoed')).toBe('echoed');
    expect(performance.now() - beganAt).toBeLessThan(5_000);
    await screen.command('Go to the tab used last');
    await screen.hasKeyboard();
    await screen.sees('flood-flood');
    expect((await planeMemoryMiB()) - before).toBeLessThan(32);
    // A machine that does other things at the same moment may be late once, not three times.
    let quietMs = await interrupt();
    for (let attempt = 2; attempt <= 3 && quietMs >= 500; attempt += 1) {
      await screen.hasPrompt();
      await screen.run('clear; yes flood-flood-flood-flood-flood');
      await screen.sees('flood-flood');
      quietMs = await interrupt();
    }
    expect(quietMs).toBeLessThan(500);
    expect(await screen.ask('echo quiet')).toBe('quiet');
    expect((await planeMemoryMiB()) - before).toBeLessThan(32);
  });
});
