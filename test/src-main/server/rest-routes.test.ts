/** The REST routes on a real port: what each kind of method is in HTTP, and what every route has in common. */
import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { Project } from '#contract/projects.ts';
import { projectDefaults } from '#contract/projects.ts';
import { type Settings, settingsDefaults } from '#contract/settings.ts';
import { Collection, Watched } from '#main/control-plane/changes.ts';
import type { Handlers } from '#main/control-plane/handler.ts';
import { restRoutes } from '#main/server/rest/route-table.ts';
import type { RestServer } from './rest-server.ts';
import { startRest } from './rest-server.ts';

const definition = {
  ...projectDefaults,
  environment: [],
  name: 'Website',
  image: 'debian:12',
};
const project = (letter: string): Project => ({
  ...definition,
  id: `proj_${letter.repeat(20)}`,
  name: `Project ${letter}`,
  createdAt: '2026-01-01T00:00:00.000Z',
  changedAt: '2026-01-01T00:00:00.000Z',
});
const operation = {
  id: 'op_00000000000000000000',
  kind: 'workspace.start',
  title: 'Start',
  subject: { kind: 'workspace', id: 'ws_00000000000000000000', name: 'a' },
  hostId: null,
  state: 'running',
  steps: [],
  error: null,
  canCancel: false,
  startedAt: '2026-01-01T00:00:00.000Z',
  endedAt: null,
} as const;

let projects: Collection<Project>;
let settings: Watched<Settings>;
let made: number;
let openStreams: number;
let server: RestServer;

function handlers(): Partial<Handlers> {
  return {
    'projects.watch': async function* (_input, { signal }) {
      openStreams += 1;
      try {
        yield* projects.watch(signal);
      } finally {
        openStreams -= 1;
      }
    },
    'projects.create': (wish) => {
      made += 1;
      const one = { ...project('z'), ...wish };
      projects.put(one);
      return one;
    },
    'projects.edit': ({ id, ...change }) => {
      const known = projects.get(id);
      if (known === undefined) throw new BerthError('not-found', 'No.');
      const defined = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
      const one = { ...known, ...defined };
      projects.put(one);
      return one;
    },
    'projects.remove': ({ id }) => {
      projects.delete(id);
      return {};
    },
    'settings.watch': (_input, { signal }) => settings.watch(signal),
    'settings.change': (change) => {
      settings.set({ ...settings.value, ...(change as Settings) });
      return settings.value;
    },
    'forwards.probe': ({ port }) => ({ protocol: port === 3000 ? 'http' : 'tcp' }),
    'workspaces.start': () => ({ ...operation, steps: [] }),
    'workspaces.destroyPlan': ({ keepVolume }) => ({
      workspaceName: String(keepVolume),
      deletes: [],
      keeps: [],
    }),
    'snapshots.search': ({ query, hostId, limit }) => ({
      hits: [],
      isTruncated: query === 'x' && hostId === null,
      notSearched: limit,
    }),
    'operations.log': async function* ({ id }) {
      if (id.endsWith('9')) throw new BerthError('not-found', 'No.');
      yield { at: operation.startedAt, step: null, level: 'info', text: 'first' };
      yield { at: operation.startedAt, step: 'a', level: 'command', text: 'second' };
      if (id.endsWith('8')) throw new BerthError('connection-lost', 'Gone.');
    },
    'apiKeys.create': () => {
      made += 1;
      throw new BerthError('too-many', 'Enough.');
    },
  };
}

beforeEach(async () => {
  projects = new Collection();
  for (const letter of 'cabed') projects.put(project(letter));
  settings = new Watched({ ...settingsDefaults });
  made = 0;
  openStreams = 0;
  server = await startRest(handlers());
});
afterEach(() => server[Symbol.asyncDispose]());

const parsed = (text: string) => JSON.parse(text) as Record<string, unknown>;

