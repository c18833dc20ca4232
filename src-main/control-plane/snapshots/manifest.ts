/**
 * What a snapshot's folder says of it: the manifest, written once when it was published, and the marks, which change. Both
 * are the host's word, so every field is checked as if a stranger had written it. Pure.
 */
import { z } from 'zod';
import { ErrorShape } from '#contract/berth-error.ts';
import {
  type HostId,
  localOwnerId,
  ProjectId,
  RepositoryId,
  SnapshotId,
  UserId,
  WorkspaceId,
} from '#contract/ids.ts';
import { AccessPassword, ProjectDefinition } from '#contract/projects.ts';
import { Snapshot, SnapshotNote } from '#contract/snapshots.ts';
import { Bytes, DisplayName, Instant } from '#contract/text.ts';

/** What Berth hands to the archiver, to be kept in the manifest. No environment values: they may be secrets. */
export const SnapshotAbout = z.object({
  workspaceId: WorkspaceId,
  workspaceName: z.string().max(200),
  ownerId: UserId,
  projectId: ProjectId.nullable(),
  definition: ProjectDefinition,
  imageDigest: z.string().max(512).nullable(),
  name: DisplayName.nullable(),
  note: SnapshotNote,
  reason: Snapshot.shape.reason,
  consistency: Snapshot.shape.consistency,
  hadHooks: z.boolean(),
  repositoryId: RepositoryId.nullable(),
  /** That its programs asked for a password, and how they got it; never which. A fork gets a new one. */
  accessPassword: AccessPassword.optional(),
});
export type SnapshotAbout = z.infer<typeof SnapshotAbout>;

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const Manifest = z.object({
  format: z.literal(1),
  id: SnapshotId,
  about: SnapshotAbout,
  createdAt: Instant,
  archive: z.object({ sha256: Sha256, bytes: Bytes }),
  entries: z.object({
    count: z.number().int().nonnegative(),
    files: z.number().int().nonnegative(),
    sha256: Sha256,
    contentBytes: Bytes,
  }),
  tarBytes: Bytes,
  allocatedBytes: Bytes,
  isChangedWhileRead: z.boolean(),
  socketsIgnored: z.number().int().nonnegative(),
  isImported: z.boolean().optional(),
  /** Where restic keeps its tar stream. Then `archive` is that stream's digest, and how many bytes it added. */
  repository: z.object({ id: RepositoryId, snapshot: Sha256 }).optional(),
  freeze: z.object({ how: z.string().max(20), frozenMs: z.number().nonnegative().optional() }).nullable(),
});
export type Manifest = z.infer<typeof Manifest>;

export const Marks = z.object({
  name: DisplayName.nullable().optional(),
  note: SnapshotNote.optional(),
  isPinned: z.boolean().optional(),
  verifiedAt: Instant.nullable().optional(),
  problem: ErrorShape.extend({ details: ErrorShape.shape.details.default({}) })
    .nullable()
    .optional(),
});
export type Marks = z.infer<typeof Marks>;

/** A snapshot as the plane remembers it, also while its host is away. */
export const SnapshotRecord = z.object({
  id: SnapshotId,
  hostId: z.custom<HostId>((value) => typeof value === 'string' && value.startsWith('host_')),
  /** Absent in what an older Berth wrote, which had one person. Wins over what the manifest says. */
  ownerId: UserId.default(localOwnerId),
  manifest: Manifest,
  marks: Marks,
  /** What its folder takes on the host's disk. */
  diskBytes: Bytes,
});
export type SnapshotRecord = z.infer<typeof SnapshotRecord>;
/** As a host tells of one. Whose it is follows from its manifest, unless it is known already. */
export type FoundSnapshot = Omit<SnapshotRecord, 'ownerId'>;

export function toSnapshot({ id, hostId, manifest, marks }: SnapshotRecord, isHostAway: boolean): Snapshot {
  const { about, archive, entries } = manifest;
  return {
    id,
    name: marks.name === undefined ? about.name : marks.name,
    note: marks.note ?? about.note,
    isPinned: marks.isPinned ?? false,
    hostId,
    workspaceId: about.workspaceId,
    workspaceName: about.workspaceName,
    createdAt: manifest.createdAt,
    reason: about.reason,
    consistency: about.consistency,
    frozenMs: manifest.freeze?.frozenMs ?? null,
    hadHooks: about.hadHooks,
    isChangedWhileRead: manifest.isChangedWhileRead,
    image: about.definition.image,
    imageDigest: about.imageDigest,
    mountPoint: about.definition.mountPoint,
    sizeBytes: archive.bytes,
    contentBytes: entries.contentBytes,
    entryCount: entries.count,
    archiveSha256: archive.sha256,
    storage: about.repositoryId === null ? 'archive' : 'repository',
    repositoryId: about.repositoryId,
    // Publishing reads every byte back: a new snapshot was verified when it was made.
    verifiedAt: marks.verifiedAt === undefined ? manifest.createdAt : marks.verifiedAt,
    problem: marks.problem ?? null,
    isHostAway,
  };
}

/** What a snapshot is called in a sentence: its name, else when it was made. */
export function labelOf(snapshot: Pick<Snapshot, 'name' | 'createdAt'>): string {
  return snapshot.name ?? `${snapshot.createdAt.slice(0, 16).replace('T', ' ')} UTC`;
}
