/**
 * What zod says of a broken rule, in Berth's words: one short phrase that follows the field's name, as "must be a whole
 * number". Never holds what was sent. A schema's own message stands before these; both sides of the wall pass this to
 * `safeParse`, so that a form and the plane say the same.
 */
import type { z } from 'zod';

type RawIssue = z.core.$ZodRawIssue;

const nouns: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

/** For `safeParse(value, { error: plainRule })`. Undefined leaves the word to zod. */
export function plainRule(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'is missing';
      return `must be ${nouns[issue.expected] ?? issue.expected}`;
    case 'too_small':
      return bound(issue.origin, issue.minimum, 'least');
    case 'too_big':
      return bound(issue.origin, issue.maximum, 'most');
    case 'invalid_value': {
      const choices = issue.values.map(String);
      return choices.length === 1 ? `must be ${choices[0]}` : `must be one of ${choices.join(', ')}`;
    }
    case 'invalid_union':
      return issue.input === undefined ? 'is missing' : 'is none of the kinds that it can be';
    case 'invalid_format':
      return 'does not have the right form';
    case 'unrecognized_keys':
      return 'has fields that do not belong there';
    case 'custom':
    case 'invalid_key':
    case 'invalid_element':
    case 'not_multiple_of':
      return undefined;
    default:
      return issue satisfies never;
  }
}

function bound(origin: string, limit: number | bigint, side: 'least' | 'most'): string {
  if (origin === 'string' || origin === 'array') {
    if (side === 'least' && limit === 1) return 'must not be empty';
    const [one, many] = origin === 'string' ? ['character', 'characters'] : ['entry', 'entries'];
    return `must have at ${side} ${limit.toLocaleString('en')} ${limit === 1 ? one : many}`;
  }
  return `must be at ${side} ${limit.toLocaleString('en')}`;
}
