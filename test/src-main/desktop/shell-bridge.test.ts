/** Who may ask the window frame for anything, and what is looked at before anything happens. */
import type { BrowserWindow, IpcMain, IpcMainInvokeEvent } from 'electron';
import { beforeEach, describe, expect, it, vi } from 'vitest';

const opened: string[] = [];
vi.mock('electron', () => ({
  shell: { openExternal: async (url: string) => void opened.push(url) },
  app: { setBadgeCount: () => true },
  dialog: {},
  nativeTheme: {},
  Menu: {},
  protocol: {},
}));
const { isOwnPage, serveShellBridge } = await import('#main/desktop/shell-bridge.ts');

const own = 'berth-app://ui/index.html';
const mainFrame = { url: own };
const windowOf = (frame: object, isGone = false) =>
  ({ isDestroyed: () => isGone, webContents: { mainFrame: frame } }) as unknown as BrowserWindow;
const window = windowOf(mainFrame);
const from = (senderFrame: object | null) => ({ senderFrame }) as Pick<IpcMainInvokeEvent, 'senderFrame'>;

describe('who asks', () => {
  const gone = windowOf(mainFrame, true);
  const led = (url: string) => {
    const frame = { url };
    return [from(frame), windowOf(frame)] as const;
  };
  it.each([
    ['is our page', from(mainFrame), window, true],
    ['is a frame in it at our own address', from({ url: own }), window, false],
    ['is gone', from(null), window, false],
    ['has no window any more', from(mainFrame), gone, false],
    ['comes before there is one', from(mainFrame), undefined, false],
    ...['https://example.org/', 'berth-app://other/', 'about:blank', 'http://shop-3000.localhost:1/', ''].map(
      (url) => [`is our frame at ${url || 'no address'}`, ...led(url), false] as const,
    ),
  ] as const)('%s', (_who, event, of, is) => {
    expect(isOwnPage(event, of)).toBe(is);
  });
});

describe('what is asked', () => {
  let handle: (event: unknown, ...input: unknown[]) => Promise<unknown> = async () => undefined;
  beforeEach(() => {
    opened.length = 0;
    serveShellBridge({
      ipc: {
        handle: (_channel: string, handler: typeof handle) => {
          handle = handler;
        },
      } as unknown as IpcMain,
      window: () => window,
      ...{
        onShow: () => undefined,
        onCommand: () => undefined,
        onMenu: () => undefined,
        closeGuard: () => undefined,
      },
      ...{ appViews: {} as never, downloads: { cancel: () => undefined, show: () => undefined } },
    });
  });

  it('is done for our page alone', async () => {
    const ask = { url: 'https://example.org/' };
    await expect(handle(from({ url: own }), 'openExternal', ask)).rejects.toThrow('Refused.');
    await expect(handle(from(null), 'openExternal', ask)).rejects.toThrow('Refused.');
    expect(opened).toEqual([]);
    await expect(handle(from(mainFrame), 'openExternal', ask)).resolves.toEqual({});
    expect(opened).toEqual(['https://example.org/']);
  });

  it.each([
    ['__proto__', {}],
    ['constructor', {}],
    ['hasOwnProperty', 'url'],
    [['openExternal'], { url: 'https://example.org/' }],
    [{ toString: (): string => 'openExternal' }, { url: 'https://example.org/' }],
    [undefined, undefined],
    ['openExternal', undefined],
    ['openExternal', { url: ['https://example.org/'] }],
    [
      'openExternal',
      { url: { href: 'https://example.org/', toString: (): string => 'https://example.org/' } },
    ],
    ['downloadShow', { id: '/etc/passwd' }],
    ['downloadShow', { id: 'download-1/../../x' }],
    ['chooseFile', { title: 'x'.repeat(201), purpose: 'any' }],
    ['chooseFile', { title: 'Key', purpose: 'everything' }],
    ['setMenu', { rows: Array.from({ length: 301 }, () => ({})) }],
  ])('is refused when it is no request of the table: %s %j', async (name, input) => {
    await expect((async () => handle(from(mainFrame), name, input))()).rejects.toThrow('Refused');
    expect(opened).toEqual([]);
  });
});
