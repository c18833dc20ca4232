/** The walls around the window's session, without a window: what is asked of it, and what it answers. */
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import type { App, Session, WebContents } from 'electron';
import { describe, expect, it, vi } from 'vitest';

vi.mock('electron', () => ({ protocol: {} }));
const { secureApp, secureSession } = await import('#main/desktop/window-security.ts');

type CheckHandler = Parameters<Session['setPermissionCheckHandler']>[0];
type RequestHandler = Parameters<Session['setPermissionRequestHandler']>[0];

function secured() {
  let check: CheckHandler = null;
  let request: RequestHandler = null;
  const session = Object.assign(new EventEmitter(), {
    setPermissionCheckHandler: (handler: CheckHandler) => (check = handler),
    setPermissionRequestHandler: (handler: RequestHandler) => (request = handler),
    setDevicePermissionHandler: () => undefined,
    setDisplayMediaRequestHandler: () => undefined,
    webRequest: { onBeforeRequest: () => undefined },
  });
  secureSession(session as unknown as Session);
  return {
    checks: (permission: string, origin: string, details: { isMainFrame: boolean; requestingUrl?: string }) =>
      check?.(null, permission as 'unknown', origin, details),
    grants: (permission: string, url: string, isMainFrame: boolean) => {
      let answer: boolean | undefined;
      const contents = { getURL: () => url } as Electron.WebContents;
      request?.(contents, permission as 'unknown', (isGranted) => (answer = isGranted), {
        isMainFrame,
        requestingUrl: url,
      });
      return answer;
    },
  };
}

const own = 'berth-app://ui/index.html';
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  build: { electronFuses: Record<string, boolean> };
};

describe('permissions', () => {
  it('lets our main frame notify, and no frame in it', () => {
    const { checks, grants } = secured();
    expect(grants('notifications', own, true)).toBe(true);
    expect(grants('notifications', own, false)).toBe(false);
    expect(grants('notifications', 'https://example.org/', true)).toBe(false);
    expect(checks('notifications', 'berth-app://ui/', { isMainFrame: true, requestingUrl: own })).toBe(true);
    expect(checks('notifications', 'berth-app://ui/', { isMainFrame: false, requestingUrl: own })).toBe(
      false,
    );
  });

  it('answers a question about our origin as a whole for notifications alone', () => {
    const { checks } = secured();
    const nobody = { isMainFrame: false };
    expect(checks('notifications', 'berth-app://ui/', nobody)).toBe(true);
    expect(checks('notifications', 'https://example.org/', nobody)).toBe(false);
    expect(checks('clipboard-read', 'berth-app://ui/', nobody)).toBe(false);
    expect(checks('background-sync', 'berth-app://ui/', nobody)).toBe(false);
  });

  it('lets our main frame write the file that a person chose, and nobody else', () => {
    const { checks, grants } = secured();
    expect(grants('fileSystem', own, true)).toBe(true);
    expect(checks('fileSystem', own, { isMainFrame: true, requestingUrl: own })).toBe(true);
    expect(grants('fileSystem', own, false)).toBe(false);
    expect(grants('fileSystem', 'https://example.org/', true)).toBe(false);
  });

  it.each(['media', 'geolocation', 'hid', 'openExternal', 'midi', 'unknown'])('refuses %s', (name) => {
    const { checks, grants } = secured();
    expect(grants(name, own, true)).toBe(false);
    expect(checks(name, own, { isMainFrame: true, requestingUrl: own })).toBe(false);
  });
});

describe('every page that there will ever be', () => {
  function app() {
    const own = new EventEmitter();
    const appSession = {};
    const secured: unknown[] = [];
    secureApp(own as unknown as App, {
      find: (session) => (session === appSession ? ({ session } as never) : undefined),
      secureContents: (contents) => void secured.push(contents),
    });
    const page = (session: object = {}) => {
      let open: (details: { url: string }) => { action: string } = () => ({ action: 'allow' });
      const contents = Object.assign(new EventEmitter(), {
        session,
        setWindowOpenHandler: (handler: typeof open) => (open = handler),
      });
      own.emit('web-contents-created', {}, contents);
      return { contents, opens: (url: string) => open({ url }).action };
    };
    return { own, page, appSession, secured };
  }
  const isPrevented = (emitter: EventEmitter, name: string, details: object = {}, ...more: unknown[]) => {
    let is = false;
    emitter.emit(name, { ...details, preventDefault: () => (is = true) }, ...more);
    return is;
  };

  it('opens no window, holds no webview, and goes nowhere but home', () => {
    const { contents, opens } = app().page();
    expect(opens('https://example.org/')).toBe('deny');
    expect(opens(own)).toBe('deny');
    expect(isPrevented(contents, 'will-attach-webview')).toBe(true);
    for (const name of ['will-navigate', 'will-redirect', 'will-frame-navigate']) {
      for (const url of [
        'https://example.org/',
        'file:///etc/passwd',
        'berth-app://other/',
        'about:blank',
        '',
      ])
        expect([name, url, isPrevented(contents, name, { url })]).toEqual([name, url, true]);
      expect(isPrevented(contents, name, { url: own })).toBe(false);
    }
  });

  it('has the walls of apps where it is an app’s, and those of the window everywhere else', () => {
    const { page, appSession, secured } = app();
    const { contents } = page(appSession);
    page();
    expect(secured).toEqual([contents]);
    expect(contents.listenerCount('will-navigate')).toBe(0);
  });

  it('is not talked past a bad certificate, and shows none of the person’s own', () => {
    const { own: electron } = app();
    const trusts = vi.fn();
    const details = [{} as WebContents, 'https://example.org/', 'net::ERR_CERT_AUTHORITY_INVALID', {}];
    expect(isPrevented(electron, 'certificate-error', {}, ...details, trusts)).toBe(true);
    expect(trusts).toHaveBeenCalledWith(false);
    const choose = vi.fn();
    const list = [{ subjectName: 'me' }];
    expect(isPrevented(electron, 'select-client-certificate', {}, {}, 'https://x/', list, choose)).toBe(true);
    expect(choose).toHaveBeenCalledWith();
  });

  it('gives no name and password to who asks, but leaves an app’s own tab to ask', () => {
    const { own: electron, appSession } = app();
    const answer = vi.fn();
    expect(isPrevented(electron, 'login', {}, null, {}, {}, answer)).toBe(true);
    expect(isPrevented(electron, 'login', {}, { session: {} }, {}, {}, answer)).toBe(true);
    expect(answer.mock.calls).toEqual([[], []]);
    expect(isPrevented(electron, 'login', {}, { session: appSession }, {}, {}, answer)).toBe(false);
    expect(answer).toHaveBeenCalledTimes(2);
  });
});

describe('the packaged app', () => {
  it('runs as nothing but itself, from its own archive (Electron’s fuses)', () => {
    expect(manifest.build.electronFuses).toEqual({
      ...{ runAsNode: false, enableNodeOptionsEnvironmentVariable: false },
      ...{ enableNodeCliInspectArguments: false, enableEmbeddedAsarIntegrityValidation: true },
      ...{ onlyLoadAppFromAsar: true, loadBrowserProcessSpecificV8Snapshot: false },
      ...{ grantFileProtocolExtraPrivileges: false, enableCookieEncryption: true },
    });
  });
});
