/**
 * Snapshots: an archive of a workspace's files and its manifest, on the workspace's host. Paths of entries are relative to
 * the mount point, without a leading slash; `.` is the root. Bytes that are no printable UTF-8, and the backslash, stand
 * in them as \xHH, so that every name has one spelling.
 */
import { z } from 'zod';
import { ErrorShape } from './berth-error.ts';
import { collectionItem } from './collection.ts';
import { bytes, call, stream } from './contract.ts';
import { hostErrorCodes } from './error-codes.ts';
import { HostId, RepositoryId, SnapshotId, WorkspaceId } from './ids.ts';
import { Operation } from './operations.ts';
import { ImageReference, ProjectDefinition } from './projects.ts';
import { Bytes, DisplayName, Instant, line } from './text.ts';

/**
 * `paused`: the workspace stood still while it was read (crash-consistent, as after a power cut). `stopped`: its programs
 * had ended. `live`: it went on; files that changed meanwhile may not fit together.
 */
export const Consistency = z.enum(['paused', 'stopped', 'live']);
export type Consistency = z.infer<typeof Consistency>;

/** A command for `/bin/sh -c` in the workspace, by its own user. */
export const HookCommand = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(4_000)
  .refine((value) => !value.includes('\0'), 'must not contain a zero byte');

export const EntryPath = z
  .string()
  .min(1, 'must not be empty')
  .max(16_384)
  .refine(
    (path) => path === '.' || !path.split('/').some((part) => part === '' || part === '.' || part === '..'),
    'must be a path inside the snapshot',
  );

export const SnapshotNote = z.string().trim().max(2_000);

export const Snapshot = z.object({
  id: SnapshotId,
  /** Given by a person, for the command line; unique per workspace. Null: it has none. */
  name: DisplayName.nullable(),
  note: SnapshotNote,
  /** Never deleted by a rule. */
  isPinned: z.boolean(),
  hostId: HostId,
  /** The workspace whose files these are. It may be destroyed by now. */
  workspaceId: WorkspaceId,
  workspaceName: z.string(),
  createdAt: Instant,
  /** `safety`: made before a restore. */
  reason: z.enum(['person', 'schedule', 'safety', 'move', 'import']),
  consistency: Consistency,
  /** Milliseconds for which the workspace stood still. Null: it did not. */
  frozenMs: z.number().nullable(),
  /** A command was run in the workspace before or after. */
  hadHooks: z.boolean(),
  /** Files changed while a live workspace was read. */
  isChangedWhileRead: z.boolean(),
  image: z.string(),
  imageDigest: z.string().nullable(),
  mountPoint: z.string(),
  /** On disk, compressed. For a repository: what this snapshot added to it. */
  sizeBytes: Bytes,
  /** Of its files, as programs see them: holes count. */
  contentBytes: Bytes,
  entryCount: z.number().int().nonnegative(),
  archiveSha256: z.string(),
  storage: z.enum(['archive', 'repository']),
  repositoryId: RepositoryId.nullable(),
  /** When every byte of it was last read and compared, and found good. */
  verifiedAt: Instant.nullable(),
  /** What was wrong at the last verification. */
  problem: ErrorShape.nullable(),
  /** The host is away: what is shown is the last that was known. */
  isHostAway: z.boolean(),
});
export type Snapshot = z.infer<typeof Snapshot>;

/** What snapshots use on a host, and what there is. */
export const SnapshotHost = z.object({
  /** The host's. */
  id: HostId,
  state: z.enum(['ready', 'reading', 'away', 'unavailable']),
  /** Why snapshots cannot be made or read there. */
  problem: ErrorShape.nullable(),
  folder: z.string().nullable(),
  usedBytes: Bytes.nullable(),
  freeBytes: Bytes.nullable(),
  totalBytes: Bytes.nullable(),
});
export type SnapshotHost = z.infer<typeof SnapshotHost>;

