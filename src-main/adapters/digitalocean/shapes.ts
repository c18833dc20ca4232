/**
 * What Berth reads of the API's answers. Unknown fields are welcome, and what Berth can do without may be missing: an API
 * that grows must not break what works. Sizes become bytes, times ISO strings in UTC.
 */
import { z } from 'zod';

export const gib = 2 ** 30;
export const mib = 2 ** 20;

/** Numbers and strings alike: the lists do not agree on what ids of snapshots are. */
export const Id = z.union([z.number().int(), z.string().min(1).max(128)]).transform(String);

/** ISO 8601 in UTC, however the API writes it. */
export const Time = z.string().transform((text, context) => {
  const ms = Date.parse(text);
  if (Number.isFinite(ms)) return new Date(ms).toISOString();
  context.addIssue('not a time');
  return z.NEVER;
});

/** Amounts are text in some answers. */
export const Amount = z
  .union([z.number(), z.string().regex(/^\s*-?\d+(\.\d+)?\s*$/)])
  .transform(Number)
  .pipe(z.number());

/** Prices are 32-bit floats: 0.00744 comes as 0.00743999984115362. */
export const Price = z.number().transform((usd) => Math.round(usd * 100_000) / 100_000);

const Gib = z.number().nonnegative();
/** `null` for none, in tags of snapshots. */
const Tags = z
  .array(z.string())
  .nullish()
  .transform((tags) => tags ?? []);

const Page = z.object({
  links: z.object({ pages: z.object({ next: z.string().optional() }).optional() }).optional(),
  meta: z.object({ total: z.number().int().nonnegative().optional() }).optional(),
});
export interface ListPage<T> {
  readonly items: readonly T[];
  readonly next: string | undefined;
  readonly total: number | undefined;
}
/** A page of a list that stands under `key`. */
export function pageOf<T>(key: string, item: z.ZodType<T>): z.ZodType<ListPage<T>> {
  const List = z.looseObject({ [key]: z.array(item) });
  return z.unknown().transform((value, context): ListPage<T> => {
    const list = List.safeParse(value);
    const page = Page.safeParse(value);
    const issue = list.error?.issues[0] ?? page.error?.issues[0];
    if (issue !== undefined) context.addIssue({ code: 'custom', message: issue.message, path: issue.path });
    return {
      items: (list.data?.[key] ?? []) as readonly T[],
      next: page.data?.links?.pages?.next,
      total: page.data?.meta?.total,
    };
  });
}

export const Account = z.object({
  account: z.object({
    uuid: z.string().min(1),
    email: z.string().optional(),
    name: z.string().optional(),
    status: z.string().optional(),
    status_message: z.string().optional(),
    droplet_limit: z.number().int().optional(),
    team: z.object({ uuid: z.string().min(1), name: z.string().optional() }).nullish(),
  }),
});

export const Balance = z.object({
  month_to_date_usage: Amount,
  month_to_date_balance: Amount,
  generated_at: Time,
});

export const Region = z.object({
  slug: z.string(),
  name: z.string(),
  available: z.boolean(),
  features: z.array(z.string()).optional(),
});

export const Size = z.object({
  slug: z.string(),
  memory: z.number(),
  vcpus: z.number().int(),
  disk: Gib,
  transfer: z.number().optional(),
  price_monthly: z.number(),
  price_hourly: Price,
  regions: z.array(z.string()),
  available: z.boolean().optional(),
  description: z.string().optional(),
  gpu_info: z.object({ count: z.number().optional(), model: z.string().optional() }).nullish(),
});

export const Image = z.object({
  id: Id,
  name: z.string(),
  type: z.string().optional(),
  distribution: z.string().optional(),
  slug: z.string().nullish(),
  regions: z.array(z.string()),
  min_disk_size: Gib.nullish(),
  status: z.string().optional(),
});

const Network = z.object({ ip_address: z.string(), type: z.string().optional() });

