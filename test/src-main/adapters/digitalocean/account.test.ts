import { describe, expect, it } from 'vitest';
import { permissionList } from '#main/adapters/digitalocean/permission-list.ts';
import { routes } from '#main/adapters/digitalocean/api-routes.ts';
import { failureOf, refused, talkTo, type Answers } from './api-server.ts';
import { list } from './answers.ts';

const account = {
  droplet_limit: 25,
  floating_ip_limit: 5,
  email: 'sammy@example.org',
  name: 'Sammy',
  uuid: 'person-1',
  email_verified: true,
  status: 'active',
  status_message: ' ',
};
const team = { uuid: 'team-1', name: 'My Team' };

describe('an account', () => {
  it('is the team’s, and the person’s where there is no team', async () => {
    const { client, signal } = await talkTo({
      'GET /v2/account': [{ body: { account: { ...account, team } } }, { body: { account } }],
    });
    expect(await client.identity(signal)).toEqual({
      key: 'team-1',
      owner: 'My Team',
      standing: 'active',
      standingMessage: '',
      machineLimit: 25,
    });
    expect(await client.identity(signal)).toMatchObject({ key: 'person-1', owner: 'sammy@example.org' });
  });

  it('says that it is locked and why, and does without what the token may not see', async () => {
    const locked = { uuid: 'person-1', status: 'locked', status_message: 'Please pay.', more: { new: 1 } };
    const { client, signal } = await talkTo({ 'GET /v2/account': { body: { account: locked } } });
    expect(await client.identity(signal)).toEqual({
      key: 'person-1',
      owner: 'person-1',
      standing: 'locked',
      standingMessage: 'Please pay.',
      machineLimit: null,
    });
  });

  it('says what it owes, unless the token may not see it', async () => {
    const balance = {
      month_to_date_balance: '-23.44',
      account_balance: '12.23',
      month_to_date_usage: '11.21',
      generated_at: '2026-01-02T03:04:05Z',
    };
    const { client, signal } = await talkTo({
      'GET /v2/customers/my/balance': [
        { body: balance },
        refused(403, 'No', 'forbidden'),
        refused(401, 'No'),
      ],
    });
    expect(await client.balance(signal)).toEqual({
      monthToDateUsd: 11.21,
      dueUsd: -23.44,
      generatedAt: '2026-01-02T03:04:05.000Z',
    });
    expect(await client.balance(signal)).toBeNull();
    expect(await failureOf(client.balance(signal))).toMatchObject({ code: 'cloud.token-refused' });
  });
});

describe('permissions', () => {
  /** Everything is granted: what is asked for is not there, or cannot be made. */
  const all: Answers = {
    'GET /v2/account': { body: { account } },
    ...Object.fromEntries(
      ['regions', 'sizes', 'images', 'droplets', 'actions', 'vpcs', 'tags', 'firewalls', 'snapshots'].map(
        (key) => [`GET /v2/${key}`, list(key, [])],
      ),
    ),
    'GET /v2/customers/my/balance': { body: {} },
    'GET /v2/volumes': list('volumes', []),
    'GET /v2/reserved_ips': list('reserved_ips', []),
    'POST /v2/account/keys': refused(422, 'Key invalid'),
    'POST /v2/droplets': refused(422, 'You specified an invalid size for Droplet creation.'),
    'POST /v2/firewalls': refused(422, 'invalid address'),
  };
  const forbidden = refused(403, 'You are not authorized to perform this operation', 'forbidden');
  const grants = async (answers: Answers) => {
    const world = await talkTo(answers);
    const found = await world.client.permissions(world.signal);
    return { ...world, found, of: Object.fromEntries(found.map((one) => [one.name, one.isGranted])) };
  };

  it('are all found where all are granted, but for two that cannot be tried', async () => {
    const { found, of } = await grants(all);
    expect(found.map(({ name }) => name)).toEqual(permissionList.map(({ name }) => name));
    const unknown = Object.keys(of).filter((name) => of[name] !== true);
    expect(unknown.map((name) => [name, of[name]])).toEqual([
      ['droplet:admin', null],
      ['image:create', null],
    ]);
    for (const { without } of found) expect(without).toMatch(/^[A-Z].*\.$/);
  });

  it('are all that any call needs', () => {
    const needed = new Set(Object.values(routes).flat());
    expect([...needed].filter((scope) => !permissionList.some(({ name }) => name === scope))).toEqual([]);
  });

  it('are asked for without anything that could change something', async () => {
    const { api } = await grants(all);
    for (const { body, method, path } of api.asked) {
      if (method === 'GET') continue;
      const line = `${method} ${path}`;
      // Nothing is named that could be there: a number far away, the nil UUID, TEST-NET-1, a key of zeros.
      const isOfNothing =
        /\/(999999999999|00000000-0000-0000-0000-000000000000|192\.0\.2\.1|00(:00){15}|berth-asks-what-it-may)(\/|$)/;
      const isImpossible =
        (line === 'POST /v2/account/keys' && (body as { public_key: string }).public_key === 'no key') ||
        (line === 'POST /v2/droplets' && (body as { size: string }).size === 'berth-asks-what-it-may') ||
        (line === 'POST /v2/firewalls' && JSON.stringify(body).includes('"nowhere"'));
      expect([line, isOfNothing.test(path) || isImpossible]).toEqual([line, true]);
    }
    expect(api.lines).not.toContain('GET /v2/account/keys');
    expect(api.lines.some((line) => line.startsWith('DELETE /v2/droplets'))).toBe(false);
  });

  it('that are missing are named, each for itself', async () => {
    const { of } = await grants({
      ...all,
      'GET /v2/volumes': forbidden,
      'POST /v2/droplets': forbidden,
      'DELETE /v2/account/keys/00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00': forbidden,
    });
    expect(Object.keys(of).filter((name) => of[name] === false)).toEqual([
      'ssh_key:delete',
      'droplet:create',
      'block_storage:read',
    ]);
  });

  it('are unknown where a refusal may be about another one, and where the provider failed', async () => {
    const { of } = await grants({
      ...all,
      // Both are needed there: which one is missing?
      'DELETE /v2/images/999999999999': forbidden,
      'DELETE /v2/snapshots/999999999999': forbidden,
      'GET /v2/vpcs': refused(500, 'Server error', 'server_error'),
    });
    expect([of['image:delete'], of['snapshot:delete'], of['vpc:read']]).toEqual([false, null, null]);
  });

  it('of a token that is refused are none', async () => {
    const world = await talkTo({ ...all, 'GET /v2/sizes': refused(401, 'Unable to authenticate you.') });
    expect(await failureOf(world.client.permissions(world.signal))).toMatchObject({
      code: 'cloud.token-refused',
    });
  });
});
