/**
 * What of a machine's files is kept while it sleeps, as records say it, and the seam to whoever keeps them: snapshots of its
 * workspaces, in whichever place. Pure shapes; the machine's own part of sleep knows nothing of engines or archives.
 */
import { z } from 'zod';
import { type HostId, OperationId, SnapshotId, UserId, WorkspaceId } from '#contract/ids.ts';
import type { SleepPlace } from '#contract/machines.ts';
import type { StepContext } from '../../operations/operation-definition.ts';
import { Manifest, Marks, SnapshotAbout } from '../../snapshots/manifest.ts';

/** One snapshot that lay on the machine, and where a copy of it sleeps. */
export const KeptSnapshot = z.object({
  id: SnapshotId,
  /** Its copy on another host; as `id` in the archives of this computer. */
  copyId: SnapshotId,
  ownerId: UserId,
  manifest: Manifest,
  marks: Marks,
});
export type KeptSnapshot = z.infer<typeof KeptSnapshot>;

const ImageToKeep = z.object({ reference: z.string(), sizeBytes: z.number() });
export type ImageToKeep = z.infer<typeof ImageToKeep>;
/** A snapshot in a repository as the machine's host lists it; its content is there and not here. */
const KeptList = z.object({
  id: SnapshotId,
  ownerId: UserId,
  manifest: Manifest,
  marks: Marks,
  diskBytes: z.number(),
});
export type KeptList = z.infer<typeof KeptList>;

/** An archive that is made for sleep beside those of files, and unpacked when the machine wakes. */
const side = { id: SnapshotId, copyId: SnapshotId, about: SnapshotAbout };
export const SideArchive = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('images'), ...side, images: z.array(ImageToKeep).min(1) }),
  z.object({ kind: z.literal('lists'), ...side, lists: z.array(KeptList).min(1) }),
]);
export type SideArchive = z.infer<typeof SideArchive>;

/** What is decided before anything is touched. */
export const FilesPlan = z.object({
  workspaces: z.array(
    z.object({
      id: WorkspaceId,
      wasRunning: z.boolean(),
      /** Of its files, as it went to sleep; made by the operation. */
      snapshotId: SnapshotId,
      copyId: SnapshotId,
    }),
  ),
  /** Snapshots that were there before. */
  snapshots: z.array(z.object({ id: SnapshotId, copyId: SnapshotId })),
  /** None where the whole disk is kept. Absent in what an older Berth began. */
  sides: z.array(SideArchive).default([]),
});
export type FilesPlan = z.infer<typeof FilesPlan>;
export type PlannedWorkspace = FilesPlan['workspaces'][number];

/** Its files first: a place that turns out to be too small does so for them. */
export function carriedOf(plan: FilesPlan): Pick<KeptSnapshot, 'id' | 'copyId'>[] {
  return [
    ...plan.workspaces.map(({ snapshotId, copyId }) => ({ id: snapshotId, copyId })),
    ...plan.sides.map(({ id, copyId }) => ({ id, copyId })),
    ...plan.snapshots,
  ];
}

/** The record's `sleep.extra`. */
export const SleepExtra = z.object({
  /** That put it to sleep: by it what it made is found. */
  operationId: OperationId,
  userId: UserId,
  /** What the machine was, for one that does not wake. */
  was: z.object({
    region: z.string(),
    size: z.string(),
    image: z.string(),
    cpus: z.number().nullable(),
    memoryBytes: z.number().nullable(),
    diskBytes: z.number().nullable(),
    hourlyUsd: z.number(),
    monthlyUsd: z.number(),
  }),
  /** A disk must have so much to take the machine's snapshot; 0 where there is none. */
  minDiskBytes: z.number(),
  snapshots: z.array(KeptSnapshot),
  sides: z.array(SideArchive).default([]),
  /** Its hardware may be destroyed: all of the above is kept and was checked. */
  isKept: z.literal(true),
});
export type SleepExtra = z.infer<typeof SleepExtra>;

export type SomeStep = StepContext<unknown>;

export interface FilesSummary {
  readonly workspaces: readonly {
    readonly id: WorkspaceId;
    readonly ownerId: UserId;
    readonly name: string;
    readonly isRunning: boolean;
  }[];
  /** Snapshots that would be carried. */
  readonly snapshots: number;
  /** Images that would be carried: no registry gives them again. */
  readonly images: readonly ImageToKeep[];
  /** As sentences: what the places for workspaces do not keep. */
  readonly loses: readonly string[];
  /** What makes them impossible; null: nothing. */
  readonly problem: string | null;
  /** Bytes that the archives take at most; null: not known. */
  readonly archiveBytes: number | null;
  /** Bytes in use on the machine's disk; null: not known. */
  readonly diskBytes: number | null;
}

