/** How requests leave and what becomes of answers, whatever they ask for: `machine` and `identity` stand for reads. */
import { describe, expect, it } from 'vitest';
import { createDigitalOcean } from '#main/adapters/digitalocean/digitalocean.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { droplet } from './answers.ts';
import { ApiServer, failureOf, refused, talkTo, token } from './api-server.ts';

const path = 'GET /v2/droplets/3164444';
const found = { body: { droplet: droplet() } };

describe('a request', () => {
  it('carries the token in one header, and nowhere else', async () => {
    const { api, client, log, signal } = await talkTo({
      [path]: found,
      'GET /v2/account': refused(403, `Token ${token} may not.`, 'forbidden'),
    });
    await client.machine('3164444', signal);
    const error = await failureOf(client.identity(signal));
    const [asked] = api.asked;
    expect(asked?.headers.authorization).toBe(`Bearer ${token}`);
    expect(JSON.stringify({ ...asked, headers: { ...asked?.headers, authorization: '' } })).not.toContain(
      token,
    );
    expect(`${log.text()}${JSON.stringify(error.toShape())}${String(error.stack)}`).not.toContain(
      token.slice(10),
    );
    expect(error.message).toContain('[secret]');
    expect(log.messages('debug')).toHaveLength(2);
  });

  it('follows no redirect: the token would go along', async () => {
    const elsewhere = await ApiServer.start({ 'GET /v2/account': { body: {} } });
    const { client, settle, signal } = await talkTo({
      'GET /v2/account': { status: 302, headers: { location: `${elsewhere.url}/v2/account` } },
    });
    const error = await failureOf(settle(client.identity(signal)));
    expect(error).toMatchObject({
      code: 'cloud.failed',
      message: expect.stringContaining('points elsewhere'),
    });
    expect(elsewhere.asked).toEqual([]);
  });

  it('ends when nobody answers, and when somebody calls it off', async () => {
    const silent = { [path]: { isSilent: true as const } };
    const { client, clock, settle } = await talkTo(silent);
    const late = failureOf(settle(client.machine('3164444', new AbortController().signal)));
    const timer = setInterval(() => clock.timeOut(), 5);
    const error = await late.finally(() => clearInterval(timer));
    expect(error).toMatchObject({ code: 'cloud.unreachable', details: { reason: 'timeout' } });

    const caller = new AbortController();
    const called = await talkTo(silent);
    const going = failureOf(called.client.machine('3164444', caller.signal));
    await expect.poll(() => called.api.asked.length).toBe(1);
    caller.abort();
    expect(await going).toMatchObject({ code: 'cancelled' });
  });

  it('says where the way ends when there is no API', async () => {
    const api = await ApiServer.start({});
    await api.close();
    const clock = new ManualClock();
    const client = createDigitalOcean({
      baseUrl: api.url,
      clock,
      log: new MemoryLog(),
    }).open(new Secret(token));
    const change = client.createMachine(wish, new AbortController().signal);
    expect(await failureOf(change)).toMatchObject({
      code: 'cloud.unreachable',
      message: expect.stringMatching(/^127\.0\.0\.1:\d+ refuses connections\./),
      details: { reason: 'ECONNREFUSED' },
    });
  });
});

const wish = {
  name: 'box',
  region: 'fra1',
  size: 's-1vcpu-1gb',
  image: 'debian-12-x64',
  keyIds: [],
  userData: '',
  tags: ['berth'],
  hasIpv6: false,
  hasBackups: false,
  hasMonitoring: false,
};

