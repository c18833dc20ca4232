import { describe, expect, it } from 'vitest';
import {
  baseOfPattern,
  frameSourceOf,
  isLoopbackOrigin,
  labelIn,
  loopbackBase,
  originOf,
} from '#main/server/apps/app-addresses.ts';

describe('the name of an app', () => {
  const base = loopbackBase(47_100);
  it('is an origin of its own below localhost', () => {
    expect(originOf(base, 'api-3000')).toBe('http://api-3000.localhost:47100');
    expect(frameSourceOf(base)).toBe('http://*.localhost:47100');
    expect(originOf(loopbackBase(80), 'api-3000')).toBe('http://api-3000.localhost');
  });

  it('is an origin of its own below a domain', () => {
    const domain = baseOfPattern('https://*.apps.example.org');
    expect(originOf(domain, 'api-3000')).toBe('https://api-3000.apps.example.org');
    expect(frameSourceOf(domain)).toBe('https://*.apps.example.org');
    expect(labelIn(domain, 'API-3000.apps.example.org')).toBe('api-3000');
    expect(labelIn(baseOfPattern('https://*.apps.example.org:8443'), 'a.apps.example.org:8443')).toBe('a');
  });

  it.each([
    'api-3000.localhost',
    'api-3000.localhost:47101',
    'api-3000.localhost.:47100',
    'api-3000.localhost:47100.example.org',
    'a.b.localhost:47100',
    '.localhost:47100',
    'localhost:47100',
    '127.0.0.1:47100',
    '-a.localhost:47100',
    'a-.localhost:47100',
    'a_b.localhost:47100',
    'user@a.localhost:47100',
    'a.localhost:47100, b.localhost:47100',
    'rebound.example.org:47100',
    '',
    `${'a'.repeat(64)}.localhost:47100`,
  ])('is not read out of another: %j', (host) => {
    expect(labelIn(base, host)).toBeUndefined();
  });

  it('is below localhost only where Berth itself is on the same computer', () => {
    for (const origin of ['http://127.0.0.1:7474', 'http://localhost', 'http://[::1]:7474'])
      expect(isLoopbackOrigin(origin)).toBe(true);
    for (const origin of ['https://localhost:7474', 'https://berth.example.org', 'http://127.example.org'])
      expect(isLoopbackOrigin(origin), origin).toBe(false);
  });
});
