/** Workspaces: one person's container and volume for a project, on a host. */
import { z } from 'zod';
import { ErrorShape } from './berth-error.ts';
import { collectionItem } from './collection.ts';
import { bytes, call, stream } from './contract.ts';
import { hostErrorCodes } from './error-codes.ts';
import { HostId, OperationId, ProjectId, SnapshotId, WorkspaceId } from './ids.ts';
import { Operation } from './operations.ts';
import {
  AccessPassword,
  AppDefinition,
  HardeningProfile,
  ImageReference,
  Limits,
  ProjectKind,
} from './projects.ts';
import { Bytes, DisplayName, Instant } from './text.ts';

export const WorkspaceState = z.enum([
  'creating',
  'starting',
  'running',
  'paused',
  'stopping',
  'stopped',
  'destroying',
  /** The engine says that it died and Berth could not mend it; `problem` says why. */
  'failed',
  /** It is in the records and not on its host. */
  'missing',
  /** The host is away; what is shown is the last that was known. */
  'unknown',
]);
export type WorkspaceState = z.infer<typeof WorkspaceState>;

/** What a password may be: printable ASCII without a space at either end, so that no file, shell or prompt changes it. */
export const AccessPasswordText = z
  .string()
  .min(1, 'must not be empty')
  .max(128, 'must have at most 128 characters')
  .regex(/^[!-~]([ -~]*[!-~])?$/, 'must be printable ASCII, without a space at its beginning or end');

export const AccessPasswordWish = AccessPassword.extend({
  /** Null: Berth makes one. */
  value: AccessPasswordText.nullable().default(null),
  variable: AccessPassword.shape.variable.default('PASSWORD'),
  delivery: AccessPassword.shape.delivery.default('environment'),
});

/** Failures of whatever keeps or reads a password. */
const passwordErrorCodes = [
  'credential.keychain-unavailable',
  'credential.vault-locked',
  'credential.write-unverified',
] as const;

export const Workspace = z.object({
  id: WorkspaceId,
  name: DisplayName,
  projectId: ProjectId.nullable(),
  projectName: z.string(),
  hostId: HostId,
  image: z.string(),
  imageDigest: z.string().nullable(),
  mountPoint: z.string(),
  profile: HardeningProfile,
  runtime: z.string(),
  limits: Limits,
  /** What the person wants; Berth compares and mends on every connect and engine event. */
  desired: z.enum(['running', 'stopped']),
  state: WorkspaceState,
  /** The last state that its host told, and when: shown while the host is away. */
  lastKnown: z.object({ state: WorkspaceState, at: Instant }).nullable(),
  problem: ErrorShape.nullable(),
  containerId: z.string().nullable(),
  volumeName: z.string(),
  startedAt: Instant.nullable(),
  createdAt: Instant,
  /** Found on a host by its labels, not made from this database. */
  isAdopted: z.boolean(),
  operationId: OperationId.nullable(),
  /**
   * It was moved and waits for a person to confirm that: the source is stopped and keeps its files, the copy runs on its
   * new host.
   */
  move: z
    .object({ role: z.enum(['source', 'copy']), otherId: WorkspaceId, otherHostId: HostId, movedAt: Instant })
    .nullable(),
  /** One sentence on what happened to it without Berth's doing, as "Stopped on the host, outside Berth". */
  note: z.string().max(500).optional(),
  /** Absent: Berth gives its container no password. */
  accessPassword: AccessPassword.optional(),
  /** Of its project when it was made. */
  kind: ProjectKind.optional(),
  apps: z.array(AppDefinition).optional(),
});
export type Workspace = z.infer<typeof Workspace>;

/** Its state as far as anybody knows: what its host told last, while that is away. Undefined: it never told any. */
export function knownState({
  lastKnown,
  state,
}: Pick<Workspace, 'state' | 'lastKnown'>): WorkspaceState | undefined {
  return state === 'unknown' ? lastKnown?.state : state;
}

/** One reading. Rates are per second over the time since the reading before. */
export const WorkspaceStats = z.object({
  at: Instant,
  /** 1 = one processor wholly used. */
  cpus: z.number(),
  cpuLimit: z.number().nullable(),
  memoryBytes: Bytes,
  memoryLimitBytes: Bytes.nullable(),
  networkInBytesPerSecond: z.number(),
  networkOutBytesPerSecond: z.number(),
  diskReadBytesPerSecond: z.number(),
  diskWriteBytesPerSecond: z.number(),
  pids: z.number().int(),
});
export type WorkspaceStats = z.infer<typeof WorkspaceStats>;

export const KeptVolume = z.object({
  name: z.string(),
  hostId: HostId,
  workspaceName: z.string(),
  createdAt: Instant.nullable(),
  sizeBytes: Bytes.nullable(),
});
export type KeptVolume = z.infer<typeof KeptVolume>;

export const DestroyPlan = z.object({
  workspaceName: z.string(),
  deletes: z.array(z.object({ what: z.string(), detail: z.string() })),
  keeps: z.array(z.object({ what: z.string(), detail: z.string() })),
});
export type DestroyPlan = z.infer<typeof DestroyPlan>;

