/** States of the pages about snapshots for pictures and flows: a rich timeline, large folders, comparisons, failures. */
import { BerthError } from '#contract/berth-error.ts';
import type {
  EntryChange,
  Snapshot,
  SnapshotComparison,
  SnapshotEntry,
  SnapshotHost,
} from '#contract/snapshots.ts';
import type { Repository } from '#contract/repositories.ts';
import type { Operation } from '#contract/operations.ts';
import { host, project, ready, type Scene, workspace } from './scenes.ts';

const body = (n: number) => String(n).padStart(20, '0');
const gib = 1024 ** 3;
const mib = 1024 ** 2;
const hourMs = 3_600_000;
const before = (ms: number) => new Date(Date.now() - ms).toISOString();
const sha = (text: string) => {
  let state = 7;
  for (const byte of new TextEncoder().encode(text)) state = (state * 31 + byte) >>> 0;
  return Array.from({ length: 8 }, (_, index) =>
    ((state * (index + 3) * 2_654_435_761) >>> 0).toString(16).padStart(8, '0'),
  ).join('');
};

export function snapshot(n: number, hoursAgo: number, more: Partial<Snapshot> = {}): Snapshot {
  return {
    id: `snap_${body(n)}`,
    name: null,
    note: '',
    isPinned: false,
    hostId: `host_${body(1)}`,
    workspaceId: `ws_${body(1)}`,
    workspaceName: 'api-server',
    createdAt: before(hoursAgo * hourMs),
    reason: 'schedule',
    consistency: 'paused',
    frozenMs: 180 + ((n * 97) % 900),
    hadHooks: false,
    isChangedWhileRead: false,
    image: 'debian:12',
    imageDigest: `sha256:${'3f1c9a7e'.repeat(8)}`,
    mountPoint: '/home/dev',
    sizeBytes: Math.round((410 + n * 1.7) * mib),
    contentBytes: Math.round((1.31 + n * 0.006) * gib),
    entryCount: 21_480 + n * 13,
    archiveSha256: sha(`archive ${n}`),
    storage: 'archive',
    repositoryId: null,
    verifiedAt: n % 3 === 0 ? before((hoursAgo - 1) * hourMs) : null,
    problem: null,
    isHostAway: false,
    ...more,
  };
}

const longName = 'before the upgrade of the database, the queue and everything else, as agreed on Tuesday';

const crawler = {
  hostId: `host_${body(2)}`,
  workspaceId: `ws_${body(4)}`,
  workspaceName: 'crawler',
  isHostAway: true,
} as const;
const trainer = {
  hostId: `host_${body(4)}`,
  workspaceId: `ws_${body(5)}`,
  workspaceName: 'trainer',
  image: 'ghcr.io/team/cuda-notebook:12.4-runtime-ubuntu24.04',
  contentBytes: 86 * gib,
  sizeBytes: 31 * gib,
  entryCount: 1_204_331,
} as const;

