/** Accounts, what they offer, and machines, for pictures and flows of the window: the one set-up of all their scenes. */
import type { Cloud, CloudImage, CloudOffer, CloudSize } from '#contract/clouds.ts';
import type { Machine } from '#contract/machines.ts';
import { oceanProvider } from './cloud-replies.ts';

export const body = (n: number) => String(n).padStart(20, '0');
const at = '2026-11-20T09:00:00.000Z';
export const gib = 1024 ** 3;
export const cloudId = (n: number): Cloud['id'] => `cloud_${body(n)}`;
export const machineId = (n: number): Machine['id'] => `mach_${body(n)}`;
export const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
export const ahead = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();

/** One that is ready, may do all, and has told no balance. */
export function cloud(n: number, label: string, more: Partial<Cloud> = {}): Cloud {
  return {
    id: cloudId(n),
    provider: oceanProvider.id,
    label,
    state: { phase: 'ready', checkedAt: at },
    owner: 'Harbour team',
    ...{ standing: 'active', standingMessage: '', machineLimit: 25, machineCount: 4 },
    ...{ balance: null, permissions: [], budget: { monthlyUsd: 50, warnAtPercent: 80 } },
    ...{ reconciledAt: ago(3), clockAheadMs: null, addedAt: at },
    ...more,
  };
}

export const machineCloud: Cloud = cloud(1, 'Work account');

/** The price of an hour follows from that of a month, as providers have it: 672 hours. */
export const size = (
  id: string,
  [cpus, memoryGib, diskGib, monthlyUsd]: readonly [number, number, number, number],
  more: Partial<CloudSize> = {},
): CloudSize => ({
  ...{ id, cpus, monthlyUsd, family: 'Basic', gpu: null, transferBytes: null },
  ...{ memoryBytes: memoryGib * gib, diskBytes: diskGib * gib },
  hourlyUsd: Math.round((monthlyUsd / 672) * 100_000) / 100_000,
  regions: ['fra1', 'nyc3'],
  ...more,
});
export const image = (id: string, name: string, more: Partial<CloudImage> = {}): CloudImage => ({
  ...{ id, name, kind: 'distribution', isSupported: true, minDiskBytes: 7 * gib },
  regions: ['fra1', 'nyc3'],
  ...more,
});

export const machineOffer: CloudOffer = {
  readAt: at,
  regions: [
    { id: 'fra1', name: 'Frankfurt 1', isOpen: true },
    { id: 'nyc3', name: 'New York 3', isOpen: true },
    { id: 'sfo1', name: 'San Francisco 1', isOpen: false },
  ],
  sizes: [
    size('s-1vcpu-1gb', [1, 1, 25, 6]),
    size('s-2vcpu-2gb', [2, 2, 60, 18]),
    size('s-2vcpu-4gb', [2, 4, 80, 24]),
    size('s-4vcpu-8gb', [4, 8, 160, 48]),
    size('c-4', [4, 8, 50, 84], { family: 'CPU-Optimized' }),
    size('s-8vcpu-16gb', [8, 16, 320, 96], { regions: ['nyc3'] }),
  ],
  images: [
    image('debian-12-x64', 'Debian 12'),
    image('ubuntu-24-04-x64', 'Ubuntu 24.04 (LTS)'),
    image('fedora-42-x64', 'Fedora 42', { isSupported: false }),
    image('1234567', 'harbour before the upgrade', { kind: 'snapshot', minDiskBytes: 80 * gib }),
  ],
  snapshotUsdPerGibMonth: 0.06,
  backupShare: 0.2,
};

const off = { at: null, atAction: 'destroy', idleMinutes: null, idleAction: 'destroy' } as const;

/** One that runs, and is the host of the same number. */
export function machine(n: number, name: string, more: Partial<Machine> = {}): Machine {
  return {
    id: machineId(n),
    cloudId: cloudId(1),
    name,
    providerId: String(510_000_000 + n),
    hostId: `host_${body(n)}`,
    life: 'made',
    power: { state: 'on', isBusy: false, readAt: at },
    gate: null,
    trouble: null,
    region: 'fra1',
    size: 's-2vcpu-4gb',
    image: 'debian-12-x64',
    cpus: 2,
    memoryBytes: 4 * gib,
    diskBytes: 80 * gib,
    hourlyUsd: 0.03571,
    monthlyUsd: 24,
    ipv4: `203.0.113.${n}`,
    ipv6: `2001:db8:85a3::8a2e:370:${7330 + n}`,
    tags: ['staging', 'team:harbour'],
    hasBackups: false,
    sshAccess: { from: 'mine' },
    end: off,
    endsAt: null,
    retry: null,
    sleep: null,
    createdAt: ago(60 * 24 * 3),
    ...more,
  };
}
