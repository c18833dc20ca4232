/** The page of an address whose workspace is away. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  awayHeaders,
  awayPage,
  awayResponse,
  isHttpRequest,
} from '#main/control-plane/forwards/away-page.ts';

const facts = {
  workspaceName: `<script>alert("1")</script>'&`,
  port: 3000,
  reason: 'It is <b>away</b>.',
};

describe('the page', () => {
  it('escapes whatever comes from elsewhere, and brings nothing of its own to run or load', () => {
    const page = awayPage(facts);
    expect(page).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;');
    expect(page).toContain('It is &lt;b&gt;away&lt;/b&gt;.');
    expect(page).not.toMatch(/<script|<b>|<link|<img|\bsrc=|https?:|\bon\w+=|style="/);
    expect(page).toContain('<meta http-equiv="refresh" content="3">');
  });

  it('has a policy that allows its own styles, and nothing else', () => {
    const style = /<style>(.*)<\/style>/s.exec(awayPage(facts))?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    expect(awayHeaders['content-security-policy']).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`,
    );
  });

  it('is a whole answer of HTTP/1.1, of which HEAD gets the heading', () => {
    const answer = awayResponse(Buffer.from('GET / HTTP/1.1\r\n'), facts).toString();
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
    expect(Number(/content-length: (\d+)/.exec(head)?.[1])).toBe(Buffer.byteLength(body));
    expect(awayResponse(Buffer.from('HEAD / HTTP/1.1\r\n'), facts).toString().endsWith('\r\n\r\n')).toBe(
      true,
    );
  });
});

describe('a request', () => {
  it.each([
    ['GET / HTTP/1.1\r\n', true],
    ['PROPFIND /dav HTTP/1.1', true],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', false],
    ['\u0016\u0003\u0001', false],
    ['SSH-2.0-OpenSSH_9', false],
    ['', false],
    ['get / HTTP/1.1', false],
  ])('%j is one: %s', (bytes, isOne) => {
    expect(isHttpRequest(Buffer.from(bytes, 'latin1'))).toBe(isOne);
  });
});