describe('a collection', () => {
  it('is a page by id, whose cursor leads to the next whatever changes in between', async () => {
    const first = await server.ask({ path: '/v1/projects?limit=2' });
    const page = parsed(first.text) as { items: Project[]; next: string };
    expect(page.items.map(({ name }) => name)).toEqual(['Project a', 'Project b']);
    expect(first.headers.link).toBe(`</v1/projects?limit=2&cursor=${page.next}>; rel="next"`);
    // What the cursor stands on is gone, one before it and one after it came.
    projects.delete(project('b').id);
    projects.put({ ...project('a'), id: 'proj_00000000000000000000' });
    projects.put({ ...project('c'), id: 'proj_bz000000000000000000' });
    const second = await server.ask({ path: `/v1/projects?limit=3&cursor=${page.next}` });
    const rest = parsed(second.text) as { items: Project[]; next: string };
    expect(rest.items.map(({ id }) => id.slice(5, 7))).toEqual(['bz', 'cc', 'dd']);
    const last = parsed((await server.ask({ path: `/api/v1/projects?cursor=${rest.next}` })).text);
    expect((last.items as Project[]).map(({ name }) => name)).toEqual(['Project e']);
    expect(last.next).toBeNull();
    expect(openStreams).toBe(0);
  });

  it.each([
    'limit=0',
    'limit=501',
    'limit=x',
    'limit=1e2',
    'cursor=',
    'cursor=WyJ4Il0',
    'cursor=%00',
    'sort=name',
    'limit=1&limit=2',
  ])('refuses ?%s', async (query) => {
    const answer = await server.ask({ path: `/v1/projects?${query}` });
    expect(answer.status).toBe(400);
    expect(parsed(answer.text)).toMatchObject({ code: 'invalid-input', status: 400 });
  });

  it('refuses the cursor of another collection', async () => {
    const cursor = Buffer.from(JSON.stringify(['hosts.watch', 'host_a'])).toString('base64url');
    const answer = await server.ask({ path: `/v1/projects?cursor=${cursor}` });
    expect(parsed(answer.text).errors).toEqual([{ field: 'cursor', message: expect.any(String) as string }]);
  });

  it('has each of its things under its id, and 404 for what is not there', async () => {
    const { id } = project('a');
    const answer = await server.ask({ path: `/v1/projects/${id}` });
    expect([answer.status, parsed(answer.text)]).toEqual([200, project('a')]);
    for (const other of ['proj_99999999999999999999', 'nonsense', '%00', '..%2f..'])
      expect((await server.ask({ path: `/v1/projects/${other}` })).status).toBe(404);
  });

  it('does not exist for whoever may not read it', async () => {
    server.as({ scopes: ['hosts.read'] });
    for (const path of ['/v1/projects', `/v1/projects/${project('a').id}`])
      expect((await server.ask({ path })).status).toBe(404);
    expect(
      (await server.ask({ path: '/v1/projects', headers: { accept: 'text/event-stream' } })).status,
    ).toBe(404);
  });
});

describe('a collection as events', () => {
  it('is the whole, then every change, until the client goes', async () => {
    const events = watch('/v1/projects');
    expect(await events.next()).toMatchObject({ type: 'all', items: { length: 5 } });
    projects.put({ ...project('a'), name: 'Renamed' });
    expect(await events.next()).toMatchObject({
      type: 'change',
      upserted: [{ name: 'Renamed' }],
      removed: [],
    });
    projects.delete(project('b').id);
    expect(await events.next()).toMatchObject({ type: 'change', removed: [project('b').id] });
    expect(openStreams).toBe(1);
    events.close();
    await expect.poll(() => openStreams).toBe(0);
  });

  it('begins nothing for HEAD', async () => {
    const answer = await server.ask({
      method: 'HEAD',
      path: '/v1/projects',
      headers: { accept: 'text/event-stream' },
    });
    expect([answer.status, answer.headers['content-type']]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
    ]);
    expect(openStreams).toBe(0);
  });
});

/** Events of a path, as their data. */
function watch(path: string) {
  const texts: string[] = [];
  let wake: () => void = () => {};
  let buffer = '';
  const outgoing = request(
    { host: '127.0.0.1', port: server.port, path, headers: { accept: 'text/event-stream' }, agent: false },
    (response) => {
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        buffer += String(chunk);
        const parts = buffer.split('\n\n');
        buffer = parts.pop() ?? '';
        texts.push(...parts.map((part) => part.replace(/^data: /, '')));
        wake();
      });
      response.on('error', () => undefined);
    },
  );
  outgoing.on('error', () => undefined);
  outgoing.end();
  return {
    next: async () => {
      while (texts.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return parsed(texts.shift() ?? '');
    },
    close: () => outgoing.destroy(),
  };
}

describe('a value', () => {
  it('is what it is now', async () => {
    const answer = await server.ask({ path: '/v1/settings' });
    expect([answer.status, parsed(answer.text)]).toEqual([200, settingsDefaults]);
  });
});