/** A restored workspace whose files from before are still there. One click goes back. */
export const RestoreUndo = z.object({
  /** The workspace's. */
  id: WorkspaceId,
  hostId: HostId,
  snapshotId: SnapshotId,
  /** What that snapshot is called in a sentence. */
  snapshotLabel: z.string(),
  restoredAt: Instant,
  /** The volume from before is destroyed then. */
  until: Instant,
  volumeName: z.string(),
  sizeBytes: Bytes.nullable(),
});
export type RestoreUndo = z.infer<typeof RestoreUndo>;

export const SnapshotEntry = z.object({
  path: z.string(),
  kind: z.enum(['file', 'folder', 'link', 'hard-link', 'fifo', 'device']),
  /** Permission bits, as 0o755. */
  mode: z.number().int(),
  uid: z.number().int(),
  gid: z.number().int(),
  sizeBytes: Bytes,
  /** Milliseconds since 1970; may be negative. */
  modifiedAtMs: z.number(),
  sha256: z.string().nullable(),
  /** Where a link leads; for a hard link the path of the entry that it is the same as. */
  target: z.string().nullable(),
  hasAttributes: z.boolean(),
});
export type SnapshotEntry = z.infer<typeof SnapshotEntry>;

export const EntryChange = z.object({
  path: z.string(),
  change: z.enum(['added', 'removed', 'changed']),
  /** What differs. */
  what: z.array(z.enum(['content', 'kind', 'mode', 'owner', 'time', 'target', 'attributes'])),
  before: SnapshotEntry.nullable(),
  after: SnapshotEntry.nullable(),
});
export type EntryChange = z.infer<typeof EntryChange>;

export const SnapshotComparison = z.object({
  added: z.number().int(),
  removed: z.number().int(),
  changed: z.number().int(),
  addedBytes: Bytes,
  removedBytes: Bytes,
  /** False: compared by kind, size, time, mode and owner only (a live workspace is not read through). */
  isByContent: z.boolean(),
  /** In the order of the tree. */
  changes: z.array(EntryChange),
  /** There are more changes than are listed. */
  isTruncated: z.boolean(),
});
export type SnapshotComparison = z.infer<typeof SnapshotComparison>;

export const RestorePlan = z.object({
  workspaceName: z.string(),
  hostName: z.string(),
  snapshotLabel: z.string(),
  /** Its programs and terminals end. */
  isRunning: z.boolean(),
  openTerminals: z.number().int(),
  /** What the workspace's files are now, compared with the snapshot. Null: could not be read. */
  comparison: SnapshotComparison.nullable(),
  /** Files changed outside the mount point (programs installed there); they go with the old container. Null: not known. */
  changesOutside: z.number().int().nullable(),
  mountPoint: z.string(),
  makesSafetySnapshot: z.boolean(),
  needsBytes: Bytes,
  freeBytes: Bytes.nullable(),
  undoUntil: Instant,
});
export type RestorePlan = z.infer<typeof RestorePlan>;

export const SearchHit = z.object({
  path: z.string(),
  /** The snapshots that have it, the newest first; equal content has an equal `sha256`. */
  found: z.array(z.object({ snapshotId: SnapshotId, entry: SnapshotEntry })),
});
export type SearchHit = z.infer<typeof SearchHit>;

const needsHost = [...hostErrorCodes, 'host.disk-full', 'snapshot.tools-missing'] as const;
/** Of what reads a snapshot, for it may be in a repository. */
const needsContent = [
  ...needsHost,
  'snapshot.corrupt',
  'repository.unreachable',
  'repository.wrong-key',
  'credential.missing',
  'credential.keychain-unavailable',
  'credential.vault-locked',
] as const;
const byId = z.object({ id: SnapshotId });

