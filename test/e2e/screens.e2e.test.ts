/**
 * A browser in the cloud, as a person has it: Berth's own browser image on a real host, its screen in a tab of the window,
 * typed into, copied from, listened to, made larger, cut off and back. What the remote browser has understood is read beside it, from
 * the title of its window.
 */
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadImage } from '../servers/images.ts';
import { browserImage } from '../servers/own-images.ts';
import { waitUntil } from '../servers/wait-until.ts';
import { openTerminalWorld, type TerminalWorld } from './terminal-window.ts';

let world: TerminalWorld;
let page: Page;
let container: string;

/** A page that is one field, and says in its title what is in it and how often it was clicked. The word “tone” begins one. */
const remotePage = `data:text/html,${encodeURIComponent(
  `<title>empty</title><script>
  let clicks = 0;
  function say(text) {
    document.title = '[' + text + '] clicked ' + clicks;
  }
  function heard(text) {
    say(text);
    if (text !== 'tone') return;
    const context = new AudioContext();
    const tone = new OscillatorNode(context, { frequency: 440 });
    tone.connect(new GainNode(context, { gain: 0.2 })).connect(context.destination);
    tone.start();
  }
  </script>
  <textarea autofocus style="position:fixed;inset:0;width:100%;height:100%" oninput="heard(this.value)" onclick="clicks++; say(this.value)"></textarea>`,
)}`;

beforeAll(async () => {
  const image = await browserImage();
  world = await openTerminalWorld('pier', { engine: true, diskMiB: 8192 });
  page = world.window.page;
  await loadImage(world.host, image);
  const row = await page.getByRole('treeitem', { name: /pier/ }).getAttribute('data-row');
  await page.evaluate(
    async ({ image: reference, hostId, url }) => {
      const send = async (path: string, body: unknown) => {
        const response = await fetch(`/api/v1/${path}`, {
          method: 'POST',
          headers: { 'X-Berth': '1', 'Content-Type': 'application/json' },
          body: JSON.stringify(body),
        });
        if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
        return response.json();
      };
      // Where passwords are kept: there is no keychain here.
      await send('credential-store/vault', { passphrase: 'S1mple.Words-For=The_vault+of/this~test' });
      const login = { how: 'none' };
      const project = await send('projects', {
        name: 'Browser',
        image: reference,
        kind: 'desktop',
        apps: [
          { name: 'Screen', port: 5900, protocol: 'vnc', path: '/', login, isMain: true, soundPort: 4711 },
        ],
        accessPassword: { variable: 'VNC_PW', delivery: 'file' },
        sharedMemoryBytes: 1024 ** 3,
        environment: [{ name: 'CHROMIUM_START_URL', value: url }],
        limits: { cpus: null, memoryBytes: null, pids: 2048 },
        mountPoint: '/home/dev',
        profile: 'standard',
        runtime: 'default',
        shell: null,
      });
      await send('workspaces', { name: 'surf', projectId: project.id, hostId, volumeName: null });
    },
    { image: image.reference, hostId: /host_[0-9a-z]+/.exec(row ?? '')?.[0], url: remotePage },
  );
  await page.getByRole('treeitem', { name: /surf.*running/ }).waitFor({ timeout: 60_000 });
  container = (await world.host.docker('ps', '--quiet', '--filter', 'label=dev.berth.workspace')).trim();
  await page.getByRole('treeitem', { name: /surf.*running/ }).click();
  await page.getByRole('button', { name: 'Open desktop' }).first().click();
  await live();
}, 300_000);
afterAll(() => world?.[Symbol.asyncDispose]());

const holder = () => page.locator('[role=tabpanel]:not([inert]) .screen-holder');
const live = () =>
  page.locator('[role=tabpanel]:not([inert]) .screen-holder[data-live] canvas').waitFor({ timeout: 60_000 });

/** What X knows of the screen: the windows on it, with their titles. */
const tree = () => world.host.docker('exec', '--env', 'DISPLAY=:1', container, 'xwininfo', '-root', '-tree');

