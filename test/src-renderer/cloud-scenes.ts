/** Scenes about accounts at providers: a usual month, nothing yet, tokens that fail, machines in every state. */
import { BerthError } from '#contract/berth-error.ts';
import type { Cloud, CloudOffer, CloudSize, CostReport, FoundResource } from '#contract/clouds.ts';
import type { Machine } from '#contract/machines.ts';
import { noCosts } from './cloud-replies.ts';
import {
  ago,
  ahead,
  body,
  cloud as anyCloud,
  cloudId,
  gib,
  image,
  machine as anyMachine,
  machineId,
  size,
} from './machine-fixtures.ts';
import { type Scene, scenes } from './scenes.ts';

const foundId = (n: number): FoundResource['id'] => `found_${body(n)}`;

const granted = ['account:read', 'droplet:create', 'firewall:create'].map((name) => ({
  ...{ name, isGranted: true, isNeeded: true },
  without: 'No droplet can be made.',
}));
const blindToVolumes = {
  ...{ name: 'block_storage:read', isGranted: false, isNeeded: false },
  without: 'Volumes are not seen: they may cost something that is not in these figures.',
};
const blindToAddresses = {
  ...{ name: 'reserved_ip:read', isGranted: false, isNeeded: false },
  without: 'Reserved addresses are not seen.',
};

/** One that does not see everything, with a balance and a month under way. */
const cloud = (n: number, label: string, more: Partial<Cloud> = {}): Cloud =>
  anyCloud(n, label, {
    balance: { monthToDateUsd: 41.18, dueUsd: 12.4, generatedAt: ago(300) },
    permissions: [...granted, blindToVolumes, blindToAddresses],
    ...{ machineCount: 7, budget: { monthlyUsd: 60, warnAtPercent: 80 } },
    ...more,
  });

/** One without a host. */
const machine = (n: number, name: string, more: Partial<Machine> = {}): Machine =>
  anyMachine(n, name, { hostId: null, ipv6: null, tags: [], image: 'debian-13-x64', ...more });

const machines: readonly Machine[] = [
  machine(1, 'api-server', { hasBackups: true, hourlyUsd: 0.04286, monthlyUsd: 28.8 }),
  machine(2, 'build-farm', {
    life: 'creating',
    power: { state: 'new', isBusy: true, readAt: ago(0) },
    gate: { gate: 'ssh', sinceAt: ago(1), limitAt: ahead(4) },
    ipv4: null,
  }),
  machine(3, 'nightly-tests', {
    end: { at: ahead(192), atAction: 'destroy', idleMinutes: 60, idleAction: 'destroy' },
    endsAt: ahead(192),
  }),
  machine(4, 'staging', { power: { state: 'off', isBusy: false, readAt: ago(1) } }),
  machine(5, 'data-lab', {
    life: 'asleep',
    ...{ providerId: null, power: null, ipv4: null, hourlyUsd: 0.14286, monthlyUsd: 96 },
    sleep: {
      place: { kind: 'machine-snapshot' },
      sinceAt: ago(60 * 24 * 3),
      ...{ monthlyUsd: 1.26, sizeBytes: 21 * gib, workspaces: 4 },
    },
  }),
  machine(6, 'trial', {
    life: 'creating',
    trouble: {
      gate: 'setup',
      error: { code: 'machine.overdue', message: 'The set-up has not ended in 15 minutes.', details: {} },
      choices: ['keep-waiting', 'keep', 'destroy'],
      sinceAt: ago(3),
    },
    gate: { gate: 'setup', sinceAt: ago(18), limitAt: ago(3) },
  }),
  machine(7, 'old-worker', { life: 'destroying', power: { state: 'on', isBusy: true, readAt: ago(0) } }),
  machine(8, 'lost-at-sea', { life: 'vanished', power: null }),
];

