/** What the double tells of what it has: the shapes of the OpenAPI document, in whole, before scopes take from them. */
import {
  type Account,
  type Action,
  type Droplet,
  documentationAddress,
  type Firewall,
  type Image,
  type ReservedIp,
  type SshKey,
  type Volume,
  type VolumeSnapshot,
} from './account.ts';
import type { Json, JsonObject } from './api-document.ts';
import { type Region, type Size, sizes } from './catalogue.ts';

export const regionView = ({ slug, name, available, features }: Region): JsonObject => ({
  slug,
  name,
  available,
  features: [...features],
  sizes: sizes.filter((size) => size.available && size.regions.includes(slug)).map((size) => size.slug),
});

const gpuView = ({ count, model, vram }: NonNullable<Size['gpu']>): JsonObject => ({
  count,
  model,
  vram: { amount: vram, unit: 'gib' },
});

export const sizeView = (size: Size): JsonObject => ({
  slug: size.slug,
  memory: size.memory,
  vcpus: size.vcpus,
  disk: size.disk,
  transfer: size.transfer,
  price_monthly: size.monthly,
  price_hourly: size.hourly,
  regions: [...size.regions],
  available: size.available,
  description: size.description,
  disk_info: [{ type: 'local', size: { amount: size.disk, unit: 'gib' } }],
  ...(size.gpu ? { gpu_info: gpuView(size.gpu) } : {}),
});

export const imageView = (image: Image): JsonObject => ({
  id: image.id,
  name: image.name,
  type: image.kind === 'snapshot' || image.kind === 'backup' ? image.kind : 'base',
  distribution: image.distribution,
  slug: image.slug,
  public: image.dropletId === null,
  regions: [...image.regions],
  created_at: image.createdAt,
  min_disk_size: image.minDisk,
  size_gigabytes: image.sizeGigabytes,
  description: '',
  tags: [...image.tags],
  status: 'available',
  error_message: '',
});

const NETMASK = '255.255.240.0';

export function dropletView(account: Account, droplet: Droplet): JsonObject {
  const { size, region } = droplet;
  const v4: Json[] = [];
  const v6: Json[] = [];
  if (droplet.isAddressTold && droplet.address !== undefined) {
    const inside = `10.${100 + (droplet.id % 50)}.0.${(droplet.id % 250) + 2}`;
    // The private one comes first there, too: whoever takes the first one is wrong.
    v4.push({ ip_address: inside, netmask: NETMASK, gateway: '', type: 'private' });
    const gateway = documentationAddress(1);
    v4.push({ ip_address: droplet.address, netmask: NETMASK, gateway, type: 'public' });
    if (droplet.hasIpv6)
      v6.push({
        ip_address: `2001:db8::${(droplet.id % 65_535).toString(16)}`,
        netmask: 64,
        gateway: '2001:db8::1',
        type: 'public',
      });
  }
  const features = [
    ...(droplet.hasBackups ? ['backups'] : []),
    ...(droplet.hasMonitoring ? ['monitoring'] : []),
    ...(droplet.hasIpv6 ? ['ipv6'] : []),
    'private_networking',
  ];
  return {
    id: droplet.id,
    name: droplet.name,
    memory: size.memory,
    vcpus: size.vcpus,
    disk: droplet.disk,
    disk_info: [{ type: 'local', size: { amount: droplet.disk, unit: 'gib' } }],
    locked: droplet.isLocked,
    status: droplet.status,
    kernel: null,
    created_at: droplet.createdAt,
    features,
    backup_ids: account.snapshotsOf(droplet, 'backup').map(({ id }) => id),
    snapshot_ids: account.snapshotsOf(droplet).map(({ id }) => id),
    next_backup_window: droplet.hasBackups ? { start: account.now(), end: account.now() } : (null as Json),
    image: imageView(droplet.image),
    volume_ids: [...account.volumes.values()]
      .filter(({ dropletId }) => dropletId === droplet.id)
      .map(({ id }) => id),
    size: sizeView(size),
    size_slug: size.slug,
    networks: { v4, v6 },
    region: regionView(region),
    tags: [...droplet.tags],
    vpc_uuid: account.vpcId,
    ...(size.gpu ? { gpu_info: gpuView(size.gpu) } : {}),
  };
}

