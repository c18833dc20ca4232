/**
 * The OpenAPI 3.1 document: every route of the table, every status that it can answer with, and what other parts of the
 * server hand in. Made of the same values as the routes themselves, so that it cannot say something else.
 */
import { scopes } from '#contract/scopes.ts';
import { schemaExamples } from './openapi-examples.ts';
import { indexOperation, type OperationObject, operationOf } from './openapi-operation.ts';
import { createSchemaBook, type JsonSchema } from './openapi-schemas.ts';
import { pageLimits } from './rest/collection-page.ts';
import { idempotencyHeader } from './rest/idempotency.ts';
import { Problem } from './rest/problem.ts';
import { restRoutes } from './rest/route-table.ts';

/** What another part of the server adds, with paths from the root. Its schemas must not have a name that is taken. */
export interface ExtraRoutes {
  readonly tags?: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly schemas?: Readonly<Record<string, JsonSchema>>;
}

export interface DocumentOptions {
  readonly version: string;
  /** Name of the browser's cookie. */
  readonly cookieName: string;
  readonly extras?: readonly ExtraRoutes[];
}

export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly [member: string]: unknown;
}

const tags: Readonly<Record<string, string>> = {
  about: 'Which Berth this is, and who asks.',
  hosts: 'Machines that Berth drives.',
  questions: 'What a connection needs a decision for.',
  clouds: 'Accounts at providers of machines, and what everything there costs.',
  machines: 'Servers that Berth rents.',
  credentials: 'References to secrets. A secret goes in and never comes out again.',
  projects: 'Named definitions from which workspaces are made.',
  workspaces: 'One person’s container and volume for a project, on a host.',
  forwards: 'Ports of workspaces, ways to them, and the web apps behind them.',
  files: 'Files of workspaces and hosts.',
  lifecycles: 'When workspaces stop by themselves, and why they run.',
  snapshots: 'Archives of a workspace’s files.',
  snapshotRules: 'When snapshots are made, and which of them stay.',
  repositories: 'Where snapshots go that outgrow one disk.',
  operations: 'Long work with steps.',
  terminals: 'Shells in workspaces and on hosts.',
  settings: 'What a person prefers.',
  account: 'One’s own account.',
  apiKeys: 'Keys for programs.',
  users: 'People with an account.',
  audit: 'Who did what.',
};

export function openApiDocument({ version, cookieName, extras = [] }: DocumentOptions): OpenApiDocument {
  const book = createSchemaBook();
  const problem = book.write(Problem, 'output');
  const paths: Record<string, Record<string, OperationObject>> = { '/v1': { get: indexOperation() } };
  for (const route of restRoutes()) {
    const path = `/v1${route.path.replace(/:([A-Za-z]+)/g, '{$1}')}`;
    paths[path] = { ...paths[path], [route.verb.toLowerCase()]: operationOf(route, book, problem) };
  }
  for (const extra of extras)
    for (const [path, operations] of Object.entries(extra.paths))
      paths[path] = { ...paths[path], ...operations };
  const schemas: Record<string, JsonSchema> = { ...book.schemas };
  for (const [name, example] of Object.entries(schemaExamples))
    if (schemas[name] !== undefined) schemas[name] = { ...schemas[name], examples: [example] };
  for (const extra of extras) Object.assign(schemas, extra.schemas);
  return {
    openapi: '3.1.0',
    info: { title: 'Berth', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' }, description },
    servers: [{ url: '/' }],
    externalDocs: { url: '/api/docs', description: 'This document to read and try, and every error code' },
    tags: [
      ...Object.entries(tags).map(([name, text]) => ({ name, description: text })),
      ...extras.flatMap((extra) => extra.tags ?? []),
    ],
    security: [{ bearer: [] }, { apiKey: [] }, { session: [] }],
    paths,
    components: {
      schemas,
      parameters: {
        IfMatch: {
          name: 'If-Match',
          in: 'header',
          description:
            'The ETag that a GET of this path gave: the change is made only if it still would (RFC 9110).',
          schema: { type: 'string' },
        },
        IfNoneMatch: {
          name: 'If-None-Match',
          in: 'header',
          description: 'An ETag that is known already: the answer is 304 if nothing has changed (RFC 9110).',
          schema: { type: 'string' },
        },
        IdempotencyKey: {
          name: idempotencyHeader,
          in: 'header',
          description:
            'A new name for this very request, as a UUID: sent again within a day it is answered as it was, and done once.',
          schema: { type: 'string', minLength: 1, maxLength: 255 },
        },
        Limit: {
          name: 'limit',
          in: 'query',
          description: 'Things on one page',
          schema: {
            type: 'integer',
            minimum: pageLimits.least,
            maximum: pageLimits.most,
            default: pageLimits.usual,
          },
        },
        Cursor: {
          name: 'cursor',
          in: 'query',
          description: 'The `next` of the page before',
          schema: { type: 'string', minLength: 1, maxLength: 400 },
        },
      },
      headers: {
        RequestId: {
          description: 'Names this request in the log; a problem’s `instance` has it, too.',
          schema: { type: 'string', format: 'uuid' },
        },
        ETag: { description: 'Strong; of the bytes of the body.', schema: { type: 'string' } },
        Location: { description: 'Where it is.', schema: { type: 'string' } },
        Link: { description: '`rel="next"`: the next page (RFC 8288).', schema: { type: 'string' } },
        Replayed: {
          description: '`true`: this is the answer to an earlier request with this key.',
          schema: { type: 'string' },
        },
        RetryAfter: { description: 'Seconds to wait.', schema: { type: 'string' } },
      },
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'An access token of `/token`, or an API key in its place.',
        },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: cookieName,
          description:
            'A browser that is signed in, under `/api/v1`. Changes need the header `X-Berth: 1` and an Origin of this server.',
        },
        password: {
          type: 'oauth2',
          flows: {
            password: {
              tokenUrl: '/token',
              refreshUrl: '/token',
              scopes: Object.fromEntries(scopes.map((scope) => [scope, scopeText(scope)])),
            },
          },
        },
      },
    },
  };
}

const description = [
  'Workspaces on your own servers: containers with lasting files, terminals and snapshots.',
  'Everything that the window can do is here; the routes are made of the same table as the window’s own connection.',
  'Failures are problem documents (RFC 9457) with a `code`; every code is explained at the end of `/api/docs`.',
  'What is not there and what you may not know of answer alike.',
  'Collections are pages for `Accept: application/json`, and server-sent events (the whole first, then every change) for `Accept: text/event-stream`.',
].join('\n\n');

function scopeText(scope: string): string {
  const [noun = '', verb] = scope.split('.');
  return `${verb === 'read' ? 'Look at' : 'Change'} ${noun === 'audit' ? 'the audit log' : noun}`;
}
