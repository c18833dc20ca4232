/**
 * Values for a JSON Schema of the OpenAPI document: what fits, what just fits, and what an attacker would send. Strings
 * that would make the plane reach out are kept on this computer, at ports and files where nothing is.
 */
import fc from 'fast-check';

export interface Schema {
  readonly [key: string]: unknown;
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

export const hostileTexts: readonly string[] = [
  '',
  ' ',
  '.',
  '..',
  '../../../../etc/passwd',
  '..%2f..%2fetc%2fpasswd',
  '%00',
  'a\u0000b',
  '\u202egnp.exe',
  'é\u0301\u200d🏳️‍🌈',
  '\ud800',
  "'; DROP TABLE records; --",
  '$(reboot)',
  '`id`',
  '{{7*7}}',
  '<script>alert(1)</script>',
  '__proto__',
  'constructor',
  'null',
  'NaN',
  '-0',
  '1e400',
  '0x10',
  '9'.repeat(400),
  'a'.repeat(5_000),
  '\r\nSet-Cookie: a=b',
];

const hostileJson: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    -1,
    0,
    1.5,
    2 ** 53,
    -(2 ** 63),
    1e308,
    [],
    {},
    [[[[[[]]]]]],
    { __proto__: null, constructor: { prototype: {} } },
    JSON.parse('{"__proto__":{"isAdmin":true}}'),
  ),
  fc.constantFrom(...hostileTexts),
  fc.jsonValue({ maxDepth: 3 }),
);

/** By the field's name: what would lead out of this computer or to something real on it, and what no schema describes. */
const tame: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  address: fc.constantFrom('127.0.0.1', '::1', '-oProxyCommand=id', 'a b', ''),
  port: fc.constantFrom(1, 0, 65_536, -1, '22', 1.5),
  configName: fc.constantFrom(null, 'nowhere', '-x', '*'),
  // Never null: that would be this computer's own engine.
  socketPath: fc.constantFrom('/nonexistent/docker.sock', '', '../x', 'relative'),
  email: fc.constantFrom('ada@example.org', 'ADA@Example.org ', 'ada', 'a@b@c', '"x y"@example.org'),
  schedule: fc.constantFrom('0 3 * * *', '*/5 * * * *', '61 * * * *', '@reboot', '* * * * * *', '0 0 30 2 *'),
  timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'Nowhere/Here', '../etc'),
  image: fc.constantFrom('debian:12', 'registry.example/team/image:tag', '-v', 'a b', 'x'.repeat(513)),
  mountPoint: fc.constantFrom('/work', '/home/dev', '/etc', '/a/../b', 'relative', null),
  engineSocket: fc.constantFrom(null, '/nonexistent/docker.sock', '', 'relative'),
};

export type Known = (pattern: string) => readonly string[];

export interface ValueMaker {
  /** Mostly what fits. */
  json(schema: Schema, name?: string): fc.Arbitrary<unknown>;
  /** As it stands in a path or a query. */
  text(schema: Schema): fc.Arbitrary<string>;
}

/** @param known ids of things that are there, by the pattern that they fit */
export function createValueMaker(resolve: (reference: string) => Schema, known: Known): ValueMaker {
  function fitting(schema: Schema, depth: number): fc.Arbitrary<unknown> {
    if (schema.$ref !== undefined) return fitting(resolve(schema.$ref), depth);
    const options = schema.anyOf ?? schema.oneOf;
    if (options !== undefined) return fc.oneof(...options.map((one) => fitting(one, depth)));
    if ('const' in schema) return fc.constant(schema.const);
    if (Array.isArray(schema.enum)) return fc.constantFrom(...(schema.enum as unknown[]));
    switch (schema.type as string) {
      case 'string':
        return stringOf(schema);
      case 'integer':
      case 'number':
        return numberOf(schema);
      case 'boolean':
        return fc.boolean();
      case 'null':
        return fc.constant(null);
      case 'array': {
        const items = schema.items ?? {};
        return fc.array(value(items, depth + 1), {
          minLength: Math.min(schema.minItems ?? 0, 3),
          maxLength: Math.min(schema.maxItems ?? 3, 3),
        });
      }
      case 'object':
        return objectOf(schema, depth);
      default:
        return hostileJson;
    }
  }

  function objectOf(schema: Schema, depth: number): fc.Arbitrary<unknown> {
    const fields = Object.fromEntries(
      Object.entries(schema.properties ?? {}).map(([name, one]) => [name, value(one, depth + 1, name)]),
    );
    const requiredKeys = (schema.required ?? []).filter((name) => Object.hasOwn(fields, name));
    return fc.record(fields, { requiredKeys });
  }

  function stringOf({ pattern, minLength = 0, maxLength = 60 }: Schema): fc.Arbitrary<string> {
    const plain = fc.string({
      minLength: Math.min(minLength, 100),
      maxLength: Math.max(minLength, Math.min(maxLength, 60)),
      unit: 'grapheme',
    });
    const edge = fc.constant('x'.repeat(Math.min(maxLength, 5_000)));
    const over = fc.constant('x'.repeat(Math.min(maxLength + 1, 5_001)));
    if (pattern === undefined)
      return fc.oneof(
        { weight: 6, arbitrary: plain },
        { weight: 1, arbitrary: edge },
        { weight: 1, arbitrary: over },
      );
    const there = known(pattern);
    const matching = fc.stringMatching(new RegExp(pattern, 'u'));
    return there.length === 0 ? matching : fc.oneof(fc.constantFrom(...there), matching);
  }

  function numberOf({ type, minimum = -10, maximum = 1_000_000 }: Schema): fc.Arbitrary<number> {
    const [least, most] = [Math.max(minimum, -1e9), Math.min(maximum, 1e9)];
    const inside =
      type === 'integer'
        ? fc.integer({ min: Math.ceil(least), max: Math.floor(most) })
        : fc.double({ min: least, max: most, noNaN: true });
    return fc.oneof(
      { weight: 5, arbitrary: inside },
      { weight: 2, arbitrary: fc.constantFrom(minimum, maximum, minimum - 1, maximum + 1) },
    );
  }

  function value(schema: Schema, depth: number, name?: string): fc.Arbitrary<unknown> {
    const tamed = name === undefined ? undefined : tame[name];
    if (tamed !== undefined) return tamed;
    return fc.oneof({ weight: 24, arbitrary: fitting(schema, depth) }, { weight: 1, arbitrary: hostileJson });
  }

  return {
    json: (schema, name) => value(schema, 0, name),
    text: (schema) =>
      fc.oneof(
        {
          weight: 8,
          arbitrary: fitting(schema, 0).map((one) => (typeof one === 'string' ? one : JSON.stringify(one))),
        },
        { weight: 3, arbitrary: fc.constantFrom(...hostileTexts) },
      ),
  };
}
