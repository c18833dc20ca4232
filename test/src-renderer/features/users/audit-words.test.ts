/** Everything that can be written down has plain words, and a kind that it can be found by. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorCodes } from '#contract/error-codes.ts';
import { contract, type MethodName } from '#contract/index.ts';
import { actionWords, auditKinds, hasActionWords } from '#renderer/features/users/audit-words.ts';

const names = Object.keys(contract) as MethodName[];
const changing = names.filter(
  (name) => contract[name].scope.endsWith('.write') && contract[name].kind !== 'stream',
);

describe('words of the audit log', () => {
  it('are there for whatever changes something', () => {
    expect(changing.length).toBeGreaterThan(50);
    expect(changing.filter((name) => !hasActionWords(name))).toEqual([]);
  });

  it('are there for every event that the accounts write down', () => {
    const root = join(import.meta.dirname, '../../../..');
    const files = globSync('src-main/{control-plane/users,server}/**/*.ts', { cwd: root });
    const named = files.flatMap((path) => [
      ...readFileSync(join(root, path), 'utf8').matchAll(/'(account\.[\w-]+)'/g),
    ]);
    const events = new Set(named.map(([, name = '']) => name).filter((name) => !(name in errorCodes)));
    expect(events.size).toBeGreaterThan(5);
    expect([...events].filter((name) => !hasActionWords(name) && !(name in contract))).toEqual([]);
  });

  it('fall back to the name itself', () => {
    expect(actionWords('account.sign-in')).toBe('signed in');
    expect(actionWords('something.new')).toBe('something.new');
  });

  it('have a kind for each noun that changes', () => {
    const nouns = new Set(changing.map((name) => `${name.slice(0, name.indexOf('.'))}.`));
    const kinds = new Set<string>(auditKinds.map(({ value }) => value));
    expect([...nouns].filter((noun) => !kinds.has(noun))).toEqual([]);
  });
});
