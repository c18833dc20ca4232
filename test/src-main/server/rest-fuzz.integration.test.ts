/**
 * Every route of the OpenAPI document against a whole plane over real HTTP, with what fits, what just fits, and what an
 * attacker would send. No answer is a fault of ours, none fails to come, and each is one that the document describes, down
 * to its body. The seed is fixed; BERTH_FUZZ_RUNS asks for more runs of each route, BERTH_FUZZ_SEED for others.
 */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ServedPlane, type ServedAnswer, type ServedAsk } from '#test/harness/served-plane.ts';
import { openApiDocument } from '#main/server/openapi-document.ts';
import { restRoutes } from '#main/server/rest/route-table.ts';
import { createValueMaker, hostileTexts, type Schema, type ValueMaker } from './fuzzed-values.ts';

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: Schema;
}
interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly (Parameter & { readonly $ref?: string })[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: Schema }>> };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
}

const runs = Number(process.env.BERTH_FUZZ_RUNS ?? 12);
const seed = Number(process.env.BERTH_FUZZ_SEED ?? 20_260_302);
const document = openApiDocument({ version: '0', cookieName: 'berth' });
const json = JSON.parse(JSON.stringify(document)) as object;
const routes = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([verb, operation]) => ({
    path,
    verb: verb.toUpperCase(),
    operation: operation as unknown as Operation,
  })),
);

const ajv = new Ajv2020({ strict: false, validateFormats: false });
const documentId = 'https://berth.test/openapi';
ajv.addSchema({ ...json, $id: documentId });
/** Routes that answered something else than that the request was wrong. */
const pastChecks = new Set<(typeof routes)[number]>();
const validators = new Map<string, ValidateFunction>();

const project = {
  image: 'debian:12',
  environment: [],
  limits: { cpus: 1, memoryBytes: 67_108_864, pids: 64 },
  mountPoint: '/work',
  profile: 'standard',
  runtime: 'default',
  shell: null,
};
let served: ServedPlane;
let values: ValueMaker;

beforeAll(async () => {
  // It asks more in a minute than any person may.
  served = await ServedPlane.start(undefined, { callsPerMinute: 0 });
});
/** The route before may have made or destroyed something. */
let isChanged = true;
/** Something to meet: a fuzzer that only meets 404 tests one line. What the route before destroyed is made again. */
beforeEach(async () => {
  if (!isChanged) return;
  isChanged = false;
  const ids = new Set<string>();
  for (const route of restRoutes())
    if (route.kind === 'page') {
      const answer = await served.ask({ path: `/v1${route.path}?limit=500` });
      if (answer.status === 200)
        for (const { id } of (JSON.parse(answer.text) as { items: { id: string }[] }).items) ids.add(id);
    }
  const has = (prefix: string) => [...ids].some((id) => id.startsWith(prefix));
  const make = async (path: string, body: object) =>
    ids.add((await served.json<{ id: string }>('POST', path, body)).id);
  if (!has('proj_')) await make('/v1/projects', { ...project, name: `there ${ids.size}` });
  if (!has('host_'))
    await make('/v1/hosts', {
      name: `there ${ids.size}`,
      definition: { kind: 'local', socketPath: '/nonexistent/docker.sock' },
    });
  values = createValueMaker(
    (reference) => at(reference) as Schema,
    (pattern) => {
      const form = new RegExp(pattern, 'u');
      return [...ids].filter((id) => form.test(id));
    },
  );
});
afterAll(() => served?.[Symbol.asyncDispose]());

function at(pointer: string): unknown {
  return pointer
    .replace(/^#\//, '')
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], json);
}

function sometimes<T>(share: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  const weight = Math.round(share * 100);
  return fc.oneof({ weight, arbitrary }, { weight: 100 - weight, arbitrary: fc.constant(undefined) });
}

interface Sent extends ServedAsk {
  /** The address is rewritten before it is routed, so another route may answer. */
  readonly isElsewhere: boolean;
}

