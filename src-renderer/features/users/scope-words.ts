/** Scopes of an API key in words and in the groups that a person chooses by. Pure. */
import { type Scope, scopes } from '#contract/scopes.ts';

const nounWords: Readonly<Record<string, string>> = {
  hosts: 'Hosts',
  projects: 'Projects',
  workspaces: 'Workspaces',
  snapshots: 'Snapshots',
  terminals: 'Terminals',
  machines: 'Machines',
  credentials: 'Credentials',
  operations: 'Operations',
  settings: 'Settings',
  account: 'Own account',
  users: 'People',
  audit: 'Audit log',
};

export interface ScopeGroup {
  readonly noun: string;
  readonly label: string;
  /** Null: this person may not, so that a key cannot. */
  readonly read: Scope | null;
  readonly write: Scope | null;
}

/** In the order of the contract; only what is in `own`. */
export function scopeGroups(own: readonly Scope[]): readonly ScopeGroup[] {
  const nouns = [...new Set(scopes.map((scope) => nounOf(scope)))];
  const find = (noun: string, verb: string) => own.find((scope) => scope === `${noun}.${verb}`) ?? null;
  return nouns
    .map((noun) => ({
      noun,
      label: nounWords[noun] ?? noun,
      read: find(noun, 'read'),
      write: find(noun, 'write'),
    }))
    .filter(({ read, write }) => read !== null || write !== null);
}

export function readScopes(own: readonly Scope[]): readonly Scope[] {
  return own.filter((scope) => scope.endsWith('.read'));
}

/** "Everything that you can do", "Read only", or what it reads and changes. */
export function scopeSummary(given: readonly Scope[], own: readonly Scope[]): string {
  const has = new Set(given);
  if (own.every((scope) => has.has(scope))) return 'Everything that you can do';
  const writes = given.filter((scope) => scope.endsWith('.write')).map(nounOf);
  const reads = given.filter((scope) => scope.endsWith('.read')).map(nounOf);
  if (writes.length === 0 && readScopes(own).every((scope) => has.has(scope))) return 'Read only';
  const parts = [
    ...(reads.length === 0 ? [] : [`Reads ${listOf(reads)}`]),
    ...(writes.length === 0 ? [] : [`${reads.length === 0 ? 'Changes' : 'changes'} ${listOf(writes)}`]),
  ];
  return parts.join('; ');
}

function nounOf(scope: Scope): string {
  return scope.slice(0, scope.indexOf('.'));
}

function listOf(nouns: readonly string[]): string {
  return new Intl.ListFormat('en').format(nouns.map((noun) => (nounWords[noun] ?? noun).toLowerCase()));
}
