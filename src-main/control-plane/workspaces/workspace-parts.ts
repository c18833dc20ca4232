/**
 * The remote parts of a workspace beside its image (workspace-image.ts): network, volume, container. Each `ensure` may be repeated: it finds what an
 * earlier try left, by label or name, and makes only what is not there. Creating calls are not aborted by a cancel:
 * the engine would go on making what we no longer look for, so they are waited for and then taken back.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { OperationId } from '#contract/ids.ts';
import type { ProjectDefinition } from '#contract/projects.ts';
import { delay } from '../delay.ts';
import type { HostLink } from '../hosts/host-links.ts';
import type { Clock } from '../interfaces/clock.ts';
import type {
  ContainerDetail,
  ContainerEngine,
  EngineInfo,
  SecretFile,
  WorkspaceContainerSpec,
} from '../interfaces/container-engine.ts';
import type { StepContext } from '../operations/operation-definition.ts';
import { label } from './labels.ts';
import { endCause, findRuntime, observedOf, type WorkspaceRecord } from './workspace.ts';
import { hostnameOf, labelsFor, remoteName } from './workspace-spec.ts';

/** A container that runs this long without a break has started. Most that cannot run end within 100 ms. */
const settledAfterMs = 1_000;
const settleProbeMs = 200;
/** Longer than any start that was seen, engine busy and disk slow; past it the start is called failed. */
const settleTimeoutMs = 60_000;

export type ReadyLink = HostLink & { readonly engine: ContainerEngine; readonly engineInfo: EngineInfo };

/** The operation's link with its engine. */
export function readyLink(context: Pick<StepContext<unknown>, 'link'>): ReadyLink {
  const link = context.link();
  if (link.engine === undefined || link.engineInfo === undefined)
    throw new BerthError(
      'engine.unreachable',
      `The host “${link.hostName}” has no container engine that Berth can use. Its doctor says why.`,
    );
  return link as ReadyLink;
}

export function requireRuntime(choice: ProjectDefinition['runtime'], engineInfo: EngineInfo): string {
  const runtime = findRuntime(choice, engineInfo.runtimes);
  if (runtime !== undefined) return runtime;
  throw new BerthError(
    'workspace.runtime-missing',
    `The host has no runtime “${choice}”; it has ${engineInfo.runtimes.join(', ') || 'none'}. Install it there, or choose another in the project.`,
    { details: { runtime: choice, available: [...engineInfo.runtimes] } },
  );
}

export async function ensureNetwork(context: StepContext<unknown>, record: WorkspaceRecord): Promise<void> {
  const name = remoteName(record.id);
  context.log(`docker network create --driver bridge ${name}`, 'command');
  await readyLink(context).engine.ensureNetwork(name, labelsFor(record, context.operationId));
}

export async function ensureVolume(context: StepContext<unknown>, record: WorkspaceRecord): Promise<void> {
  context.log(`docker volume create ${record.volumeName}`, 'command');
  await readyLink(context).engine.ensureVolume(record.volumeName, labelsFor(record, context.operationId));
}

/** The container of a workspace, by label: whatever it is called and whoever made it. */
export async function findContainer(
  engine: ContainerEngine,
  record: Pick<WorkspaceRecord, 'id'>,
  signal?: AbortSignal,
): Promise<ContainerDetail | undefined> {
  const [first] = await engine.listContainers({ [label.workspace]: record.id }, signal);
  return first === undefined ? undefined : await engine.inspectContainer(first.id, signal);
}

/** What goes into a container beside its image: read at each making, and kept nowhere else. */
export interface ContainerContents {
  readonly environment: WorkspaceContainerSpec['environment'];
  readonly secretFiles: readonly SecretFile[];
}
export type ContentsOf = (record: WorkspaceRecord) => Promise<ContainerContents>;

export interface ContainerMaking extends ContainerContents {
  readonly record: WorkspaceRecord;
  readonly stopGraceSeconds: number;
}

export async function ensureContainer(
  context: StepContext<unknown>,
  making: ContainerMaking,
): Promise<string> {
  const { record } = making;
  const { definition } = record;
  const { engine, engineInfo } = readyLink(context);
  const runtime = requireRuntime(definition.runtime, engineInfo);
  const found = await findContainer(engine, record, context.signal);
  // One that was never started may be what an earlier try left before its secrets were in it; nothing of it is lost.
  const mayLackSecrets = found?.state === 'created' && making.secretFiles.length > 0;
  if (found !== undefined && !mayLackSecrets) return found.id;
  if (found !== undefined) await engine.removeContainer(found.id);
  const containerName = remoteName(record.id);
  context.log(`docker create --name ${containerName} … ${definition.image}`, 'command');
  try {
    const made = await engine.createWorkspaceContainer({
      containerName,
      image: definition.image,
      hostname: hostnameOf(record.name, record.id),
      volumeName: record.volumeName,
      networkName: containerName,
      mountPoint: definition.mountPoint,
      environment: making.environment,
      secretFiles: making.secretFiles,
      limits: definition.limits,
      sharedMemoryBytes: definition.sharedMemoryBytes,
      start: definition.start,
      profile: definition.profile,
      runtime,
      labels: labelsFor(record, context.operationId),
      stopGraceSeconds: making.stopGraceSeconds,
    });
    for (const warning of made.warnings) context.log(warning, 'warning');
    return made.id;
  } catch (error) {
    if (!BerthError.is(error, 'conflict')) throw error;
    // 409 by name: an earlier try of ours got through and its answer was lost; or the name is a stranger's.
    const id = error.details.containerId;
    const other = await engine.inspectContainer(typeof id === 'string' ? id : containerName, context.signal);
    if (other?.labels[label.workspace] === record.id) return other.id;
    throw new BerthError(
      'engine.failed',
      `A container named ${containerName} is on the host and is not Berth's. Rename or remove it there, then try again.`,
      { cause: error, details: { containerName } },
    );
  }
}

