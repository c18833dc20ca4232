/** The walls around the window's session, without a window: what is asked of it, and what it answers. */
import { EventEmitter } from 'node:events';
import type { Session } from 'electron';
import { describe, expect, it, vi } from 'vitest';

vi.mock('electron', () => ({ protocol: {} }));
const { secureSession } = await import('#main/desktop/window-security.ts');

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