/** What sleep asks of workspaces and snapshots. Each may be repeated, and waits for the hosts that it needs. */
export interface SleepFiles {
  /** Throws conflict while an operation is under way on one of the host's workspaces. */
  requireIdle(hostId: HostId): void;
  /** Throws conflict where something can neither come along nor be had again. */
  plan(hostId: HostId, place: SleepPlace, signal: AbortSignal): Promise<FilesPlan>;
  summary(hostId: HostId, signal: AbortSignal): Promise<FilesSummary>;
  /** Throws what the place lacks: conflict, host.not-connected, host.disk-full, store.unwritable. */
  requirePlace(hostId: HostId, place: SleepPlace, signal: AbortSignal): Promise<void>;
  /** Free bytes there; undefined: not known. */
  freeBytes(place: SleepPlace, signal: AbortSignal): Promise<number | undefined>;

  stop(context: SomeStep, hostId: HostId, workspaces: readonly PlannedWorkspace[]): Promise<void>;
  /** Those that ran run again. */
  resume(context: SomeStep, hostId: HostId, workspaces: readonly PlannedWorkspace[]): Promise<void>;
  /** Writes everything that is in memory to the machine's disk. */
  flush(context: SomeStep, hostId: HostId): Promise<void>;

  /** Decides how each archive is made; into the step's memory. */
  prepare(context: SomeStep, hostId: HostId, plan: FilesPlan): Promise<void>;
  archive(context: SomeStep, hostId: HostId, plan: FilesPlan): Promise<void>;
  undoArchive(context: SomeStep, hostId: HostId, plan: FilesPlan): Promise<void>;
  /** Copies all of the plan's snapshots to the place. Throws machine.copy-unverified where one did not arrive whole. */
  carry(context: SomeStep, hostId: HostId, plan: FilesPlan, place: SleepPlace): Promise<void>;
  /** Looks whether all of it is there. Throws machine.copy-unverified. */
  check(context: SomeStep, hostId: HostId, plan: FilesPlan, place: SleepPlace): Promise<KeptSnapshot[]>;
  /** Removes the copies. */
  drop(context: SomeStep, copyIds: readonly SnapshotId[], place: SleepPlace): Promise<void>;

  /** Brings the snapshots back under their own ids. */
  bring(
    context: SomeStep,
    hostId: HostId,
    snapshots: readonly KeptSnapshot[],
    place: SleepPlace,
  ): Promise<void>;
  /** They are on a machine that is away, as far as Berth shows. */
  remember(hostId: HostId, snapshots: readonly KeptSnapshot[], sides: readonly SideArchive[]): Promise<void>;
  /** Of what was brought: images are in the engine again, and lists with the others. */
  unpack(context: SomeStep, hostId: HostId, sides: readonly SideArchive[]): Promise<void>;
  images(context: SomeStep, hostId: HostId, ids: readonly WorkspaceId[]): Promise<void>;
  /** Network, volume and container of each, under its own id; the volume compared with the snapshot of its files. */
  rebuild(
    context: SomeStep,
    hostId: HostId,
    workspaces: readonly { readonly id: WorkspaceId; readonly snapshotId: SnapshotId }[],
  ): Promise<void>;
  /** One whose program does not stay up is logged, and shown with its problem; that is no failure. */
  start(
    context: SomeStep,
    hostId: HostId,
    workspaces: readonly { readonly id: WorkspaceId; readonly wasRunning: boolean }[],
  ): Promise<void>;
  /** They are shown as stopped; nothing on the host is touched. */
  rest(ids: readonly WorkspaceId[]): Promise<void>;
  /** Throws machine.copy-unverified where a workspace lacks its container or its volume. */
  verify(context: SomeStep, hostId: HostId, ids: readonly WorkspaceId[]): Promise<void>;
  /** Removes those that were only made to carry files. */
  dropArchives(context: SomeStep, hostId: HostId, ids: readonly SnapshotId[]): Promise<void>;
  /** Nothing is under way any more: wish and truth are compared again. */
  settled(hostId: HostId): void;
}