/** Runs it, whichever state it is in. Starting what runs is not an error. */
export async function startContainer(context: StepContext<unknown>, record: WorkspaceRecord): Promise<void> {
  const { engine } = readyLink(context);
  const container = await requireContainer(engine, record, context.signal);
  if (container.state === 'running' || container.state === 'restarting') return;
  if (container.state === 'paused') {
    context.log(`docker unpause ${container.name}`, 'command');
    return engine.unpauseContainer(container.id);
  }
  context.log(`docker start ${container.name}`, 'command');
  await engine.startContainer(container.id);
}

export async function stopContainer(
  context: StepContext<unknown>,
  record: WorkspaceRecord,
  graceSeconds: number,
): Promise<void> {
  const { engine } = readyLink(context);
  const container = await findContainer(engine, record, context.signal);
  if (container === undefined || container.state === 'exited' || container.state === 'dead') return;
  if (container.state === 'created') return;
  // A frozen process takes no signal: SIGTERM would wait for the end of the grace time, and SIGKILL for ever on cgroup v1.
  if (container.state === 'paused') await engine.unpauseContainer(container.id);
  context.log(`docker stop --time ${graceSeconds} ${container.name}`, 'command');
  await engine.stopContainer(container.id, graceSeconds);
}

/** Resolves when it has run for a while without a break; throws workspace.start-failed or -out-of-memory with the cause. */
export async function waitUntilSettled(
  context: StepContext<unknown>,
  record: WorkspaceRecord,
  clock: Clock,
): Promise<void> {
  const { engine } = readyLink(context);
  const beganMs = clock.monotonicMs();
  let startedAt: string | null | undefined;
  let sinceMs = beganMs;
  for (;;) {
    context.signal.throwIfAborted();
    const container = await requireContainer(engine, record, context.signal);
    const nowMs = clock.monotonicMs();
    if (container.state === 'running') {
      if (startedAt !== undefined && container.startedAt !== startedAt) throw startFailed(container, record);
      if (startedAt === undefined) sinceMs = nowMs;
      startedAt = container.startedAt;
      if (nowMs - sinceMs >= settledAfterMs) return;
    } else if (container.state !== 'created') throw startFailed(container, record);
    if (nowMs - beganMs > settleTimeoutMs)
      throw new BerthError('timed-out', 'The workspace did not come up within a minute.', {
        details: { state: container.state },
      });
    await delay(clock, settleProbeMs, context.signal);
  }
}

function startFailed(container: ContainerDetail, record: WorkspaceRecord): BerthError {
  const observed = observedOf(container);
  if (observed === null) throw new TypeError('a container was seen and was not');
  const cause = endCause(observed, false, record.definition.limits.memoryBytes);
  if (cause.code === 'workspace.out-of-memory') return cause;
  return new BerthError('workspace.start-failed', `The workspace did not stay up. ${cause.message}`, {
    details: cause.details,
  });
}

async function requireContainer(
  engine: ContainerEngine,
  record: WorkspaceRecord,
  signal: AbortSignal,
): Promise<ContainerDetail> {
  const container = await findContainer(engine, record, signal);
  if (container !== undefined) return container;
  throw new BerthError(
    'workspace.start-failed',
    'The container of the workspace was taken away on the host in the meantime.',
  );
}

/** Removes every container that carries the workspace's label; none is fine. */
export async function removeContainers(
  context: StepContext<unknown>,
  id: WorkspaceRecord['id'],
): Promise<void> {
  const { engine } = readyLink(context);
  for (const container of await engine.listContainers({ [label.workspace]: id })) {
    context.log(`docker rm --force ${container.name}`, 'command');
    await engine.removeContainer(container.id);
  }
}

export async function removeNetworks(
  context: StepContext<unknown>,
  id: WorkspaceRecord['id'],
): Promise<void> {
  const { engine } = readyLink(context);
  for (const network of await engine.listNetworks({ [label.workspace]: id })) {
    context.log(`docker network rm ${network.name}`, 'command');
    await unlessGone(engine.removeNetwork(network.name));
  }
}

/** Removes a volume that this very operation made: by its label, so never one with somebody's files in it. */
export async function removeOwnVolume(
  context: StepContext<unknown>,
  volumeName: string,
  operationId: OperationId,
): Promise<void> {
  const { engine } = readyLink(context);
  for (const volume of await engine.listVolumes({ [label.operation]: operationId })) {
    if (volume.name === volumeName) await removeVolume(context, engine, volume.name);
  }
}

export async function removeVolume(
  context: StepContext<unknown>,
  engine: ContainerEngine,
  name: string,
): Promise<void> {
  context.log(`docker volume rm ${name}`, 'command');
  await unlessGone(engine.removeVolume(name));
}

async function unlessGone(removing: Promise<void>): Promise<void> {
  try {
    await removing;
  } catch (error) {
    if (!BerthError.is(error, 'not-found')) throw error;
  }
}
