/**
 * xterm.js with nothing around it: the same version, the same table of character widths, on a page of its own in the same
 * browser; ssh2 on one side of a web socket, `write` and `onData` on the other. No guard, no filter, no credit.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright';
import { Client, type ClientChannel } from 'ssh2';
import { WebSocketServer } from 'ws';
import type { RemoteHost } from '../servers/remote-host.ts';
import { installInstrument } from './instrument.ts';
import { Side, type Size } from './side.ts';

const modules = new URL('../../node_modules/@xterm/', import.meta.url).pathname;

/** Resolves when the shell shows its prompt. */
export async function openBareTerminal(
  host: RemoteHost,
  browser: Browser,
  size: Size,
): Promise<{ side: Side } & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const client = stack.adopt(new Client(), (one) => void one.end());
  client.connect({
    host: host.address,
    port: host.port,
    username: host.user,
    privateKey: await readFile(host.clientKeyPath),
  });
  await once(client, 'ready');
  // Else each answer waits for the acknowledgement of the one before.
  client.setNoDelay(true);
  const shell = await new Promise<ClientChannel>((resolve, reject) =>
    client.shell({ term: 'xterm-256color', ...size }, (error, channel) =>
      error ? reject(error) : resolve(channel),
    ),
  );
  // A path that only this run knows: nothing else on this machine may get a shell by it.
  const path = `/${randomUUID()}`;
  const server = createServer((_request, response) =>
    response.setHeader('Content-Type', 'text/html').end('<!doctype html><div id="screen"></div>'),
  );
  const sockets = new WebSocketServer({ server, path, perMessageDeflate: false });
  stack.defer(async () => {
    for (const socket of sockets.clients) socket.terminate();
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  sockets.on('connection', (socket) => {
    shell.on('data', (bytes: Buffer) => socket.send(bytes));
    socket.on('message', (bytes: Buffer) => shell.write(bytes));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const context = stack.adopt(await browser.newContext({ viewport: { width: 1440, height: 900 } }), (one) =>
    one.close(),
  );
  const page = await context.newPage();
  await page.addInitScript(installInstrument);
  // Not a blank page: only a page of this computer may talk to this computer.
  await page.goto(`http://${address}/`);
  await page.addStyleTag({ path: `${modules}xterm/css/xterm.css` });
  await page.addScriptTag({ path: `${modules}xterm/lib/xterm.js` });
  await page.addScriptTag({ path: `${modules}addon-unicode-graphemes/lib/addon-unicode-graphemes.js` });
  await connectScreen(page, `ws://${address}${path}`, size);
  await page.locator('.xterm-rows').filter({ hasText: '$' }).waitFor();
  const kept = stack.move();
  return { side: new Side('bare', page, host), [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

function connectScreen(page: Page, address: string, size: Size): Promise<void> {
  return page.evaluate(
    ({ address, size }) => {
      interface Screen {
        open(element: HTMLElement | null): void;
        loadAddon(addon: unknown): void;
        focus(): void;
        write(bytes: Uint8Array): void;
        onData(take: (data: string) => void): void;
        onBinary(take: (data: string) => void): void;
      }
      const scope = window as unknown as {
        Terminal: new (options: object) => Screen;
        UnicodeGraphemesAddon: { UnicodeGraphemesAddon: new () => unknown };
      };
      // Every report about its window that xterm.js has; by itself it gives none.
      const windowOptions = {
        getWinSizePixels: true,
        getCellSizePixels: true,
        getWinSizeChars: true,
        pushTitle: true,
        popTitle: true,
      };
      const screen = new scope.Terminal({
        ...size,
        scrollback: 1_000,
        allowProposedApi: true,
        windowOptions,
      });
      screen.loadAddon(new scope.UnicodeGraphemesAddon.UnicodeGraphemesAddon());
      screen.open(document.getElementById('screen'));
      const socket = new WebSocket(address);
      socket.binaryType = 'arraybuffer';
      socket.onmessage = ({ data }) => screen.write(new Uint8Array(data));
      screen.onData((data) => socket.send(new TextEncoder().encode(data)));
      screen.onBinary((data) => socket.send(Uint8Array.from(data, (char) => char.charCodeAt(0))));
      screen.focus();
      return new Promise<void>((resolve, reject) => {
        socket.onopen = () => resolve();
        socket.onerror = () => reject(new Error('no way to the shell'));
      });
    },
    { address, size },
  );
}
