/** Bodies as the API gives them, for tests to change what matters to them. */

export const region = {
  name: 'Frankfurt 1',
  slug: 'fra1',
  features: ['backups', 'ipv6', 'metadata', 'image_transfer'],
  available: true,
  sizes: ['s-1vcpu-1gb'],
};

export const size = {
  slug: 's-1vcpu-1gb',
  memory: 1024,
  vcpus: 1,
  disk: 25,
  transfer: 1.0,
  price_monthly: 6.0,
  price_hourly: 0.00892999954521656,
  regions: ['fra1', 'nyc3'],
  available: true,
  description: 'Basic',
};

export function droplet(change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: 3164444,
    name: 'box',
    memory: 1024,
    vcpus: 1,
    disk: 25,
    locked: false,
    status: 'active',
    kernel: null,
    created_at: '2026-01-02T03:00:00Z',
    features: ['droplet_agent', 'private_networking'],
    backup_ids: [],
    next_backup_window: null,
    snapshot_ids: [],
    image: { id: 63663980, name: '12 x64', distribution: 'Debian', slug: 'debian-12-x64', regions: ['fra1'] },
    volume_ids: [],
    size,
    size_slug: 's-1vcpu-1gb',
    networks: {
      v4: [
        { ip_address: '10.128.0.2', netmask: '255.255.0.0', gateway: '10.128.0.1', type: 'private' },
        { ip_address: '203.0.113.7', netmask: '255.255.240.0', gateway: '203.0.113.1', type: 'public' },
      ],
      v6: [],
    },
    region,
    tags: ['berth'],
    vpc_uuid: '760e09ef-dc84-11e8-981e-3cfdfeaae000',
    ...change,
  };
}

export function action(change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: 36804636,
    status: 'in-progress',
    type: 'power_on',
    started_at: '2026-01-02T03:00:00Z',
    completed_at: null,
    resource_id: 3164444,
    resource_type: 'droplet',
    region,
    region_slug: 'fra1',
    ...change,
  };
}

export function snapshot(change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: '6372321',
    name: 'box-1',
    created_at: '2026-01-01T00:00:00Z',
    regions: ['fra1'],
    min_disk_size: 25,
    size_gigabytes: 2.34,
    resource_id: '3164444',
    resource_type: 'droplet',
    tags: null,
    ...change,
  };
}

/** One page that is all of the list. */
export function list(key: string, items: readonly unknown[]): { body: Record<string, unknown> } {
  return { body: { [key]: items, links: {}, meta: { total: items.length } } };
}
