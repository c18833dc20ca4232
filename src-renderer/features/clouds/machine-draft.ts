/** The form of a new machine as it is typed, and how it becomes what the plane is asked. Pure. */
import { contract, type InputOf } from '#contract/index.ts';
import type { EndAction } from '#contract/machines.ts';

export type AccessChoice = 'mine' | 'anywhere' | 'addresses';
export type OnTrouble = 'ask' | 'keep' | 'destroy';

export interface MachineDraft {
  /** Null: as suggested. */
  readonly name: string | null;
  /** Null: not chosen by the person. */
  readonly region: string | null;
  readonly size: string | null;
  readonly image: string | null;
  readonly tags: string;
  readonly hasIpv6: boolean;
  readonly hasBackups: boolean;
  readonly hasMonitoring: boolean;
  readonly access: AccessChoice;
  readonly addresses: string;
  readonly isEndingAt: boolean;
  /** As the field for date and time has it, in the time of this window. */
  readonly endsAt: string;
  readonly atAction: EndAction;
  /** "never" or minutes. */
  readonly idleMinutes: string;
  readonly idleAction: EndAction;
  readonly onTrouble: OnTrouble;
}

export const newMachineDraft: MachineDraft = {
  ...{ name: null, region: null, size: null, image: null, tags: '' },
  ...{ hasIpv6: false, hasBackups: false, hasMonitoring: false },
  ...{ access: 'mine', addresses: '' },
  ...{ isEndingAt: false, endsAt: '', atAction: 'destroy', idleMinutes: 'never', idleAction: 'destroy' },
  onTrouble: 'ask',
};

export type DraftField =
  | 'name'
  | 'region'
  | 'size'
  | 'image'
  | 'tags'
  | 'addresses'
  | 'endsAt'
  | 'idleMinutes';
export type DraftErrors = Readonly<Partial<Record<DraftField, string>>>;

/** The part of a path in the request that a field of the form stands for. */
const fieldOfPath: readonly (readonly [prefix: string, field: DraftField])[] = [
  ['sshAccess', 'addresses'],
  ['end.idleMinutes', 'idleMinutes'],
  ['end.at', 'endsAt'],
  ['name', 'name'],
  ['region', 'region'],
  ['size', 'size'],
  ['image', 'image'],
  ['tags', 'tags'],
];

/** Rules by path, as `tags.0`, put at the fields of the form; those that no field shows are left out. */
export function atFields(byPath: Readonly<Record<string, string>>): DraftErrors {
  const errors: Partial<Record<DraftField, string>> = {};
  for (const [path, rule] of Object.entries(byPath)) {
    const field = fieldOfPath.find(([prefix]) => path === prefix || path.startsWith(`${prefix}.`))?.[1];
    if (field !== undefined) errors[field] ??= rule;
  }
  return errors;
}

/** Parts between spaces or commas. */
const words = (text: string) => text.split(/[\s,]+/).filter((word) => word !== '');

export interface Chosen {
  readonly cloudId: string;
  readonly name: string;
  readonly region: string | undefined;
  readonly size: string | undefined;
  readonly image: string | undefined;
  readonly hourlyUsd: number;
}

export type ReadDraft = { readonly input: InputOf<'machines.create'> } | { readonly errors: DraftErrors };

/** `nowMs`: epoch milliseconds; an end must be after it. */
export function readMachineDraft(draft: MachineDraft, chosen: Chosen, nowMs: number): ReadDraft {
  const own: Partial<Record<DraftField, string>> = {};
  for (const field of ['region', 'size', 'image'] as const)
    if (chosen[field] === undefined) own[field] = 'must be chosen';
  const endMs = draft.isEndingAt ? Date.parse(draft.endsAt) : null;
  if (endMs !== null && !(endMs > nowMs))
    own.endsAt = Number.isNaN(endMs) ? 'must be a day and a time' : 'must be in the future';
  const read = contract['machines.create'].input.safeParse({
    cloudId: chosen.cloudId,
    name: chosen.name,
    region: chosen.region ?? '',
    size: chosen.size ?? '',
    image: chosen.image ?? '',
    tags: words(draft.tags),
    hasIpv6: draft.hasIpv6,
    hasBackups: draft.hasBackups,
    hasMonitoring: draft.hasMonitoring,
    sshAccess:
      draft.access === 'addresses'
        ? { from: 'addresses', addresses: words(draft.addresses) }
        : { from: draft.access },
    end: {
      at: endMs === null || Number.isNaN(endMs) ? null : new Date(endMs).toISOString(),
      atAction: draft.atAction,
      idleMinutes: draft.idleMinutes === 'never' ? null : Number(draft.idleMinutes),
      idleAction: draft.idleAction,
    },
    onTrouble: draft.onTrouble,
    hourlyUsd: chosen.hourlyUsd,
  });
  const ruled = read.success
    ? {}
    : atFields(
        Object.fromEntries(
          read.error.issues
            .toReversed()
            .map(({ path, message }) => [
              path.map(String).join('.'),
              path[0] === 'sshAccess' ? addressRule : message,
            ]),
        ),
      );
  const errors = { ...ruled, ...own };
  return read.success && Object.keys(errors).length === 0 ? { input: read.data } : { errors };
}

/** The schema's own words for a union of four kinds of addresses help nobody. */
const addressRule = 'must be addresses or ranges as 203.0.113.7 or 203.0.113.0/24, at least one';
