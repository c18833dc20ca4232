/** Names and origins of our own, for each way of being reached. The carrier's tests show what is refused with them. */
import { describe, expect, it } from 'vitest';
import { allowedFor } from '#main/server/request-guard.ts';

const at = { port: 7474, host: '127.0.0.1', publicOrigin: null, isTls: false, corsOrigins: [] };

describe('own names', () => {
  it('are loopback’s at this port, and those alone', () => {
    const { hosts, origins } = allowedFor(at);
    expect([...hosts]).toEqual(['127.0.0.1:7474', 'localhost:7474', '[::1]:7474']);
    expect([...origins]).toEqual(['http://127.0.0.1:7474', 'http://localhost:7474', 'http://[::1]:7474']);
  });

  it('are those of TLS with TLS, and never of both', () => {
    const { origins } = allowedFor({ ...at, isTls: true });
    expect([...origins].every((origin) => origin.startsWith('https://'))).toBe(true);
  });

  it('leave out the scheme’s own port, as browsers do', () => {
    const { hosts, origins } = allowedFor({ ...at, port: 443, isTls: true });
    expect(hosts).toContain('localhost');
    expect(hosts).toContain('localhost:443');
    expect(origins).toContain('https://localhost');
    expect(origins).not.toContain('https://localhost:443');
    expect(allowedFor({ ...at, port: 443 }).hosts).not.toContain('localhost');
  });

  it.each([
    ['berth.lan', 'berth.lan:7474'],
    ['192.0.2.7', '192.0.2.7:7474'],
    ['2001:db8::7', '[2001:db8::7]:7474'],
  ])('are also the address that it listens on: %s', (host, name) => {
    const { hosts, origins } = allowedFor({ ...at, host, isTls: true });
    expect(hosts).toContain(name);
    expect(origins).toContain(`https://${name}`);
  });

  it.each(['0.0.0.0', '::', '::0', '0:0:0:0:0:0:0:0'])('are no wildcard’s: %s', (host) => {
    expect(allowedFor({ ...at, host, isTls: true }).hosts.size).toBe(3);
  });

  it('are the public one alone, where there is one', () => {
    const { hosts, origins } = allowedFor({ ...at, publicOrigin: 'https://berth.example:8443' });
    expect([[...hosts], [...origins]]).toEqual([['berth.example:8443'], ['https://berth.example:8443']]);
  });
});
