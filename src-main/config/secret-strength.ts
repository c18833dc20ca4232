/**
 * Whether a key can be one that nobody guesses. Refuses what stands in examples and tutorials, what repeats itself, and
 * what has too few different characters for its length. Says only why, never what.
 */
import { WrongValue } from './config-error.ts';
import { variables } from './variables.ts';

/** Without anything but letters and digits, lower case. A key that holds one of the long ones is no better. */
const wellKnown = [
  'changeme',
  'changeit',
  'changethis',
  'changemeinproduction',
  'secret',
  'secretkey',
  'yoursecret',
  'yoursecretkey',
  'mysecret',
  'mysecretkey',
  'supersecret',
  'supersecretkey',
  'topsecret',
  'notsecret',
  'insecure',
  'unsafe',
  'password',
  'passw0rd',
  'letmein',
  'default',
  'example',
  'examplekey',
  'placeholder',
  'replaceme',
  'replacethis',
  'todo',
  'fixme',
  'development',
  'devsecret',
  'testsecret',
  'deletekey',
  'yourdeletekey',
  'adminadmin',
  'qwerty',
  'correcthorsebatterystaple',
  'keyboardcat',
  'djangoinsecure',
  'opensslrandbase64',
  'opensslrandhex',
];
const inExamples = variables.flatMap((row) => ('isSecret' in row ? [plain(row.example)] : []));
/** Shorter ones may well be in a random text. */
const tellingLength = 8;
/** Bits of the characters' own distribution; 32 random hexadecimal digits have about 110. */
const leastBits = 80;

function plain(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** @throws WrongValue */
export function assertStrong(key: string, minLength: number): void {
  const remedy = 'Make one: openssl rand -base64 48';
  const bare = plain(key);
  const isKnown = [...wellKnown, ...inExamples].some(
    (known) => bare === known || (known.length >= tellingLength && bare.includes(known)),
  );
  if (isKnown) throw new WrongValue(`must not be one that stands in examples: everybody has it. ${remedy}`);
  if (key.length < minLength) throw new WrongValue(`must have at least ${minLength} characters. ${remedy}`);
  if (bitsOf(unitOf(key)) < (leastBits * minLength) / 32 || isSequence(key))
    throw new WrongValue(`must be random, and this repeats itself or counts. ${remedy}`);
}

/** What a text is a repetition of; itself, where it is none. */
function unitOf(text: string): string {
  for (let length = 1; length <= text.length / 2; length += 1) {
    const unit = text.slice(0, length);
    if (unit.repeat(Math.ceil(text.length / length)).startsWith(text)) return unit;
  }
  return text;
}

/** Shannon's entropy of the characters, times their number. */
function bitsOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text.split('')) counts.set(character, (counts.get(character) ?? 0) + 1);
  const { length } = text;
  let bits = 0;
  for (const count of counts.values()) bits -= count * Math.log2(count / length);
  return bits;
}

/** More than half of the steps from one character to the next are the alphabet's or the digits' own, or none. */
function isSequence(text: string): boolean {
  let steady = 0;
  for (let index = 1; index < text.length; index += 1)
    if (Math.abs(text.charCodeAt(index) - text.charCodeAt(index - 1)) <= 1) steady += 1;
  return steady > (text.length - 1) / 2;
}
