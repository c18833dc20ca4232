/** Scopes of a key in words and groups. */
import { describe, expect, it } from 'vitest';
import { type Scope, scopes, scopesOfRole } from '#contract/scopes.ts';
import { readScopes, scopeGroups, scopeSummary } from '#renderer/features/users/scope-words.ts';

const member = [...scopesOfRole.member];

describe('groups of scopes', () => {
  it('have every scope of an owner, each once and with a name', () => {
    const groups = scopeGroups(scopes);
    const all = groups.flatMap(({ read, write }) => [read, write]).filter((scope) => scope !== null);
    expect(all.toSorted()).toEqual([...scopes].toSorted());
    for (const { noun, label } of groups) expect(label).not.toBe(noun);
  });

  it('offer nobody what they may not themselves', () => {
    const groups = scopeGroups(member);
    expect(groups.find(({ noun }) => noun === 'hosts')).toMatchObject({ read: 'hosts.read', write: null });
    expect(groups.map(({ noun }) => noun)).not.toContain('users');
  });
});

describe('a summary', () => {
  it.each<[string, readonly Scope[], string]>([
    ['everything', member, 'Everything that you can do'],
    ['reading', readScopes(member), 'Read only'],
    [
      'some',
      ['snapshots.read', 'snapshots.write', 'hosts.read'],
      'Reads snapshots and hosts; changes snapshots',
    ],
    ['writing alone', ['snapshots.write'], 'Changes snapshots'],
    ['one', ['workspaces.read'], 'Reads workspaces'],
  ])('says it of %s', (_name, given, words) => {
    expect(scopeSummary(given, member)).toBe(words);
  });
});
