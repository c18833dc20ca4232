/**
 * The REST carrier: a route for each call that names one in the contract, and the OpenAPI document of the same table.
 * Adds no feature. Input is the path's names, the query (GET, DELETE) or the JSON body; an error is `{ error }` with
 * its code's status.
 */
import type { Context, Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import type { CallMethod, Method, RestRoute } from '#contract/contract.ts';
import { errorCodes } from '#contract/error-codes.ts';
import { contract } from '#contract/index.ts';
import type { Caller } from '../control-plane/caller.ts';
import { type Dispatcher, notFound } from '../control-plane/dispatcher.ts';
import type { Session } from './authenticate.ts';
import type { Identity } from './identify.ts';
import { readJsonObject } from './read-body.ts';
import { maxMessageBytes } from './websocket-connection.ts';

/** `session` is there for browsers alone; `identity` says whether the caller may still come in. */
export type ApiEnvironment = { Variables: { session?: Session; caller: Caller; identity: Identity } };
type ApiContext = Context<ApiEnvironment>;
export type RestMethod = CallMethod & { readonly rest: RestRoute };

export function restMethods(): [name: string, method: RestMethod][] {
  const all: [string, Method][] = Object.entries(contract);
  return all.filter((entry): entry is [string, RestMethod] => {
    const [, method] = entry;
    return method.kind === 'call' && method.rest !== undefined;
  });
}

/** Adds the contract's routes to an app that is mounted under /api/v1 and has put the session into its context. */
export function addRestRoutes(app: Hono<ApiEnvironment>, dispatcher: Dispatcher): void {
  for (const [name, method] of restMethods()) {
    app.on(method.rest.method, method.rest.path, async (context) => {
      const input = await inputOf(context, method);
      const caller = context.get('caller');
      const output = await dispatcher.call(name, input, { caller, signal: context.req.raw.signal });
      return context.json(output ?? null);
    });
  }
}

export function errorAnswer(context: Context, error: unknown): Response {
  const shown = BerthError.is(error)
    ? error
    : new BerthError('internal', 'Something went wrong inside Berth.');
  return context.json(
    { error: shown.toShape() },
    errorCodes[shown.code].status as unknown as ContentfulStatusCode,
  );
}

async function inputOf(context: ApiContext, method: RestMethod): Promise<Record<string, unknown>> {
  const isQuery = method.rest.method === 'GET' || method.rest.method === 'DELETE';
  const given = isQuery ? queryOf(context, method) : await readJsonObject(context.req, maxMessageBytes);
  const named: Record<string, string> = context.req.param();
  for (const [field, value] of Object.entries(named))
    if (Object.hasOwn(given, field) && given[field] !== value)
      throw new BerthError('invalid-input', 'The path and the rest of the request disagree.', {
        details: { fields: [`${field}: must be as in the path`] },
      });
  return { ...given, ...named };
}

function queryOf(context: ApiContext, method: RestMethod): Record<string, unknown> {
  const types = propertyTypes(method.input);
  const input: Record<string, unknown> = {};
  for (const [field, values] of Object.entries(context.req.queries())) {
    const [value = ''] = values;
    if (values.length > 1)
      throw new BerthError('invalid-input', 'A field is given twice.', {
        details: { fields: [`${field.slice(0, 80)}: must be given once`] },
      });
    input[field] = fromText(value, types.get(field));
  }
  return input;
}

function fromText(value: string, type: string | undefined): unknown {
  if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  if ((type === 'integer' || type === 'number') && value.trim() !== '') return Number(value);
  return value;
}

interface JsonSchema {
  readonly [key: string]: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest as JsonSchema;
}

function propertyTypes(schema: z.ZodType): Map<string, string> {
  const types = new Map<string, string>();
  for (const [field, property] of Object.entries(schemaOf(schema, 'input').properties ?? {}))
    if (typeof property.type === 'string') types.set(field, property.type);
  return types;
}

/** OpenAPI 3.1, whose schemas are JSON Schema as zod writes it. */
export function openApiDocument(version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [name, method] of restMethods()) {
    const path = method.rest.path.replace(/:([A-Za-z]+)/g, '{$1}');
    paths[path] = { ...paths[path], [method.rest.method.toLowerCase()]: operationOf(name, method) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Berth',
      version,
      description:
        'Changes need the header `X-Berth: 1` and an `Origin` of this server. Sign in with a one-time link.',
    },
    servers: [{ url: '/api/v1' }],
    security: [{ session: [] }],
    paths,
    components: {
      securitySchemes: { session: { type: 'apiKey', in: 'cookie', name: 'berth' } },
      schemas: {
        Error: {
          type: 'object',
          required: ['error'],
          properties: {
            error: {
              type: 'object',
              required: ['code', 'message', 'details'],
              properties: {
                code: { type: 'string', enum: Object.keys(errorCodes) },
                message: { type: 'string' },
                details: { type: 'object' },
              },
            },
          },
        },
      },
    },
  };
}

function operationOf(name: string, method: RestMethod): Record<string, unknown> {
  const input = schemaOf(method.input, 'input');
  const inPath = new Set([...method.rest.path.matchAll(/:([A-Za-z]+)/g)].map(([, field = '']) => field));
  const rest = Object.entries(input.properties ?? {}).filter(([field]) => !inPath.has(field));
  const isRequired = (field: string) => input.required?.includes(field) ?? false;
  const isQuery = method.rest.method === 'GET' || method.rest.method === 'DELETE';
  const isChange = method.rest.method !== 'GET';
  const parameters = [
    ...[...inPath].map((field) => ({
      name: field,
      in: 'path',
      required: true,
      schema: input.properties?.[field] ?? { type: 'string' },
    })),
    ...(isQuery
      ? rest.map(([field, schema]) => ({ name: field, in: 'query', required: isRequired(field), schema }))
      : []),
    ...(isChange ? [{ name: 'X-Berth', in: 'header', required: true, schema: { const: '1' } }] : []),
  ];
  const body = {
    ...input,
    properties: Object.fromEntries(rest),
    required: input.required?.filter((field) => !inPath.has(field)) ?? [],
  };
  const failure = { content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } } };
  const statuses = new Map<number, string[]>();
  for (const code of method.errors) {
    const { status } = errorCodes[code];
    statuses.set(status, [...(statuses.get(status) ?? []), code]);
  }
  return {
    operationId: name,
    summary: method.summary,
    parameters,
    ...(isQuery || rest.length === 0
      ? {}
      : {
          requestBody: {
            required: body.required.length > 0,
            content: { 'application/json': { schema: body } },
          },
        }),
    responses: {
      200: {
        description: 'Done',
        content: { 'application/json': { schema: schemaOf(method.output, 'output') } },
      },
      ...Object.fromEntries(
        [...statuses].map(([status, codes]) => [status, { description: codes.join(', '), ...failure }]),
      ),
      default: { description: 'Any other failure', ...failure },
    },
  };
}

/** What an unknown path answers, to the byte what a thing that is not there answers. */
export function notFoundAnswer(context: Context): Response {
  return errorAnswer(context, notFound());
}
