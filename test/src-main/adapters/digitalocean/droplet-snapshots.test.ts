import { describe, expect, it } from 'vitest';
import { action, list, snapshot } from './answers.ts';
import { talkTo } from './api-server.ts';

describe('snapshots of a Droplet', () => {
  it('are snapshots and backups; backups cost nothing of their own', async () => {
    const { resource_id: _of, resource_type: _type, ...fields } = snapshot({ id: 6372321 });
    const { client, signal } = await talkTo({
      'GET /v2/droplets/1/snapshots': list('snapshots', [{ ...fields, type: 'snapshot' }]),
      'GET /v2/droplets/1/backups': list('backups', [{ ...fields, id: 9, name: 'weekly', type: 'backup' }]),
    });
    expect(await client.snapshotsOf('1', signal)).toEqual([
      expect.objectContaining({ id: '6372321', kind: 'snapshot', monthlyUsd: 0.1404 }),
      expect.objectContaining({ id: '9', kind: 'backup', name: 'weekly', monthlyUsd: null }),
    ]);
    expect(await client.snapshotsOf('2', signal)).toEqual([]);
  });

  const there = { body: { snapshot: snapshot() } };

  it('are used where they are', async () => {
    const { api, client, signal } = await talkTo({ 'GET /v2/snapshots/6372321': there });
    expect(await client.bringSnapshot('6372321', 'fra1', signal)).toBeUndefined();
    expect(api.asked).toHaveLength(1);
  });

  it.each([
    ['bare, as documented', action({ id: 8, type: 'transfer' })],
    ['in a frame, as seen', { action: action({ id: 8, type: 'transfer' }) }],
  ])('are brought to another region first; the action comes %s', async (_how, body) => {
    const { api, client, signal } = await talkTo({
      'GET /v2/snapshots/6372321': there,
      'GET /v2/images/6372321/actions': list('actions', [action({ type: 'transfer', region_slug: 'ams3' })]),
      'POST /v2/images/6372321/actions': { status: 201, body },
      'GET /v2/images/6372321/actions/8': { body },
    });
    expect(await client.bringSnapshot('6372321', 'nyc3', signal)).toBe('8');
    expect(api.bodyOf('POST /v2/images/6372321/actions')).toEqual({ type: 'transfer', region: 'nyc3' });
    expect(await client.imageAction('6372321', '8', signal)).toMatchObject({ id: '8', state: 'running' });
  });

  it('are not brought twice at once', async () => {
    const running = action({ id: 9, type: 'transfer', region_slug: 'nyc3' });
    const { api, client, signal } = await talkTo({
      'GET /v2/snapshots/6372321': there,
      'GET /v2/images/6372321/actions': list('actions', [running]),
    });
    expect(await client.bringSnapshot('6372321', 'nyc3', signal)).toBe('9');
    expect(api.lines).not.toContain('POST /v2/images/6372321/actions');
  });
});
