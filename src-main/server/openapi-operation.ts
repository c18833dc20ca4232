/**
 * One route as an operation of the OpenAPI document: its parameters, its body, and every status that it can answer with.
 * Refers to the parameters, headers and schemas that the document holds (openapi-document.ts).
 */
import type { CallMethod } from '#contract/contract.ts';
import { commonErrorCodes, type ErrorCode, errorCodes } from '#contract/error-codes.ts';
import { requestExamples } from './openapi-examples.ts';
import type { JsonSchema, SchemaBook } from './openapi-schemas.ts';
import { idempotencyHeader, replayedHeader } from './rest/idempotency.ts';
import { problemType } from './rest/problem.ts';
import { downloadType, namesOf, type Route, successOf, uploadType } from './rest/route-table.ts';

/** An Operation Object of the specification. */
export type OperationObject = Readonly<Record<string, unknown>>;

const reference = (kind: string, name: string) => ({ $ref: `#/components/${kind}/${name}` });

export function indexOperation(): OperationObject {
  return {
    operationId: 'index',
    summary: 'Where everything is',
    tags: ['about'],
    security: [],
    parameters: [{ $ref: '#/components/parameters/IfNoneMatch' }],
    responses: {
      200: {
        description: 'Links to this document and to the collections',
        headers: headersFor('ETag', 'Link'),
        content: {
          'application/json': {
            schema: {
              type: 'object',
              required: ['name', 'documentation', 'description', 'collections'],
              properties: {
                name: { const: 'Berth' },
                documentation: { type: 'string' },
                description: { type: 'string' },
                collections: { type: 'array', items: { type: 'string' } },
              },
            },
          },
        },
      },
      304: { description: 'Nothing has changed' },
    },
  };
}

export function operationOf(route: Route, book: SchemaBook, problem: JsonSchema): OperationObject {
  const [noun = ''] = route.name.split('.');
  const { scope } = route.method;
  return {
    operationId: operationIdOf(route),
    summary: route.kind === 'item' ? 'One of them' : route.method.summary,
    description: `Needs the scope \`${scope}\`.`,
    tags: [noun],
    security: [{ bearer: [] }, { apiKey: [] }, { session: [] }, { password: [scope] }],
    parameters: parametersOf(route, book),
    ...bodyOf(route, book),
    responses: { ...successesOf(route, book), ...problemsOf(route, problem) },
  };
}

export function operationIdOf({ kind, name }: Route): string {
  const isWatch = name.endsWith('.watch');
  const noun = name.slice(0, -'.watch'.length);
  if (kind === 'page') return isWatch ? `${noun}.list` : name;
  if (kind === 'item') return isWatch ? `${noun}.get` : `${name}.get`;
  return kind === 'value' && isWatch ? `${noun}.get` : name;
}

function hasJsonBody(route: Route): route is Extract<Route, { kind: 'call' }> {
  return route.kind === 'call' && route.verb !== 'GET' && route.verb !== 'DELETE';
}

function parametersOf(route: Route, book: SchemaBook): OperationObject[] {
  const input = book.write(route.method.input, 'input');
  const inPath = namesOf(route.path);
  const idPattern =
    route.kind === 'item' ? propertiesOf(book.write(route.item, 'output'), book).id : undefined;
  const fields = hasJsonBody(route) ? [] : Object.entries(input.properties ?? {});
  const isJson =
    route.kind === 'call' || route.kind === 'page' || route.kind === 'item' || route.kind === 'value';
  return [
    ...inPath.map((name) => ({
      name,
      in: 'path',
      required: true,
      schema: idPattern ?? input.properties?.[name] ?? { type: 'string' },
    })),
    ...fields
      .filter(([name]) => !inPath.includes(name))
      .map(([name, schema]) => ({
        name,
        in: 'query',
        required: (input.required?.includes(name) ?? false) && !isNullable(schema) && !isSize(route, name),
        schema: withoutNull(schema),
      })),
    ...(route.kind === 'page' ? [reference('parameters', 'Limit'), reference('parameters', 'Cursor')] : []),
    ...(route.verb === 'GET' && isJson ? [reference('parameters', 'IfNoneMatch')] : []),
    ...(route.verb === 'POST' ? [reference('parameters', 'IdempotencyKey')] : []),
    ...(isChangeOfOne(route) ? [reference('parameters', 'IfMatch')] : []),
  ];
}

