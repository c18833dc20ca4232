/**
 * JSON that came from anybody, read strictly: what is not well-formed is refused with its place (RFC 8259), a member that
 * is given twice is refused rather than silently replaced (§4 leaves it open), and nesting has a bound, so that nothing
 * after it recurses without end. A walk of our own says where: the engine's messages repeat what was sent instead.
 */
import { BerthError } from '#contract/berth-error.ts';

/** Levels of lists and objects; the deepest input of the contract has seven. */
export const maxDepth = 32;

/** @throws BerthError invalid-input */
export function parseJson(text: string): unknown {
  walk(text);
  return JSON.parse(text);
}

/** What may come next. `first…`: or the end of what was just opened. */
type Expected = 'value' | 'firstValue' | 'firstName' | 'name' | 'colon' | 'more' | 'end';

interface Level {
  /** The names so far; undefined: a list. */
  readonly names: Set<string> | undefined;
}

function walk(text: string): void {
  const levels: Level[] = [];
  let expected: Expected = 'value';
  let at = 0;
  const close = () => {
    levels.pop();
    at += 1;
    expected = levels.length === 0 ? 'end' : 'more';
  };
  for (at = afterBlanks(text, at); at < text.length; at = afterBlanks(text, at)) {
    const char = text[at] ?? '';
    const level = levels.at(-1);
    if (expected === 'end') throw malformed(text, at);
    if (char === '}' && level?.names !== undefined && (expected === 'firstName' || expected === 'more'))
      close();
    else if (
      char === ']' &&
      level?.names === undefined &&
      levels.length > 0 &&
      (expected === 'firstValue' || expected === 'more')
    )
      close();
    else if (expected === 'more') {
      if (char !== ',') throw malformed(text, at);
      at += 1;
      expected = level?.names === undefined ? 'value' : 'name';
    } else if (expected === 'colon') {
      if (char !== ':') throw malformed(text, at);
      at += 1;
      expected = 'value';
    } else if (expected === 'name' || expected === 'firstName') {
      if (char !== '"' || level?.names === undefined) throw malformed(text, at);
      const end = endOfString(text, at);
      addName(level.names, text.slice(at, end));
      at = end;
      expected = 'colon';
    } else if (char === '{' || char === '[') {
      if (levels.length === maxDepth)
        throw new BerthError('invalid-input', `The body is nested deeper than ${maxDepth} levels.`);
      levels.push({ names: char === '{' ? new Set() : undefined });
      at += 1;
      expected = char === '{' ? 'firstName' : 'firstValue';
    } else {
      at = char === '"' ? endOfString(text, at) : endOfWord(text, at);
      expected = levels.length === 0 ? 'end' : 'more';
    }
  }
  if (expected !== 'end') throw malformed(text, text.length);
}

function afterBlanks(text: string, start: number): number {
  let at = start;
  while (at < text.length && ' \t\n\r'.includes(text[at] ?? '')) at += 1;
  return at;
}

/** Behind the closing quote. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; ; at += 1) {
    const char = text[at];
    if (char === undefined || char < ' ') throw malformed(text, at);
    if (char === '"') return at + 1;
    if (char !== '\\') continue;
    const escaped = /^(["\\/bfnrt]|u[0-9a-fA-F]{4})/.exec(text.slice(at + 1, at + 6))?.[0];
    if (escaped === undefined) throw malformed(text, at);
    at += escaped.length;
  }
}

function endOfWord(text: string, start: number): number {
  const word = /^[^\s,:[\]{}"]*/.exec(text.slice(start, start + maxWord))?.[0] ?? '';
  if (/^(true|false|null|-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?)$/.test(word)) return start + word.length;
  throw malformed(text, start);
}
/** Characters of a number: more digits than any has a meaning. */
const maxWord = 400;

function malformed(text: string, at: number): BerthError {
  const lines = text.slice(0, at).split('\n');
  const place =
    at >= text.length ? 'its end' : `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
  return new BerthError('invalid-input', `The body is no JSON: it goes wrong at ${place}.`);
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
