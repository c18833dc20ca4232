/** The end of a Droplet and of what it leaves behind. */
import { describe, expect, it } from 'vitest';
import type { LeftoverRef } from '#main/control-plane/interfaces/cloud-provider.ts';
import { droplet } from './answers.ts';
import { failureOf, refused, talkTo } from './api-server.ts';

const associatedPath = '/v2/droplets/1/destroy_with_associated_resources';
const associated = {
  body: {
    reserved_ips: [{ id: '6186916', name: '198.51.100.9', cost: '5.00' }],
    floating_ips: [{ id: '6186916', name: '198.51.100.9', cost: '5.00' }],
    snapshots: [{ id: '61486916', name: 'box-1', cost: '0.05' }],
    volumes: [{ id: 'v-1', name: 'data', cost: '10.00' }],
    volume_snapshots: [{ id: 'vs-1', name: 'data-1', cost: ' ' }],
  },
};
const gone = refused(404, 'The resource was not found.', 'not_found');
const address: LeftoverRef = { kind: 'address', id: '198.51.100.9' };
const snapshot: LeftoverRef = { kind: 'snapshot', id: '61486916' };
const volume: LeftoverRef = { kind: 'volume', id: 'v-1' };

describe('what stays behind', () => {
  it('is listed once, with what it costs; addresses by themselves', async () => {
    const { client, signal } = await talkTo({ [`GET ${associatedPath}`]: associated });
    expect(await client.leftoversOf('1', signal)).toEqual([
      { kind: 'address', id: '198.51.100.9', name: '198.51.100.9', monthlyUsd: 5 },
      { kind: 'snapshot', id: '61486916', name: 'box-1', monthlyUsd: 0.05 },
      { kind: 'volume', id: 'v-1', name: 'data', monthlyUsd: 10 },
      { kind: 'volume-snapshot', id: 'vs-1', name: 'data-1', monthlyUsd: null },
    ]);
    expect(await client.leftoversOf('2', signal)).toEqual([]);
  });
});

describe('a Droplet', () => {
  it('alone is destroyed by the plain call; one that is gone is no error', async () => {
    const { api, client, signal } = await talkTo({ 'DELETE /v2/droplets/1': [{ status: 204 }, gone] });
    await client.destroyMachine('1', [], signal);
    await client.destroyMachine('1', [], signal);
    expect(api.lines).toEqual(['DELETE /v2/droplets/1', 'DELETE /v2/droplets/1']);
  });

  it('is destroyed with what is chosen, and the rest is left', async () => {
    const { api, client, signal } = await talkTo({
      [`GET ${associatedPath}`]: associated,
      [`DELETE ${associatedPath}/selective`]: { status: 202 },
    });
    await client.destroyMachine('1', [address, snapshot], signal);
    expect(api.bodyOf(`DELETE ${associatedPath}/selective`)).toEqual({
      reserved_ips: ['6186916'],
      snapshots: ['61486916'],
      volumes: [],
      volume_snapshots: [],
    });
    expect(api.lines).toHaveLength(2);
  });

  it.each([
    ['before the call', { [`GET ${associatedPath}`]: gone }],
    ['that went meanwhile', { [`GET ${associatedPath}`]: { body: {} }, 'DELETE /v2/droplets/1': gone }],
  ])('that is gone %s still has its leftovers destroyed, one by one', async (_when, answers) => {
    const { api, client, signal } = await talkTo({
      ...answers,
      'DELETE /v2/reserved_ips/198.51.100.9': { status: 204 },
      'DELETE /v2/snapshots/61486916': { status: 204 },
      'DELETE /v2/volumes/v-1': gone,
      'DELETE /v2/volumes/snapshots/vs-1': { status: 204 },
    });
    await client.destroyMachine(
      '1',
      [address, snapshot, volume, { kind: 'volume-snapshot', id: 'vs-1' }],
      signal,
    );
    expect(api.lines.filter((line) => line.startsWith('DELETE') && !line.includes('droplets'))).toEqual([
      'DELETE /v2/reserved_ips/198.51.100.9',
      'DELETE /v2/snapshots/61486916',
      'DELETE /v2/volumes/v-1',
      'DELETE /v2/volumes/snapshots/vs-1',
    ]);
  });

  it('is destroyed once: one whose destruction runs is as good', async () => {
    const { client, signal } = await talkTo({
      [`GET ${associatedPath}`]: associated,
      [`DELETE ${associatedPath}/selective`]: refused(409, 'A destroy is already running', 'conflict'),
      'DELETE /v2/droplets/1': refused(422, 'Droplet already has a pending event.'),
    });
    await client.destroyMachine('1', [snapshot], signal);
    await client.destroyMachine('1', [], signal);
  });

  it('that may not be destroyed says which scope is missing', async () => {
    const { client, signal } = await talkTo({ 'DELETE /v2/droplets/1': refused(403, 'No', 'forbidden') });
    expect(await failureOf(client.destroyMachine('1', [], signal))).toMatchObject({
      code: 'cloud.permission-missing',
      details: { permission: 'droplet:delete' },
    });
  });
});