describe('what fails', () => {
  it('is read again while it passes: a broken connection, 5xx, nonsense', async () => {
    const { api, client, settle, signal } = await talkTo({
      [path]: [{ isLost: true }, refused(503, 'Down', 'service_unavailable'), { body: '<html>' }, found],
    });
    expect(await settle(client.machine('3164444', signal))).toMatchObject({ id: '3164444' });
    expect(api.lines).toEqual([path, path, path, path]);
  });

  it('is read for a bounded time', async () => {
    const { api, client, clock, settle, signal } = await talkTo({ [path]: refused(500, 'Server error') });
    const error = await failureOf(settle(client.machine('3164444', signal)));
    expect(error).toMatchObject({ code: 'cloud.failed', details: { status: 500 } });
    expect(error.message).toContain('“Server error”');
    expect(clock.monotonicMs()).toBeLessThanOrEqual(15_000);
    expect(api.lines).toHaveLength(6);
  });

  it.each([
    ['a lost answer', { isLost: true as const }, 'cloud.unreachable'],
    ['a failure', refused(500, 'Server error'), 'cloud.failed'],
    ['an answer that is none', { status: 202, body: 'OK' }, 'cloud.failed'],
    ['a limit', { ...refused(429, 'Too many'), headers: { 'retry-after': '1' } }, 'cloud.rate-limited'],
  ])('is never sent twice where it changes something: %s', async (_what, answer, code) => {
    const { api, client, settle, signal } = await talkTo({ 'POST /v2/droplets': answer });
    expect(await failureOf(settle(client.createMachine(wish, signal)))).toMatchObject({ code });
    expect(api.lines).toEqual(['POST /v2/droplets']);
  });

  it('keeps the id of the request for people who ask there, from header or body', async () => {
    const { client, signal } = await talkTo({
      'GET /v2/account': [
        { ...refused(403, 'No', 'forbidden'), headers: { 'x-request-id': 'from-header' } },
        { status: 403, body: { id: 'forbidden', message: 'No', request_id: 'from-body' } },
        { ...refused(403, 'No'), headers: { 'x-request-id': 'no <id>' } },
      ],
    });
    const ids = [];
    for (let turn = 0; turn < 3; turn += 1)
      ids.push((await failureOf(client.identity(signal))).details.requestId);
    expect(ids).toEqual(['from-header', 'from-body', undefined]);
  });

  it('is said in one bounded line, whatever the provider says', async () => {
    const { client, signal } = await talkTo({
      'GET /v2/account': refused(418, `first\r\nsecond \u001b[31mred\u202e ${'x'.repeat(5000)}`),
    });
    const { message } = await failureOf(client.identity(signal));
    expect(message).toContain('first second [31mred x');
    expect(message.length).toBeLessThan(500);
    expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  it('is an answer of more than 16 MiB, which is not kept', async () => {
    const { client, settle, signal } = await talkTo({
      'GET /v2/account': { body: 'x'.repeat(17 * 2 ** 20) },
    });
    expect(await failureOf(settle(client.identity(signal)))).toMatchObject({
      code: 'cloud.failed',
      message: expect.stringContaining('16 MiB'),
    });
  });

  it('is an answer without what is needed: it says where, not what', async () => {
    const { client, settle, signal } = await talkTo({ [path]: { body: { droplet: droplet({ id: {} }) } } });
    const error = await failureOf(settle(client.machine('3164444', signal)));
    expect(error).toMatchObject({ code: 'cloud.failed', message: expect.stringContaining('droplet.id') });
  });
});

describe('a limit', () => {
  const limited = (retryAfter: string) => ({
    ...refused(429, 'API rate limit exceeded.', 'too_many_requests'),
    headers: { 'retry-after': retryAfter },
  });

  it('stops every request of the token, until the provider has said', async () => {
    const { api, client, clock, signal } = await talkTo({
      [path]: [limited('7'), found],
      'GET /v2/droplets/5': { body: { droplet: droplet({ id: 5 }) } },
    });
    const first = client.machine('3164444', signal);
    await expect.poll(() => clock.pendingTimers).toBe(1);
    const other = client.machine('5', signal);
    await clock.advance(6_999);
    expect(api.lines).toEqual([path]);
    await clock.advance(1);
    expect((await Promise.all([first, other])).map((machine) => machine?.id)).toEqual(['3164444', '5']);
    expect(api.lines).toHaveLength(3);
  });

  it('is told to the caller where it is long, with how long', async () => {
    const { api, client, clock, settle, signal } = await talkTo({ [path]: limited('90') });
    const error = await failureOf(settle(client.machine('3164444', signal)));
    expect(error).toMatchObject({ code: 'cloud.rate-limited', details: { retryAfterMs: 90_000 } });
    expect(error.message).toContain('90 s');
    // And nothing is sent meanwhile, not even a change.
    await clock.advance(10_000);
    expect(await failureOf(client.createMachine(wish, signal))).toMatchObject({
      code: 'cloud.rate-limited',
      details: { retryAfterMs: 80_000 },
    });
    expect(api.lines).toEqual([path]);
  });

  it.each([
    [
      'a date',
      { date: 'Fri, 02 Jan 2026 00:00:00 GMT', 'retry-after': 'Fri, 02 Jan 2026 00:01:30 GMT' },
      90_000,
    ],
    [
      'when the oldest request expires, by its own clock',
      { date: 'Fri, 02 Jan 2026 00:00:00 GMT', 'ratelimit-remaining': '0', 'ratelimit-reset': '1767312120' },
      120_000,
    ],
    ['nothing', {}, 60_000],
    ['nonsense', { 'retry-after': '-5' }, 60_000],
    ['more than an hour', { 'retry-after': '999999' }, 3_600_000],
  ])('can be said as %s', async (_what, headers, retryAfterMs) => {
    const { client, settle, signal } = await talkTo({ [path]: { ...refused(429, 'Too many'), headers } });
    const error = await failureOf(settle(client.machine('3164444', signal)));
    expect(error.details.retryAfterMs).toBe(retryAfterMs);
  });

  it('of “now” again and again does not make it ask without a break', async () => {
    const { api, client, clock, settle, signal } = await talkTo({ [path]: limited('0') });
    expect(await failureOf(settle(client.machine('3164444', signal)))).toMatchObject({
      code: 'cloud.rate-limited',
    });
    expect(api.lines.length).toBeLessThanOrEqual(22);
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(20_000);
  });

  it('that comes near makes everything slower', async () => {
    const near = (remaining: number) => ({ ...found, headers: { 'ratelimit-remaining': String(remaining) } });
    const { client, clock, settle, signal } = await talkTo({
      [path]: [near(90), near(20), near(4000), found],
    });
    const steps: number[] = [];
    for (let turn = 0; turn < 5; turn += 1) {
      await settle(client.machine('3164444', signal));
      steps.push(clock.monotonicMs());
    }
    // Each distance is the one that the answers before asked for.
    expect(steps).toEqual([0, 0, 1_000, 1_000, 1_000]);
  });
});

describe('the provider’s clock', () => {
  it('is compared with this computer’s at every answer', async () => {
    const at = (date: string) => ({ ...found, headers: { date } });
    const { client, clock, signal } = await talkTo({
      [path]: [at('Fri, 02 Jan 2026 03:04:05 GMT'), at('Fri, 02 Jan 2026 03:01:05 GMT'), at('nonsense')],
    });
    expect(client.clockAheadMs()).toBeNull();
    await client.machine('3164444', signal);
    expect(client.clockAheadMs()).toBe(-500);
    clock.setWallClock(3_600_000);
    await client.machine('3164444', signal);
    expect(client.clockAheadMs()).toBe(3_600_000 + 180_000 - 500);
    await client.machine('3164444', signal);
    expect(client.clockAheadMs()).toBe(3_600_000 + 180_000 - 500);
  });
});
