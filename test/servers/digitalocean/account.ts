/**
 * One account at the double: everything that it has, and planting more. Holds what is, and decides nothing: what happens
 * to droplets is in droplet-life.ts, what is shown of it in views.ts.
 */
import { createHash, randomUUID } from 'node:crypto';
import { images, type Region, regions, type Size, sizes } from './catalogue.ts';
import type { DropletOddity } from './faults.ts';

export interface SshKey {
  readonly id: number;
  /** MD5 with colons, as the API's. */
  readonly fingerprint: string;
  readonly publicKey: string;
  name: string;
}

export interface Image {
  readonly id: number;
  readonly slug: string | null;
  name: string;
  readonly distribution: string;
  /** `snapshot` and `backup` are of a droplet of the account. */
  readonly kind: 'distribution' | 'application' | 'snapshot' | 'backup';
  readonly regions: string[];
  readonly createdAt: string;
  /** GiB. */
  readonly minDisk: number;
  readonly sizeGigabytes: number;
  readonly dropletId: number | null;
  tags: string[];
}

export interface Action {
  readonly id: number;
  status: 'in-progress' | 'completed' | 'errored';
  readonly type: string;
  readonly startedAt: string;
  completedAt: string | null;
  readonly resourceId: number;
  readonly resourceType: 'droplet' | 'image';
  readonly region: Region | null;
}

export interface Droplet {
  readonly id: number;
  name: string;
  status: 'new' | 'active' | 'off' | 'archive';
  isLocked: boolean;
  readonly region: Region;
  size: Size;
  /** GiB; stays where a resize leaves the disk. */
  disk: number;
  image: Image;
  readonly createdAt: string;
  tags: string[];
  readonly hasIpv6: boolean;
  readonly hasMonitoring: boolean;
  hasBackups: boolean;
  readonly userData: string;
  readonly keys: readonly SshKey[];
  address: string | undefined;
  isAddressTold: boolean;
  /** Deleted, and still there. */
  isGoing: boolean;
  readonly oddity: DropletOddity;
  deletesIgnored: number;
}

export interface Volume {
  readonly id: string;
  readonly name: string;
  readonly region: Region;
  readonly sizeGigabytes: number;
  readonly createdAt: string;
  dropletId: number | null;
  tags: string[];
}

export interface VolumeSnapshot {
  readonly id: string;
  readonly name: string;
  readonly volumeId: string;
  readonly region: Region;
  readonly sizeGigabytes: number;
  readonly minDisk: number;
  readonly createdAt: string;
  tags: string[];
}

export interface ReservedIp {
  readonly ip: string;
  readonly region: Region;
  dropletId: number | null;
}

export interface Firewall {
  readonly id: string;
  name: string;
  status: 'waiting' | 'succeeded' | 'failed';
  readonly createdAt: string;
  inboundRules: readonly unknown[];
  outboundRules: readonly unknown[];
  dropletIds: number[];
  tags: string[];
}

export interface PlantedDroplet {
  readonly name?: string;
  readonly size?: string;
  readonly region?: string;
  readonly image?: string;
  readonly tags?: readonly string[];
  readonly status?: Droplet['status'];
  readonly hasBackups?: boolean;
  /** Milliseconds before now. */
  readonly ageMs?: number;
  readonly address?: string;
}

export interface AccountOptions {
  readonly name: string;
  readonly dropletLimit: number;
  readonly now: () => Date;
  /** Shared by all accounts: ids are unique at DigitalOcean. */
  readonly nextId: () => number;
}

export const instant = (date: Date) => `${date.toISOString().slice(0, 19)}Z`;

export class Account {
  readonly name: string;
  readonly uuid = randomUUID();
  readonly teamUuid = randomUUID();
  readonly vpcId = randomUUID();
  status: 'active' | 'warning' | 'locked' = 'active';
  statusMessage = '';
  dropletLimit: number;
  balance = { monthToDateUsage: '23.44', monthToDateBalance: '23.44', accountBalance: '0.00' };