const costs: CostReport = {
  ...noCosts,
  at: ago(0),
  perHourUsd: 0.18571,
  monthUsd: 50.94,
  hosts: [
    {
      machineId: machineId(1),
      ...{ hostId: null, cloudId: cloudId(1), name: 'api-server', state: 'on' },
      ...{ perHourUsd: 0.04286, monthUsd: 19.71 },
    },
    {
      machineId: machineId(4),
      ...{ hostId: null, cloudId: cloudId(1), name: 'staging', state: 'off' },
      ...{ perHourUsd: 0.03571, monthUsd: 14.2 },
    },
    {
      machineId: null,
      ...{ hostId: null, cloudId: cloudId(1), name: 'load-test', state: 'destroyed' },
      ...{ perHourUsd: 0, monthUsd: 9.03 },
    },
    {
      machineId: machineId(3),
      ...{ hostId: null, cloudId: cloudId(1), name: 'nightly-tests', state: 'on' },
      ...{ perHourUsd: 0.03571, monthUsd: 6.75 },
    },
    {
      machineId: machineId(5),
      ...{ hostId: null, cloudId: cloudId(1), name: 'data-lab', state: 'asleep' },
      ...{ perHourUsd: 0, monthUsd: 1.25 },
    },
  ],
  stored: [
    {
      ...{ cloudId: cloudId(1), kind: 'snapshot', name: 'data-lab asleep', monthlyUsd: 1.26 },
      machineId: machineId(5),
    },
    {
      ...{ cloudId: cloudId(1), kind: 'volume', name: 'training-data', monthlyUsd: 10 },
      machineId: null,
    },
  ],
  budgets: [{ cloudId: cloudId(1), monthlyUsd: 60, spentUsd: 50.94, forecastUsd: 81.4, level: 'near' }],
  blind: ['The token of DigitalOcean may not see volumes: what they cost is not in these figures.'],
};

const found: readonly FoundResource[] = [
  {
    id: foundId(1),
    ...{ cloudId: cloudId(1), kind: 'machine', providerId: '48100001', name: 'berth-fra1-7', region: 'fra1' },
    ...{ createdAt: ago(60 * 31), hourlyUsd: 0.02083, monthlyUsd: 14, sizeBytes: null },
    ...{ origin: 'here', detail: 'This Berth asked for it 31 hours ago and never heard that it was made.' },
    ...{ canAdopt: true, isDismissed: false, foundAt: ago(4) },
  },
  {
    id: foundId(2),
    ...{
      cloudId: cloudId(1),
      kind: 'snapshot',
      providerId: '77',
      name: 'api-server before 2.0',
      region: null,
    },
    ...{ createdAt: ago(60 * 24 * 70), hourlyUsd: null, monthlyUsd: 1.92, sizeBytes: 32 * gib },
    ...{ origin: 'left', detail: 'A snapshot of api-1, which Berth destroyed on 12 September.' },
    ...{ canAdopt: false, isDismissed: false, foundAt: ago(4) },
  },
  {
    id: foundId(3),
    ...{ cloudId: cloudId(1), kind: 'machine', providerId: '48100002', name: 'grace-lab', region: 'nyc3' },
    ...{ createdAt: ago(60 * 24 * 5), hourlyUsd: 0.14286, monthlyUsd: 96, sizeBytes: null },
    ...{ origin: 'elsewhere', detail: 'Another Berth made it 5 days ago.' },
    ...{ canAdopt: true, isDismissed: true, foundAt: ago(60 * 24 * 4) },
  },
];

const everywhere = ['ams3', 'fra1', 'nyc3', 'sgp1'];
const sizeIn = (
  id: string,
  family: string,
  numbers: Parameters<typeof size>[1],
  regions: readonly string[] = everywhere,
): CloudSize => size(id, numbers, { family, regions: [...regions] });

export const offer: CloudOffer = {
  readAt: ago(1),
  regions: [
    { id: 'nyc3', name: 'New York 3', isOpen: true },
    { id: 'ams3', name: 'Amsterdam 3', isOpen: true },
    { id: 'fra1', name: 'Frankfurt 1', isOpen: true },
    { id: 'sgp1', name: 'Singapore 1', isOpen: true },
    { id: 'sfo1', name: 'San Francisco 1', isOpen: false },
  ],
  sizes: [
    sizeIn('s-1vcpu-512mb-10gb', 'Basic', [1, 0.5, 10, 4], ['fra1', 'sgp1']),
    sizeIn('s-1vcpu-1gb', 'Basic', [1, 1, 25, 6]),
    sizeIn('s-1vcpu-2gb', 'Basic', [1, 2, 50, 12]),
    sizeIn('s-2vcpu-2gb', 'Basic', [2, 2, 60, 18], ['nyc3']),
    sizeIn('s-2vcpu-4gb', 'Basic', [2, 4, 80, 24]),
    sizeIn('s-4vcpu-8gb', 'Basic', [4, 8, 160, 48]),
    sizeIn('s-8vcpu-16gb', 'Basic', [8, 16, 320, 96]),
    sizeIn('c-2', 'CPU-Optimized', [2, 4, 25, 42]),
    sizeIn('c-4', 'CPU-Optimized', [4, 8, 50, 84]),
    sizeIn('g-2vcpu-8gb', 'General Purpose', [2, 8, 25, 63]),
    sizeIn('m-2vcpu-16gb', 'Memory-Optimized', [2, 16, 50, 84], ['nyc3', 'fra1']),
    {
      ...sizeIn('gpu-h100x1-80gb', 'GPU', [20, 240, 720, 2522.16], ['nyc3']),
      hourlyUsd: 3.39,
      gpu: 'NVIDIA H100, 80 GiB',
    },
    sizeIn('s-48vcpu-retired', 'Basic', [48, 192, 3840, 1152], []),
  ],
  images: [
    image('debian-12-x64', 'Debian 12', { regions: everywhere }),
    image('debian-13-x64', 'Debian 13', { regions: everywhere }),
    image('ubuntu-24-04-x64', 'Ubuntu 24.04 LTS', { regions: everywhere }),
    image('alpine-3-21-x64', 'Alpine 3.21', { isSupported: false, regions: everywhere }),
    image('170001', 'data-lab asleep', {
      ...{ kind: 'snapshot', isSupported: false, minDiskBytes: 60 * gib, regions: ['nyc3'] },
    }),
  ],
  snapshotUsdPerGibMonth: 0.06,
  backupShare: 0.2,
};