/** Percent-encodes what an address cannot hold, and nothing that has a meaning to whoever reads it. */
const segment = (text: string) =>
  encodeURIComponent(text.toWellFormed()).replaceAll('%25', '%').replaceAll('%2F', '%2f');

function requestOf(route: (typeof routes)[number]): fc.Arbitrary<Sent> {
  const { path, verb, operation } = route;
  const parameters = (operation.parameters ?? []).map((one) =>
    one.$ref === undefined ? one : (at(one.$ref) as Parameter),
  );
  const inPath = parameters.filter((one) => one.in === 'path');
  const inQuery = parameters.filter((one) => one.in === 'query');
  const schemaOfBody = operation.requestBody?.content['application/json']?.schema;
  return fc
    .record({
      names: fc.tuple(...inPath.map(({ schema }) => values.text(schema))),
      query: fc.tuple(
        ...inQuery.map(({ schema, required }) =>
          sometimes(required === true ? 0.9 : 0.5, values.text(schema)),
        ),
      ),
      twist: sometimes(0.1, fc.constantFrom('twice', 'unknown', 'broken')),
      accept: fc.constantFrom(
        undefined,
        'application/json',
        'text/event-stream',
        '*/*',
        'text/html;q=0.1',
        ',',
      ),
      header: sometimes(
        0.25,
        fc.record({
          name: fc.constantFrom('if-none-match', 'if-match', 'idempotency-key'),
          value: fc.constantFrom('*', '"x"', 'W/"x"', '"x", "y"', '', '"', 'k'.repeat(300), 'key-1'),
        }),
      ),
      body: bodyOf(schemaOfBody, operation),
    })
    .map(({ names, query, twist, accept, header, body }) => {
      let address = path;
      for (const [index, { name }] of inPath.entries())
        address = address.replace(`{${name}}`, segment(names[index] ?? ''));
      const pairs = inQuery.flatMap(({ name }, index) =>
        query[index] === undefined ? [] : [`${name}=${encodeURIComponent(query[index].toWellFormed())}`],
      );
      if (twist === 'twice' && pairs[0] !== undefined) pairs.push(pairs[0]);
      if (twist === 'unknown') pairs.push('__proto__=1', 'no%20such=');
      if (twist === 'broken') pairs.push('%ff=%', '&&=');
      const headers: Record<string, string> = { ...body.headers };
      if (accept !== undefined) headers.accept = accept;
      if (header !== undefined) headers[header.name] = header.value;
      return {
        method: verb,
        path: pairs.length === 0 ? address : `${address}?${pairs.join('&')}`,
        headers,
        ...(body.bytes === undefined ? {} : { body: body.bytes }),
        isElsewhere: names.some((name) => /^(\.|%2e)*$/i.test(name) || /[\\\t\r\n]/.test(name)),
      };
    });
}

interface Body {
  readonly bytes?: string | Uint8Array;
  readonly headers?: Record<string, string>;
}

function bodyOf(schema: Schema | undefined, { requestBody }: Operation): fc.Arbitrary<Body> {
  if (requestBody === undefined) return fc.constant({});
  if (schema === undefined)
    return fc.constantFrom<Body>(
      { bytes: 'archive', headers: { 'content-type': 'application/octet-stream' } },
      { bytes: '', headers: { 'content-type': 'application/octet-stream' } },
      { bytes: 'archive' },
      {},
    );
  const good = values.json(schema).map((value): Body => ({ bytes: JSON.stringify(value) }));
  const broken = fc.constantFrom<Body>(
    {},
    { bytes: '' },
    { bytes: '{' },
    { bytes: '[]' },
    { bytes: 'null' },
    { bytes: '"x"' },
    { bytes: '{"a":1,"a":2}' },
    { bytes: `${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}` },
    { bytes: `${'['.repeat(200_000)}` },
    { bytes: Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d]) },
    { bytes: Buffer.from([0x7b, 0xff, 0x7d]) },
    { bytes: '{}', headers: { 'content-type': 'text/plain' } },
    { bytes: '{}', headers: { 'content-type': 'application/json; charset=utf-16' } },
    { bytes: '{}', headers: { 'content-encoding': 'gzip' } },
    { bytes: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
  );
  return fc.oneof({ weight: 5, arbitrary: good }, { weight: 1, arbitrary: broken });
}

