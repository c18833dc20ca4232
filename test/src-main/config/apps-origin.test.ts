import { describe, expect, it } from 'vitest';
import { readServed } from '#test/harness/read-served.ts';

const proxied = { PUBLIC_URL: 'https://berth.example.org', TRUSTED_PROXIES: '127.0.0.1' };
const appsOf = (env: Record<string, string>) => readServed(env).config?.served.appsOrigin;

describe('where web apps are', () => {
  it('is nowhere of its own, or one name below a domain for each', () => {
    expect(appsOf({})).toBeNull();
    expect(appsOf({ ...proxied, APPS_ORIGIN: 'https://*.Apps.example.org/' })).toBe(
      'https://*.apps.example.org',
    );
    expect(appsOf({ ...proxied, BERTH_APPS_ORIGIN: 'https://*.example.net:8443' })).toBe(
      'https://*.example.net:8443',
    );
    expect(appsOf({ PUBLIC_URL: 'http://localhost:7474', APPS_ORIGIN: 'http://*.apps.localhost:7474' })).toBe(
      'http://*.apps.localhost:7474',
    );
  });

  it.each([
    ['https://apps.example.org', /^APPS_ORIGIN must look like/],
    ['https://*', /^APPS_ORIGIN must look like/],
    ['*.apps.example.org', /^APPS_ORIGIN must look like/],
    ['https://*.*.example.org', /^APPS_ORIGIN must look like/],
    ['https://a.*.example.org', /^APPS_ORIGIN must look like/],
    ['https://*.apps.example.org/path', /^APPS_ORIGIN must look like/],
    ['https://*.127.0.0.1', /^APPS_ORIGIN must be a domain/],
    ['http://*.apps.example.org', /^APPS_ORIGIN must begin with https: over http/],
    ['https://*.example.org', /^APPS_ORIGIN covers the name in PUBLIC_URL/],
    ['https://*.berth.example.org', /^APPS_ORIGIN covers the name in PUBLIC_URL/],
    ['http://*.localhost:1', /^APPS_ORIGIN must begin as PUBLIC_URL does/],
  ])('is refused as %s', (text, words) => {
    const { config, errors } = readServed({ ...proxied, APPS_ORIGIN: text });
    expect(config).toBeUndefined();
    expect(errors).toEqual([expect.stringMatching(words)]);
  });

  it('needs the address of Berth itself', () => {
    expect(readServed({ APPS_ORIGIN: 'https://*.apps.example.org' }).errors).toEqual([
      expect.stringMatching(/^APPS_ORIGIN needs PUBLIC_URL beside it/),
    ]);
  });
});
