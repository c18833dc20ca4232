/** Every state of a machine for pictures and flows: made, in the making, in trouble, off, asleep, vanished, about to end. */
import type { DestroyPlan, HibernatePlan, Machine, MachineSnapshot } from '#contract/machines.ts';
import type { LogLine, Operation, OperationStep } from '#contract/operations.ts';
import { ago, ahead, body, gib, machine, machineCloud, machineOffer } from './machine-fixtures.ts';
import { host, project, ready, type Scene, terminal, workspace } from './scenes.ts';

const longName = 'a-machine-whose-name-has-all-the-sixty-three-letters-of-a-label';

function step(
  id: string,
  title: string,
  state: OperationStep['state'],
  more: Partial<OperationStep> = {},
): OperationStep {
  return { id, title, state, startedAt: null, endedAt: null, progress: null, note: '', ...more };
}

const making = (n: number, name: string, at: number): Operation => ({
  id: `op_${body(800 + n)}`,
  kind: 'machine.create',
  title: `Make “${name}”`,
  subject: { kind: 'machine', id: `mach_${body(n)}`, name },
  hostId: null,
  state: 'running',
  steps: [
    step('keys', 'Make its keys', 'done', { startedAt: ago(4), endedAt: ago(3.9) }),
    step('rent', 'Ask for the machine', 'done', { startedAt: ago(3.9), endedAt: ago(3.8) }),
    ...(
      [
        ['gate-action', 'The provider makes the machine'],
        ['gate-address', 'It has an address'],
        ['gate-ssh', 'It answers with the right host key'],
        ['gate-setup', 'It is set up, and its engine answers'],
      ] as const
    ).map(([id, title], index) =>
      index < at
        ? step(id, title, 'done', { startedAt: ago(3.8 - index), endedAt: ago(3.4 - index) })
        : index === at
          ? step(id, title, 'running', { startedAt: ago(1.4), note: 'no answer on port 22 yet' })
          : step(id, title, 'waiting'),
    ),
    step('host', 'Add it as a host', 'waiting'),
  ],
  error: null,
  canCancel: true,
  startedAt: ago(4),
  endedAt: null,
});

const failedDestroy: Operation = {
  ...making(8, 'half-gone', 0),
  kind: 'machine.destroy',
  title: 'Destroy “half-gone”',
  state: 'failed',
  steps: [
    step('plan', 'Look at what is there', 'done', { startedAt: ago(3), endedAt: ago(3) }),
    step('destroy', 'Destroy it', 'failed', { startedAt: ago(3), endedAt: ago(1) }),
  ],
  error: {
    code: 'machine.action-failed',
    message:
      'The volume data-01 is still attached and was not destroyed; the provider says why: resource is locked.',
    details: { left: ['volume data-01'] },
  },
  canCancel: false,
  endedAt: ago(1),
};

const off = { at: null, atAction: 'destroy', idleMinutes: null, idleAction: 'destroy' } as const;
const gateLimits = { sinceAt: ago(1.4), limitAt: ahead(3.6) };