const isChangeOfOne = (route: Route) =>
  route.kind === 'call' && ['PUT', 'PATCH', 'DELETE'].includes(route.verb);
const isSize = (route: Route, name: string) =>
  route.kind === 'upload' && route.method.rest.sizeField === name;

/** Of a schema that may be a reference. */
function propertiesOf(schema: JsonSchema, book: SchemaBook): Readonly<Record<string, JsonSchema>> {
  const name = typeof schema.$ref === 'string' ? schema.$ref.split('/').at(-1) : undefined;
  const [option] = Array.isArray(schema.oneOf) ? (schema.oneOf as JsonSchema[]) : [];
  const real = name === undefined ? (option ?? schema) : book.schemas[name];
  if (real === undefined) return {};
  return real === schema ? (real.properties ?? {}) : propertiesOf(real, book);
}

const optionsOf = (schema: JsonSchema) => (Array.isArray(schema.anyOf) ? (schema.anyOf as JsonSchema[]) : []);
const isNullable = (schema: JsonSchema) => optionsOf(schema).some(({ type }) => type === 'null');

/** A query has no null: what is left out is meant to be. */
function withoutNull(schema: JsonSchema): JsonSchema {
  if (!isNullable(schema)) return schema;
  const [only, ...more] = optionsOf(schema).filter(({ type }) => type !== 'null');
  return only === undefined || more.length > 0 ? schema : only;
}