/** Width and height of the remote desktop, as `1024,700`. */
async function remoteSize(): Promise<string | undefined> {
  const root = await world.host.docker('exec', '--env', 'DISPLAY=:1', container, 'xwininfo', '-root');
  return /-geometry (\d+)x(\d+)/.exec(root)?.slice(1).join();
}
const sizeHere = async () => {
  const { width = 0, height = 0 } = (await holder().boundingBox()) ?? {};
  return [Math.floor(width), Math.floor(height)].join();
};

async function remoteShows(text: string): Promise<void> {
  let seen = '';
  const isShown = async () => {
    seen = await tree();
    return seen.includes(`[${text}]`);
  };
  await waitUntil(isShown, { what: `the remote browser shows [${text}]`, timeoutMs: 30_000 }).catch(
    (cause) => {
      throw new Error(`The remote browser does not show [${text}]:\n${seen}`, { cause });
    },
  );
}

/** A press into the page of the remote browser, below its own bars. */
async function clickInPage(): Promise<void> {
  // On a busy machine it may be on its way back, and what is pressed then goes nowhere.
  await live();
  const clicks = async () => Number(/\] clicked (\d+)/.exec(await tree())?.[1] ?? 0);
  const before = await clicks();
  const box = await holder().boundingBox();
  if (box === null) throw new Error('there is no screen');
  await page.mouse.click(box.x + box.width / 2, box.y + box.height * 0.7);
  // Chromium looks for what was clicked before it tells the page, and keys may overtake it.
  await waitUntil(async () => (await clicks()) > before, {
    what: 'the remote page was clicked',
    timeoutMs: 20_000,
  });
}

const speaker = (words: RegExp) => page.getByRole('button', { name: words });

/** Connections to its sound (port 4711, which is 1267) that are established: state 01 of proc(5). */
async function listeners(): Promise<number> {
  const sockets = await world.host.docker('exec', container, 'cat', '/proc/net/tcp');
  return sockets.split('\n').filter((line) => / 0100007F:1267 \S+ 01 /.test(line)).length;
}

async function empty(): Promise<void> {
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Delete');
  await remoteShows('');
}

