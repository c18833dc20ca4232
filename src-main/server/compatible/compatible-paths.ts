/** These routes as plain OpenAPI 3.1 path items, and as the document that describes the whole API takes them. */
import type { ExtraRoutes } from '../openapi-document.ts';

const string = { type: 'string' } as const;
const integer = { type: 'integer' } as const;
const boolean = { type: 'boolean' } as const;
const nullable = (type: 'string') => ({ type: [type, 'null'] });

const project = {
  type: 'object',
  required: ['id', 'name', 'description', 'image', 'created_at', 'updated_at', 'user_id'],
  properties: {
    id: string,
    name: string,
    description: string,
    image: string,
    mount_point: string,
    created_at: { ...string, format: 'date-time' },
    updated_at: { ...string, format: 'date-time' },
    user_id: string,
  },
  additionalProperties: true,
};
const projectFields = {
  type: 'object',
  required: ['name'],
  properties: { name: string, description: nullable('string'), image: string, mount_point: string },
  additionalProperties: true,
};
const container = {
  type: 'object',
  properties: {
    id: string,
    name: string,
    status: string,
    image: string,
    container_id: nullable('string'),
    project_id: nullable('string'),
    user_id: string,
    host_id: string,
    volume: string,
    created_at: { ...string, format: 'date-time' },
    started_at: { ...nullable('string'), format: 'date-time' },
    ports: { type: 'array', items: {} },
    warnings: { type: 'array', items: string },
  },
  additionalProperties: true,
};
const snapshot = {
  type: 'object',
  properties: {
    id: string,
    snapshot: string,
    name: nullable('string'),
    note: string,
    workspace: string,
    workspace_id: string,
    created_at: { ...string, format: 'date-time' },
    reason: string,
    size_bytes: integer,
    image: string,
    status: string,
  },
  additionalProperties: true,
};
const operation = {
  type: 'object',
  properties: { id: string, kind: string, state: string, title: string, href: string },
};
const problem = {
  description: 'It was refused or failed',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};
const health = {
  type: 'object',
  required: ['status', 'live', 'ready', 'database', 'hosts', 'queue'],
  properties: {
    status: { enum: ['ok', 'degraded', 'starting'] },
    live: boolean,
    ready: boolean,
    database: { type: 'object', properties: { state: string } },
    hosts: { type: 'object', properties: { total: integer, connected: integer } },
    queue: { type: 'object', properties: { running: integer, waiting: integer } },
  },
};

type Schema = Readonly<Record<string, unknown>>;

function json(description: string, schema: Schema) {
  return { description, content: { 'application/json': { schema } } };
}
function bodyOf(schema: Schema, required = true) {
  return {
    required,
    content: {
      'application/json': { schema },
      'application/x-www-form-urlencoded': { schema },
    },
  };
}
function query(name: string, schema: Schema, description?: string) {
  return {
    name,
    in: 'query',
    required: false,
    schema,
    ...(description === undefined ? {} : { description }),
  };
}
function pathPart(name: string, description?: string) {
  return {
    name,
    in: 'path',
    required: true,
    schema: string,
    ...(description === undefined ? {} : { description }),
  };
}
const wait = query('wait', { type: 'number', minimum: 0, maximum: 120, default: 25 }, 'Seconds.');
const failed = { default: problem };
const underWay = (schema: Schema) =>
  json('It goes on; `Location` says where it can be asked about', {
    ...schema,
    properties: { ...(schema.properties as object), operation },
  });
const tags = ['compatible'];
const isPublic = { security: [] };

