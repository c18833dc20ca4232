import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadApiDocument } from './api-document.ts';
import { asking, smallDroplet } from './asking.ts';
import { type DigitalOceanDouble, startDigitalOceanDouble } from './double.ts';
import { refusals } from './faults.ts';

let double: DigitalOceanDouble;
beforeEach(async () => {
  double = await startDigitalOceanDouble();
});
afterEach(async () => {
  await double.close();
});
const byClient = () => double.violations.map(({ by, message }) => `${by}: ${message}`).join('\n');

describe('the document', () => {
  it('is enforced on requests: unknown paths, fields, parameters, wrong values', async () => {
    const ask = asking(double);
    const wrong: [string, string, unknown?][] = [
      ['GET', '/v2/nothing'],
      ['PATCH', '/v2/droplets'],
      ['GET', '/v2/droplets?per_page=500'],
      ['GET', '/v2/droplets?colour=red'],
      ['GET', '/v2/droplets/abc'],
      ['POST', '/v2/droplets', { ...smallDroplet, colour: 'red' }],
      ['POST', '/v2/droplets', { ...smallDroplet, name: 'no_underscores' }],
      ['POST', '/v2/account/keys', { name: 'only' }],
      ['DELETE', '/v2/droplets/1/destroy_with_associated_resources/dangerous'],
    ];
    for (const [index, [method, path, body]] of wrong.entries()) {
      const said = await ask(method, path, body);
      expect([path, said.status, double.violations.length]).toEqual([path, 500, index + 1]);
    }
    expect(byClient()).toMatch(/no such operation/);
    expect(byClient()).toMatch(/colour is not in the document/);
  });

  it('is enforced on answers, with the droplet status that the file misspells', () => {
    const document = loadApiDocument();
    const { operation } = document.find('GET', '/v2/actions/1') ?? {};
    if (!operation) throw new Error('no operation');
    expect(document.responseFaults(operation, 200, { action: { id: 'one' } })).not.toEqual([]);
    expect(document.responseFaults(operation, 200, { action: { id: 1, completed_at: null } })).toEqual([]);
    expect(document.responseFaults(operation, 418, undefined)).not.toEqual([]);
  });

  it('allows to destroy by tag; the double never does', async () => {
    const { id } = double.account.plantDroplet({ tags: ['berth'] });
    expect((await asking(double)('DELETE', '/v2/droplets?tag_name=berth')).status).toBe(500);
    expect(double.account.droplets.get(id)?.isGoing).toBe(false);
    expect(byClient()).toMatch(/client: it destroys every droplet with the tag/);
  });
});

describe('a token', () => {
  it('is refused when unknown or revoked, at once or half-way', async () => {
    expect((await asking(double, 'dop_v1_wrong')('GET', '/v2/account')).status).toBe(401);
    const token = double.addToken();
    const ask = asking(double, token);
    double.revokeToken(token, 1);
    expect((await ask('GET', '/v2/account')).status).toBe(200);
    const { status, body } = await ask('GET', '/v2/account');
    expect([status, body.id]).toEqual([401, 'unauthorized']);
    expect(body.request_id).toMatch(/-/);
  });

  it('does what its scopes allow, for fields of a body too', async () => {
    const ask = asking(double, double.addToken(['droplet:create', 'droplet:read', 'image:read']));
    expect((await ask('GET', '/v2/account')).body.message).toMatch(/account:read/);
    const { status, body } = await ask('POST', '/v2/droplets', smallDroplet);
    expect([status, body.message]).toEqual([403, expect.stringMatching(/tag:create/)]);
    const { tags: _, ...untagged } = smallDroplet;
    expect((await ask('POST', '/v2/droplets', untagged)).status).toBe(202);
  });

  it('is not shown what it may not see, in silence', async () => {
    const droplet = double.account.plantDroplet({ tags: ['berth'] });
    double.account.plantVolume({ dropletId: droplet.id });
    double.account.plantSnapshot({ dropletId: droplet.id });
    const scopes = ['account:read', 'droplet:read', 'snapshot:read'];
    const ask = asking(double, double.addToken(scopes));
    const path = `/v2/droplets/${droplet.id}`;
    expect((await ask('GET', path)).body.droplet).toMatchObject({
      tags: [],
      volume_ids: [],
      snapshot_ids: [],
    });
    const { body } = await ask('GET', `${path}/destroy_with_associated_resources`);
    expect(body).toEqual({});
    double.account.plantVolumeSnapshot();
    expect((await ask('GET', '/v2/snapshots')).body.meta.total).toBe(1);
    const few = asking(double, double.addToken(['account:read']));
    expect((await few('GET', '/v2/account')).body.account.droplet_limit).toBe(0);
    const all = asking(double);
    expect((await all('GET', '/v2/account')).body.account.droplet_limit).toBe(25);
    expect((await all('GET', path)).body.droplet.tags).toEqual(['berth']);
    expect(double.violations).toEqual([]);
  });

  it('is of one account', async () => {
    double.account.plantDroplet();
    const other = asking(double, double.addToken('all', 'other'));
    expect((await other('GET', '/v2/droplets')).body.meta.total).toBe(0);
    const [main, there] = [await asking(double)('GET', '/v2/account'), await other('GET', '/v2/account')];
    expect(main.body.account.uuid).not.toBe(there.body.account.uuid);
  });

  it('has limits that count, of which the list of keys has its own', async () => {
    const ask = asking(double);
    const first = await ask('GET', '/v2/account/keys');
    expect(first.headers.get('ratelimit-limit')).toBe('5000');
    expect(first.headers.get('ratelimit-remaining')).toBe('4999');
    for (let count = 1; count < 10; count++) expect((await ask('GET', '/v2/account/keys')).status).toBe(200);
    const over = await ask('GET', '/v2/account/keys');
    expect([over.status, Number(over.headers.get('retry-after')) > 50]).toEqual([429, true]);
    expect((await ask('GET', '/v2/account')).status).toBe(200);
  });
});

