/** States for pictures and flows of making, restoring, scheduling, forking, moving, exporting and importing. */
import { BerthError } from '#contract/berth-error.ts';
import type { Operation } from '#contract/operations.ts';
import type { Repository } from '#contract/repositories.ts';
import type { SnapshotRules } from '#contract/snapshot-rules.ts';
import type { RestorePlan, RestoreUndo, Snapshot, SnapshotEntry, SnapshotHost } from '#contract/snapshots.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { host, project, ready, type Scene, terminal, workspace } from './scenes.ts';

const body = (n: number) => String(n).padStart(20, '0');
const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();
const hours = 3600;
const days = 24 * hours;
const gib = 1024 ** 3;

/** `n` of workspace 1 on host 1 unless told otherwise. */
export function workSnapshot(n: number, ageSeconds: number, more: Partial<Snapshot> = {}): Snapshot {
  return {
    id: `snap_${body(n)}`,
    name: null,
    note: '',
    isPinned: false,
    hostId: `host_${body(1)}`,
    workspaceId: `ws_${body(1)}`,
    workspaceName: 'api-server',
    createdAt: ago(ageSeconds),
    reason: 'schedule',
    consistency: 'paused',
    frozenMs: 400,
    hadHooks: false,
    isChangedWhileRead: false,
    image: 'debian:12',
    imageDigest: null,
    mountPoint: '/home/dev',
    sizeBytes: Math.round(0.61 * gib) + n * 1_300_000,
    contentBytes: Math.round(1.9 * gib),
    entryCount: 48_211,
    archiveSha256: 'a'.repeat(64),
    storage: 'archive',
    repositoryId: null,
    verifiedAt: null,
    problem: null,
    isHostAway: false,
    ...more,
  };
}

const snapshots: readonly Snapshot[] = [
  workSnapshot(1, 2 * hours, { reason: 'safety', note: '' }),
  workSnapshot(2, 5 * hours, {
    name: 'before the upgrade',
    note: 'PostgreSQL 16 still runs; the migration to 17 begins after this one.',
    ...{ reason: 'person', isPinned: true, verifiedAt: ago(4 * hours) },
  }),
  workSnapshot(3, 11 * hours),
  workSnapshot(4, 17 * hours, { consistency: 'live', frozenMs: null, isChangedWhileRead: true }),
  workSnapshot(5, 23 * hours, {
    problem: { code: 'snapshot.corrupt', message: 'Block 311 of the archive cannot be read.', details: {} },
  }),
  ...Array.from({ length: 9 }, (_, index) => workSnapshot(6 + index, (2 + index * 3) * days)),
  workSnapshot(20, 3 * days, { workspaceId: `ws_${body(2)}`, workspaceName: 'notebook' }),
  workSnapshot(21, 4 * days, { workspaceId: `ws_${body(4)}`, workspaceName: 'crawler' }),
  workSnapshot(22, 9 * days, {
    ...{ hostId: `host_${body(3)}`, workspaceId: `ws_${body(6)}`, workspaceName: 'away', isHostAway: true },
  }),
];

function entry(path: string, sizeBytes: number): SnapshotEntry {
  return {
    ...{ path, kind: 'file', mode: 0o644, uid: 1000, gid: 1000, sizeBytes, modifiedAtMs: 0 },
    ...{ sha256: null, target: null, hasAttributes: false },
  };
}

export const usualPlan: RestorePlan = {
  workspaceName: 'api-server',
  hostName: 'atlas',
  snapshotLabel: 'before the upgrade',
  isRunning: true,
  openTerminals: 2,
  comparison: {
    added: 214,
    removed: 3,
    changed: 61,
    addedBytes: 96_000_000,
    removedBytes: 40_960,
    isByContent: false,
    changes: [
      ...['.cache/pip/http/4/f/a.whl', 'api/node_modules/.package-lock.json'].map((path) => ({
        ...{ path, change: 'added' as const, what: [], before: null, after: entry(path, 48_000_000) },
      })),
      {
        ...{ path: 'api/migrations/0016_drop_column.sql', change: 'removed' as const, what: [] },
        ...{ before: entry('api/migrations/0016_drop_column.sql', 812), after: null },
      },
      {
        path: 'api/a-folder-with-a-rather-long-name/another-one-that-is-longer/config.production.json',
        ...{ change: 'changed' as const, what: ['content' as const] },
        ...{ before: entry('api/config.json', 4_096), after: entry('api/config.json', 4_212) },
      },
    ],
    isTruncated: true,
  },
  changesOutside: 37,
  mountPoint: '/home/dev',
  makesSafetySnapshot: true,
  needsBytes: 2 * gib,
  freeBytes: 84 * gib,
  undoUntil: ago(-24 * hours),
};