export const compatiblePaths = {
  '/': {
    get: {
      tags,
      ...isPublic,
      summary: 'Which program this is; the window for a browser',
      responses: {
        200: json('Berth', {
          type: 'object',
          properties: { name: string, version: string, docs: string },
        }),
      },
    },
  },
  '/health': {
    get: {
      tags,
      ...isPublic,
      summary: 'Whether it can do its work, in numbers',
      responses: { 200: json('As it is', health) },
    },
  },
  '/health/live': {
    get: {
      tags,
      ...isPublic,
      summary: 'Whether the process answers',
      responses: { 200: json('It does', { type: 'object', properties: { status: string, live: boolean } }) },
    },
  },
  '/health/ready': {
    get: {
      tags,
      ...isPublic,
      summary: 'Whether calls that change something can be served',
      responses: { 200: json('They can', health), 503: json('They cannot', health) },
    },
  },
  '/projects': {
    get: {
      tags,
      summary: 'One’s own projects, the oldest first',
      parameters: [
        query('skip', { ...integer, minimum: 0, default: 0 }),
        query('limit', { ...integer, minimum: 1, maximum: 1000, default: 100 }),
      ],
      responses: { 200: json('Projects', { type: 'array', items: project }), ...failed },
    },
    post: {
      tags,
      summary: 'Makes a project',
      requestBody: bodyOf(projectFields),
      responses: { 201: json('Made', project), ...failed },
    },
  },
  '/projects/{project_id}': {
    parameters: [pathPart('project_id')],
    get: { tags, summary: 'One project', responses: { 200: json('The project', project), ...failed } },
    put: {
      tags,
      summary: 'Replaces name and description; other fields that are sent too',
      requestBody: bodyOf(projectFields),
      responses: { 200: json('As it is now', project), ...failed },
    },
    delete: {
      tags,
      summary: 'Removes a project that no workspace uses',
      responses: { 204: { description: 'Removed' }, ...failed },
    },
  },
  '/users/containers': {
    get: {
      tags,
      summary: 'One’s own containers',
      responses: { 200: json('Containers', { type: 'array', items: container }), ...failed },
    },
  },
  '/users/container': {
    post: {
      tags,
      summary: 'One’s container of an image or project: made or found, and started',
      requestBody: bodyOf(
        {
          type: 'object',
          properties: {
            image: string,
            name: string,
            password: { ...string, maxLength: 128 },
            password_variable: { ...string, default: 'PASSWORD' },
            password_delivery: { enum: ['environment', 'file'], default: 'environment' },
            project_id: string,
            host: string,
            ports: {},
            wait: { type: 'number', minimum: 0, maximum: 120, default: 25 },
          },
        },
        false,
      ),
      responses: {
        200: json('It was there, and runs', container),
        201: json('Made, and runs', container),
        202: underWay(container),
        ...failed,
      },
    },
    delete: {
      tags,
      summary: 'Destroys one’s container; its files stay unless told otherwise',
      parameters: [
        query('name', string),
        query('project_id', string),
        query('volumes', { ...boolean, default: false }),
        wait,
      ],
      responses: { 200: json('Removed', container), 202: underWay(container), ...failed },
    },
  },
  '/container/{name}': {
    parameters: [
      pathPart('name', 'Of a workspace, or of its container as its host shows it'),
      query('delete_key', string, 'As JSON in the body or in X-Delete-Key it is in fewer logs.'),
      { name: 'X-Delete-Key', in: 'header', required: false, schema: string },
    ],
    delete: {
      tags,
      summary: 'Destroys one’s own container, or with the operator’s key anybody’s; files stay',
      security: [{}],
      parameters: [query('volumes', { ...boolean, default: false }, 'Of one’s own alone.'), wait],
      requestBody: bodyOf({ type: 'object', properties: { delete_key: string } }, false),
      responses: { 200: json('Removed', container), 202: underWay(container), ...failed },
    },
  },
  '/snapshot/create': {
    post: {
      tags,
      summary: 'Makes a snapshot of a workspace, or of a person’s only one',
      requestBody: bodyOf({
        type: 'object',
        properties: { user: string, workspace: string, snapshot: string, name: string, note: string },
      }),
      responses: { 201: json('Made', snapshot), 202: underWay(snapshot), ...failed },
    },
  },
  '/snapshot/restore': {
    post: {
      tags,
      summary: 'Makes the workspace’s files again as they are in a snapshot',
      requestBody: bodyOf({
        type: 'object',
        required: ['snapshot'],
        properties: {
          user: string,
          workspace: string,
          snapshot: { ...string, description: 'A name, an id, or `latest`.' },
          safety: { ...boolean, default: true },
        },
      }),
      responses: { 200: json('Restored', snapshot), 202: underWay(snapshot), ...failed },
    },
  },
  '/snapshot/list': {
    get: {
      tags,
      summary: 'Snapshots, the newest first',
      parameters: [query('workspace', string), query('user', string)],
      responses: { 200: json('Snapshots', { type: 'array', items: snapshot }), ...failed },
    },
  },
  '/ws/{user_id}/{project_id}': {
    parameters: [
      pathPart('user_id', 'One’s own id, e-mail address, or `me`'),
      pathPart('project_id', 'The id or name of a project, or `default`'),
    ],
    get: {
      tags,
      summary: 'A terminal over a web socket: what is typed up, what is shown down',
      description:
        'A text message {"type":"resize","cols":80,"rows":24} or {"resize":[80,24]} is a size; all else is typed. ' +
        'Closes with 1000 and `exit <code>` when the program ends; 1013 when the workspace did not start; ' +
        '4400 for a bad address, 4404 not there, 4409 several fit, 4410 ended, 4429 too many.',
      parameters: [
        query('terminal', string, 'Joins this one in place of a new one; it is not closed with the socket.'),
        query('frames', { enum: ['binary', 'text'], default: 'binary' }),
        query('keep', { ...boolean, default: false }, 'The terminal goes on when the socket closes.'),
        query('cols', { ...integer, default: 80 }),
        query('rows', { ...integer, default: 24 }),
        query('ticket', string),
      ],
      responses: { 101: { description: 'A web socket' } },
    },
  },
} as const;

/** What belongs to a path goes to each of its operations, which get names of their own. */
export const compatibleExtras: ExtraRoutes = {
  tags: [
    {
      name: 'compatible',
      description: 'Paths of earlier systems, for programs that were written for those.',
    },
  ],
  paths: Object.fromEntries(
    Object.entries(compatiblePaths).map(([path, item]) => [path, operationsOf(path, item)]),
  ),
};

function operationsOf(path: string, item: Readonly<Record<string, unknown>>) {
  const { parameters: shared = [], ...operations } = item;
  return Object.fromEntries(
    Object.entries(operations).map(([verb, value]) => {
      const operation = value as Readonly<Record<string, unknown>>;
      const words = path.split(/[^A-Za-z]+/).filter((word) => word !== '');
      const parameters = [...(shared as unknown[]), ...((operation.parameters ?? []) as unknown[])];
      const operationId = ['compatible', verb, ...words].join('_');
      return [verb, { operationId, ...operation, ...(parameters.length === 0 ? {} : { parameters }) }];
    }),
  );
}
