/** The window's own scheme: what it may, and what comes by it. */
import { describe, expect, it, vi } from 'vitest';

const registered: unknown[] = [];
vi.mock('electron', () => ({
  protocol: { registerSchemesAsPrivileged: (schemes: unknown[]) => registered.push(...schemes) },
}));
const { registerAppScheme, serveAppScheme } = await import('#main/desktop/app-protocol.ts');

describe('the scheme of the window', () => {
  it('is as safe as https and no freer: it passes no policy by, and is no origin for others’ requests', () => {
    registerAppScheme();
    expect(registered).toEqual([
      { scheme: 'berth-app', privileges: { standard: true, secure: true, codeCache: true } },
    ]);
  });

  it('answers reading of its own host alone, with a policy on whatever it says', async () => {
    let handle: (request: Request) => Promise<Response> = () => Promise.reject(new Error('not served'));
    serveAppScheme({ handle: (_scheme: string, own: typeof handle) => (handle = own) } as never, '/nowhere');
    for (const [url, method] of [
      ['berth-app://ui/index.html', 'POST'],
      ['berth-app://other/index.html', 'GET'],
      ['berth-app://ui/../../etc/passwd', 'GET'],
      ['berth-app://ui/%2e%2e/%2e%2e/etc/passwd', 'GET'],
    ] as const) {
      const { status, headers } = await handle(new Request(url, { method }));
      expect([url, status]).toEqual([url, 404]);
      expect(headers.get('Content-Security-Policy')).toContain("default-src 'none'");
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
    }
  });
});