function bodyOf(route: Route, book: SchemaBook): OperationObject {
  if (route.kind === 'upload') return { requestBody: { required: true, content: { [uploadType]: {} } } };
  if (!hasJsonBody(route)) return {};
  const input = book.write(route.method.input, 'input');
  const inPath = namesOf(route.path);
  const fields = Object.entries(input.properties ?? {}).filter(([name]) => !inPath.includes(name));
  if (fields.length === 0) return {};
  const required = (input.required ?? []).filter((name) => !inPath.includes(name));
  const schema = {
    type: 'object',
    properties: Object.fromEntries(fields),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
  const example = (requestExamples as Readonly<Record<string, unknown>>)[route.name];
  const json = { schema, ...(example === undefined ? {} : { example }) };
  return {
    requestBody: {
      required: required.length > 0,
      content: {
        'application/json': json,
        ...(route.verb === 'PATCH' ? { 'application/merge-patch+json': json } : {}),
      },
    },
  };
}

type HeaderName = 'ETag' | 'Link' | 'Location' | 'Replayed' | 'RetryAfter';
const headerNames: Readonly<Record<HeaderName, string>> = {
  ETag: 'ETag',
  Link: 'Link',
  Location: 'Location',
  Replayed: replayedHeader,
  RetryAfter: 'Retry-After',
};
function headersFor(...names: readonly HeaderName[]) {
  return {
    'X-Request-Id': reference('headers', 'RequestId'),
    ...Object.fromEntries(names.map((name) => [headerNames[name], reference('headers', name)])),
  };
}

const events = { 'text/event-stream': { schema: { type: 'string' } } };
const unchanged = { 304: { description: 'Nothing has changed' } };

function successesOf(route: Route, book: SchemaBook): OperationObject {
  switch (route.kind) {
    case 'call':
      return callSuccess(route.method, route.verb, book);
    case 'page': {
      const schema = {
        type: 'object',
        required: ['items', 'next'],
        properties: {
          items: { type: 'array', items: book.write(route.item, 'output') },
          next: { anyOf: [{ type: 'string' }, { type: 'null' }] },
        },
        additionalProperties: false,
      };
      const content = { 'application/json': { schema }, ...events };
      return { 200: { description: 'A page', headers: headersFor('ETag', 'Link'), content }, ...unchanged };
    }
    case 'item':
    case 'value': {
      const schema = book.write(route.kind === 'item' ? route.item : route.method.item, 'output');
      const content = { 'application/json': { schema }, ...(route.kind === 'value' ? events : {}) };
      return { 200: { description: 'As it is now', headers: headersFor('ETag'), content }, ...unchanged };
    }
    case 'items': {
      const content = {
        'application/x-ndjson': { schema: book.write(route.method.item, 'output') },
        ...events,
      };
      return { 200: { description: 'One line for each, until it ends', headers: headersFor(), content } };
    }
    case 'text':
    case 'download': {
      const type = route.kind === 'text' ? 'text/plain' : downloadType(route.method.rest.fileName);
      return { 200: { description: 'The bytes', headers: headersFor(), content: { [type]: {} } } };
    }
    case 'upload':
      return {
        201: {
          description: 'It is there',
          headers: headersFor('Location'),
          content: { 'application/json': { schema: { type: 'object', additionalProperties: false } } },
        },
      };
    case 'duplex':
      return {
        101: { description: 'Binary messages both ways from now on (RFC 6455)' },
        426: { description: 'The request was no upgrade', ...problemContent({ $ref: problemReference }) },
      };
    default:
      return route satisfies never;
  }
}

function callSuccess(method: CallMethod, verb: string, book: SchemaBook): OperationObject {
  const status = successOf(method);
  const content = { 'application/json': { schema: book.write(method.output, 'output') } };
  const isGet = verb === 'GET';
  const names: HeaderName[] = [
    ...(isGet ? (['ETag'] as const) : []),
    ...(status === 200 ? [] : (['Location'] as const)),
    ...(verb === 'POST' ? (['Replayed'] as const) : []),
  ];
  const text = { 200: 'Done', 201: 'Made', 202: 'Begun: the operation tells how it goes' } as const;
  return {
    [status]: { description: text[status], headers: headersFor(...names), content },
    ...(isGet ? unchanged : {}),
  };
}

const problemReference = '#/components/schemas/Problem';
const problemContent = (schema: JsonSchema) => ({
  headers: headersFor(),
  content: { [problemType]: { schema } },
});

/** Every status that is no success, and by what. */
function problemsOf(route: Route, schema: JsonSchema): OperationObject {
  const reasons = new Map<number, string[]>();
  const add = (status: number, reason: string) => {
    const known = reasons.get(status) ?? [];
    if (!known.includes(reason)) reasons.set(status, [...known, reason]);
  };
  const codes: readonly ErrorCode[] = [...commonErrorCodes, ...route.method.errors, 'too-many'];
  for (const code of codes) add(errorCodes[code].status, `\`${code}\``);
  if (isChangeOfOne(route)) add(412, 'it is not as If-Match says');
  if (hasJsonBody(route) || route.kind === 'upload') {
    add(408, 'the body stopped coming');
    add(415, 'the body has another type');
  }
  if (hasJsonBody(route)) add(413, 'the body is too large');
  if (route.kind === 'upload') add(411, 'the body does not say how long it is');
  if (route.verb === 'POST') {
    add(409, `a request with this ${idempotencyHeader} is still being worked on`);
    add(422, `this ${idempotencyHeader} was used for another request`);
  }
  const described = [...reasons].map(([status, list]): [number, OperationObject] => [
    status,
    {
      description: list.join(', '),
      ...problemContent(schema),
      ...(status === 429 ? { headers: headersFor('RetryAfter') } : {}),
    },
  ]);
  const all = new Map(described);
  // Before anything of the API is asked, and so without a problem document.
  const refused = { 'text/plain': { schema: { type: 'string' } } };
  const { description: forbidden, content } = (all.get(403) ?? {}) as {
    description?: string;
    content?: object;
  };
  all.set(403, {
    description: [...(forbidden === undefined ? [] : [forbidden]), 'a foreign page or host asks'].join(', '),
    headers: headersFor(),
    content: { ...content, ...refused },
  });
  return Object.fromEntries(all);
}
