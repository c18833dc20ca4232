/**
 * What a workspace is and which state it is in. Pure: no clock, no engine. `deriveState` says what a person sees;
 * `decideMend` says what Berth does about a difference between what is wanted and what is there.
 */
import { BerthError } from '#contract/berth-error.ts';
import { localOwnerId, UserId } from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import { ProjectDefinition } from '#contract/projects.ts';
import { Workspace, type WorkspaceState } from '#contract/workspaces.ts';
import { AccessPasswordRecord, shownPassword } from './access-password.ts';
import { remoteName, withoutValues } from './workspace-spec.ts';
import type { ContainerDetail } from '../interfaces/container-engine.ts';

/**
 * What is kept on disk of a workspace. `definition` is the project as it was when the workspace was made, without
 * environment values: those are read from the project at each making and are in no other place.
 */
const RecordShape = Workspace.pick({
  id: true,
  name: true,
  projectId: true,
  hostId: true,
  imageDigest: true,
  desired: true,
  lastKnown: true,
  problem: true,
  volumeName: true,
  createdAt: true,
  isAdopted: true,
  note: true,
}).extend({
  /** Absent in what an older Berth wrote, which had one person. Wins over the labels of what is on the host. */
  ownerId: UserId.default(localOwnerId),
  definition: ProjectDefinition,
  /** False until its creation has ended well; such a record without an operation is taken away at start. */
  isMade: Workspace.shape.isAdopted,
  /** It ends again and again, or did not start: left alone until a person starts it. `problem` says why. */
  hasGivenUp: Workspace.shape.isAdopted,
  /** Set from its making for the copy of a move. */
  move: Workspace.shape.move.default(null),
  /** The operation that froze it. It is thawed when that operation is no longer under way. */
  pausedBy: Workspace.shape.operationId,
  accessPassword: AccessPasswordRecord.nullable().default(null),
  /** The run that `note` is about, by when it began: of a later one it says nothing. Null: about none, as that it was stopped. */
  noteStartedAt: Workspace.shape.startedAt.default(null),
});
export type WorkspaceRecord = ReturnType<typeof RecordShape.parse>;
export function parseWorkspaceRecord(value: unknown): WorkspaceRecord {
  return RecordShape.parse(value);
}

/** A workspace of which nothing is made yet. `volumeName` null: one of its own. */
export function newRecord(wish: {
  readonly id: WorkspaceRecord['id'];
  readonly name: string;
  readonly hostId: WorkspaceRecord['hostId'];
  readonly ownerId: WorkspaceRecord['ownerId'];
  readonly projectId: WorkspaceRecord['projectId'];
  readonly definition: ProjectDefinition;
  readonly volumeName: string | null;
  readonly accessPassword: WorkspaceRecord['accessPassword'];
  readonly createdAt: string;
}): WorkspaceRecord {
  return {
    id: wish.id,
    name: wish.name,
    projectId: wish.projectId,
    hostId: wish.hostId,
    ownerId: wish.ownerId,
    definition: withoutValues(wish.definition),
    imageDigest: null,
    desired: 'running',
    lastKnown: null,
    problem: null,
    volumeName: wish.volumeName ?? remoteName(wish.id),
    createdAt: wish.createdAt,
    isAdopted: false,
    isMade: false,
    hasGivenUp: false,
    pausedBy: null,
    accessPassword: wish.accessPassword,
    move: null,
    noteStartedAt: null,
  };
}

/** What a host told of a workspace's container. `null`: it has none. */
export type Observed = Pick<
  ContainerDetail,
  'id' | 'state' | 'startedAt' | 'exitCode' | 'isOutOfMemory' | 'error'
> | null;

export interface StateInputs {
  readonly record: Pick<WorkspaceRecord, 'desired' | 'hasGivenUp'> & Partial<Pick<WorkspaceRecord, 'isMade'>>;
  /** Undefined: the host is away or has not been read since it came back. */
  readonly observed: Observed | undefined;
  readonly operation: Pick<Operation, 'kind' | 'state'> | undefined;
  /** True between the end of a container and the decision what to do about it. */
  readonly isDeciding: boolean;
}

/** Between two containers there is none, and one that such an operation has stopped is stopped on purpose. */
const makesContainerAgain: ReadonlySet<string> = new Set<Operation['kind']>([
  'snapshot.create',
  'snapshot.restore',
  'snapshot.undo-restore',
  'workspace.move',
]);

