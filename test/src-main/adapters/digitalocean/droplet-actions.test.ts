import { describe, expect, it } from 'vitest';
import type { MachineOrder } from '#main/control-plane/interfaces/cloud-provider.ts';
import { action, list } from './answers.ts';
import { talkTo } from './api-server.ts';

describe('an order', () => {
  it.each<[MachineOrder, { type: string; [field: string]: unknown }]>([
    [{ type: 'power-on' }, { type: 'power_on' }],
    [{ type: 'power-off' }, { type: 'power_off' }],
    [{ type: 'power-cycle' }, { type: 'power_cycle' }],
    [{ type: 'shutdown' }, { type: 'shutdown' }],
    [{ type: 'reboot' }, { type: 'reboot' }],
    [
      { type: 'resize', size: 's-2vcpu-2gb', growsDisk: false },
      { type: 'resize', size: 's-2vcpu-2gb', disk: false },
    ],
    [
      { type: 'rebuild', image: 'debian-13-x64' },
      { type: 'rebuild', image: 'debian-13-x64' },
    ],
    [
      { type: 'rebuild', image: '6372321' },
      { type: 'rebuild', image: 6372321 },
    ],
    [
      { type: 'restore', image: '53893572' },
      { type: 'restore', image: 53893572 },
    ],
    [
      { type: 'snapshot', name: 'before' },
      { type: 'snapshot', name: 'before' },
    ],
    [
      { type: 'rename', name: 'other' },
      { type: 'rename', name: 'other' },
    ],
    [{ type: 'backups', isOn: true }, { type: 'enable_backups' }],
    [{ type: 'backups', isOn: false }, { type: 'disable_backups' }],
  ])('%j is %j', async (order, body) => {
    const { api, client, signal } = await talkTo({
      'POST /v2/droplets/1/actions': { status: 201, body: { action: action({ type: body.type }) } },
    });
    expect(await client.order('1', order, signal)).toEqual({
      id: '36804636',
      type: order.type,
      state: 'running',
      startedAt: '2026-01-02T03:00:00.000Z',
      endedAt: null,
    });
    expect(api.asked.map((asked) => asked.body)).toEqual([body]);
  });

  it('is followed by its action, which may be forgotten', async () => {
    const ended = { status: 'completed', completed_at: '2026-01-02T03:01:00Z' };
    const { client, signal } = await talkTo({
      'GET /v2/droplets/1/actions/2': [
        { body: { action: action() } },
        { body: { action: action(ended) } },
        { body: { action: action({ ...ended, status: 'errored' }) } },
      ],
    });
    const states = [];
    for (let look = 0; look < 3; look += 1) states.push((await client.action('1', '2', signal))?.state);
    expect(states).toEqual(['running', 'done', 'failed']);
    expect(await client.action('1', '3', signal)).toBeUndefined();
  });

  it('whose answer was lost is among the last 20, newest first', async () => {
    const all = Array.from({ length: 30 }, (_none, index) =>
      action({ id: index, started_at: new Date(Date.UTC(2026, 0, 1, 0, index % 7, index)).toISOString() }),
    );
    const { client, signal } = await talkTo({ 'GET /v2/droplets/1/actions': list('actions', all) });
    const actions = await client.actionsOf('1', signal);
    expect(actions).toHaveLength(20);
    const times = actions.map(({ startedAt }) => startedAt);
    expect(times).toEqual([...times].sort().reverse());
    expect(await client.actionsOf('2', signal)).toEqual([]);
  });
});