/** The usual nights of three weeks, and what people made between them. */
const snapshots: readonly Snapshot[] = [
  snapshot(1, 0.4, {
    name: 'before the upgrade',
    note: 'Postgres 16 to 17, and the queue',
    isPinned: true,
    reason: 'person',
    hadHooks: true,
  }),
  snapshot(2, 2.2, { reason: 'safety', frozenMs: null, consistency: 'stopped' }),
  snapshot(3, 3.1, {
    reason: 'person',
    consistency: 'live',
    frozenMs: null,
    isChangedWhileRead: true,
    note: 'While the tests ran',
  }),
  snapshot(4, 5, { ...trainer, frozenMs: 4200 }),
  snapshot(5, 9),
  snapshot(6, 26, {
    problem: {
      code: 'snapshot.corrupt',
      message: '3 of 21,558 files are not what was written: the archive was changed on the host.',
      details: { files: ['api/data.db', 'api/data.db-wal', 'notes.txt'] },
    },
    verifiedAt: before(20 * hourMs),
  }),
  snapshot(7, 28, { name: longName.slice(0, 80), reason: 'person', verifiedAt: before(20 * hourMs) }),
  snapshot(8, 30, {
    workspaceId: `ws_${body(6)}`,
    workspaceName: 'سير العمل',
    name: 'قبل الترقية',
    note: 'نسخة من قاعدة البيانات',
    reason: 'person',
  }),
  snapshot(9, 31, crawler),
  snapshot(10, 49, { consistency: 'live', frozenMs: null }),
  snapshot(11, 51, {
    workspaceId: `ws_${body(77)}`,
    workspaceName: 'old-api',
    name: 'last of old-api',
    isPinned: true,
    reason: 'person',
    consistency: 'stopped',
    frozenMs: null,
  }),
  snapshot(12, 53, {
    ...trainer,
    storage: 'repository',
    repositoryId: `repo_${body(1)}`,
    sizeBytes: 2.1 * gib,
  }),
  snapshot(13, 55, { reason: 'import', name: 'from the old laptop', frozenMs: null, consistency: 'stopped' }),
  snapshot(14, 73, { reason: 'move', frozenMs: null, consistency: 'stopped' }),
  ...Array.from({ length: 22 }, (_, index) => snapshot(15 + index, 75 + index * 19)),
  ...Array.from({ length: 4 }, (_, index) => snapshot(37 + index, 80 + index * 48, crawler)),
].map((one) => ({ ...one, sizeBytes: Math.round(one.sizeBytes) }));

const hosts: readonly SnapshotHost[] = [
  {
    id: `host_${body(1)}`,
    state: 'ready',
    problem: null,
    folder: '/var/lib/berth/snapshots',
    usedBytes: 18.4 * gib,
    freeBytes: 84 * gib,
    totalBytes: 196 * gib,
  },
  {
    id: `host_${body(2)}`,
    state: 'away',
    problem: null,
    folder: '/var/lib/berth/snapshots',
    usedBytes: 6.2 * gib,
    freeBytes: 31 * gib,
    totalBytes: 49 * gib,
  },
  {
    id: `host_${body(3)}`,
    state: 'unavailable',
    problem: {
      code: 'snapshot.tools-missing',
      message: 'zstd is not installed there. Install it with: sudo apt-get install zstd',
      details: { missing: ['zstd'], fix: 'sudo apt-get install zstd' },
    },
    folder: null,
    usedBytes: null,
    freeBytes: null,
    totalBytes: null,
  },
  {
    id: `host_${body(4)}`,
    state: 'ready',
    problem: null,
    folder: '/srv/berth/snapshots',
    usedBytes: 212 * gib,
    freeBytes: 29 * gib,
    totalBytes: 458 * gib,
  },
  {
    id: `host_${body(5)}`,
    state: 'reading',
    problem: null,
    folder: null,
    usedBytes: null,
    freeBytes: null,
    totalBytes: null,
  },
].map((one) => ({
  ...one,
  usedBytes: one.usedBytes === null ? null : Math.round(one.usedBytes),
})) as SnapshotHost[];

const changedAtMs = Date.parse('2026-11-18T14:05:33.120Z');

export function entry(path: string, more: Partial<SnapshotEntry> = {}): SnapshotEntry {
  const kind = more.kind ?? 'file';
  return {
    path,
    kind,
    mode: kind === 'folder' ? 0o755 : 0o644,
    uid: 1000,
    gid: 1000,
    sizeBytes: kind === 'file' ? 400 + path.length * 137 : 0,
    modifiedAtMs: changedAtMs - path.length * 86_400_000,
    sha256: kind === 'file' ? sha(path) : null,
    target: null,
    hasAttributes: false,
    ...more,
  };
}

const folder = (path: string, more: Partial<SnapshotEntry> = {}) => entry(path, { kind: 'folder', ...more });

