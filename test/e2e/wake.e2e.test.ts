/**
 * The window and the plane it is served by, when one of them stands still: a stopped process is what a half-open socket
 * looks like to the other end. Nobody clicks.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { waitUntil } from '../servers/wait-until.ts';
import { openWindow, type ServedBerth, startServedBerth, type Window } from './served-berth.ts';

let berth: ServedBerth;
let window: Window;

beforeAll(async () => {
  berth = await startServedBerth();
  window = await openWindow(berth);
});
afterAll(async () => {
  await window?.close();
  await berth?.stop();
});
// A test that failed may have left it stopped, and another window would wait for its next dial.
afterEach(() => void process.kill(berth.pid, 'SIGCONT'));
beforeEach(async () => {
  await window.page.reload();
  await connected();
});

const status = () => window.page.locator('footer').innerText();
const connected = () =>
  waitUntil(async () => /(^|\s)connected/.test((await status()).replace('not connected', '')), {
    what: 'the window is connected',
    timeoutMs: 20_000,
  });
const lostBand = () => window.page.getByText('The connection to Berth was lost').count();

/** Milliseconds until the window says that its connection is lost. */
async function lostAfter(): Promise<number> {
  const startMs = performance.now();
  await waitUntil(async () => (await lostBand()) > 0, { what: 'the window says so', timeoutMs: 20_000 });
  return performance.now() - startMs;
}

it('notices a socket that is half open within ten seconds, and is back by itself', async () => {
  process.kill(berth.pid, 'SIGSTOP');
  expect(await lostAfter()).toBeLessThan(11_000);
  process.kill(berth.pid, 'SIGCONT');
  await connected();
  expect(await lostBand()).toBe(0);
});

it('notices it at once after a wake, and is back within seconds of the network', async () => {
  process.kill(berth.pid, 'SIGSTOP');
  await window.page.evaluate(() => globalThis.dispatchEvent(new Event('online')));
  expect(await lostAfter()).toBeLessThan(4_500);
  // Some dials are swallowed.
  const dials: string[] = [];
  window.page.on('requestfailed', (request) => dials.push(request.url()));
  await waitUntil(() => dials.length >= 2, { what: 'dials are given up', timeoutMs: 20_000 });
  process.kill(berth.pid, 'SIGCONT');
  const startMs = performance.now();
  await connected();
  expect(performance.now() - startMs).toBeLessThan(6_000);
});

it('keeps its socket through a wake when the plane answers', async () => {
  let sockets = 0;
  window.page.on('websocket', () => (sockets += 1));
  await window.page.evaluate(() => globalThis.dispatchEvent(new Event('online')));
  const startMs = performance.now();
  await waitUntil(() => performance.now() - startMs > 4_000, { what: 'a while', intervalMs: 200 });
  expect(sockets).toBe(0);
  expect(await lostBand()).toBe(0);
});