describe('a stream of items', () => {
  it('is a line for each, and ends', async () => {
    const answer = await server.ask({ path: `/v1/operations/${operation.id}/log` });
    expect(answer.headers['content-type']).toBe('application/x-ndjson; charset=utf-8');
    const lines = answer.text.trimEnd().split('\n').map(parsed);
    expect(lines.map(({ text }) => text)).toEqual(['first', 'second']);
  });

  it('is events where they are asked for, and says how it ended', async () => {
    const headers = { accept: 'text/event-stream' };
    const answer = await server.ask({ path: `/v1/operations/${operation.id}/log`, headers });
    expect(answer.text.split('\n\n').slice(2)).toEqual(['event: end\ndata: {}', '']);
    const failed = await server.ask({ path: '/v1/operations/op_00000000000000000008/log', headers });
    const [name, data = ''] = failed.text.split('\n\n')[2]?.split('\n') ?? [];
    expect(name).toBe('event: failure');
    expect(parsed(data.replace(/^data: /, ''))).toMatchObject({ code: 'connection-lost', status: 503 });
  });

  it('has a status for what goes wrong at its beginning, and is cut off by what goes wrong later', async () => {
    expect((await server.ask({ path: '/v1/operations/op_00000000000000000009/log' })).status).toBe(404);
    await expect(server.ask({ path: '/v1/operations/op_00000000000000000008/log' })).rejects.toThrow(
      /aborted|hang up/,
    );
  });
});

describe('a call', () => {
  it('says where what it made is', async () => {
    const answer = await server.send('POST', '/v1/projects', definition);
    expect(answer.status).toBe(201);
    expect(answer.headers.location).toBe(`/v1/projects/${project('z').id}`);
    const at = await server.ask({ path: String(answer.headers.location) });
    expect(parsed(at.text)).toEqual(parsed(answer.text));
  });

  it('that begins an operation is accepted, and says where to follow it', async () => {
    const answer = await server.ask({
      method: 'POST',
      path: '/api/v1/workspaces/ws_00000000000000000000/start',
    });
    expect([answer.status, answer.headers.location]).toEqual([202, `/api/v1/operations/${operation.id}`]);
  });

  it('takes typed values from the query, and null for what may be left out', async () => {
    const plan = await server.ask({
      path: '/v1/workspaces/ws_00000000000000000000/destroy-plan?keepVolume=false',
    });
    expect(parsed(plan.text)).toMatchObject({ workspaceName: 'false' });
    const search = await server.ask({ path: '/v1/snapshots/search?query=x&limit=7' });
    expect(parsed(search.text)).toMatchObject({ isTruncated: true, notSearched: 7 });
  });

  it('takes typed values from the path: a port is a number', async () => {
    const probe = (port: string) =>
      server.send('POST', `/v1/workspaces/ws_00000000000000000000/ports/${port}/probe`, {});
    expect(parsed((await probe('3000')).text)).toEqual({ protocol: 'http' });
    for (const port of ['x', '0', '0x10', '70000']) expect((await probe(port)).status, port).toBe(400);
  });

  it.each(['0x10', '1e2', ' 5', 'NaN', 'Infinity', '5.', '+5', ''])(
    'takes no %j for a number',
    async (text) => {
      const answer = await server.ask({
        path: `/v1/snapshots/search?query=x&limit=${encodeURIComponent(text)}`,
      });
      expect(parsed(answer.text)).toMatchObject({ status: 400, errors: [{ field: 'limit' }] });
    },
  );

  it.each([
    ['a field that is unknown', { ...definition, colour: 'red' }],
    ['__proto__', JSON.parse(`{"name":"a","__proto__":{"image":"x"}}`) as object],
  ])('refuses %s', async (_name, body) => {
    const answer = await server.send('POST', '/v1/projects', body);
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain('colour');
    expect(made).toBe(0);
  });

  it('names each field that is wrong, and never repeats its value', async () => {
    const answer = await server.send('POST', '/v1/projects', {
      ...definition,
      name: '',
      limits: { ...definition.limits, pids: 'canary-7' },
    });
    expect(answer.headers['content-type']).toBe('application/problem+json');
    const problem = parsed(answer.text);
    expect(problem).toMatchObject({
      type: '/api/docs#code-invalid-input',
      title: 'Something in the input is not valid',
      status: 400,
      instance: `urn:uuid:${String(answer.headers['x-request-id'])}`,
      errors: [
        { field: 'name', message: 'must not be empty' },
        { field: 'limits.pids', message: 'must be a number' },
      ],
    });
    expect((problem.error as { code: string }).code).toBe('invalid-input');
    expect(answer.text).not.toContain('canary');
  });

  it('shows nothing of a fault of ours', async () => {
    const answer = await server.ask({ path: '/v1/hosts/candidates' });
    expect(answer.status).toBe(500);
    expect(parsed(answer.text)).toMatchObject({ code: 'internal' });
    expect(answer.text).not.toContain('no handler');
  });
});