describe('faults', () => {
  it('lose a request before, or its reply after the effect', async () => {
    const ask = asking(double);
    double.faults.loseRequest('POST /v2/droplets');
    await expect(ask('POST', '/v2/droplets', smallDroplet)).rejects.toThrow();
    expect(double.account.droplets.size).toBe(0);
    double.faults.loseReply('POST /v2/droplets');
    await expect(ask('POST', '/v2/droplets', smallDroplet)).rejects.toThrow();
    expect(double.account.tagged('berth:op:1')).toHaveLength(1);
    expect(double.requests.map(({ status }) => status)).toEqual(['lost', 'lost']);
  });

  it('answer 429, 5xx, and 422 of each kind, once or as often as said', async () => {
    const ask = asking(double);
    double.faults.tooManyRequests('GET /v2/account', 7);
    const many = await ask('GET', '/v2/account');
    expect([many.status, many.headers.get('retry-after')]).toEqual([429, '7']);
    double.faults.serverError('*', 503, { times: 2, skip: 1 });
    const codes = [];
    for (let count = 0; count < 4; count++) codes.push((await ask('GET', '/v2/account')).status);
    expect(codes).toEqual([200, 503, 503, 200]);
    for (const refusal of Object.keys(refusals) as (keyof typeof refusals)[]) {
      double.faults.refuse(refusal);
      const { status, body } = await ask('POST', '/v2/droplets', smallDroplet);
      expect([status, body.id, body.message]).toEqual([422, 'unprocessable_entity', refusals[refusal]]);
    }
    expect(double.account.droplets.size).toBe(0);
  });

  it('come by themselves where a wish cannot be met', async () => {
    const ask = asking(double);
    const refused = async (more: object) =>
      (await ask('POST', '/v2/droplets', { ...smallDroplet, ...more })).body.message;
    expect(await refused({ region: 'nyc2' })).toBe(refusals.region);
    expect(await refused({ size: 's-1vcpu-512mb-10gb', region: 'fra1' })).toBe(refusals.size);
    expect(await refused({ image: 'debian-1-x64' })).toBe(refusals.image);
    expect(await refused({ ssh_keys: [512190] })).toBe(refusals.key);
    double.account.plantDroplets(25);
    expect(await refused({})).toBe(refusals.limit);
  });

  it('make a droplet strange: never active, without address, errored, deaf to its deletion', async () => {
    const ask = asking(double);
    const settled = async () => {
      const { body } = await ask('POST', '/v2/droplets', smallDroplet);
      for (let looks = 0; looks < 8; looks++) await ask('GET', `/v2/droplets/${body.droplet.id}`);
      const { droplet } = (await ask('GET', `/v2/droplets/${body.droplet.id}`)).body;
      const { action } = (await ask('GET', `/v2/actions/${body.links.actions[0].id}`)).body;
      return { id: droplet.id, saw: [droplet.status, droplet.networks.v4.length, action.status] };
    };
    double.faults.droplet({ neverActive: true });
    expect((await settled()).saw).toEqual(['new', 0, 'in-progress']);
    double.faults.droplet({ neverGetsAddress: true });
    expect((await settled()).saw).toEqual(['active', 0, 'completed']);
    double.faults.droplet({ createErrors: true });
    expect((await settled()).saw).toEqual(['new', 0, 'errored']);
    double.faults.droplet({ ignoresDeletes: 1 });
    const { id } = await settled();
    const gone = async () => {
      expect((await ask('DELETE', `/v2/droplets/${id}`)).status).toBe(204);
      for (let looks = 0; looks < 4; looks++) await ask('GET', '/v2/account');
      return (await ask('GET', `/v2/droplets/${id}`)).status;
    };
    expect([await gone(), await gone()]).toEqual([200, 404]);
  });

  it('let an action end without effect', async () => {
    const ask = asking(double);
    const { id } = double.account.plantDroplet();
    double.faults.actionErrors('snapshot');
    const { body } = await ask('POST', `/v2/droplets/${id}/actions`, { type: 'snapshot', name: 'one' });
    const path = `/v2/droplets/${id}/actions/${body.action.id}`;
    for (let looks = 0; looks < 4; looks++) await ask('GET', path);
    expect((await ask('GET', path)).body.action.status).toBe('errored');
    expect((await ask('GET', `/v2/droplets/${id}/snapshots`)).body.snapshots).toEqual([]);
  });

  it('skew the clock, of answers and of what they tell', async () => {
    double.faults.clockSkewMs = -3_600_000;
    const { headers, body } = await asking(double)('POST', '/v2/droplets', smallDroplet);
    const aheadMs = Date.now() - Date.parse(headers.get('date') ?? '');
    expect(Math.round(aheadMs / 60_000)).toBe(60);
    expect(Math.round((Date.now() - Date.parse(body.droplet.created_at)) / 60_000)).toBe(60);
  });
});

describe('the double’s own mistakes', () => {
  it('are told to the client as 500, and thrown at the end', async () => {
    const own = await startDigitalOceanDouble();
    own.account.plantDroplet().name = 5 as unknown as string;
    const said = await asking(own)('GET', '/v2/droplets');
    expect([said.status, said.body.id]).toEqual([500, 'double']);
    expect(own.violations).toMatchObject([{ by: 'double' }]);
    await expect(own.close()).rejects.toThrow(/breaks the document/);
  });
});
