/**
 * DigitalOcean's OpenAPI document (openapi.json) as a judge: which operation a request is, what is wrong with it, what is
 * wrong with an answer, which scopes it takes, and what a token with fewer scopes is not shown.
 *
 * Put right while loading, since the file itself stays as published: the status `off` (the bundler read YAML's `off` as
 * false), the image actions' answers (their schema forgot the `action` that description and example show), `nullable`
 * (OpenAPI 3.0's, which JSON Schema does not know) and what stands beside a `$ref` (which 3.0 ignores and ajv does not).
 */
import { readFileSync } from 'node:fs';
import { isIPv4, isIPv6 } from 'node:net';
import { Ajv2019, type ValidateFunction } from 'ajv/dist/2019.js';

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = Record<string, Json>;

export interface ApiOperation {
  /** `GET /v2/droplets/{droplet_id}`: as the document writes it. */
  readonly key: string;
  /** All of them are needed. */
  readonly scopes: readonly string[];
  readonly where: string;
  readonly pattern: RegExp;
  readonly names: readonly string[];
}

export interface ApiDocument {
  readonly operations: readonly ApiOperation[];
  /** Every scope that it names anywhere. */
  readonly scopes: ReadonlySet<string>;
  /** Undefined: the document has no such path, or not with this method. */
  find(method: string, pathname: string): { operation: ApiOperation; params: JsonObject } | undefined;
  /** What the document does not allow in this request; one sentence each. */
  requestFaults(operation: ApiOperation, request: JudgedRequest): string[];
  /** `body` undefined: none. */
  responseFaults(operation: ApiOperation, status: number, body: Json | undefined): string[];
  /** Scopes that single fields of the body take, beyond those of the operation. */
  scopesOfBody(operation: ApiOperation, body: Json | undefined): string[];
  /** The answer without what these scopes do not show: left out, or empty where the document requires the field. */
  withoutUnseen(operation: ApiOperation, status: number, body: Json, scopes: ReadonlySet<string>): Json;
}

export interface JudgedRequest {
  readonly params: JsonObject;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Json | undefined;
}

const ID = 'do';
const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