/** 20,000 entries in one folder, 300 in another, names that are no text, links and everything else. */
const snapshotTree = (): ReadonlyMap<string, readonly SnapshotEntry[]> => {
  const tree = new Map<string, readonly SnapshotEntry[]>();
  tree.set('.', [
    folder('.cache', { mode: 0o700 }),
    folder('.config'),
    folder('api'),
    folder('data'),
    folder('empty'),
    folder('photos'),
    folder('Müßiggang und andere Künste'),
    folder('ملفات'),
    entry('.bash_history', { mode: 0o600, sizeBytes: 12_408 }),
    entry('a name that is so long that no window is wide enough to show all of it at once.backup.tar.gz'),
    entry('caf\\xe9 cr\\xe8me.txt', { sizeBytes: 88 }),
    entry('current', { kind: 'link', target: 'api/releases/2026-11-18', mode: 0o777, sizeBytes: 0 }),
    entry('line\\x0abreak', { sizeBytes: 3 }),
    entry('notes copy.txt', { kind: 'hard-link', target: 'notes.txt', sizeBytes: 1468 }),
    entry('notes.txt', { sizeBytes: 1468 }),
    entry('queue.pipe', { kind: 'fifo', sizeBytes: 0 }),
    entry('run.sh', { mode: 0o4755, hasAttributes: true }),
    entry('two MiB.bin', { sizeBytes: 2 * mib + 321 }),
    entry('تقرير.txt', { sizeBytes: 9120 }),
  ]);
  tree.set('.cache', [entry('.cache/index.db', { sizeBytes: 48 * mib })]);
  tree.set('.config', [folder('.config/git'), entry('.config/starship.toml')]);
  tree.set('.config/git', [entry('.config/git/config')]);
  tree.set('api', [
    folder('api/src'),
    entry('api/data.db', { sizeBytes: 730 * mib }),
    entry('api/package.json', { sizeBytes: 2210 }),
    entry('api/README.md', { sizeBytes: 9001 }),
  ]);
  tree.set('api/src', [folder('api/src/routes'), entry('api/src/server.ts', { sizeBytes: 5120 })]);
  tree.set('api/src/routes', [
    entry('api/src/routes/things.ts', { sizeBytes: 7300 }),
    entry('api/src/routes/users.ts', { sizeBytes: 4120 }),
  ]);
  tree.set('empty', []);
  tree.set('Müßiggang und andere Künste', [entry('Müßiggang und andere Künste/1.txt')]);
  tree.set('ملفات', [entry('ملفات/قائمة.csv')]);
  tree.set(
    'photos',
    Array.from({ length: 300 }, (_, index) =>
      entry(`photos/IMG_${String(2000 + index)}.jpg`, { sizeBytes: (2 + (index % 5)) * mib }),
    ),
  );
  tree.set(
    'data',
    Array.from({ length: 20_000 }, (_, index) => entry(`data/part-${String(index).padStart(5, '0')}.json`)),
  );
  return tree;
};

const change = (
  path: string,
  kind: EntryChange['change'],
  what: EntryChange['what'] = [],
  sizes: readonly [number, number] = [1200, 1900],
): EntryChange => ({
  path,
  change: kind,
  what,
  before:
    kind === 'added'
      ? null
      : entry(path, { sizeBytes: sizes[0], mode: what.includes('mode') ? 0o600 : 0o644 }),
  after:
    kind === 'removed'
      ? null
      : entry(path, {
          sizeBytes: sizes[1],
          modifiedAtMs: changedAtMs,
          sha256: what.includes('content') || kind === 'added' ? sha(`${path} now`) : sha(path),
        }),
});

const changes: readonly EntryChange[] = [
  change('.bash_history', 'changed', ['content', 'time'], [12_408, 12_920]),
  change('api/data.db', 'changed', ['content', 'time'], [730 * mib, 744 * mib]),
  change('api/package.json', 'changed', ['content', 'mode', 'time']),
  change('api/src/routes/orders.ts', 'added', [], [0, 4300]),
  change('api/src/routes/things.ts', 'changed', ['content', 'time'], [7300, 6900]),
  change('api/src/routes/users.ts', 'removed', [], [4120, 0]),
  change('caf\\xe9 cr\\xe8me.txt', 'changed', ['owner']),
  ...Array.from({ length: 40 }, (_, index) =>
    change(`data/new/batch-${String(index).padStart(2, '0')}.json`, 'added', [], [0, 2 * mib]),
  ),
  change('notes.txt', 'changed', ['time'], [1468, 1468]),
  change('ملفات/قائمة.csv', 'removed', [], [9120, 0]),
];

