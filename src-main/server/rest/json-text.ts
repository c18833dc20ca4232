/**
 * JSON that came from anybody, read strictly: what is not well-formed is refused with its place (RFC 8259), a member that
 * is given twice is refused rather than silently replaced (§4 leaves it open), and nesting has a bound, so that nothing
 * after it recurses without end.
 */
import { BerthError } from '#contract/berth-error.ts';

/** Levels of lists and objects; the deepest input of the contract has seven. */
export const maxDepth = 32;

/** @throws BerthError invalid-input */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BerthError('invalid-input', `The body is no JSON: it goes wrong at ${placeOf(error, text)}.`);
  }
  checkShape(text);
  return value;
}

/** The engine's own message repeats what was sent; only its number is taken. */
function placeOf(error: unknown, text: string): string {
  const found = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
  if (found === undefined) return 'its end';
  const before = text.slice(0, Number(found)).split('\n');
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}

/** Walks over text that is known to be JSON. */
function checkShape(text: string): void {
  /** For each open level the names that it has so far; undefined: a list. */
  const levels: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === '{' || char === '[') {
      if (levels.length === maxDepth)
        throw new BerthError('invalid-input', `The body is nested deeper than ${maxDepth} levels.`);
      levels.push(char === '{' ? new Set() : undefined);
    } else if (char === '}' || char === ']') levels.pop();
    else if (char === '"') {
      const end = endOfString(text, at);
      const names = levels.at(-1);
      if (names !== undefined && isName(text, end)) addName(names, text.slice(at, end + 1));
      at = end;
    }
  }
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

/** In an object a string before a colon is a name; a value never stands before one. */
function isName(text: string, end: number): boolean {
  let at = end + 1;
  while (/\s/.test(text[at] ?? '')) at += 1;
  return text[at] === ':';
}

function addName(names: Set<string>, quoted: string): void {
  // Two spellings of one name, as "a" and "\u0061", are one name.
  const name = JSON.parse(quoted) as string;
  if (names.has(name)) throw givenTwice(name);
  names.add(name);
}

/** Names the field as far as it can be one of ours; what else was sent is not repeated. */
export function givenTwice(field: string): BerthError {
  const isPlain = /^[A-Za-z][A-Za-z0-9]{0,39}$/.test(field);
  return new BerthError('invalid-input', 'A field is given twice.', {
    details: { fields: [`${isPlain ? field : 'a field'}: must be given once`] },
  });
}