const machines: readonly Machine[] = [
  machine(1, 'do-fra1'),
  machine(2, 'in-the-making', {
    ...{ life: 'creating', hostId: null, ipv6: null, power: { state: 'on', isBusy: false, readAt: ago(1) } },
    gate: { gate: 'ssh', ...gateLimits },
  }),
  machine(3, 'in-trouble', {
    ...{ life: 'creating', hostId: null },
    gate: { gate: 'setup', ...gateLimits },
    trouble: {
      gate: 'setup',
      error: {
        code: 'machine.setup-failed',
        message:
          'Its set-up ended with an error: Docker’s packages could not be fetched. The log of the operation has the last lines of it.',
        details: { exitCode: 1, lastLines: ['E: Unable to locate package docker-ce', 'cc_runcmd failed'] },
      },
      choices: ['keep-waiting', 'retry', 'keep', 'destroy'],
      sinceAt: ago(2),
    },
  }),
  machine(4, 'unfinished', {
    ...{ life: 'incomplete', hostId: null },
    trouble: {
      ...{ gate: 'ssh', choices: [], sinceAt: ago(200) },
      error: {
        code: 'machine.overdue',
        message: 'Nothing answered on port 22 for ten minutes.',
        details: {},
      },
    },
  }),
  machine(5, 'switched-off', {
    power: { state: 'off', isBusy: false, readAt: ago(1) },
    hasBackups: true,
    sshAccess: { from: 'addresses', addresses: ['203.0.113.0/24', '2001:db8::/32'] },
  }),
  machine(6, 'sleeper', {
    ...{ life: 'asleep', providerId: null, ipv4: null, ipv6: null, power: null },
    sleep: {
      place: { kind: 'machine-snapshot' },
      sinceAt: ago(60 * 50),
      monthlyUsd: 0.74,
      sizeBytes: Math.round(12.3 * gib),
      workspaces: 2,
    },
  }),
  machine(7, 'vanished', { life: 'vanished', power: null }),
  machine(8, 'half-gone', { life: 'destroying', hostId: null }),
  machine(10, longName, {
    tags: ['x'.repeat(128), 'a', 'b:c', ...Array.from({ length: 12 }, (_, index) => `tag-number-${index}`)],
    sshAccess: { from: 'anywhere' },
    power: { state: 'on', isBusy: true, readAt: ago(0) },
    end: { ...off, idleMinutes: 240, idleAction: 'hibernate' },
  }),
  machine(12, 'half-asleep', {
    life: 'hibernating',
    sleep: {
      ...{ place: { kind: 'machine-snapshot' }, sinceAt: ago(9), monthlyUsd: 0.74 },
      ...{ sizeBytes: 12 * gib, workspaces: 2 },
    },
    hostId: null,
  }),
  machine(11, 'adopted', {
    sshAccess: null,
    cpus: null,
    memoryBytes: null,
    diskBytes: null,
    power: null,
    tags: [],
    ipv6: null,
    hostId: null,
  }),
];

const ending = machine(9, 'ending-soon', {
  end: { at: ahead(14), atAction: 'destroy', idleMinutes: 120, idleAction: 'hibernate' },
  endsAt: ahead(14),
});

const refused = {
  code: 'cloud.refused',
  message: 'DigitalOcean has locked it: write to them.',
  details: {},
} as const;
/** What Berth does by itself, and could not. */
const retried: readonly Machine[] = [
  machine(13, 'did-not-end', {
    end: { ...off, idleMinutes: 120, idleAction: 'hibernate' },
    ...{ endsAt: ahead(4), hostId: null },
    retry: { why: 'idle', action: 'hibernate', error: refused, failedAt: ago(1), againAt: ahead(4) },
  }),
  machine(15, 'away-from-disk', {
    ...{ life: 'asleep', hostId: null, providerId: null, ipv4: null, ipv6: null, power: null },
    sleep: {
      ...{ place: { kind: 'computer' }, sinceAt: ago(60 * 50), monthlyUsd: null },
      ...{ sizeBytes: 4 * gib, workspaces: 2 },
    },
  }),
  machine(14, 'not-asleep', {
    ...{ life: 'hibernating', hostId: null },
    sleep: {
      ...{ place: { kind: 'machine-snapshot' }, sinceAt: ago(9), monthlyUsd: 0.74 },
      ...{ sizeBytes: 12 * gib, workspaces: 2 },
    },
    retry: { why: 'sleep', action: 'hibernate', error: refused, failedAt: ago(2), againAt: ahead(13) },
  }),
];

const snapshots: readonly MachineSnapshot[] = [
  {
    ...{ id: '180001', name: 'do-fra1 2026-11-19', kind: 'snapshot', createdAt: ago(60 * 20) },
    ...{ sizeBytes: Math.round(9.4 * gib), minDiskBytes: 80 * gib, monthlyUsd: 0.56, regions: ['fra1'] },
  },
  {
    ...{ id: '180002', name: `before the upgrade of ${'everything '.repeat(12)}`, kind: 'snapshot' },
    ...{ createdAt: ago(60 * 24 * 12), sizeBytes: 31 * gib, minDiskBytes: 80 * gib, monthlyUsd: 1.86 },
    regions: ['fra1'],
  },
  {
    ...{ id: '180003', name: 'do-fra1 weekly', kind: 'backup', createdAt: ago(60 * 24 * 5) },
    ...{ sizeBytes: 8 * gib, minDiskBytes: 80 * gib, monthlyUsd: null, regions: ['fra1'] },
  },
];

const onIt = [
  { id: `ws_${body(1)}`, name: 'api-server', isRunning: true },
  { id: `ws_${body(2)}`, name: 'notebook', isRunning: false },
] as const;