describe('a remote browser in a tab', () => {
  it('is signed in to by itself, and its password is nowhere in the page', async () => {
    await waitUntil(async () => (await tree()).includes('empty - Chromium'), {
      what: 'Chromium is there',
      timeoutMs: 60_000,
    });
    const password = (
      await world.host.docker('exec', container, 'sh', '-c', 'cat /run/secrets/VNC_PW')
    ).trim();
    expect(password.length).toBeGreaterThanOrEqual(8);
    expect(await page.content()).not.toContain(password);
    const stored = await page.evaluate(() =>
      JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)]),
    );
    expect(stored).not.toContain(password);
  });

  it('is typed into, and shows it: its picture here changes', async () => {
    await clickInPage();
    const before = await holder().screenshot();
    await page.keyboard.type('Ahoy from here 42!');
    await remoteShows('Ahoy from here 42!');
    await waitUntil(async () => !(await holder().screenshot()).equals(before), {
      what: 'the picture changes',
    });
  });

  it('gives what is copied there to this computer, and takes what is pasted here', async () => {
    await clickInPage();
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Control+c');
    await waitUntil(
      async () => (await page.evaluate(() => navigator.clipboard.readText())) === 'Ahoy from here 42!',
      { what: 'the copied text is on this clipboard', timeoutMs: 20_000 },
    );
    await empty();
    await page.evaluate(() => navigator.clipboard.writeText('Grüße, мир ✓'));
    await page.keyboard.press('Control+v');
    await remoteShows('Grüße, мир ✓');
  });

  it('gets the size of its tab', async () => {
    const isAlike = async () => (await remoteSize()) === (await sizeHere());
    await waitUntil(isAlike, { what: 'the desktop is as large as its tab', timeoutMs: 20_000 });
    await page.setViewportSize({ width: 1180, height: 760 });
    await waitUntil(isAlike, { what: 'the desktop has followed', timeoutMs: 20_000 });
  });

  it('fills the display and gives it back, at the size of each', async () => {
    const before = await remoteSize();
    await page.getByRole('button', { name: 'Full screen' }).click();
    await page.waitForFunction(() => document.fullscreenElement !== null);
    const fills = async () => {
      const { width = 0, height = 0 } = (await holder().boundingBox()) ?? {};
      const whole = await page.evaluate(() => [innerWidth, innerHeight]);
      // The bar stays above it.
      const isLarge = width === whole[0] && height > (whole[1] ?? 0) - 60;
      return isLarge && (await remoteSize()) === (await sizeHere());
    };
    await waitUntil(fills, { what: 'the desktop fills the display', timeoutMs: 20_000 });
    await clickInPage();
    await page.keyboard.type(' filled');
    await waitUntil(async () => (await tree()).includes(' filled]'), { what: 'it is typed into' });
    await page.getByRole('button', { name: 'Leave full screen' }).click();
    await page.waitForFunction(() => document.fullscreenElement === null);
    await waitUntil(async () => (await remoteSize()) === before, {
      what: 'the desktop has its size from before',
      timeoutMs: 20_000,
    });
  });

  it('lets go of keys that Berth takes, so that none stays down there', async () => {
    await clickInPage();
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Delete');
    await page.keyboard.press('Control+Shift+K');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await clickInPage();
    await page.keyboard.type('plain');
    await remoteShows('plain');
  });

  it('takes a file that is dropped on it, whole, and says where it went', async () => {
    const sizeBytes = 3_000_000;
    const dataTransfer = await page.evaluateHandle((length) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(['x'.repeat(length)], 'cargo.txt'));
      return transfer;
    }, sizeBytes);
    await holder().dispatchEvent('dragover', { dataTransfer });
    await page.getByText('Drop the files').waitFor();
    await holder().dispatchEvent('drop', { dataTransfer });
    const said = await page.getByText(/^In \/home\/dev\/.*cargo\.txt$/).textContent({ timeout: 30_000 });
    const path = said?.slice('In '.length) ?? '';
    const size = await world.host.docker('exec', container, 'stat', '--format=%s %U', path);
    expect(size.trim()).toBe(`${sizeBytes} dev`);
  });

  it('is silent until its speaker is pressed, and then heard; another press ends it', {
    timeout: 120_000,
  }, async () => {
    expect(await listeners()).toBe(0);
    await speaker(/^Sound: off/).click();
    await speaker(/^Sound: on, and nothing plays/).waitFor({ timeout: 30_000 });
    await clickInPage();
    await empty();
    await page.keyboard.type('tone');
    await remoteShows('tone');
    await speaker(/^Sound: playing/).waitFor({ timeout: 30_000 });
    await speaker(/^Sound: playing/).click();
    await speaker(/^Sound: off/).waitFor();
    await waitUntil(async () => (await listeners()) === 0, { what: 'nobody listens' });
    await speaker(/^Sound: off/).click();
    await speaker(/^Sound: playing/).waitFor({ timeout: 30_000 });
    await clickInPage();
    await empty();
    await page.keyboard.type('plain');
    await remoteShows('plain');
  });

  it('comes back by itself after its way was cut, as it was, and is heard again', async () => {
    await world.host.killSshSessions();
    await page.locator('.screen-holder[data-live]').waitFor({ state: 'detached', timeout: 30_000 });
    await live();
    await clickInPage();
    await page.keyboard.type(' and back');
    await remoteShows('plain and back');
    await speaker(/^Sound: playing/).waitFor({ timeout: 30_000 });
    expect(world.window.complaints).toEqual([]);
  });

  it('is heard no more when its tab is closed', async () => {
    expect(await listeners()).toBe(1);
    await page.getByRole('tab', { selected: true }).press('Delete');
    await waitUntil(async () => (await listeners()) === 0, { what: 'nobody listens' });
  });
});