export function deriveState({ record, observed, operation, isDeciding }: StateInputs): WorkspaceState {
  if (operation?.kind === 'workspace.create')
    return operation.state === 'undoing' ? 'destroying' : 'creating';
  // The copy of a move that is under way.
  if (record.isMade === false) return 'creating';
  if (operation?.kind === 'workspace.destroy') return 'destroying';
  if (observed === undefined) return 'unknown';
  if (operation !== undefined && makesContainerAgain.has(operation.kind)) {
    if (observed === null) return 'stopped';
    if (observed.state === 'exited' || observed.state === 'created') return 'stopped';
  }
  if (operation?.kind === 'workspace.stop') return observed?.state === 'exited' ? 'stopped' : 'stopping';
  if (operation?.kind === 'workspace.start' || operation?.kind === 'workspace.restart') return 'starting';
  if (observed === null) return 'missing';
  switch (observed.state) {
    case 'running':
      return 'running';
    case 'paused':
      return 'paused';
    case 'restarting':
      return 'starting';
    case 'removing':
      return 'destroying';
    case 'created':
    case 'exited':
    case 'dead':
      if (record.desired === 'stopped' || isDeciding) return 'stopped';
      return record.hasGivenUp ? 'failed' : 'starting';
    default:
      return observed.state satisfies never;
  }
}

/** Milliseconds between restarts of a container that ends by itself; after the last one Berth gives up. */
export const restartDelaysMs = [0, 1_000, 2_000, 4_000, 8_000] as const;
/** Ends further back than this do not count against it: a crash a day is not a crash loop. */
export const restartWindowMs = 300_000;

export type Mend =
  | { kind: 'none' }
  /** Start it after `afterMs`. */
  | { kind: 'start'; afterMs: number }
  | { kind: 'unpause' }
  /** It was stopped on the host by somebody else: that is what the person wants now. */
  | { kind: 'follow-stop' }
  /** It was started on the host by somebody else. */
  | { kind: 'follow-start' }
  /** It ends again and again. `mustStop`: the engine's own restart policy would go on for ever. */
  | { kind: 'give-up'; mustStop: boolean };

export interface MendInputs {
  readonly record: Pick<WorkspaceRecord, 'desired' | 'hasGivenUp' | 'pausedBy'>;
  readonly observed: Observed;
  /** How often it ended by itself within `restartWindowMs`. */
  readonly recentEnds: number;
  /** Somebody told the engine to stop it, and it was not Berth. */
  readonly wasStoppedOutside: boolean;
  readonly isPausingUnderWay: boolean;
}

/**
 * Desired state wins over what crashed or was cut off; a person's own act on the host wins over desired state. A
 * container that should be stopped and runs was started by somebody: `unless-stopped` never brings one back by itself
 * (measured: not after a kill of the engine, its stop, or a power cut).
 */
export function decideMend(inputs: MendInputs): Mend {
  const { record, observed } = inputs;
  if (observed === null) return { kind: 'none' };
  const tooOften = inputs.recentEnds > restartDelaysMs.length;
  switch (observed.state) {
    case 'running':
      return record.desired === 'stopped' ? { kind: 'follow-start' } : { kind: 'none' };
    case 'paused':
      return record.pausedBy !== null && !inputs.isPausingUnderWay ? { kind: 'unpause' } : { kind: 'none' };
    case 'restarting':
      return tooOften ? { kind: 'give-up', mustStop: true } : { kind: 'none' };
    case 'created':
    case 'exited':
    case 'dead':
      if (record.desired === 'stopped' || record.hasGivenUp) return { kind: 'none' };
      if (inputs.wasStoppedOutside) return { kind: 'follow-stop' };
      if (tooOften) return { kind: 'give-up', mustStop: false };
      return { kind: 'start', afterMs: restartDelaysMs[Math.max(0, inputs.recentEnds - 1)] ?? 0 };
    case 'removing':
      return { kind: 'none' };
    default:
      return observed.state satisfies never;
  }
}

/** Why a container is down, in words, from what the engine says of it and the `oom` events that it sent. */
export function endCause(
  observed: NonNullable<Observed>,
  sawOutOfMemory: boolean,
  memoryLimitBytes: number | null,
): BerthError {
  if (observed.isOutOfMemory || sawOutOfMemory) return outOfMemory(memoryLimitBytes, 'the workspace ended');
  const exitCode = observed.exitCode;
  if (observed.error !== '')
    return new BerthError(
      'workspace.start-failed',
      `The engine could not start the workspace: ${observed.error.slice(0, 500)}`,
      { details: { exitCode } },
    );
  return new BerthError(
    'workspace.exited',
    `The first process of the workspace ended${exitCode === null ? '' : ` with exit code ${exitCode}`}${exitMeaning(exitCode)}. Its log says more.`,
    { details: { exitCode } },
  );
}

