/** Whom a request is counted for: what proxies may say, and what nobody else may. */
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createClientAddress, networkOf, plainAddress, requestOrigin } from '#main/server/client-address.ts';

function requestFrom(peer: string, headers: Record<string, string> = {}): IncomingMessage {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: peer });
  const request = new IncomingMessage(socket);
  Object.assign(request.headers, headers);
  return request;
}

const said = (peer: string, forwarded: string, trusted: readonly string[]) =>
  createClientAddress(trusted)(requestFrom(peer, { 'x-forwarded-for': forwarded }));

describe('the client’s address', () => {
  it('is the peer’s, whatever it says, where no proxy is trusted', () => {
    expect(said('203.0.113.7', '198.51.100.1', [])).toBe('203.0.113.7');
    expect(said('::ffff:203.0.113.7', '198.51.100.1', ['10.0.0.0/8'])).toBe('203.0.113.7');
  });

  it.each([
    ['198.51.100.1', '198.51.100.1'],
    // A client wrote the first one itself.
    ['1.1.1.1, 198.51.100.1', '198.51.100.1'],
    ['1.1.1.1, 198.51.100.1, 10.0.0.2', '198.51.100.1'],
    ['10.0.0.9, 10.0.0.2', '10.0.0.9'],
    ['', '10.0.0.1'],
    ['unknown', '10.0.0.1'],
    ['198.51.100.1, _hidden, 10.0.0.2', '10.0.0.2'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['[2001:db8::1]:4711', '2001:db8::1'],
    ['198.51.100.1:4711', '198.51.100.1'],
  ])('behind proxies is the last hop that is none: %s', (forwarded, expected) => {
    expect(said('10.0.0.1', forwarded, ['10.0.0.0/8'])).toBe(expected);
  });

  it('knows proxies of both families, also inside a mapped address', () => {
    expect(said('::ffff:10.0.0.1', '198.51.100.1', ['10.0.0.1'])).toBe('198.51.100.1');
    expect(said('fd00::1', '198.51.100.1', ['fd00::/8'])).toBe('198.51.100.1');
    expect(said('fe80::1', '198.51.100.1', ['fd00::/8'])).toBe('fe80::1');
  });

  it('refuses a proxy that is no address', () => {
    expect(() => createClientAddress(['proxy.example'])).toThrow('proxy.example');
  });

  it('comes with the first part of what the client calls itself', () => {
    const request = requestFrom('203.0.113.7', { 'user-agent': 'x'.repeat(500) });
    expect(requestOrigin(request, createClientAddress([]))).toEqual({
      address: '203.0.113.7',
      agent: 'x'.repeat(200),
    });
  });
});

describe('a network', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
  ])('of %s is %s', (address, network) => {
    expect(networkOf(plainAddress(address) ?? '')).toBe(network);
  });
});