export const actionView = (action: Action): JsonObject => ({
  id: action.id,
  status: action.status,
  type: action.type,
  started_at: action.startedAt,
  completed_at: action.completedAt,
  resource_id: action.resourceId,
  resource_type: action.resourceType,
  ...(action.region ? { region: regionView(action.region) } : {}),
  region_slug: action.region?.slug ?? null,
});

export const keyView = ({ id, fingerprint, publicKey, name }: SshKey): JsonObject => ({
  id,
  fingerprint,
  name,
  public_key: publicKey,
});

const snapshotBase = (image: Image): JsonObject => ({
  name: image.name,
  created_at: image.createdAt,
  regions: [...image.regions],
  min_disk_size: image.minDisk,
  size_gigabytes: image.sizeGigabytes,
});
/** In the list of a droplet the id is a number… */
export const dropletSnapshotView = (image: Image): JsonObject => ({
  ...snapshotBase(image),
  id: image.id,
  type: image.kind === 'backup' ? 'backup' : 'snapshot',
});
/** …and in the list of all it is a text. */
export const snapshotView = (image: Image): JsonObject => ({
  ...snapshotBase(image),
  id: String(image.id),
  resource_id: String(image.dropletId),
  resource_type: 'droplet',
  tags: [...image.tags],
});
export const volumeSnapshotView = (snapshot: VolumeSnapshot): JsonObject => ({
  id: snapshot.id,
  name: snapshot.name,
  created_at: snapshot.createdAt,
  regions: [snapshot.region.slug],
  min_disk_size: snapshot.minDisk,
  size_gigabytes: snapshot.sizeGigabytes,
  resource_id: snapshot.volumeId,
  resource_type: 'volume',
  tags: [...snapshot.tags],
});

export const volumeView = (volume: Volume): JsonObject => ({
  id: volume.id,
  name: volume.name,
  description: '',
  region: regionView(volume.region),
  size_gigabytes: volume.sizeGigabytes,
  droplet_ids: volume.dropletId === null ? [] : [volume.dropletId],
  created_at: volume.createdAt,
  filesystem_type: 'ext4',
  filesystem_label: '',
  tags: [...volume.tags],
});

export function reservedIpView(account: Account, { ip, region, dropletId }: ReservedIp): JsonObject {
  const droplet = dropletId === null ? undefined : account.droplets.get(dropletId);
  return {
    ip,
    region: regionView(region),
    droplet: droplet ? dropletView(account, droplet) : null,
    locked: false,
    project_id: account.uuid,
  };
}

export const firewallView = (firewall: Firewall): JsonObject => ({
  id: firewall.id,
  name: firewall.name,
  status: firewall.status,
  created_at: firewall.createdAt,
  pending_changes:
    firewall.status === 'waiting' ? [{ droplet_id: 1, removing: false, status: 'waiting' }] : [],
  inbound_rules: firewall.inboundRules as Json[],
  outbound_rules: firewall.outboundRules as Json[],
  droplet_ids: [...firewall.dropletIds],
  tags: [...firewall.tags],
});

export function tagView(account: Account, name: string): JsonObject {
  const has = ({ tags }: { tags: readonly string[] }) => tags.includes(name);
  const count = (all: Iterable<{ tags: readonly string[] }>) => ({ count: [...all].filter(has).length });
  return {
    name,
    resources: {
      droplets: count(account.droplets.values()),
      images: count(account.images.values()),
      volumes: count(account.volumes.values()),
      volume_snapshots: count(account.volumeSnapshots.values()),
    },
  };
}