const destroyPlan: DestroyPlan = {
  name: 'do-fra1',
  perHourUsd: 0.03571,
  leftovers: [
    { kind: 'volume', id: 'vol-1', name: 'data-01', monthlyUsd: 10 },
    { kind: 'snapshot', id: '180001', name: 'do-fra1 2026-11-19', monthlyUsd: 0.56 },
    { kind: 'address', id: '198.51.100.7', name: '198.51.100.7', monthlyUsd: 5 },
    { kind: 'volume-snapshot', id: 'vs-1', name: 'data-01 nightly', monthlyUsd: null },
  ],
  blind: ['The token may not read reserved addresses of other regions: one of them may stay behind unseen.'],
  workspaces: [...onIt],
  otherWorkspaces: 3,
  snapshots: 4,
};

const hibernatePlan: HibernatePlan = {
  awakeMonthlyUsd: 24,
  places: [
    {
      place: { kind: 'machine-snapshot' },
      label: 'A snapshot of the whole disk at DigitalOcean',
      ...{ sizeBytes: Math.round(12.3 * gib), monthlyUsd: 0.74, problem: null, loses: [] },
    },
    {
      place: { kind: 'host', hostId: `host_${body(12)}` },
      label: 'Snapshots of its workspaces on atlas',
      ...{ sizeBytes: 4 * gib, monthlyUsd: null, problem: null },
      loses: [
        'Everything on its disk outside of workspaces',
        'Images that a registry has: they are pulled again',
      ],
    },
    {
      place: { kind: 'computer' },
      label: 'Archives on this computer',
      ...{ sizeBytes: 4 * gib, monthlyUsd: null, loses: [] },
      problem: 'There are 2.1 GiB free on this computer, and about 4.0 GiB are needed.',
    },
  ],
  workspaces: [...onIt],
  otherWorkspaces: 1,
  snapshots: 4,
  images: [
    { reference: 'berth/browser:9f3c21', sizeBytes: Math.round(1.1 * gib) },
    { reference: 'tools-by-hand:2026-11', sizeBytes: Math.round(0.4 * gib) },
  ],
};

const operationLog: readonly LogLine[] = [
  { at: ago(4), step: 'order', level: 'info', text: 'Asked for s-2vcpu-4gb in fra1' },
  { at: ago(3), step: 'address', level: 'info', text: 'It has the address 203.0.113.2' },
  { at: ago(1), step: 'ssh', level: 'warning', text: 'Connection refused; this is usual for a minute' },
];

const failed = {
  phase: 'failed',
  atAt: ago(5),
  error: { code: 'host.unreachable', message: 'No answer from 203.0.113.6.', details: {} },
} as const;

const scene: Scene = {
  clouds: [machineCloud],
  machines,
  offer: machineOffer,
  hosts: [
    host(1, 'do-fra1', ready(18)),
    host(5, 'switched-off', failed),
    host(6, 'sleeper', failed),
    host(9, 'ending-soon', ready(21)),
    host(10, longName, ready(33)),
    host(12, 'atlas', ready(12)),
  ],
  workspaces: [
    workspace(1, 'api-server', 1, 'running'),
    workspace(2, 'notebook', 1, 'stopped'),
    workspace(3, 'crawler', 6, 'unknown'),
    workspace(4, 'importer', 9, 'running'),
  ],
  terminals: [terminal(1, 'bash', 1)],
  projects: [project],
  operations: [making(2, 'in-the-making', 2), making(3, 'in-trouble', 3), failedDestroy],
  operationLog,
  machineWork: { destroyPlan, hibernatePlan, snapshots },
};

export const machineScenes = {
  machines: scene,
  'machines-ending': { ...scene, machines: [...machines, ending] },
  'machines-retry': { ...scene, machines: [...machines, ...retried] },
  'machines-bare': { ...scene, machineWork: {}, operations: [] },
  'machines-away': {
    ...scene,
    clouds: [
      {
        ...machineCloud,
        state: {
          phase: 'refused',
          sinceAt: ago(90),
          error: {
            code: 'cloud.token-refused',
            message: 'DigitalOcean does not accept the token any more. Make a new one there and replace it.',
            details: {},
          },
        },
      },
    ],
  },
} satisfies Record<string, Scene>;
