import { describe, expect, it } from 'vitest';
import { noQuota } from '#contract/users.ts';
import { goodKey, readServed } from '#test/harness/read-served.ts';

describe('what a served Berth is told', () => {
  it('has defaults that let nobody in', () => {
    expect(readServed({}).config?.served).toEqual({
      databaseUrl: null,
      callsPerMinute: 6_000,
      secretKey: null,
      appsOrigin: null,
      corsOrigins: [],
      smtp: null,
      oidc: [],
      registration: 'invited',
      deleteKey: null,
      idleTimeoutMs: null,
      tls: null,
      trustedProxies: [],
      firstWorkspace: null,
      defaultQuota: noQuota,
    });
  });

  it('takes all of it', () => {
    const { config, errors } = readServed({
      SECRET_KEY: goodKey,
      DELETE_KEY: goodKey.slice(0, 20),
      IDLE_TIMEOUT: '30m',
      FIRST_IMAGE: 'ghcr.io/example/image:1.2@sha256:0f',
      FIRST_HOST: 'big server',
      QUOTA_WORKSPACES: '5',
      QUOTA_CPUS: '2.5',
      QUOTA_MEMORY: '4GiB',
      QUOTA_DISK: '50GB',
      QUOTA_SNAPSHOTS: '0',
    });
    expect(errors).toEqual([]);
    expect(config?.served).toMatchObject({
      idleTimeoutMs: 1_800_000,
      firstWorkspace: { image: 'ghcr.io/example/image:1.2@sha256:0f', hostName: 'big server' },
      defaultQuota: { workspaces: 5, cpus: 2.5, memoryBytes: 4 * 1024 ** 3, diskBytes: 50e9, snapshots: 0 },
    });
    expect(config?.served.secretKey?.reveal()).toBe(goodKey);
    expect(config?.served.deleteKey?.reveal()).toBe(goodKey.slice(0, 20));
  });

  it.each([
    [{ SECRET_KEY: 'changeme' }, /^SECRET_KEY must not be one that stands in examples/],
    [{ SECRET_KEY: goodKey.slice(0, 31) }, /^SECRET_KEY must have at least 32/],
    [{ SECRET_KEY: 'a'.repeat(40) }, /^SECRET_KEY must be random/],
    [{ DELETE_KEY: 'secret' }, /^DELETE_KEY must not be one/],
    [{ DELETE_KEY: goodKey.slice(0, 15) }, /^DELETE_KEY must have at least 16/],
    [{ REGISTRATION: 'closed' }, /^REGISTRATION must be open or invited/],
    [{ IDLE_TIMEOUT: '2 weeks' }, /^IDLE_TIMEOUT must be seconds/],
    [{ FIRST_HOST: 'x' }, /^FIRST_HOST is given without FIRST_IMAGE/],
    [{ FIRST_IMAGE: 'a b' }, /^FIRST_IMAGE must be the name of an image/],
    [{ QUOTA_WORKSPACES: '-1' }, /^QUOTA_WORKSPACES must be/],
    [{ QUOTA_CPUS: 'two' }, /^QUOTA_CPUS must be/],
    [{ QUOTA_MEMORY: '4 bananas' }, /^QUOTA_MEMORY must be a size/],
    [{ QUOTA_DISK: '4X' }, /^QUOTA_DISK must be a size/],
    [{ QUOTA_SNAPSHOTS: '1.5' }, /^QUOTA_SNAPSHOTS must be/],
  ])('is refused as %o', (env, words) => {
    expect(readServed(env as unknown as Record<string, string>).errors).toEqual([
      expect.stringMatching(words),
    ]);
  });

  it('says that open registration needs e-mail', () => {
    expect(readServed({ REGISTRATION: 'open' }).warnings).toEqual([
      expect.stringMatching(/no mail server is set/),
    ]);
    expect(
      readServed({ REGISTRATION: 'open', SMTP_URL: 'smtp://localhost', SMTP_FROM: 'a@b.example' }).warnings,
    ).toEqual([]);
  });
});