export function outOfMemory(memoryLimitBytes: number | null, consequence: string): BerthError {
  const limit =
    memoryLimitBytes === null
      ? 'the memory of its host was used up'
      : `it reached its memory limit of ${Math.round(memoryLimitBytes / 1024 ** 2)} MiB`;
  return new BerthError(
    'workspace.out-of-memory',
    `The kernel ended a process of the workspace because ${limit}; ${consequence}. Give its project more memory, or run less in it.`,
    { details: { memoryLimitBytes } },
  );
}

/** Exit codes that shells and the kernel give a meaning (128 + signal number, signal(7)). */
const exitMeanings: Readonly<Record<number, string>> = {
  126: 'found, but could not be run',
  127: 'the program does not exist in the image',
  137: 'ended by SIGKILL',
  139: 'it crashed: SIGSEGV',
  143: 'ended by SIGTERM',
};

function exitMeaning(exitCode: number | null): string {
  const meaning = exitCode === null ? undefined : exitMeanings[exitCode];
  return meaning === undefined ? '' : ` (${meaning})`;
}

export function observedOf(detail: ContainerDetail | undefined): Observed {
  if (detail === undefined) return null;
  const { id, state, startedAt, exitCode, isOutOfMemory, error } = detail;
  return { id, state, startedAt, exitCode, isOutOfMemory, error };
}

export interface WorkspaceView {
  readonly record: WorkspaceRecord;
  readonly projectName: string;
  readonly observed: Observed | undefined;
  readonly operation: Operation | undefined;
  readonly isDeciding: boolean;
}

export function toWorkspace(view: WorkspaceView): Workspace {
  const { record, observed, operation } = view;
  const state = deriveState(view);
  const isUp = observed?.state === 'running' || observed?.state === 'paused';
  return {
    id: record.id,
    name: record.name,
    projectId: record.projectId,
    projectName: view.projectName,
    hostId: record.hostId,
    image: record.definition.image,
    imageDigest: record.imageDigest,
    mountPoint: record.definition.mountPoint,
    profile: record.definition.profile,
    runtime: record.definition.runtime,
    limits: record.definition.limits,
    desired: record.desired,
    state,
    lastKnown: record.lastKnown,
    problem: record.problem,
    containerId: observed?.id ?? null,
    volumeName: record.volumeName,
    startedAt: isUp ? observed.startedAt : null,
    createdAt: record.createdAt,
    isAdopted: record.isAdopted,
    operationId: operation?.id ?? null,
    move: record.move,
    ...(record.definition.kind === undefined ? {} : { kind: record.definition.kind }),
    ...(record.definition.apps === undefined ? {} : { apps: record.definition.apps }),
    ...(record.note === undefined || isOfAnEarlierRun(view) ? {} : { note: record.note }),
    ...(record.accessPassword === null ? {} : { accessPassword: shownPassword(record.accessPassword) }),
  };
}

function isOfAnEarlierRun({ observed, record: { noteStartedAt } }: WorkspaceView): boolean {
  const startedAt = observed?.startedAt ?? null;
  return noteStartedAt !== null && startedAt !== null && startedAt !== noteStartedAt;
}

/** Names differ if a person would see a difference: case and Unicode composition are none. */
export function nameKey(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

/**
 * A kernel that runs `hostArchitecture` also runs images for `imageArchitecture`. The engine says `x86_64`, images say
 * `amd64` (OCI image specification, GOARCH).
 */
export function runsOn(imageArchitecture: string, hostArchitecture: string): boolean {
  const image = architectureName(imageArchitecture);
  const host = architectureName(hostArchitecture);
  return image === '' || host === '' || image === host || (host === 'amd64' && image === '386');
}

export function architectureName(value: string): string {
  const name = value.toLowerCase();
  if (name === 'x86_64') return 'amd64';
  if (name === 'aarch64') return 'arm64';
  if (name === 'i386' || name === 'i686' || name === 'x86') return '386';
  if (/^armv[67]/.test(name)) return 'arm';
  return name;
}

/** The engine's own name of the runtime that was chosen, or undefined where it has none such. */
export function findRuntime(
  choice: ProjectDefinition['runtime'],
  runtimes: readonly string[],
): string | undefined {
  if (choice === 'default') return 'default';
  if (runtimes.includes(choice)) return choice;
  const pattern = { runc: /(^|\.)runc(\.v\d+)?$/, runsc: /runsc|gvisor/i, kata: /kata/i }[choice];
  return runtimes.find((name) => pattern.test(name));
}
