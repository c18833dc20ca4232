import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { createDigitalOcean } from '#main/adapters/digitalocean/digitalocean.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';

const hex = '0123456789abcdef'.repeat(4);
const deps = { clock: new ManualClock(), log: new MemoryLog() };

function refusalOf(run: () => unknown): BerthError {
  try {
    run();
  } catch (error) {
    if (BerthError.is(error, 'invalid-input')) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('a token', () => {
  it.each([`dop_v1_${hex}`, `doo_v1_${hex}`])('%s is taken, and nothing is asked', (token) => {
    const provider = createDigitalOcean({
      ...deps,
      fetch: () => Promise.reject(new Error('nothing may be sent')),
    });
    expect(provider.open(new Secret(token)).clockAheadMs()).toBeNull();
  });

  it.each([
    ['', /no token/],
    [` dop_v1_${hex}`, /space/],
    [`dop_v1_${hex}\n`, /line break/],
    [`dor_v1_${hex}`, /refresh token/],
    ['ghp_0123456789', /begins with dop_v1_/],
    [hex, /begins with dop_v1_/],
    [`dop_v1_${hex.slice(2)}`, /has 64 characters after dop_v1_; this one has 62/],
    [`dop_v1_${hex}00`, /this one has 66/],
    [`dop_v1_${hex.replace('a', 'g')}`, /letters a to f/],
    [`dop_v1_${hex.toUpperCase()}`, /letters a to f/],
  ])('%j is refused with what is wrong', (token, message) => {
    const error = refusalOf(() => createDigitalOcean(deps).open(new Secret(token)));
    expect(error.message).toMatch(message);
    expect(error.details.fields).toEqual([`token: ${error.message}`]);
    if (token.length > 20) expect(JSON.stringify(error.toShape())).not.toContain(token.slice(8, 40));
  });
});

describe('the address of the API', () => {
  it.each(['https://api.example.org', 'http://127.0.0.1:1', 'http://[::1]:1', 'http://localhost:1'])(
    '%s is taken',
    (baseUrl) => {
      expect(createDigitalOcean({ ...deps, baseUrl }).info.id).toBe('digitalocean');
    },
  );

  it.each([
    'http://api.digitalocean.com',
    'http://127.0.0.1.example.org',
    'ftp://127.0.0.1',
    'nothing',
    'https://user@api.example.org',
    'https://api.example.org/?a=b',
  ])('%s is refused: the token would go there', (baseUrl) => {
    const error = refusalOf(() => createDigitalOcean({ ...deps, baseUrl }));
    expect(error.details.fields).toEqual([expect.stringMatching(/^apiUrl: /)]);
  });
});