export const snapshotMethods = {
  'snapshots.watch': stream({
    summary: 'All snapshots, then every change',
    scope: 'snapshots.read',
    input: z.object({}),
    item: collectionItem(Snapshot),
    errors: [],
    rest: { method: 'GET', path: '/snapshots', shape: 'collection' },
  }),
  'snapshots.hosts': stream({
    summary: 'What snapshots use on each host, then every change',
    scope: 'snapshots.read',
    input: z.object({}),
    item: collectionItem(SnapshotHost),
    errors: [],
    rest: { method: 'GET', path: '/snapshot-hosts', shape: 'collection' },
  }),
  'snapshots.undos': stream({
    summary: 'Restores that can be taken back, then every change',
    scope: 'snapshots.read',
    input: z.object({}),
    item: collectionItem(RestoreUndo),
    errors: [],
    rest: { method: 'GET', path: '/restore-undos', shape: 'collection' },
  }),
  'snapshots.create': call({
    summary: 'Begins to make a snapshot of a workspace, on its host',
    scope: 'snapshots.write',
    input: z.object({
      workspaceId: WorkspaceId,
      name: DisplayName.nullable().default(null),
      note: SnapshotNote.default(''),
      /** Absent: as the workspace's rules say. */
      consistency: Consistency.optional(),
      beforeCommand: HookCommand.nullable().optional(),
      afterCommand: HookCommand.nullable().optional(),
      /** zstd's long-distance matching: smaller where large files repeat, slower, and 128 MiB to unpack. */
      longMatching: z.boolean().default(false),
      /** Null: an archive on the host. Absent: as the workspace's rules say. */
      repositoryId: RepositoryId.nullable().optional(),
    }),
    output: z.object({ snapshotId: SnapshotId, operation: Operation }),
    errors: [...needsHost, 'conflict', 'snapshot.name-taken', 'quota.exceeded'],
    rest: { method: 'POST', path: '/snapshots' },
  }),
  'snapshots.change': call({
    summary: 'Changes its name, its note, or whether it is pinned',
    scope: 'snapshots.write',
    input: z.object({
      id: SnapshotId,
      name: DisplayName.nullable().optional(),
      note: SnapshotNote.optional(),
      isPinned: z.boolean().optional(),
    }),
    output: Snapshot,
    errors: [...needsHost, 'snapshot.name-taken', 'conflict'],
    rest: { method: 'PATCH', path: '/snapshots/:id' },
  }),
  'snapshots.verify': call({
    summary: 'Reads every byte of a snapshot and compares it with its manifest',
    scope: 'snapshots.write',
    input: byId,
    output: Operation,
    errors: [...needsHost, 'conflict'],
    rest: { method: 'POST', path: '/snapshots/:id/verify' },
  }),
  'snapshots.destroy': call({
    summary: 'Deletes snapshots, for good',
    scope: 'snapshots.write',
    input: z.object({ ids: z.array(SnapshotId).min(1).max(1000) }),
    output: Operation,
    errors: [...needsHost, 'conflict', 'snapshot.pinned'],
    rest: { method: 'POST', path: '/snapshots/destroy' },
  }),
  'snapshots.browse': call({
    summary: 'The entries of one folder of a snapshot, folders first, by name',
    scope: 'snapshots.read',
    input: z.object({
      id: SnapshotId,
      path: EntryPath,
      offset: z.number().int().min(0).default(0),
      limit: z.number().int().min(1).max(1000).default(500),
    }),
    output: z.object({ entries: z.array(SnapshotEntry), total: z.number().int() }),
    errors: [...needsContent],
    rest: { method: 'GET', path: '/snapshots/:id/entries' },
  }),
  'snapshots.search': call({
    summary: 'Entries whose path contains the words, over snapshots: which one still has this file?',
    scope: 'snapshots.read',
    input: z.object({
      /** Words that must all be in the path, case aside; `*` and `?` as in a shell. */
      query: line(200),
      workspaceId: WorkspaceId.nullable().default(null),
      hostId: HostId.nullable().default(null),
      limit: z.number().int().min(1).max(500).default(100),
    }),
    output: z.object({
      hits: z.array(SearchHit),
      isTruncated: z.boolean(),
      /** Snapshots that could not be searched, for their host is away. */
      notSearched: z.number().int(),
    }),
    errors: [...needsHost],
    rest: { method: 'GET', path: '/snapshots/search' },
  }),
  'snapshots.compare': call({
    summary: 'What differs between two snapshots, or between one and the files that the workspace has now',
    scope: 'snapshots.read',
    input: z.object({
      id: SnapshotId,
      /** `before` is the snapshot `id`, `after` is this. Null: the workspace's present files. */
      otherId: SnapshotId.nullable(),
      limit: z.number().int().min(1).max(5000).default(1000),
    }),
    output: SnapshotComparison,
    errors: [...needsHost, 'snapshot.corrupt'],
    rest: { method: 'GET', path: '/snapshots/:id/comparison' },
  }),
  'snapshots.restorePlan': call({
    summary: 'Says exactly what a restore would change, end and keep',
    scope: 'snapshots.read',
    input: byId,
    output: RestorePlan,
    errors: [...needsHost, 'snapshot.corrupt', 'conflict'],
    rest: { method: 'GET', path: '/snapshots/:id/restore-plan' },
  }),
  'snapshots.restore': call({
    summary:
      'Makes a safety snapshot, fills a new volume from this snapshot, checks it, and makes the container again on it',
    scope: 'snapshots.write',
    input: z.object({ id: SnapshotId, makesSafetySnapshot: z.boolean().default(true) }),
    output: Operation,
    errors: [...needsHost, 'conflict', 'snapshot.corrupt', 'quota.exceeded'],
    rest: { method: 'POST', path: '/snapshots/:id/restore' },
  }),
  'snapshots.undoRestore': call({
    summary: 'Takes a restore back: the workspace gets the volume from before',
    scope: 'snapshots.write',
    input: z.object({ workspaceId: WorkspaceId }),
    output: Operation,
    errors: [...needsHost, 'conflict'],
    rest: { method: 'POST', path: '/workspaces/:workspaceId/undo-restore' },
  }),
  'snapshots.endUndo': call({
    summary: 'Destroys the volume from before a restore now',
    scope: 'snapshots.write',
    input: z.object({ workspaceId: WorkspaceId }),
    output: Operation,
    errors: [...needsHost, 'conflict'],
    rest: { method: 'DELETE', path: '/restore-undos/:workspaceId' },
  }),
  'snapshots.read': bytes({
    summary: 'One file of a snapshot as it is, or a folder as a tar archive',
    scope: 'snapshots.read',
    input: z.object({ id: SnapshotId, path: EntryPath }),
    errors: [...needsHost, 'snapshot.corrupt'],
    rest: { method: 'GET', path: '/snapshots/:id/content', shape: 'download', fileName: ':path' },
  }),
  'snapshots.putBack': call({
    summary: 'Puts files or folders of a snapshot back into the workspace; what is there is kept beside them',
    scope: 'snapshots.write',
    input: z.object({ id: SnapshotId, paths: z.array(EntryPath).min(1).max(100) }),
    output: Operation,
    errors: [...needsHost, 'conflict', 'snapshot.corrupt'],
    rest: { method: 'POST', path: '/snapshots/:id/put-back' },
  }),
  'snapshots.export': bytes({
    summary: 'The whole snapshot as a .tar.zst that plain tar opens',
    scope: 'snapshots.read',
    input: byId,
    errors: [...needsContent],
    rest: { method: 'GET', path: '/snapshots/:id/archive', shape: 'download', fileName: ':id.tar.zst' },
  }),
  'snapshots.import': bytes({
    summary:
      'Takes a .tar.zst in: the client sends `sizeBytes` bytes, and the stream ends when it is a snapshot',
    scope: 'snapshots.write',
    input: z.object({
      /** Chosen by the client, so that an import that was cut off is found again. */
      id: SnapshotId,
      hostId: HostId,
      /** The workspace whose snapshot it becomes. Null: of none yet; one can be made of it. */
      workspaceId: WorkspaceId.nullable(),
      name: DisplayName,
      sizeBytes: Bytes.max(16 * 1024 ** 4),
      /** For an archive that was not made by Berth: what a workspace of it is made with. */
      image: ImageReference.nullable(),
      mountPoint: ProjectDefinition.shape.mountPoint.nullable(),
    }),
    errors: [
      ...needsHost,
      'conflict',
      'snapshot.unsafe-archive',
      'snapshot.corrupt',
      'snapshot.name-taken',
      'quota.exceeded',
    ],
    rest: { method: 'PUT', path: '/snapshots/:id/archive', shape: 'upload', sizeField: 'sizeBytes' },
  }),
};