const reading: Operation = {
  id: `op_${body(1)}`,
  kind: 'snapshot.create',
  title: 'Take a snapshot of “notebook”',
  subject: { kind: 'workspace', id: `ws_${body(2)}`, name: 'notebook' },
  hostId: `host_${body(1)}`,
  state: 'running',
  steps: [
    {
      ...{ id: 'check', title: 'Check the host', state: 'done', startedAt: ago(26), endedAt: ago(25) },
      ...{ progress: null, note: '' },
    },
    {
      ...{ id: 'read', title: 'Read the files', state: 'running', startedAt: ago(23), endedAt: null },
      progress: {
        ...{ done: Math.round(1.178 * gib), total: Math.round(1.9 * gib), unit: 'bytes' },
        parts: [],
      },
      note: '29,904 entries',
    },
    {
      ...{ id: 'write', title: 'Write the manifest', state: 'waiting', startedAt: null, endedAt: null },
      ...{ progress: null, note: '' },
    },
  ],
  error: null,
  canCancel: true,
  startedAt: ago(26),
  endedAt: null,
};

const use = (n: number, used: number, total: number, more: Partial<SnapshotHost> = {}): SnapshotHost => ({
  id: `host_${body(n)}`,
  state: 'ready',
  problem: null,
  folder: '/var/lib/berth/snapshots',
  usedBytes: Math.round(used * 0.2 * gib),
  freeBytes: Math.round((total - used) * gib),
  totalBytes: total * gib,
  ...more,
});

const rules: SnapshotRules = {
  id: `ws_${body(1)}`,
  schedule: '0 */6 * * *',
  timeZone: 'Europe/Berlin',
  quietHours: { from: '22:00', to: '06:00' },
  consistency: 'paused',
  beforeCommand: 'pg_dump app > ~/app.sql',
  afterCommand: null,
  repositoryId: null,
  keep: { last: 5, hourly: 0, daily: 7, weekly: 4, monthly: 12 },
  nextAt: ago(-3 * hours),
  lastAt: ago(3 * hours),
  problem: null,
};

const undo: RestoreUndo = {
  id: `ws_${body(1)}`,
  hostId: `host_${body(1)}`,
  snapshotId: `snap_${body(2)}`,
  snapshotLabel: 'before the upgrade',
  restoredAt: ago(2 * hours),
  until: ago(-22 * hours),
  volumeName: 'berth-1-before',
  sizeBytes: Math.round(1.9 * gib),
};

const repositories: readonly Repository[] = [
  {
    id: `repo_${body(1)}`,
    name: 'Spaces, Frankfurt',
    hostId: `host_${body(1)}`,
    place: {
      ...{ kind: 's3', endpoint: 'https://fra1.digitaloceanspaces.com', bucket: 'berth', prefix: 'atlas' },
      ...{ region: 'fra1', accessKeyId: 'DO00ABCDEFGH' },
    },
    createdAt: ago(40 * days),
    checkedAt: ago(2 * days),
    problem: null,
  },
  {
    id: `repo_${body(2)}`,
    name: 'NAS in the cellar',
    hostId: `host_${body(1)}`,
    place: {
      ...{ kind: 'sftp', user: 'backup', host: 'nas.example', port: 2222, path: 'berth' },
      hostKey: 'nas.example ssh-ed25519 AAAA',
    },
    createdAt: ago(20 * days),
    checkedAt: ago(9 * days),
    problem: {
      code: 'repository.unreachable',
      message: 'nas.example did not answer in 30 seconds. It may be switched off.',
      details: { host: 'nas.example' },
    },
  },
];

const moved = (role: 'source' | 'copy', otherN: number, otherHostN: number): Workspace['move'] => ({
  role,
  otherId: `ws_${body(otherN)}`,
  otherHostId: `host_${body(otherHostN)}`,
  movedAt: ago(40 * 60),
});