export function loadApiDocument(): ApiDocument {
  const text = readFileSync(new URL('openapi.json', import.meta.url), 'utf8');
  const document = JSON.parse(text) as JsonObject;
  const named = [...text.matchAll(/[`"]([a-z_]+:[a-z_]+)[`"]/g)].map(([, scope = '']) => scope);
  putRight(document);
  return judge(document, new Set(named));
}

// --- putting the document right -----------------------------------------------------------------------------------

/** A value that the document says is a text. */
export const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function at(root: Json | undefined, ...path: string[]): Json | undefined {
  let value: Json | undefined = root;
  for (const name of path) value = isObject(value) ? value[name] : undefined;
  return value;
}

function putRight(document: JsonObject): void {
  const status = at(document, 'components', 'schemas', 'droplet', 'properties', 'status');
  if (!isObject(status) || !Array.isArray(status.enum)) throw new Error('openapi.json: no droplet status');
  status.enum = status.enum.map((word) => (word === false ? 'off' : word));
  for (const [path, method, code] of [
    ['/v2/images/{image_id}/actions', 'post', '201'],
    ['/v2/images/{image_id}/actions/{action_id}', 'get', '200'],
  ] as const) {
    const where = at(document, 'paths', path, method, 'responses');
    const response = isObject(where) ? follow(document, where[code]) : undefined;
    const json = at(response, 'content', 'application/json');
    if (!isObject(json) || json.schema === undefined) throw new Error(`openapi.json: no answer of ${path}`);
    if (!isObject(where)) continue;
    const wrapped = { type: 'object', required: ['action'], properties: { action: json.schema } };
    where[code] = { content: { 'application/json': { schema: wrapped } } };
  }
  withNull(document);
}

/** `nullable: true` becomes a type of its own; examples are data, not schemas, and are dropped. */
function withNull(node: Json): void {
  if (Array.isArray(node)) for (const item of node) withNull(item);
  if (!isObject(node)) return;
  for (const name of ['example', 'examples', 'x-codeSamples', 'discriminator']) {
    // A property may have such a name, too; then it is a schema.
    if (name !== 'example' || !isObject(node.example) || at(node, 'example', 'type') === undefined)
      delete node[name];
  }
  if (typeof node.$ref === 'string') {
    for (const name of Object.keys(node)) if (name !== '$ref' && name !== 'description') delete node[name];
    return;
  }
  for (const value of Object.values(node)) withNull(value);
  if (node.nullable === true && typeof node.type === 'string') {
    node.type = [node.type, 'null'];
    delete node.nullable;
  }
}

function follow(document: JsonObject, node: Json | undefined): JsonObject {
  let value = node;
  while (isObject(value) && typeof value.$ref === 'string') {
    const path = value.$ref.slice(2).split('/');
    value = at(document, ...path.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~')));
  }
  return isObject(value) ? value : {};
}

// --- judging ------------------------------------------------------------------------------------------------------

function operationsOf(document: JsonObject): ApiOperation[] {
  const found: ApiOperation[] = [];
  for (const [path, item] of Object.entries(document.paths as JsonObject))
    for (const method of METHODS) {
      const operation = at(item, method);
      if (!isObject(operation)) continue;
      const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
      const source = path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '([^/]+)');
      const security = Array.isArray(operation.security) ? operation.security : [];
      const scopes = security.flatMap((one) => (at(one, 'bearer_auth') ?? []) as string[]);
      found.push({
        key: `${method.toUpperCase()} ${path}`,
        // `api:*` are left from before tokens had scopes; the words of the operation name the other one alone.
        scopes: [...new Set(scopes)].filter((scope) => !scope.startsWith('api:')),
        where: `${path.replaceAll('~', '~0').replaceAll('/', '~1')}/${method}`,
        pattern: new RegExp(`^${source}$`),
        names,
      });
    }
  // `/droplets/actions` before `/droplets/{droplet_id}`.
  return found.sort((one, other) => one.names.length - other.names.length);
}

function judge(document: JsonObject, scopes: ReadonlySet<string>): ApiDocument {
  // Its words are checked by DigitalOcean; ajv only has to follow them.
  const ajv = new Ajv2019({
    strict: false,
    allErrors: true,
    validateSchema: false,
    logger: false,
    // Its patterns escape more than the `u` flag allows.
    unicodeRegExp: false,
  });
  ajv.addFormat('date-time', (text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text));
  ajv.addFormat('uuid', /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/);
  ajv.addFormat('ipv4', isIPv4);
  ajv.addFormat('ipv6', isIPv6);
  ajv.addFormat('uri', (text) => URL.canParse(text));
  ajv.addFormat('float', { type: 'number', validate: () => true });
  ajv.addSchema(document, ID);
  const compiled = new Map<string, ValidateFunction>();

  const check = (pointer: string, isClosed: boolean, value: Json): string[] => {
    let validate = compiled.get(pointer);
    if (!validate) {
      const parts = pointer.split('/').map((part) => encodeURIComponent(part));
      const schema = { $ref: `${ID}#/${parts.join('/')}` };
      // A field that the document does not know would be ignored in silence: from a client it is a mistake.
      validate = ajv.compile(isClosed ? { allOf: [schema], unevaluatedProperties: false } : schema);
      compiled.set(pointer, validate);
    }
    if (validate(value)) return [];
    return (validate.errors ?? []).map(({ instancePath, message, params }) => {
      const extra = 'unevaluatedProperty' in params ? ` (${String(params.unevaluatedProperty)})` : '';
      return `${instancePath || 'body'} ${message ?? 'is wrong'}${extra}`;
    });
  };

  /** Where a schema is, once every `$ref` on the way is followed: ajv must start at a schema. */
  const locate = (pointer: string): { pointer: string; node: JsonObject } => {
    let node: Json | undefined = document;
    let here = '';
    for (const part of pointer.split('/')) {
      while (isObject(node) && typeof node.$ref === 'string') {
        here = node.$ref.slice(2);
        node = follow(document, node);
      }
      node = isObject(node) || Array.isArray(node) ? (node as JsonObject)[unescaped(part)] : undefined;
      here = here ? `${here}/${part}` : part;
    }
    return { pointer: here, node: isObject(node) ? node : {} };
  };
  const unescaped = (part: string) => part.replaceAll('~1', '/').replaceAll('~0', '~');

  const parametersOf = (operation: ApiOperation) => {
    const [path = ''] = operation.where.split('/');
    const found: { pointer: string; node: JsonObject }[] = [];
    for (const owner of [`paths/${path}`, `paths/${operation.where}`]) {
      const list = locate(`${owner}/parameters`).node as unknown;
      const count = at(locate(owner).node, 'parameters');
      if (!Array.isArray(list) && !Array.isArray(count)) continue;
      for (let index = 0; index < (count as Json[]).length; index++) {
        const here = locate(`${owner}/parameters/${index}`);
        const target = typeof here.node.$ref === 'string' ? here.node.$ref.slice(2) : here.pointer;
        found.push({ pointer: target, node: follow(document, here.node) });
      }
    }
    return found;
  };

  const responsePointer = (operation: ApiOperation, status: number) => {
    const { node, pointer } = locate(`paths/${operation.where}/responses`);
    const name = String(status) in node ? String(status) : status >= 400 ? 'default' : undefined;
    return name === undefined ? undefined : `${pointer}/${name}`;
  };

  const fieldScopes = (schema: Json | undefined): Map<string, { scopes: string[]; isRequired: boolean }> => {
    const found = new Map<string, { scopes: string[]; isRequired: boolean }>();
    const visit = (node: Json | undefined) => {
      const real = follow(document, node);
      for (const word of ['allOf', 'oneOf', 'anyOf'])
        for (const part of (real[word] ?? []) as Json[]) visit(part);
      const required = (real.required ?? []) as string[];
      for (const [name, property] of Object.entries((real.properties ?? {}) as JsonObject)) {
        const known = found.get(name) ?? { scopes: [], isRequired: false };
        known.scopes.push(...scopesIn(document, property));
        known.isRequired ||= required.includes(name);
        found.set(name, known);
      }
      for (const name of required) {
        const known = found.get(name);
        if (known) known.isRequired = true;
      }
    };
    visit(schema);
    return found;
  };

  const operations = operationsOf(document);
  return {
    operations,
    scopes,
    find(method, pathname) {
      for (const operation of operations) {
        if (!operation.key.startsWith(`${method} `)) continue;
        const match = operation.pattern.exec(pathname);
        if (!match) continue;
        const params: JsonObject = {};
        for (const [index, name] of operation.names.entries())
          params[name] = decodeURIComponent(match[index + 1] ?? '');
        return { operation, params };
      }
      return undefined;
    },
    requestFaults(operation, { params, query, headers, body }) {
      const faults: string[] = [];
      const known = parametersOf(operation);
      for (const { node, pointer } of known) {
        const name = textOf(node.name);
        const raw =
          node.in === 'path'
            ? textOf(params[name])
            : node.in === 'query'
              ? query.get(name)
              : headers[name.toLowerCase()];
        if (typeof raw !== 'string') {
          if (node.required === true) faults.push(`${textOf(node.in)} parameter ${name} is missing`);
          continue;
        }
        const asWritten = check(`${pointer}/schema`, false, raw);
        if (asWritten.length > 0 && check(`${pointer}/schema`, false, coerced(raw)).length > 0)
          faults.push(`${textOf(node.in)} parameter ${name}: ${asWritten.join(', ')}`);
      }
      const inQuery = known.filter(({ node }) => node.in === 'query').map(({ node }) => textOf(node.name));
      for (const name of new Set(query.keys()))
        if (!inQuery.includes(name)) faults.push(`query parameter ${name} is not in the document`);
      const wanted = locate(`paths/${operation.where}/requestBody`);
      if (Object.keys(wanted.node).length === 0) {
        if (body !== undefined) faults.push('a body where the document has none');
      } else if (body !== undefined) {
        const { pointer } = locate(`paths/${operation.where}/requestBody/content/application~1json/schema`);
        faults.push(...check(pointer, true, body));
      } else if (follow(document, wanted.node).required === true) faults.push('the body is missing');
      return faults;
    },
    responseFaults(operation, status, body) {
      const pointer = responsePointer(operation, status);
      if (pointer === undefined) return [`status ${status} is not in the document`];
      const content = at(follow(document, locate(pointer).node), 'content', 'application/json');
      if (content === undefined)
        return body === undefined ? [] : [`a body where the document has none (${status})`];
      if (body === undefined) return [`no body where the document has one (${status})`];
      return check(locate(`${pointer}/content/application~1json/schema`).pointer, false, body);
    },
    scopesOfBody(operation, body) {
      if (!isObject(body)) return [];
      const { node } = locate(`paths/${operation.where}/requestBody/content/application~1json/schema`);
      const fields = fieldScopes(node);
      const given = Object.keys(body).filter(
        (name) => !Array.isArray(body[name]) || (body[name] as Json[]).length > 0,
      );
      return [...new Set(given.flatMap((name) => fields.get(name)?.scopes ?? []))];
    },
    withoutUnseen(operation, status, body, scopes) {
      const pointer = responsePointer(operation, status);
      if (pointer === undefined || status >= 300) return body;
      const schema = locate(`${pointer}/content/application~1json/schema`).node;
      const prune = (value: Json, node: Json | undefined): Json => {
        const real = follow(document, node);
        if (Array.isArray(value)) return value.map((item) => prune(item, itemsOf(document, real)));
        if (!isObject(value)) return value;
        const fields = fieldScopes(real);
        const shown: JsonObject = {};
        for (const [name, inner] of Object.entries(value)) {
          const field = fields.get(name);
          const isSeen = (field?.scopes ?? []).every((scope) => scopes.has(scope));
          if (isSeen) shown[name] = prune(inner, propertyOf(document, real, name));
          else if (field?.isRequired) shown[name] = emptied(inner);
        }
        return shown;
      };
      return prune(body, schema);
    },
  };
}

/** The document says it in words: "Requires `tag:read` scope" (once misspelt "scpoe"). */
function scopesIn(document: JsonObject, property: Json): string[] {
  const words = [at(property, 'description'), at(follow(document, property), 'description')];
  for (const part of (at(property, 'allOf') ?? []) as Json[])
    words.push(at(part, 'description'), at(follow(document, part), 'description'));
  const found = words.filter((text) => typeof text === 'string').join(' ');
  return [...found.matchAll(/Requires ((?:`[a-z_]+:[a-z_]+`(?: and )?)+) sc/g)].flatMap(([, list = '']) =>
    [...list.matchAll(/`([^`]+)`/g)].map(([, scope = '']) => scope),
  );
}

function partsOf(document: JsonObject, schema: JsonObject): JsonObject[] {
  const parts = ['allOf', 'oneOf', 'anyOf'].flatMap((word) => (schema[word] ?? []) as Json[]);
  return [schema, ...parts.flatMap((part) => partsOf(document, follow(document, part)))];
}

function propertyOf(document: JsonObject, schema: JsonObject, name: string): Json | undefined {
  for (const part of partsOf(document, schema)) {
    const property = at(part, 'properties', name);
    if (property !== undefined) return property;
  }
  return undefined;
}

function itemsOf(document: JsonObject, schema: JsonObject): Json | undefined {
  return partsOf(document, schema).find((part) => part.items !== undefined)?.items;
}

function emptied(value: Json): Json {
  if (Array.isArray(value)) return [];
  if (typeof value === 'number') return 0;
  if (typeof value === 'string') return '';
  return typeof value === 'boolean' ? false : {};
}

function coerced(text: string): Json {
  if (/^-?\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  if (text === 'true' || text === 'false') return text === 'true';
  return text;
}
