import { describe, expect, it } from 'vitest';
import { droplet, list } from './answers.ts';
import { type Answer, type Asked, failureOf, talkTo } from './api-server.ts';

describe('a long list', () => {
  const many = Array.from({ length: 450 }, (_none, index) =>
    droplet({ id: index + 1, name: `box-${index}` }),
  );
  /** Pages as the API makes them: the next one is an address. */
  const pages =
    (items: readonly unknown[]) =>
    (asked: Asked): Answer => {
      if (asked.query.type === 'gpus') return list('droplets', []);
      const perPage = Number(asked.query.per_page);
      const page = Number(asked.query.page ?? '1');
      const isLast = page * perPage >= items.length;
      const query = new URLSearchParams({ ...asked.query, page: String(page + 1) });
      const next = `http://${asked.headers.host}${asked.path}?${query}`;
      const links = isLast ? {} : { pages: { next, last: next } };
      const body = {
        droplets: items.slice((page - 1) * perPage, page * perPage),
        links,
        meta: { total: 450 },
      };
      return { body };
    };

  it('of 450 Droplets is read in three pages, with its filter on each', async () => {
    const { api, client, signal } = await talkTo({ 'GET /v2/droplets': pages(many) });
    const machines = await client.machinesTagged('berth', signal);
    expect(new Set(machines.map(({ id }) => id)).size).toBe(450);
    expect(machines).toHaveLength(450);
    const tagged = api.asked.filter(({ query }) => query.tag_name === 'berth');
    expect(tagged.map(({ query }) => [query.per_page, query.page])).toEqual([
      ['200', undefined],
      ['200', '2'],
      ['200', '3'],
    ]);
  });

  it('shows a Droplet once that moved from one page to the next meanwhile', async () => {
    const shifted = [...many.slice(0, 200), many[199], ...many.slice(200)];
    const { client, signal } = await talkTo({ 'GET /v2/droplets': pages(shifted) });
    expect(await client.machinesTagged('berth', signal)).toHaveLength(450);
  });

  it.each([
    'https://api.example.org/v2/droplets?page=2',
    'http://user@HOST/v2/droplets?page=2',
    '//api.example.org/',
    'http://127.0.0.1:1/',
  ])('does not go on at %s: the token would go along', async (next) => {
    const { api, client, settle, signal } = await talkTo({
      'GET /v2/droplets': ({ headers }) => ({
        body: {
          droplets: [],
          links: { pages: { next: next.replace('HOST', String(headers.host)) } },
          meta: { total: 9 },
        },
      }),
    });
    const error = await failureOf(settle(client.machinesTagged('berth', signal)));
    expect(error).toMatchObject({
      code: 'cloud.failed',
      message: expect.stringContaining('another address'),
    });
    expect(api.asked.every(({ query }) => query.page === undefined)).toBe(true);
  });

  it('that leads in circles ends', async () => {
    const { api, client, settle, signal } = await talkTo({
      'GET /v2/droplets': ({ headers, query }) => ({
        body: {
          droplets: [],
          links:
            query.type === 'gpus' ? {} : { pages: { next: `http://${headers.host}/v2/droplets?page=1` } },
          meta: { total: 0 },
        },
      }),
    });
    expect(await failureOf(settle(client.machinesTagged('berth', signal)))).toMatchObject({
      code: 'cloud.failed',
    });
    expect(api.asked.length).toBeLessThanOrEqual(101);
  });
});
