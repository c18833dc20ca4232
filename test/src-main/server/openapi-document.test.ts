/**
 * The OpenAPI document: valid by the official schema of OpenAPI 3.1 (openapi-3.1.schema.json, of the OpenAPI Initiative,
 * Apache-2.0, https://spec.openapis.org/oas/3.1/schema/2022-10-07), whole, and true to the routes.
 */
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { commonErrorCodes, errorCodes } from '#contract/error-codes.ts';
import { contract } from '#contract/index.ts';
import { type ExtraRoutes, openApiDocument } from '#main/server/openapi-document.ts';
import { requestExamples, schemaExamples } from '#main/server/openapi-examples.ts';
import { signInRoutes } from '#main/server/openapi-sign-in.ts';
import { restRoutes } from '#main/server/rest/route-table.ts';

type Json = { readonly [key: string]: Json } & { readonly length?: number };
interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly { name?: string; in?: string; $ref?: string; required?: boolean }[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { schema?: object; example?: unknown }>>;
  };
  readonly responses: Readonly<Record<string, { content?: Readonly<Record<string, unknown>> }>>;
}

const document = openApiDocument({ version: '1.2.3', cookieName: 'berth-1', extras: [signInRoutes()] });
const besideTheContract = Object.keys(signInRoutes().paths);
const text = JSON.parse(JSON.stringify(document)) as Json;
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([verb, operation]) => ({
    path,
    verb,
    operation: operation as unknown as Operation,
  })),
);

function nodesOf(value: unknown, found: object[] = []): object[] {
  if (typeof value !== 'object' || value === null) return found;
  found.push(value);
  for (const one of Object.values(value)) nodesOf(one, found);
  return found;
}
function at(pointer: string): unknown {
  return pointer
    .replace(/^#\//, '')
    .split('/')
    .reduce<unknown>((value, key) => (value as Json | undefined)?.[key], text);
}

describe('the OpenAPI document', () => {
  it('is valid by the official schema', () => {
    const official = readFileSync(new URL('openapi-3.1.schema.json', import.meta.url), 'utf8');
    // Ajv 8 resolves this dynamic reference to the wrong place; without an extension of the schema it means this one.
    const schema = JSON.parse(
      official.replaceAll('"$dynamicRef": "#meta"', '"$ref": "#/$defs/schema"'),
    ) as object;
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    const validate = ajv.compile(schema);
    expect(validate(text), JSON.stringify(validate.errors, undefined, 1)).toBe(true);
    // The schema is no sieve: what is wrong does not pass.
    expect(validate({ ...text, paths: { 'no-slash': {} } })).toBe(false);
    expect(validate({ ...text, info: { title: 'x' } })).toBe(false);
  });

  it('has only references that lead somewhere, and no part that nothing refers to', () => {
    const references = nodesOf(text).flatMap((node) =>
      '$ref' in node && typeof node.$ref === 'string' ? [node.$ref] : [],
    );
    expect(references.length).toBeGreaterThan(500);
    expect(references.filter((pointer) => at(pointer) === undefined)).toEqual([]);
    for (const part of ['schemas', 'parameters', 'headers'])
      for (const name of Object.keys(document.components[part] ?? {}))
        expect(references).toContain(`#/components/${part}/${name}`);
  });

  it('has schemas that compile, each with what its examples say', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema({ ...text, $id: 'https://berth.test/openapi' });
    for (const name of Object.keys(document.components.schemas ?? {})) {
      const validate = ajv.getSchema(`https://berth.test/openapi#/components/schemas/${name}`);
      expect(validate, name).toBeDefined();
      const example = schemaExamples[name];
      if (example !== undefined)
        expect(validate?.(example), `${name} ${JSON.stringify(validate?.errors)}`).toBe(true);
    }
    expect(
      Object.keys(schemaExamples).filter((name) => document.components.schemas?.[name] === undefined),
    ).toEqual([]);
    for (const [name, example] of Object.entries(requestExamples))
      expect(contract[name as keyof typeof contract].input.safeParse(example).error).toBeUndefined();
  });

  it('describes every method of the contract, by operations with names of their own', () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    const ofContract = operations.filter(({ path }) => !besideTheContract.includes(path));
    expect(ofContract).toHaveLength(restRoutes().length + 1);
    expect(new Set(restRoutes().map(({ name }) => name))).toEqual(new Set(Object.keys(contract)));
  });

  it('has no two paths that are one but for their names', () => {
    const shapes = Object.keys(document.paths).map((path) => path.replaceAll(/\{\w+\}/g, '{}'));
    expect(shapes.filter((shape, index) => shapes.indexOf(shape) !== index)).toEqual([]);
  });

  it('names in each path what is a parameter of it, and required', () => {
    for (const { path, operation } of operations) {
      const named = (operation.parameters ?? []).filter((one) => one.in === 'path');
      expect(path.match(/\{\w+\}/g) ?? []).toEqual(named.map(({ name }) => `{${name}}`));
      expect(named.every(({ required }) => required)).toBe(true);
    }
  });

  it('puts every operation under a tag that is explained', () => {
    const known = (document.tags as { name: string }[]).map(({ name }) => name);
    for (const { operation } of operations) for (const tag of operation.tags) expect(known).toContain(tag);
  });

  it('says for each method every status that its codes have, as a problem', () => {
    for (const route of restRoutes()) {
      const path = `/v1${route.path.replace(/:([A-Za-z]+)/g, '{$1}')}`;
      const described = document.paths[path]?.[route.verb.toLowerCase()] as Operation | undefined;
      for (const code of [...commonErrorCodes, ...route.method.errors]) {
        const { status } = errorCodes[code];
        expect(described?.responses[status]?.content, `${route.name} ${status}`).toHaveProperty(
          'application/problem+json',
        );
      }
    }
  });

  it('takes in what other parts of the server hand to it', () => {
    const extra: ExtraRoutes = {
      tags: [{ name: 'token', description: 'Tokens.' }],
      paths: {
        '/token': { post: { operationId: 'token', responses: { 200: { description: 'A token' } } } },
        '/v1/projects': { options: { operationId: 'more', responses: { 204: { description: 'More' } } } },
      },
      schemas: { Token: { type: 'object' } },
    };
    const joined = openApiDocument({ version: '1', cookieName: 'c', extras: [extra] });
    expect(joined.paths['/token']).toHaveProperty('post.operationId', 'token');
    expect(Object.keys(joined.paths['/v1/projects'] ?? {}).sort()).toEqual(['get', 'options', 'post']);
    expect(joined.components.schemas).toHaveProperty('Token');
    expect(joined.tags).toContainEqual({ name: 'token', description: 'Tokens.' });
  });
});
