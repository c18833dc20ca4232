import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium, type LaunchOptions } from 'playwright';
import { expect, onTestFinished, test } from 'vitest';
import { chromiumLaunchOptions, chromiumPath } from './chromium.ts';
import { runChecked } from './run-process.ts';
import { waitUntil } from './wait-until.ts';

test('Chromium opens a page, and asks no name server for what is not there', async () => {
  const options = await chromiumLaunchOptions({ args: ['--host-resolver-rules=MAP * ~NOTFOUND'] });
  const browser = await chromium.launch(options);
  try {
    const page = await browser.newPage();
    await page.setContent('<title>berth</title><p>ahoy</p>');
    expect(await page.title()).toBe('berth');
    await expect(page.goto('http://example.test/')).rejects.toThrow('ERR_NAME_NOT_RESOLVED');
  } finally {
    await browser.close();
  }
});

/** A page that loads more files than Chromium has connections to one server, which answers none until `release`. */
async function startLoading(options: LaunchOptions) {
  const held: ServerResponse[] = [];
  let isReleased = false;
  const server = createServer((request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html' });
    if (request.url === '/' || isReleased) response.end('whole');
    else held.push(response);
  });
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await chromium.launch(options);
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  const failures: (string | undefined)[] = [];
  page.on('requestfailed', (request) => failures.push(request.failure()?.errorText));
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const answers = page.evaluate(() => {
    const files = Array.from({ length: 10 }, (_, index) => fetch(`/${index}`));
    return Promise.all(files.map((file) => file.then((response) => response.text()).catch(String)));
  });
  await waitUntil(() => held.length === 6, { what: 'every connection is in use' });
  const release = () => {
    isReleased = true;
    for (const response of held) response.end('whole');
  };
  return { page, failures, answers, release };
}

test('a cable that is put in ends nothing that loads here, though it does in a Chromium that hears of it', async () => {
  const options = await chromiumLaunchOptions();
  const [deaf, hearing] = await Promise.all([
    startLoading(options),
    startLoading({ ...options, executablePath: await chromiumPath() }),
  ]);
  // As a test host's, with an address that is nobody's.
  const cable = `cable${process.pid}`;
  await runChecked(['ip', 'link', 'add', cable, 'type', 'veth', 'peer', 'name', `${cable}b`]);
  onTestFinished(async () => void (await runChecked(['ip', 'link', 'delete', cable])));
  await runChecked(['ip', 'address', 'add', '198.51.100.1/32', 'dev', cable]);
  await runChecked(['ip', 'link', 'set', cable, 'up']);
  await waitUntil(() => hearing.failures.includes('net::ERR_NETWORK_CHANGED'), {
    what: 'the other one has heard of it',
  });
  deaf.release();
  hearing.release();
  expect(await deaf.answers).toEqual(Array.from({ length: 10 }, () => 'whole'));
  expect(deaf.failures).toEqual([]);
  // It takes itself for online all the same.
  expect(await deaf.page.evaluate(() => navigator.onLine)).toBe(true);
});