describe('a body', () => {
  const post = (body: string, headers: Record<string, string> = {}) =>
    server.ask({
      method: 'POST',
      path: '/v1/projects',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });

  it.each([
    ['{"name": }', 'line 1, column 10'],
    ['{\n"name": "a",\n}', 'line 3, column 1'],
    ['{"name', 'its end'],
  ])('that is no JSON is refused with its place: %j', async (body, place) => {
    const answer = await post(body);
    expect([answer.status, parsed(answer.text).detail]).toEqual([
      400,
      `The body is no JSON: it goes wrong at ${place}.`,
    ]);
  });

  it('that gives a name twice is refused, in whatever spelling and however deep', async () => {
    for (const body of [
      '{"name":"a","name":"b"}',
      '{"name":"a","\\u006eame":"b"}',
      '{"limits":{"pids":1,"pids":2}}',
    ]) {
      const answer = await post(body);
      expect([body, answer.status, parsed(answer.text).detail]).toEqual([
        body,
        400,
        'A field is given twice.',
      ]);
    }
  });

  it('that is a bomb of depth is refused', async () => {
    for (const body of [
      `${'{"a":'.repeat(33)}1${'}'.repeat(33)}`,
      '['.repeat(100_000) + ']'.repeat(100_000),
    ]) {
      const answer = await post(body);
      expect([answer.status, parsed(answer.text).detail]).toEqual([
        400,
        'The body is nested deeper than 32 levels.',
      ]);
    }
  });

  it('of another type, charset or encoding is refused with what would do', async () => {
    for (const headers of [
      { 'content-type': 'text/plain' },
      { 'content-type': 'application/x-www-form-urlencoded' },
      { 'content-type': 'application/merge-patch+json' },
      { 'content-type': 'application/json; charset=latin1' },
      { 'content-encoding': 'gzip' },
    ]) {
      const answer = await post(JSON.stringify(definition), headers as Record<string, string>);
      expect([headers, answer.status, answer.headers.accept]).toEqual([headers, 415, 'application/json']);
    }
    expect(
      (await post(JSON.stringify(definition), { 'content-type': 'application/json; charset=UTF-8' })).status,
    ).toBe(201);
  });

  it('of a patch may be a merge patch', async () => {
    const answer = await server.send(
      'PATCH',
      `/v1/projects/${project('a').id}`,
      { name: 'b' },
      {
        'content-type': 'application/merge-patch+json',
      },
    );
    expect(parsed(answer.text).name).toBe('b');
  });

  it('that is too large is refused before it is there', async () => {
    const answer = await post('x'.repeat(16 * 1024 * 1024 + 1));
    expect(answer.status).toBe(413);
  });
});

describe('a method that a path does not take', () => {
  it('is answered with those that it takes', async () => {
    const wrong = await server.ask({ method: 'DELETE', path: '/v1/projects' });
    expect([wrong.status, wrong.headers.allow]).toEqual([405, 'GET, POST, HEAD, OPTIONS']);
    // A word in the place of a name is a path of its own.
    const word = await server.ask({ method: 'DELETE', path: '/v1/hosts/candidates' });
    expect([word.status, word.headers.allow]).toEqual([405, 'GET, HEAD, OPTIONS']);
    const options = await server.ask({ method: 'OPTIONS', path: '/v1/settings' });
    expect([options.status, options.headers.allow]).toEqual([204, 'GET, PATCH, HEAD, OPTIONS']);
  });

  it('HEAD is GET without a body', async () => {
    const head = await server.ask({ method: 'HEAD', path: '/v1/settings' });
    const get = await server.ask({ path: '/v1/settings' });
    expect([head.status, head.text, head.headers.etag]).toEqual([200, '', get.headers.etag]);
  });
});