/** Names of volumes as the engine allows them. */
const VolumeName = z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/, 'must be a volume name');
const byId = z.object({ id: WorkspaceId });

export const workspaceMethods = {
  'workspaces.watch': stream({
    summary: 'All workspaces with their states, then every change',
    scope: 'workspaces.read',
    input: z.object({}),
    item: collectionItem(Workspace),
    errors: [],
    rest: { method: 'GET', path: '/workspaces', shape: 'collection' },
  }),
  'workspaces.create': call({
    summary: 'Begins to make a workspace of a project on a host; the operation pulls, creates and starts',
    scope: 'workspaces.write',
    input: z.object({
      name: DisplayName,
      projectId: ProjectId,
      hostId: HostId,
      /** A kept volume of this host to use in place of a new one. */
      volumeName: VolumeName.nullable(),
      /** A snapshot whose files fill the new volume; it may be of another host. Not together with `volumeName`. */
      snapshotId: SnapshotId.nullable().default(null),
      /** For programs in the container that ask for one. Null: as the project says. */
      accessPassword: AccessPasswordWish.nullable().default(null),
    }),
    output: z.object({ workspace: Workspace, operation: Operation }),
    errors: [
      ...hostErrorCodes,
      ...passwordErrorCodes,
      'workspace.name-taken',
      'workspace.runtime-missing',
      'workspace.volume-in-use',
      'image.invalid-reference',
      'host.disk-full',
      'snapshot.corrupt',
      'snapshot.tools-missing',
      'quota.exceeded',
    ],
    rest: { method: 'POST', path: '/workspaces', creates: 'workspace.id' },
  }),
  'workspaces.ensure': call({
    summary:
      'One’s own workspace of a project or image: found, else made with its project; and started. Two who ask at once get one',
    scope: 'workspaces.write',
    input: z.object({
      /** Absent, and no image either: the only workspace that there is, else one of the image for first workspaces. */
      projectId: ProjectId.nullable().default(null),
      /** Its project is found by its name, else made. Not together with `projectId`. */
      image: ImageReference.nullable().default(null),
      /** Of a new workspace, and where several fit, of the one that is meant. */
      name: DisplayName.nullable().default(null),
      /** Absent: the host for first workspaces, else the only one that is connected. */
      hostId: HostId.nullable().default(null),
      /** False: only what is there. */
      mayCreate: z.boolean().default(true),
      /** Of a new workspace. One that is there keeps its own. */
      accessPassword: AccessPasswordWish.nullable().default(null),
    }),
    /** `operation` is null where it runs already. */
    output: z.object({ workspace: Workspace, operation: Operation.nullable(), isNew: z.boolean() }),
    errors: [
      ...hostErrorCodes,
      ...passwordErrorCodes,
      'conflict',
      'workspace.name-taken',
      'workspace.runtime-missing',
      'host.disk-full',
      'image.invalid-reference',
      'project.name-taken',
      'quota.exceeded',
    ],
    rest: { method: 'POST', path: '/workspaces/ensure' },
  }),
  'workspaces.revealPassword': call({
    summary: 'The password that the programs in its container ask for',
    scope: 'workspaces.write',
    input: byId,
    output: AccessPassword.extend({ password: z.string() }),
    errors: [...passwordErrorCodes, 'credential.missing'],
    rest: { method: 'POST', path: '/workspaces/:id/reveal-password' },
  }),
  'workspaces.changePassword': call({
    summary:
      'Gives it another password. It holds from the next start or restart on, which then makes the container again on its volume',
    scope: 'workspaces.write',
    input: z.object({
      id: WorkspaceId,
      /** Null: Berth makes one. */
      value: AccessPasswordText.nullable().default(null),
      /** Absent: as it was, or PASSWORD in the environment. */
      variable: AccessPassword.shape.variable.optional(),
      delivery: AccessPassword.shape.delivery.optional(),
    }),
    output: Workspace,
    errors: [...passwordErrorCodes, 'conflict'],
    rest: { method: 'POST', path: '/workspaces/:id/password' },
  }),
  'workspaces.start': call({
    summary: 'Wants it running',
    scope: 'workspaces.write',
    input: byId,
    output: Operation,
    errors: [...hostErrorCodes, 'conflict'],
    rest: { method: 'POST', path: '/workspaces/:id/start' },
  }),
  'workspaces.stop': call({
    summary: 'Wants it stopped: SIGTERM, then SIGKILL after the grace time',
    scope: 'workspaces.write',
    input: byId,
    output: Operation,
    errors: [...hostErrorCodes, 'conflict'],
    rest: { method: 'POST', path: '/workspaces/:id/stop' },
  }),
  'workspaces.restart': call({
    summary: 'Stops and starts it',
    scope: 'workspaces.write',
    input: byId,
    output: Operation,
    errors: [...hostErrorCodes, 'conflict'],
    rest: { method: 'POST', path: '/workspaces/:id/restart' },
  }),
  'workspaces.rename': call({
    summary: 'Gives it another name; nothing restarts',
    scope: 'workspaces.write',
    input: z.object({ id: WorkspaceId, name: DisplayName }),
    output: Workspace,
    errors: ['workspace.name-taken', ...hostErrorCodes],
    rest: { method: 'PATCH', path: '/workspaces/:id' },
  }),
  'workspaces.fork': call({
    summary: 'Begins to make another workspace of a snapshot, as the one that it is of was made',
    scope: 'workspaces.write',
    input: z.object({ snapshotId: SnapshotId, name: DisplayName, hostId: HostId.nullable().default(null) }),
    output: z.object({ workspace: Workspace, operation: Operation }),
    errors: [
      ...hostErrorCodes,
      ...passwordErrorCodes,
      'workspace.name-taken',
      'workspace.runtime-missing',
      'host.disk-full',
      'snapshot.corrupt',
      'snapshot.tools-missing',
      'quota.exceeded',
    ],
    rest: { method: 'POST', path: '/snapshots/:snapshotId/fork' },
  }),
  'workspaces.move': call({
    summary:
      'Begins to move it to another host: stops it, copies its files there and checks them; it stays stopped here until the move is confirmed',
    scope: 'workspaces.write',
    input: z.object({ id: WorkspaceId, hostId: HostId }),
    output: Operation,
    errors: [
      ...hostErrorCodes,
      'conflict',
      'workspace.name-taken',
      'workspace.runtime-missing',
      'host.disk-full',
      'snapshot.tools-missing',
      'quota.exceeded',
    ],
    rest: { method: 'POST', path: '/workspaces/:id/move' },
  }),
  'workspaces.confirmMove': call({
    summary: 'Destroys the source of a move with its files; the copy is the workspace from now on',
    scope: 'workspaces.write',
    input: byId,
    output: Operation,
    errors: [...hostErrorCodes, 'conflict'],
    rest: { method: 'POST', path: '/workspaces/:id/move/confirm' },
  }),
  'workspaces.cancelMove': call({
    summary: 'Takes a move back: destroys the copy, and starts the source if it ran',
    scope: 'workspaces.write',
    input: byId,
    output: Operation,
    errors: [...hostErrorCodes, 'conflict'],
    rest: { method: 'POST', path: '/workspaces/:id/move/cancel' },
  }),
  'workspaces.destroyPlan': call({
    summary: 'Says what destroying would delete and what would stay',
    scope: 'workspaces.read',
    input: z.object({ id: WorkspaceId, keepVolume: z.boolean() }),
    output: DestroyPlan,
    errors: [...hostErrorCodes],
    rest: { method: 'GET', path: '/workspaces/:id/destroy-plan' },
  }),
  'workspaces.destroy': call({
    summary: 'Destroys the container and its network; the volume stays unless told otherwise',
    scope: 'workspaces.write',
    input: z.object({ id: WorkspaceId, keepVolume: z.boolean().default(true) }),
    output: Operation,
    errors: [...hostErrorCodes, 'conflict'],
    rest: { method: 'DELETE', path: '/workspaces/:id' },
  }),
  'workspaces.forget': call({
    summary: 'Removes the record of a workspace that is missing from its host, or whose host is gone',
    scope: 'workspaces.write',
    input: byId,
    output: z.object({}),
    errors: ['conflict'],
    rest: { method: 'POST', path: '/workspaces/:id/forget' },
  }),
  'workspaces.stats': stream({
    summary: 'A reading about once a second while it runs',
    scope: 'workspaces.read',
    input: byId,
    item: WorkspaceStats,
    errors: [...hostErrorCodes, 'workspace.not-running'],
    rest: { method: 'GET', path: '/workspaces/:id/stats', shape: 'items' },
  }),
  'workspaces.logs': bytes({
    summary: 'What its first process wrote: the last lines, then (unless told otherwise) what follows',
    scope: 'workspaces.read',
    input: z.object({
      id: WorkspaceId,
      tailLines: z.number().int().min(0).max(100_000).default(1000),
      /** False: ends with what was written until now. */
      isFollowed: z.boolean().default(true),
    }),
    errors: [...hostErrorCodes],
    rest: { method: 'GET', path: '/workspaces/:id/logs', shape: 'text' },
  }),
  'workspaces.keptVolumes': call({
    summary: 'Volumes of destroyed workspaces that are still on a host',
    scope: 'workspaces.read',
    input: z.object({ hostId: HostId }),
    output: z.object({ volumes: z.array(KeptVolume) }),
    errors: [...hostErrorCodes],
    rest: { method: 'GET', path: '/hosts/:hostId/kept-volumes' },
  }),
  'workspaces.destroyVolume': call({
    summary: 'Deletes a kept volume and the files in it, for good',
    scope: 'workspaces.write',
    input: z.object({ hostId: HostId, name: VolumeName }),
    output: Operation,
    errors: [...hostErrorCodes, 'conflict', 'workspace.volume-in-use'],
    rest: { method: 'DELETE', path: '/hosts/:hostId/kept-volumes/:name' },
  }),
};
