/**
 * Whose is what, and who may reach it: everybody their own, and nothing else, owners of the installation too. One place
 * decides: the dispatcher asks it about every id in every input (so that no handler can forget), and every watcher's view
 * is cut by it. Guarantees: a thing of somebody else and a thing that is not there are the same to whoever asks. Answers
 * from memory, at once. Knows no records: each noun says whose its own things are.
 */
import type { IdPrefix, UserId } from '#contract/ids.ts';
import type { Scope } from '#contract/scopes.ts';
import type { Caller } from './caller.ts';

export interface Belonging {
  readonly ownerId: UserId;
  /** What its owner must be allowed to do as well, as for a shell on a host. */
  readonly scope?: Scope | undefined;
}

/** Nouns of which each thing is one person's. Rules and restores that can be undone go by their workspace's id. */
export const ownedPrefixes = [
  'proj',
  'ws',
  'snap',
  'term',
  'share',
  'op',
  'fwd',
] as const satisfies readonly IdPrefix[];
export type OwnedPrefix = (typeof ownedPrefixes)[number];

/** Undefined: there is no such thing. */
export type BelongingSources = {
  readonly [P in OwnedPrefix]: (id: string) => Belonging | UserId | undefined;
};

/** The form of ids.ts. What only looks alike, as a name that somebody typed, is in no field that is looked at. */
const ownedId = new RegExp(`^(${ownedPrefixes.join('|')})_[0-9a-z]{20}$`);

/** Fields that hold ids and are not called so; a test finds whatever else does. */
const otherIdFields: ReadonlySet<string> = new Set(['destroys']);
/** By method: a field whose id the client makes. It may be of nothing yet; if it is of something, that is the caller's. */
const freshFields: Readonly<Record<string, string>> = { 'snapshots.import': 'id' };

/** `id`, `ids`, `workspaceId`, `snapshotIds`, and the few listed. */
export function isIdField(name: string): boolean {
  return /^ids?$|Ids?$/.test(name) || otherIdFields.has(name);
}

/** What the dispatcher asks. */
export interface OwnershipGate {
  /** Whether every thing that a checked input names is within the caller's reach. */
  admits(caller: Caller, method: string, input: unknown): boolean;
}

export class Ownership implements OwnershipGate {
  readonly #sources: BelongingSources;

  constructor(sources: BelongingSources) {
    this.#sources = sources;
  }

  ownerOf(id: string): UserId | undefined {
    return this.#belongingOf(id)?.ownerId;
  }

  mayReach(caller: Caller, id: string): boolean {
    const belonging = this.#belongingOf(id);
    return (
      belonging !== undefined &&
      caller.guest === undefined &&
      belonging.ownerId === caller.userId &&
      (belonging.scope === undefined || caller.scopes.has(belonging.scope))
    );
  }

  /** For a collection whose items go by ids of owned things. */
  shownTo(caller: Caller): (item: { readonly id: string }) => boolean {
    return ({ id }) => this.mayReach(caller, id);
  }

  admits(caller: Caller, method: string, input: unknown): boolean {
    const fresh = freshFields[method];
    for (const [field, id] of idsIn(input, '')) {
      if (!ownedId.test(id) || this.mayReach(caller, id)) continue;
      if (field !== fresh || this.#belongingOf(id) !== undefined) return false;
    }
    return true;
  }

  #belongingOf(id: string): Belonging | undefined {
    const prefix = ownedId.exec(id)?.[1] as OwnedPrefix | undefined;
    const found = prefix === undefined ? undefined : this.#sources[prefix](id);
    return typeof found === 'string' ? { ownerId: found } : found;
  }
}

/** Every text in a field for ids, at any depth, with the name of its field. */
function* idsIn(value: unknown, field: string): Generator<readonly [field: string, id: string]> {
  if (typeof value === 'string') {
    if (isIdField(field)) yield [field, value];
  } else if (Array.isArray(value)) {
    for (const one of value) yield* idsIn(one, field);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, one] of Object.entries(value)) yield* idsIn(one, name);
  }
}