export const Droplet = z.object({
  id: Id,
  name: z.string(),
  memory: z.number(),
  vcpus: z.number().int(),
  disk: Gib,
  locked: z.boolean().optional(),
  /** The document says `false` for one of its words: "off", unquoted, is that in YAML 1.1. The API says "off". */
  status: z.union([z.string(), z.literal(false)]),
  created_at: Time,
  features: z.array(z.string()).optional(),
  snapshot_ids: z.array(Id).optional(),
  image: z.object({ id: Id.optional(), slug: z.string().nullish() }).nullish(),
  size: z.object({ price_monthly: z.number(), price_hourly: Price }),
  size_slug: z.string(),
  networks: z.object({ v4: z.array(Network).optional(), v6: z.array(Network).optional() }).optional(),
  region: z.object({ slug: z.string() }),
  tags: Tags,
});
export type Droplet = z.output<typeof Droplet>;

export const Action = z.object({
  id: Id,
  status: z.string(),
  type: z.string(),
  started_at: Time,
  completed_at: Time.nullish(),
  region_slug: z.string().nullish(),
});
export type Action = z.output<typeof Action>;
/** Those of images are shown bare in the document and in a frame by the API. */
export const FramedAction = z.union([z.object({ action: Action }).transform(({ action }) => action), Action]);

export const CreatedDroplet = z.object({
  droplet: Droplet,
  links: z
    .object({ actions: z.array(z.object({ id: Id, rel: z.string().optional() })).optional() })
    .optional(),
});

const snapshotFields = {
  id: Id,
  name: z.string(),
  created_at: Time,
  regions: z.array(z.string()),
  min_disk_size: Gib,
  size_gigabytes: Gib,
};
export const DropletSnapshot = z.object({ ...snapshotFields, type: z.string().optional() });
export const Snapshot = z.object({
  ...snapshotFields,
  resource_id: Id,
  resource_type: z.string(),
  tags: Tags,
});

export const Volume = z.object({
  id: z.string(),
  name: z.string(),
  size_gigabytes: Gib,
  created_at: Time,
  droplet_ids: z.array(Id).nullish(),
  region: z.object({ slug: z.string() }),
  tags: Tags,
});

export const ReservedIp = z.object({
  ip: z.string(),
  region: z.object({ slug: z.string() }),
  droplet: z.object({ id: Id }).nullish(),
});

export const SshKey = z.object({ ssh_key: z.object({ id: Id, fingerprint: z.string().optional() }) });

/** Rules keep what Berth does not know of them: it gives them back as they were. */
const Rule = z.looseObject({ protocol: z.string(), ports: z.string().optional() });
export const Firewall = z.object({
  id: z.string(),
  name: z.string(),
  inbound_rules: z.array(Rule).nullish(),
  outbound_rules: z.array(Rule).nullish(),
  droplet_ids: z.array(z.number()).nullish(),
  tags: Tags,
});
export type Firewall = z.output<typeof Firewall>;
export type FirewallRule = z.output<typeof Rule>;

const Associated = z.object({ id: Id, name: z.string().optional(), cost: Amount.nullish().catch(null) });
export const AssociatedResources = z.object({
  reserved_ips: z.array(Associated).nullish(),
  floating_ips: z.array(Associated).nullish(),
  snapshots: z.array(Associated).nullish(),
  volumes: z.array(Associated).nullish(),
  volume_snapshots: z.array(Associated).nullish(),
});

const Ended = z.object({
  id: Id,
  name: z.string().optional(),
  destroyed_at: z.string().nullish(),
  error_message: z.string().nullish(),
});
export const DestructionStatus = z.object({
  droplet: Ended.nullish(),
  resources: z
    .object({
      reserved_ips: z.array(Ended).nullish(),
      floating_ips: z.array(Ended).nullish(),
      snapshots: z.array(Ended).nullish(),
      volumes: z.array(Ended).nullish(),
      volume_snapshots: z.array(Ended).nullish(),
    })
    .nullish(),
  completed_at: z.string().nullish(),
  failures: z.number().nullish(),
});
/** Names of the lists in both. */
export const associatedKinds = [
  'reserved_ips',
  'floating_ips',
  'snapshots',
  'volumes',
  'volume_snapshots',
] as const;
export type AssociatedKind = (typeof associatedKinds)[number];

/** Answers whose content says nothing. */
export const Nothing = z.unknown();