const usual: Scene = { ...scenes.usual, clouds: [cloud(1, 'DigitalOcean')], machines, found, costs, offer };

const failure = new BerthError('store.unwritable', 'The data folder cannot be read: permission denied.');
const long = 'an account whose label has the eighty characters that a name may have here, all ';

export const cloudScenes = {
  clouds: usual,
  'clouds-none': { ...scenes.usual },
  /** A new house with an account: the third door makes a machine. */
  'clouds-first-run': { clouds: [cloud(1, 'DigitalOcean')], offer },
  'clouds-empty': {
    ...scenes.usual,
    clouds: [cloud(1, 'DigitalOcean', { budget: { monthlyUsd: null, warnAtPercent: 80 } })],
    offer,
  },
  'clouds-two': {
    ...usual,
    clouds: [
      cloud(1, 'DigitalOcean'),
      cloud(2, 'A customer’s team', { machineLimit: 3, machineCount: 3, balance: null }),
    ],
  },
  'clouds-over': {
    ...usual,
    costs: {
      ...costs,
      budgets: [{ cloudId: cloudId(1), monthlyUsd: 40, spentUsd: 50.94, forecastUsd: 81.4, level: 'over' }],
    },
  },
  'clouds-trouble': {
    ...scenes.usual,
    clouds: [
      cloud(1, 'Revoked', {
        state: {
          phase: 'refused',
          sinceAt: ago(95),
          error: {
            code: 'cloud.token-refused',
            message: 'DigitalOcean does not accept the token any more: it was revoked, or it has expired.',
            details: { request: 'b61f-77' },
          },
        },
      }),
      cloud(2, 'Away', {
        state: {
          phase: 'unreachable',
          sinceAt: ago(22),
          error: { code: 'cloud.unreachable', message: 'api.example did not answer.', details: {} },
        },
        clockAheadMs: -412_000,
      }),
      cloud(3, 'Locked', {
        standing: 'locked',
        standingMessage: 'Your account has been locked. Contact support about invoice 2026-10.',
        permissions: [
          {
            ...{ name: 'droplet:create', isGranted: false, isNeeded: true },
            without: 'No droplet can be made.',
          },
          {
            ...{ name: 'firewall:create', isGranted: false, isNeeded: true },
            without: 'Nothing can keep others from the SSH server of a droplet.',
          },
          blindToVolumes,
        ],
      }),
      cloud(4, long, {
        standing: 'warning',
        standingMessage: 'Verify your payment method within 7 days.',
        owner: 'somebody-with-a-rather-long-name@and-a-domain-that-is-long-too.example.org',
      }),
      cloud(5, 'خوادم الفريق', {
        state: { phase: 'checking' },
        ...{ owner: null, machineLimit: null, machineCount: null, balance: null, reconciledAt: null },
        permissions: [],
      }),
    ],
    machines: [
      machine(1, 'a-machine-whose-name-has-the-sixty-three-characters-of-a-label', {
        ...{ hourlyUsd: 3.39, monthlyUsd: 2522.16, region: 'nyc3', size: 'gpu-h100x1-80gb' },
      }),
    ],
    costs: {
      ...noCosts,
      ...{ at: ago(0), perHourUsd: 3.39, monthUsd: 1204.55, blind: costs.blind },
      hosts: [
        {
          ...{ machineId: machineId(1), hostId: null, cloudId: cloudId(1), state: 'on' },
          name: 'a-machine-whose-name-has-the-sixty-three-characters-of-a-label',
          ...{ perHourUsd: 3.39, monthUsd: 1204.55 },
        },
      ],
    },
    offer,
  },
  'clouds-errors': {
    ...scenes.usual,
    streamErrors: {
      'clouds.watch': failure,
      'machines.watch': failure,
      'clouds.found': failure,
      'clouds.costs': failure,
    },
  },
} satisfies Record<string, Scene>;
