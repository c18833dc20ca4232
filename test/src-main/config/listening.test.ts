import { describe, expect, it } from 'vitest';
import { readServed } from '#test/harness/read-served.ts';

const proxied = { PUBLIC_URL: 'https://berth.example.org', TRUSTED_PROXIES: '127.0.0.1' };

describe('where Berth listens', () => {
  it('is loopback where nothing is said', () => {
    expect(readServed({})).toMatchObject({
      config: {
        host: '127.0.0.1',
        port: 7474,
        publicOrigin: null,
        served: { tls: null, corsOrigins: [], trustedProxies: [] },
      },
      warnings: [],
    });
  });

  it.each([
    [
      { HOST: '0.0.0.0' },
      /^HOST is not loopback, so the sign-in would go over the network unencrypted\. Give TLS_CERT/,
    ],
    [{ HOST: '::' }, /^HOST is not loopback/],
    [{ HOST: 'berth.example.org' }, /^HOST is not loopback/],
    [{ HOST: '10.0.0.256' }, /^HOST must be an address or a host name/],
    [{ PORT: '65536' }, /^PORT must be a whole number from 0 to 65535/],
    [
      { PUBLIC_URL: 'http://berth.example.org' },
      /^PUBLIC_URL must begin with https: over http everybody on the way/,
    ],
    [{ PUBLIC_URL: 'http://10.0.0.1:7474', HOST: '0.0.0.0' }, /^PUBLIC_URL must begin with https/],
    [{ PUBLIC_URL: 'http://localhost.example.org' }, /^PUBLIC_URL must begin with https/],
    [{ PUBLIC_URL: 'https://berth.example.org/path' }, /^PUBLIC_URL must look like/],
    [{ PUBLIC_URL: 'https://user:pass@berth.example.org' }, /^PUBLIC_URL must look like/],
    [{ PUBLIC_URL: 'ftp://berth.example.org' }, /^PUBLIC_URL must look like/],
    [{ PUBLIC_URL: 'berth.example.org' }, /^PUBLIC_URL must look like/],
    [{ CORS_ORIGINS: '*' }, /^CORS_ORIGINS must name each site: \* would let every page/],
    [{ CORS_ORIGINS: 'https://a.example,https://*.b.example' }, /^CORS_ORIGINS must name each site/],
    [{ CORS_ORIGINS: 'null' }, /^CORS_ORIGINS must be origins/],
    [{ CORS_ORIGINS: 'https://a.example/page' }, /^CORS_ORIGINS must be origins/],
    [{ CORS_ORIGINS: 'http://a.example' }, /^CORS_ORIGINS must begin with https/],
    [{ TRUSTED_PROXIES: '0.0.0.0/0' }, /^TRUSTED_PROXIES must not be a block of all addresses/],
    [{ TRUSTED_PROXIES: 'proxy.example.org' }, /^TRUSTED_PROXIES must be addresses/],
  ])('is refused as %o', (env, words) => {
    const { config, errors } = readServed(env);
    expect(config).toBeUndefined();
    expect(errors).toEqual([expect.stringMatching(words)]);
  });

  it('is everywhere behind a proxy with TLS, whose word counts only where it is named', () => {
    expect(readServed({ HOST: '0.0.0.0', ...proxied })).toMatchObject({
      config: {
        host: '0.0.0.0',
        publicOrigin: 'https://berth.example.org',
        served: { trustedProxies: ['127.0.0.1'] },
      },
      warnings: [],
    });
    const { config, warnings } = readServed({ HOST: '0.0.0.0', PUBLIC_URL: 'https://Berth.example.org/' });
    expect(config?.publicOrigin).toBe('https://berth.example.org');
    expect(warnings).toEqual([
      expect.stringMatching(/^TRUSTED_PROXIES is not given: all requests .* count as one client/),
    ]);
  });

  it('is everywhere in a container whose port is published on loopback, which is told', () => {
    const { config, warnings } = readServed({ HOST: '0.0.0.0', PUBLIC_URL: 'http://localhost:8080' });
    expect(config?.publicOrigin).toBe('http://localhost:8080');
    expect(warnings).toEqual([
      expect.stringMatching(/answers only to loopback names.*-p 127\.0\.0\.1:8080:7474$/),
    ]);
  });

  it('takes other sites by their exact origins', () => {
    const CORS_ORIGINS = 'https://a.example, https://b.example:8443/,http://localhost:3000';
    expect(readServed({ CORS_ORIGINS }).config?.served.corsOrigins).toEqual([
      'https://a.example',
      'https://b.example:8443',
      'http://localhost:3000',
    ]);
  });
});