describe('a destruction', () => {
  const there = { body: { droplet: droplet({ id: 1 }) } };
  const ended = (change: object) => ({
    id: 'v-1',
    name: 'data',
    destroyed_at: null,
    error_message: ' ',
    ...change,
  });
  const status = (volumes: object[], change: object = {}) => ({
    body: {
      droplet: { id: '1', name: 'box', destroyed_at: '2026-01-02T03:04:05Z', error_message: ' ' },
      resources: { reserved_ips: [], floating_ips: [], snapshots: [], volumes, volume_snapshots: [] },
      completed_at: '2026-01-02T03:04:05Z',
      failures: 0,
      ...change,
    },
  });

  it('without a status is over when the Droplet is gone', async () => {
    const { client, signal } = await talkTo({ 'GET /v2/droplets/1': [there, gone] });
    expect(await client.destruction('1', signal)).toEqual({
      isDone: true,
      failures: [],
      isMachineGone: false,
    });
    expect(await client.destruction('1', signal)).toEqual({
      isDone: true,
      failures: [],
      isMachineGone: true,
    });
  });

  it('goes on until it is completed, and failures count only then', async () => {
    const { client, signal } = await talkTo({
      [`GET ${associatedPath}/status`]: status([ended({ error_message: 'attached' })], {
        completed_at: null,
      }),
    });
    expect(await client.destruction('1', signal)).toEqual({
      isDone: false,
      failures: [],
      isMachineGone: true,
    });
  });

  it('says what could not be destroyed, and why', async () => {
    const { client, signal } = await talkTo({
      [`GET ${associatedPath}/status`]: status([
        ended({ error_message: 'volume is attached' }),
        ended({ id: 'v-2' }),
        ended({ id: 'v-3', destroyed_at: '2026-01-02T03:04:05Z' }),
      ]),
      'GET /v2/volumes/v-1': { body: { volume: {} } },
      'GET /v2/volumes/v-2': refused(403, 'No', 'forbidden'),
    });
    expect(await client.destruction('1', signal)).toEqual({
      isDone: true,
      isMachineGone: true,
      failures: [
        { kind: 'volume', id: 'v-1', reason: 'volume is attached' },
        { kind: 'volume', id: 'v-2', reason: 'DigitalOcean gives no reason' },
      ],
    });
  });

  it('has not failed at what is gone since: its status stays as it was', async () => {
    const { client, signal } = await talkTo({
      [`GET ${associatedPath}/status`]: status([ended({ error_message: 'volume is attached' })], {
        failures: 1,
      }),
      'GET /v2/volumes/v-1': gone,
    });
    expect(await client.destruction('1', signal)).toMatchObject({ isDone: true, failures: [] });
  });

  it.each([
    ['once more', { status: 202 }],
    ['where it runs already', refused(409, 'A destroy is running', 'conflict')],
    ['where nobody knows of it any more', gone],
  ])('is tried again %s', async (_what, answer) => {
    const { api, client, signal } = await talkTo({ [`POST ${associatedPath}/retry`]: answer });
    await client.retryDestruction('1', signal);
    expect(api.lines).toEqual([`POST ${associatedPath}/retry`]);
  });
});

describe('a thing by itself', () => {
  it('that is still in use is asked for again, for some seconds', async () => {
    const busy = refused(409, 'Volume is attached', 'conflict');
    const { api, client, clock, settle, signal } = await talkTo({
      'DELETE /v2/volumes/v-1': [busy, busy, { status: 204 }],
      'DELETE /v2/volumes/v-2': busy,
    });
    await settle(client.destroyResource(volume, signal));
    expect(api.lines).toHaveLength(3);
    expect(clock.monotonicMs()).toBe(3_000);
    const error = await failureOf(settle(client.destroyResource({ kind: 'volume', id: 'v-2' }, signal)));
    expect(error).toMatchObject({ code: 'cloud.refused', details: { isBusy: true } });
  });

  it('that is an address has to be one', async () => {
    const { api, client, signal } = await talkTo({});
    const destroying = client.destroyResource({ kind: 'address', id: '6186916' }, signal);
    expect(await failureOf(destroying)).toMatchObject({ code: 'invalid-input' });
    expect(api.asked).toEqual([]);
  });

  it('whose id is a path goes nowhere else', async () => {
    const { api, client, signal } = await talkTo({});
    await client.destroyResource({ kind: 'snapshot', id: '1/../../droplets/2' }, signal);
    expect(api.lines).toEqual(['DELETE /v2/snapshots/1/../../droplets/2']);
    expect(api.asked[0]?.path).toBe('/v2/snapshots/1/../../droplets/2');
  });
});