  readonly keys = new Map<number, SshKey>();
  readonly droplets = new Map<number, Droplet>();
  readonly actions = new Map<number, Action>();
  readonly images = new Map<number, Image>();
  readonly volumes = new Map<string, Volume>();
  readonly volumeSnapshots = new Map<string, VolumeSnapshot>();
  readonly reservedIps = new Map<string, ReservedIp>();
  readonly firewalls = new Map<string, Firewall>();
  /** Spelt as first; looked up in small letters. */
  readonly tags = new Map<string, string>();

  readonly #now: () => Date;
  readonly #nextId: () => number;

  constructor({ name, dropletLimit, now, nextId }: AccountOptions) {
    this.name = name;
    this.dropletLimit = dropletLimit;
    this.#now = now;
    this.#nextId = nextId;
    for (const { id, slug, distribution, name: title, minDisk, kind } of images)
      this.images.set(id, {
        ...{ id, slug, distribution, kind, minDisk, name: title, tags: [], dropletId: null },
        regions: regions.map((region) => region.slug),
        createdAt: '2026-03-01T12:00:00Z',
        sizeGigabytes: 0,
      });
  }

  now(): string {
    return instant(this.#now());
  }
  nextId(): number {
    return this.#nextId();
  }

  /** Those that still exist, going ones too; oldest first. */
  tagged(tag: string): Droplet[] {
    const wanted = tag.toLowerCase();
    return [...this.droplets.values()].filter(({ tags }) => tags.some((one) => one.toLowerCase() === wanted));
  }
  /** As spelt the first time it was used. */
  useTag(tag: string): string {
    const known = this.tags.get(tag.toLowerCase());
    if (known === undefined) this.tags.set(tag.toLowerCase(), tag);
    return known ?? tag;
  }
  image(identifier: string | number): Image | undefined {
    if (typeof identifier === 'number' || /^\d+$/.test(identifier))
      return this.images.get(Number(identifier));
    return [...this.images.values()].find(({ slug }) => slug === identifier);
  }
  key(identifier: string | number): SshKey | undefined {
    const byId = this.keys.get(Number(identifier));
    return byId ?? [...this.keys.values()].find(({ fingerprint }) => fingerprint === identifier);
  }
  snapshotsOf(droplet: Droplet, kind: 'snapshot' | 'backup' = 'snapshot'): Image[] {
    return [...this.images.values()].filter((image) => image.kind === kind && image.dropletId === droplet.id);
  }
  startAction(
    type: string,
    of: { resourceId: number; resourceType: Action['resourceType']; region: Region | null },
  ): Action {
    const id = this.nextId();
    const action: Action = {
      ...of,
      id,
      type,
      status: 'in-progress',
      startedAt: this.now(),
      completedAt: null,
    };
    this.actions.set(id, action);
    return action;
  }
  endAction(action: Action, status: 'completed' | 'errored' = 'completed'): void {
    action.status = status;
    action.completedAt = this.now();
  }

  // --- planting: what is there already ----------------------------------------------------------------------------

  plantDroplet(wish: PlantedDroplet = {}): Droplet {
    const id = this.nextId();
    const { status = 'active', ageMs = 0, hasBackups = false, tags = [] } = wish;
    const size = sizeOf(wish.size ?? 's-1vcpu-1gb');
    const droplet: Droplet = {
      id,
      name: wish.name ?? `droplet-${id}`,
      status,
      isLocked: false,
      region: regionOf(wish.region ?? size.regions[0] ?? 'nyc1'),
      size,
      disk: size.disk,
      image: this.image(wish.image ?? 'ubuntu-24-04-x64') as Image,
      createdAt: instant(new Date(this.#now().getTime() - ageMs)),
      tags: tags.map((tag) => this.useTag(tag)),
      hasIpv6: false,
      hasMonitoring: false,
      hasBackups,
      userData: '',
      keys: [],
      address: wish.address ?? documentationAddress(id),
      isAddressTold: status !== 'new',
      isGoing: false,
      oddity: {},
      deletesIgnored: 0,
    };
    this.droplets.set(id, droplet);
    return droplet;
  }
  /** As someone has who never cleans up. */
  plantDroplets(count: number, wish: PlantedDroplet = {}): Droplet[] {
    return Array.from({ length: count }, (_, index) =>
      this.plantDroplet({ ...wish, name: `${wish.name ?? 'planted'}-${index + 1}` }),
    );
  }
  plantGpuDroplet(wish: PlantedDroplet = {}): Droplet {
    return this.plantDroplet({ size: 'gpu-h100x1-80gb', ...wish });
  }
  plantSnapshot({
    name = 'planted-snapshot',
    dropletId = 3_164_444,
    sizeGigabytes = 2.36,
    minDisk = 25,
    regionSlugs = ['nyc1'],
    tags = [] as readonly string[],
    kind = 'snapshot' as 'snapshot' | 'backup',
  } = {}): Image {
    const image: Image = {
      ...{ name, minDisk, sizeGigabytes, dropletId, kind },
      id: this.nextId(),
      slug: null,
      distribution: 'Ubuntu',
      regions: [...regionSlugs],
      createdAt: this.now(),
      tags: tags.map((tag) => this.useTag(tag)),
    };
    this.images.set(image.id, image);
    return image;
  }
  plantVolume({
    name = 'planted-volume',
    dropletId = null as number | null,
    sizeGigabytes = 10,
    regionSlug = 'nyc1',
    tags = [] as readonly string[],
  } = {}): Volume {
    const volume: Volume = {
      ...{ name, dropletId, sizeGigabytes, id: randomUUID(), createdAt: this.now() },
      region: regionOf(regionSlug),
      tags: tags.map((tag) => this.useTag(tag)),
    };
    this.volumes.set(volume.id, volume);
    return volume;
  }
  plantVolumeSnapshot({
    name = 'planted-volume-snapshot',
    volumeId = randomUUID() as string,
    sizeGigabytes = 1.5,
    regionSlug = 'nyc1',
    tags = [] as readonly string[],
  } = {}): VolumeSnapshot {
    const snapshot: VolumeSnapshot = {
      ...{ name, volumeId, sizeGigabytes, id: randomUUID(), createdAt: this.now(), minDisk: 10 },
      region: regionOf(regionSlug),
      tags: tags.map((tag) => this.useTag(tag)),
    };
    this.volumeSnapshots.set(snapshot.id, snapshot);
    return snapshot;
  }
  plantReservedIp({ dropletId = null as number | null, regionSlug = 'nyc1' } = {}): ReservedIp {
    const ip = `192.0.2.${this.reservedIps.size + 1}`;
    const reserved: ReservedIp = { ip, dropletId, region: regionOf(regionSlug) };
    this.reservedIps.set(ip, reserved);
    return reserved;
  }
  /** @param publicKey One line: type, base64 and perhaps a comment. */
  plantKey(publicKey: string, name = 'planted-key'): SshKey {
    const key: SshKey = { id: this.nextId(), fingerprint: md5Fingerprint(publicKey), publicKey, name };
    this.keys.set(key.id, key);
    return key;
  }
}

export function sizeOf(slug: string): Size {
  const size = sizes.find((one) => one.slug === slug);
  if (!size) throw new Error(`the double has no size ${slug}`);
  return size;
}
export function regionOf(slug: string): Region {
  const region = regions.find((one) => one.slug === slug);
  if (!region) throw new Error(`the double has no region ${slug}`);
  return region;
}

export function md5Fingerprint(publicKey: string): string {
  const blob = Buffer.from(publicKey.trim().split(/\s+/)[1] ?? '', 'base64');
  const hex = createHash('md5').update(blob).digest('hex');
  return (hex.match(/../g) ?? []).join(':');
}

/** Of the blocks that RFC 5737 keeps for documentation: reaches nobody. */
export function documentationAddress(number: number): string {
  return `${['203.0.113', '198.51.100'][number % 2]}.${(number >> 1) % 254 || 254}`;
}
