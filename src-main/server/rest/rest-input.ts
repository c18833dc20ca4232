/**
 * A request as the input of a method: the path's names, and the query or the JSON body. Nothing is lost on the way: a
 * field that the method does not have is refused, since it is more likely a slip than a wish.
 */
import type { HonoRequest } from 'hono';
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import { givenTwice } from './json-text.ts';

export interface FieldSchema {
  readonly [key: string]: unknown;
  readonly type?: unknown;
  readonly anyOf?: readonly FieldSchema[];
}

/** The fields of a method's input, as JSON Schema writes them before defaults are filled in. */
export interface InputFields {
  readonly fields: Readonly<Record<string, FieldSchema>>;
  readonly required: ReadonlySet<string>;
}

export function inputFieldsOf(schema: z.ZodType): InputFields {
  const written = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' });
  return {
    fields: (written.properties ?? {}) as Record<string, FieldSchema>,
    required: new Set(written.required ?? []),
  };
}

/** Text in a query becomes what its field is; what does not fit stays text, and the schema says what is wrong with it. */
export function queryInput(request: HonoRequest, { fields, required }: InputFields): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (const [field, values] of Object.entries(request.queries())) {
    if (values.length > 1) throw givenTwice(field);
    const schema = Object.hasOwn(fields, field) ? fields[field] : undefined;
    input[field] = fromText(values[0] ?? '', schema);
  }
  // There is no null in a query: what may be null and is left out is meant to be.
  for (const field of required)
    if (!Object.hasOwn(input, field) && typesOf(fields[field]).includes('null')) input[field] = null;
  return input;
}

export function withPath(
  request: HonoRequest,
  given: Readonly<Record<string, unknown>>,
  inputFields: InputFields,
): Record<string, unknown> {
  const { fields } = inputFields;
  const named = withTypes(request.param(), inputFields);
  for (const [field, value] of Object.entries(named))
    if (Object.hasOwn(given, field) && given[field] !== value)
      throw new BerthError('invalid-input', 'The path and the rest of the request disagree.', {
        details: { fields: [`${field}: must be as in the path`] },
      });
  const unknown = Object.keys(given).filter((field) => !Object.hasOwn(fields, field));
  if (unknown.length > 0)
    throw new BerthError(
      'invalid-input',
      `This takes ${listOf(Object.keys(fields).filter((field) => !Object.hasOwn(named, field)))}, and nothing else.`,
      { details: { fields: ['has fields that do not belong there'] } },
    );
  return { ...given, ...named };
}

/** As queryInput, of an upgrade's address: its ticket aside, a field is given once and belongs to the method. */
export function searchInput(
  query: URLSearchParams,
  { fields }: InputFields,
  inPath: readonly string[],
): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (const field of new Set(query.keys())) {
    if (field === 'ticket') continue;
    const [text = '', ...more] = query.getAll(field);
    if (more.length > 0) throw givenTwice(field);
    if (!Object.hasOwn(fields, field) || inPath.includes(field))
      throw new BerthError('invalid-input', 'The address has a field that does not belong there.', {
        details: { fields: ['has fields that do not belong there'] },
      });
    input[field] = fromText(text, fields[field]);
  }
  return input;
}

/** The path's names as what their fields are: a port is a number. */
export function withTypes(
  names: Readonly<Record<string, string>>,
  { fields }: InputFields,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(names).map(([field, text]) => [
      field,
      fromText(text, Object.hasOwn(fields, field) ? fields[field] : undefined),
    ]),
  );
}

/** For paths with inputs of their own: refuses each query field but these. */
export function onlyFields(...names: readonly string[]): InputFields {
  return { fields: Object.fromEntries(names.map((name) => [name, {}])), required: new Set() };
}

function listOf(names: readonly string[]): string {
  if (names.length === 0) return 'no fields';
  return names.length === 1 ? `the field ${names[0]}` : `the fields ${names.join(', ')}`;
}

function typesOf(schema: FieldSchema | undefined): readonly unknown[] {
  if (schema === undefined) return [];
  return schema.anyOf === undefined ? [schema.type] : schema.anyOf.flatMap(typesOf);
}

function fromText(text: string, schema: FieldSchema | undefined): unknown {
  const types = typesOf(schema);
  if (types.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  const isNumber = types.includes('integer') || types.includes('number');
  if ((types.includes('array') || types.includes('object')) && /^[[{]/.test(text)) return jsonOr(text);
  // As JSON writes numbers, without exponents: `Number` alone would take blanks, 0x10 and Infinity as well.
  if (isNumber && /^-?(0|[1-9]\d{0,20})(\.\d{1,20})?$/.test(text)) return Number(text);
  return text;
}

/** What is no JSON stays text, and the schema says what is wrong with it. */
function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