const work: Scene = {
  hosts: [
    host(1, 'atlas', ready(12)),
    host(2, 'do-fra1', ready(31)),
    host(3, 'old-nas', { phase: 'disconnected' }),
    host(4, 'This computer', ready(0.4), true),
  ],
  workspaces: [
    { ...workspace(1, 'api-server', 1, 'running'), startedAt: ago(2 * hours) },
    { ...workspace(2, 'notebook', 1, 'paused'), operationId: reading.id },
    workspace(3, 'scratch', 4, 'stopped'),
    { ...workspace(4, 'crawler', 1, 'stopped'), move: moved('source', 5, 2) },
    { ...workspace(5, 'crawler', 2, 'running'), move: moved('copy', 4, 1) },
    workspace(6, 'away', 3, 'unknown'),
  ],
  terminals: [terminal(1, 'bash', 1), terminal(2, 'npm run dev', 1)],
  projects: [project],
  operations: [reading],
  snapshots,
  snapshotHosts: [use(1, 62, 160), use(2, 73, 80), use(4, 120, 500), use(3, 0, 1, { state: 'away' })],
  snapshotRules: [rules],
  restoreUndos: [undo],
  repositories,
  snapshotWork: { restorePlan: usualPlan },
};

const longName = 'a workspace whose name has the eighty characters that are allowed for one, in all';
const longHost = 'a-host-with-a-name-of-forty-characters-x';
const names: Scene = {
  ...work,
  hosts: [host(1, longHost, ready(12)), host(2, 'خادم التطوير', ready(31))],
  workspaces: [
    workspace(1, longName, 1, 'running'),
    { ...workspace(4, 'سير العمل', 1, 'stopped'), move: moved('source', 5, 2) },
    { ...workspace(5, 'سير العمل', 2, 'running'), move: moved('copy', 4, 1) },
  ],
  snapshots: snapshots.slice(0, 4).map((one, index) => ({
    ...one,
    workspaceName: longName,
    name:
      index === 1 ? 'لقطة قبل الترقية' : index === 2 ? `${'before-the-upgrade-'.repeat(4)}1234` : one.name,
    note: index === 1 ? 'ملاحظة قصيرة عن سبب أخذ هذه اللقطة' : one.note,
  })),
  operations: [],
  snapshotHosts: [use(1, 150, 160)],
  snapshotWork: {
    restorePlan: {
      ...usualPlan,
      workspaceName: longName,
      hostName: longHost,
      mountPoint: '/srv/a/mount/point/that/is/rather/deep/in/the/tree/of/the/container',
    },
  },
};

const failure = new BerthError('store.unwritable', 'The data folder cannot be read: permission denied.', {
  details: { errno: 'EACCES' },
});
const same = { ...usualPlan.comparison!, added: 0, removed: 0, changed: 0, changes: [], isTruncated: false };

export const snapshotWorkScenes = {
  'snapshot-work': work,
  'snapshot-work-names': names,
  'snapshot-work-empty': {
    hosts: [host(1, 'atlas', ready(12))],
    workspaces: [workspace(1, 'api-server', 1, 'running')],
    projects: [project],
  },
  'snapshot-work-errors': {
    ...work,
    streamErrors: {
      'snapshots.watch': failure,
      'snapshotRules.watch': failure,
      'repositories.watch': failure,
    },
  },
  'restore-waits': { ...work, snapshotWork: { restorePlan: 'never' } },
  'restore-fails': {
    ...work,
    snapshotWork: {
      restorePlan: new BerthError(
        'snapshot.corrupt',
        'The manifest of this snapshot does not fit its archive. Verify it to see what is left.',
        { details: { id: `snap_${body(2)}` } },
      ),
    },
  },
  'restore-same': {
    ...work,
    snapshotWork: { restorePlan: { ...usualPlan, comparison: same, changesOutside: 0, openTerminals: 0 } },
  },
  'restore-full': {
    ...work,
    snapshotWork: {
      restorePlan: { ...usualPlan, comparison: null, changesOutside: null, freeBytes: Math.round(0.7 * gib) },
    },
  },
  'import-stalls': { ...work, snapshotWork: { importStallsAt: 1_500_000 } },
} satisfies Record<string, Scene>;