function check(route: (typeof routes)[number], sent: Sent, answer: ServedAnswer): void {
  const { status, headers, text } = answer;
  const what = `${sent.method} ${sent.path.slice(0, 300)} → ${status} ${text.slice(0, 600)}`;
  expect(status, what).not.toBe(500);
  expect(headers['x-request-id'], what).toMatch(/^[0-9a-f-]{36}$/);
  if (sent.isElsewhere && (status === 404 || status === 405)) return;
  const described = route.operation.responses[String(status)];
  expect(described, `not described: ${what}`).toBeDefined();
  if (text === '') return;
  const type = String(headers['content-type']).split(';')[0] ?? '';
  expect(Object.keys(described?.content ?? {}), what).toContain(type);
  if (type.endsWith('json') || type === 'application/x-ndjson')
    for (const line of type === 'application/x-ndjson' ? text.trimEnd().split('\n') : [text]) {
      const validate = validatorOf(route, status, type);
      expect(validate(JSON.parse(line)), `${what}\n${JSON.stringify(validate.errors)}`).toBe(true);
    }
}

function validatorOf(
  { path, verb }: (typeof routes)[number],
  status: number,
  type: string,
): ValidateFunction {
  const escaped = [path, verb.toLowerCase(), 'responses', String(status), 'content', type, 'schema'].map(
    (key) => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1')),
  );
  const pointer = `${documentId}#/paths/${escaped.join('/')}`;
  const known = validators.get(pointer) ?? ajv.compile({ $ref: pointer });
  validators.set(pointer, known);
  return known;
}

describe('every route', () => {
  it.each(routes.map((route) => [`${route.verb} ${route.path}`, route] as const))(
    '%s',
    async (_name, route) => {
      isChanged = route.verb !== 'GET';
      await fc.assert(
        fc.asyncProperty(requestOf(route), async (sent) => {
          const answer = await served.ask(sent);
          check(route, sent, answer);
          if (![400, 405, 411, 412, 415, 422].includes(answer.status)) pastChecks.add(route);
          // Some of what is asked ends sessions; the next is asked as somebody again.
          if (answer.status === 401) await served.signIn();
        }),
        { seed, numRuns: runs, endOnFailure: true },
      );
    },
    60_000,
  );

  it('was asked something that it could do', () => {
    const never = routes.filter((route) => !pastChecks.has(route)).map(({ verb, path }) => `${verb} ${path}`);
    // A few runs do not hit upon a good request for each of the narrowest.
    expect(never.length, never.join('\n')).toBeLessThan(routes.length / 10);
  });

  it('answers methods that a path does not take with those that it does', async () => {
    for (const [path, item] of Object.entries(document.paths)) {
      const address = path.replaceAll(/\{\w+\}/g, 'x');
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND', 'OPTIONS']) {
        if (Object.hasOwn(item, method.toLowerCase())) continue;
        const answer = await served.ask({ method, path: address });
        const what = `${method} ${address}: ${answer.status}`;
        if (path === '/v1') continue;
        expect(answer.status, what).toBe(method === 'OPTIONS' ? 204 : 405);
        const allowed = String(answer.headers.allow).split(', ');
        for (const verb of Object.keys(item)) expect(allowed, what).toContain(verb.toUpperCase());
      }
    }
  });

  it('and what is none answers 404, whatever its path', async () => {
    for (const text of hostileTexts.filter((one) => one !== '')) {
      const answer = await served.ask({ path: `/v1/no-such/${segment(text).slice(0, 6_000)}` });
      expect([text, answer.status]).toEqual([text, 404]);
      expect(JSON.parse(answer.text)).toMatchObject({ code: 'not-found' });
    }
  });

  it('leaves a plane that serves on, and a log without a fault', async () => {
    expect((await served.ask({ path: '/v1/about' })).status).toBe(200);
    const faults = served.lines.filter((line) => /"level":"error"/.test(line));
    expect(faults).toEqual([]);
  });
});