export const comparison: SnapshotComparison = {
  added: changes.filter((one) => one.change === 'added').length,
  removed: 2,
  changed: 6,
  addedBytes: 80 * mib + 4300,
  removedBytes: 13_240,
  isByContent: true,
  changes: [...changes],
  isTruncated: false,
};

const nothing: SnapshotComparison = {
  ...{ added: 0, removed: 0, changed: 0, addedBytes: 0, removedBytes: 0 },
  ...{ isByContent: true, changes: [], isTruncated: false },
};

const verifying: Operation = {
  id: `op_${body(1)}`,
  kind: 'snapshot.verify',
  title: 'Verify before the upgrade of api-server',
  subject: { kind: 'snapshot', id: `snap_${body(1)}`, name: 'before the upgrade' },
  hostId: `host_${body(1)}`,
  state: 'succeeded',
  steps: [],
  error: null,
  canCancel: false,
  startedAt: before(hourMs),
  endedAt: before(hourMs),
};

const repository: Repository = {
  id: `repo_${body(1)}`,
  name: 'the cellar',
  hostId: `host_${body(4)}`,
  place: { kind: 'folder', path: '/mnt/cellar/restic' },
  createdAt: before(900 * hourMs),
  checkedAt: before(30 * hourMs),
  problem: null,
};

const usual: Scene = {
  hosts: [
    host(1, 'atlas', ready(12)),
    host(2, 'do-fra1', {
      phase: 'lost',
      sinceAt: before(600_000),
      attempt: 3,
      retryAt: before(-20_000),
      isWaitingForNetwork: false,
      error: { code: 'host.unreachable', message: 'No answer from 203.0.113.7.', details: {} },
    }),
    host(3, 'This computer', ready(0.4), true),
    host(4, 'a-host-with-a-name-of-forty-characters-x', ready(41)),
    host(5, 'build-farm', ready(8)),
  ],
  workspaces: [
    workspace(1, 'api-server', 1, 'running'),
    workspace(4, 'crawler', 2, 'unknown'),
    workspace(5, 'trainer', 4, 'running'),
    workspace(6, 'سير العمل', 1, 'stopped'),
  ],
  projects: [project],
  operations: [verifying],
  snapshots,
  snapshotHosts: hosts,
  repositories: [repository],
  snapshotTree,
  compare: (_id, otherId) => {
    if (otherId === null) return { ...comparison, isByContent: false };
    // The one made before it: nothing was done in between.
    if (otherId === `snap_${body(5)}`) return nothing;
    return otherId === `snap_${body(15)}` ? { ...comparison, isTruncated: true, added: 20_114 } : comparison;
  },
};

const failure = new BerthError(
  'store.unwritable',
  'The data folder cannot be read: permission denied. Make /home/dev/.local/share/berth readable, then read again.',
  { details: { path: '/home/dev/.local/share/berth', errno: 'EACCES' } },
);

export const snapshotScenes = {
  snapshots: usual,
  'snapshots-few': { ...usual, snapshots: snapshots.slice(0, 5), snapshotHosts: hosts.slice(0, 1) },
  'snapshots-none': { ...usual, snapshots: [], snapshotHosts: hosts.slice(0, 1) },
  'snapshots-many': {
    ...usual,
    snapshotHosts: hosts.slice(0, 1),
    snapshots: Array.from({ length: 1000 }, (_, index) => snapshot(index + 1, index * 1.7 + 0.1)),
  },
  'snapshots-error': { ...usual, snapshots: [], streamErrors: { 'snapshots.watch': failure } },
} satisfies Record<string, Scene>;