describe('entity tags', () => {
  it('save whoever has the bytes from getting them again', async () => {
    const { etag } = (await server.ask({ path: '/v1/settings' })).headers;
    expect(etag).toMatch(/^"[\w-]{27}"$/);
    const tags = [etag, `W/${String(etag)}`, `"other", ${String(etag)}`, '*'];
    for (const tag of tags) {
      const again = await server.ask({ path: '/v1/settings', headers: { 'if-none-match': String(tag) } });
      expect([tag, again.status, again.text, again.headers.etag]).toEqual([tag, 304, '', etag]);
    }
    settings.set({ ...settings.value, theme: 'dark' });
    const changed = await server.ask({ path: '/v1/settings', headers: { 'if-none-match': String(etag) } });
    expect(changed.status).toBe(200);
    expect(changed.headers.etag).not.toBe(etag);
  });

  it('keep a change from undoing another', async () => {
    const path = `/v1/projects/${project('a').id}`;
    const tag = String((await server.ask({ path })).headers.etag);
    const change = (name: string, ifMatch: string) =>
      server.send('PATCH', path, { name }, { 'if-match': ifMatch });
    expect((await change('mine', tag)).status).toBe(200);
    const late = await change('theirs', tag);
    expect([late.status, parsed(late.text).code]).toEqual([412, 'conflict']);
    expect(projects.get(project('a').id)?.name).toBe('mine');
    const now = String((await server.ask({ path })).headers.etag);
    // A weak tag never proves what a change needs.
    expect((await change('weak', `W/${now}`)).status).toBe(412);
    expect((await change('both', `"other", ${now}`)).status).toBe(200);
    expect((await change('any', '*')).status).toBe(200);
    expect((await server.ask({ method: 'DELETE', path, headers: { 'if-match': tag } })).status).toBe(412);
    expect((await server.ask({ method: 'DELETE', path })).status).toBe(200);
    expect((await change('gone', '*')).status).toBe(412);
  });
});

describe('a key for repetition', () => {
  const key = { 'idempotency-key': '"8e03978e-40d5-43e8-bc93-6894a57f9324"' };

  it('has the answer again, and the thing once', async () => {
    const first = await server.send('POST', '/v1/projects', definition, key);
    const second = await server.send('POST', '/v1/projects', definition, key);
    expect(made).toBe(1);
    expect([second.status, second.text, second.headers.location]).toEqual([
      201,
      first.text,
      first.headers.location,
    ]);
    expect([first.headers['idempotency-replayed'], second.headers['idempotency-replayed']]).toEqual([
      undefined,
      'true',
    ]);
    // Under the other base it is the same request.
    const other = await server.send('POST', '/api/v1/projects', definition, key);
    expect([other.headers['idempotency-replayed'], other.headers.location]).toEqual([
      'true',
      `/api/v1/projects/${project('z').id}`,
    ]);
  });

  it('is refused for another request, and is another’s own', async () => {
    await server.send('POST', '/v1/projects', definition, key);
    const other = await server.send('POST', '/v1/projects', { ...definition, name: 'b' }, key);
    expect([other.status, parsed(other.text).code]).toEqual([422, 'invalid-input']);
    server.as({ userId: 'user_11111111111111111111' });
    expect((await server.send('POST', '/v1/projects', { ...definition, name: 'b' }, key)).status).toBe(201);
    expect(made).toBe(2);
  });

  it('lets what failed be tried again', async () => {
    const wish = { name: 'CI', scopes: ['hosts.read'], expiresInDays: null };
    expect((await server.send('POST', '/v1/api-keys', wish, key)).status).toBe(429);
    expect((await server.send('POST', '/v1/api-keys', wish, key)).status).toBe(429);
    expect(made).toBe(2);
  });

  it.each(['', ' ', 'two words', 'x'.repeat(256), '"'])('is not %j', async (text) => {
    const answer = await server.send('POST', '/v1/projects', definition, { 'idempotency-key': text });
    expect(parsed(answer.text)).toMatchObject({ status: 400, errors: [{ field: 'Idempotency-Key' }] });
    expect(made).toBe(0);
  });
});

describe('the index', () => {
  it('says where everything is, and where it is described', async () => {
    const answer = await server.ask({ path: '/v1' });
    expect(answer.headers.link).toContain('</api/openapi.json>; rel="service-desc"');
    expect(answer.headers.link).toContain('</api/docs>; rel="service-doc"');
    const { collections } = parsed(answer.text) as { collections: string[] };
    expect(collections).toContain('/v1/workspaces');
    expect(collections).toHaveLength(restRoutes().filter(({ kind }) => kind === 'page').length);
  });
});
