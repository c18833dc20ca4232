import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deepLinkIn, parseDeepLink } from '#main/desktop/deep-link.ts';

describe('deep links', () => {
  it('are a path and text to pre-fill', () => {
    expect(parseDeepLink('berth://hosts/add?address=dev%40atlas&name=A%20b')).toEqual({
      type: 'deep-link',
      path: '/hosts/add',
      query: { address: 'dev@atlas', name: 'A b' },
    });
    expect(parseDeepLink('berth://workspaces/ws_1/')).toMatchObject({ path: '/workspaces/ws_1', query: {} });
  });

  it.each([
    'https://hosts/add',
    'BERTH://hosts',
    'berth:hosts',
    'berth://',
    'berth:///etc/passwd',
    'berth://hosts/../../x y',
    'berth://hosts/%2e%2e/x',
    'berth://user:pass@hosts',
    'berth://hosts:80/add',
    'berth://hosts/add?a=1&a=2',
    'berth://hosts/add?__proto__=1',
    'berth://hosts/add?a=%00',
    'berth://hosts/add?a=%E2%80%AE',
    'berth://hosts/add?a=%1b%5b31m',
    `berth://hosts/add?a=${'x'.repeat(2048)}`,
    `berth://hosts?${Array.from({ length: 21 }, (_, n) => `a${n}=1`).join('&')}`,
    'berth://-rf/x',
    'berth://hosts#x',
  ])('are dropped whole when they have another form: %s', (text) => {
    expect(parseDeepLink(text)).toBeUndefined();
  });

  it('never throw and never yield more than the form allows, whatever a page writes', () => {
    const text = fc.oneof(fc.string(), fc.webUrl(), fc.webQueryParameters()).map((rest) => `berth://${rest}`);
    fc.assert(
      fc.property(text, (link) => {
        const parsed = parseDeepLink(link);
        if (parsed === undefined) return;
        expect(parsed.path).toMatch(/^\/[a-z0-9_-]+(\/[a-zA-Z0-9_-]+)*$/);
        for (const [name, value] of Object.entries(parsed.query)) {
          expect(name).toMatch(/^[a-zA-Z0-9]+$/);
          expect(value).not.toMatch(/[\u0000-\u001f]/);
        }
      }),
    );
  });

  it('are found among arguments, and only there where they begin one', () => {
    expect(deepLinkIn(['--data-dir', '/x', 'berth://hosts'])).toMatchObject({ path: '/hosts' });
    expect(deepLinkIn(['--open=berth://hosts', '/berth://hosts'])).toBeUndefined();
  });
});
