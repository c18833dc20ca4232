/**
 * A container engine (Docker 20.10 and newer, Podman's compatible service) behind the interface. Joins the endpoints with
 * their shapes; what has rules of its own stands in a file of its own (pull, exec, terminals, preparation).
 */
import type { Readable } from 'node:stream';
import { BerthError } from '#contract/berth-error.ts';
import type { HostImage } from '#contract/hosts.ts';
import type { WorkspaceStats } from '#contract/workspaces.ts';
import { type Clock, instantOf } from '../../control-plane/interfaces/clock.ts';
import type {
  ContainerDetail,
  ContainerEngine,
  ContainerPtySpec,
  ContainerSummary,
  EngineEvent,
  EngineInfo,
  ExecSpec,
  PullProgress,
  VolumeSummary,
  WorkspaceContainerSpec,
} from '../../control-plane/interfaces/container-engine.ts';
import type { Pty } from '../../control-plane/interfaces/host-connection.ts';
import { compareApiVersions } from './api-version.ts';
import { EXEC_MARK_PREFIX, runExec } from './container-exec.ts';
import { openContainerPty } from './container-pty.ts';
import { readStatsSample, type StatsSample, statsBetween } from './container-stats.ts';
import { engineTransportError } from './docker-error.ts';
import { type EngineClient, pathPart } from './engine-client.ts';
import { asCount, asList, asRecord, asText, asTexts, type JsonRecord } from './engine-json.ts';
import {
  readContainerDetail,
  readContainerSummary,
  readEngineInfo,
  readEvent,
  readImage,
  readNetwork,
  readRootId,
  readVolume,
  readVolumeSizes,
} from './engine-shapes.ts';
import { pullImage } from './image-pull.ts';
import { digestFor, familiarReference, parseImageReference } from './image-reference.ts';
import { jsonLines } from './json-lines.ts';
import { JoinFrames } from './multiplexed-stream.ts';
import { workspaceContainerBody } from './workspace-container.ts';
import { prepareWorkspace, PREPARES_LABEL, sweepPreparations } from './workspace-preparation.ts';

export interface DockerEngineDeps {
  readonly client: EngineClient;
  readonly clock: Clock;
  readonly scripts: RemoteScripts;
  /** The engine's `/version`. */
  readonly version: JsonRecord;
  readonly apiVersion: string;
  readonly minimumApiVersion: string;
}

/** Texts of resources/remote that run in containers. */
export interface RemoteScripts {
  readonly keepAlive: string;
  readonly openTerminal: string;
  readonly markedProcesses: string;
}

type Labels = Readonly<Record<string, string | null>>;

/** Measuring volumes walks all their files. */
const SIZES_TIMEOUT_MS = 300_000;
/** Removing a large container, or one whose processes are slow to die. */
const REMOVE_TIMEOUT_MS = 120_000;
/** Beyond the grace time: SIGKILL, unmounting, the network's end. */
const STOP_MARGIN_MS = 30_000;
const START_TIMEOUT_MS = 60_000;
/** `type` limits /system/df to volumes; before, the engine measures images and containers as well. */
const USAGE_TYPE_SINCE = '1.42';

export class DockerEngine implements ContainerEngine {
  readonly #deps: DockerEngineDeps;
  readonly #client: EngineClient;
  #canLimitOpenFiles: Promise<boolean> | undefined;

  constructor(deps: DockerEngineDeps) {
    this.#deps = deps;
    this.#client = deps.client;
  }

  // --- engine ---------------------------------------------------------------------------------------------------------

  async ping(signal?: AbortSignal): Promise<void> {
    await this.#client.call({ method: 'GET', path: '/_ping', subject: 'engine', timeoutMs: 10_000, signal });
  }

  async info(signal?: AbortSignal): Promise<EngineInfo> {
    const { version, apiVersion, minimumApiVersion } = this.#deps;
    return readEngineInfo(await this.#rawInfo(signal), version, { apiVersion, minimumApiVersion });
  }

  async #rawInfo(signal?: AbortSignal): Promise<JsonRecord> {
    return asRecord(await this.#client.json({ method: 'GET', path: '/info', subject: 'engine', signal }));
  }

  close(): void {
    this.#client.close();
  }

  // --- images ---------------------------------------------------------------------------------------------------------

  async listImages(signal?: AbortSignal): Promise<HostImage[]> {
    const list = await this.#client.json({ method: 'GET', path: '/images/json', subject: 'image', signal });
    return asList(list).map(readImage);
  }

  async inspectImage(reference: string, signal?: AbortSignal) {
    const parsed = parseImageReference(reference);
    const image = familiarReference(parsed);
    const answer = await this.#client.call({
      method: 'GET',
      path: `/images/${image}/json`,
      subject: 'image',
      details: { image },
      accept: [404],
      signal,
    });
    if (answer.status === 404) return undefined;
    const json = asRecord(answer.json);
    return {
      id: asText(json.Id),
      digest: digestFor(parsed, asTexts(json.RepoDigests)),
      architecture: asText(json.Architecture),
      user: asText(asRecord(json.Config).User),
      sizeBytes: asCount(json.Size),
    };
  }

  pullImage(
    reference: string,
    options: { onProgress: (progress: PullProgress) => void; signal: AbortSignal },
  ): Promise<void> {
    return pullImage(this.#client, reference, options);
  }

  // --- containers -----------------------------------------------------------------------------------------------------

  async listContainers(labels: Labels, signal?: AbortSignal): Promise<ContainerSummary[]> {
    const query = { all: 1, filters: labelFilter(labels) };
    const list = await this.#client.json({
      method: 'GET',
      path: '/containers/json',
      query,
      subject: 'container',
      signal,
    });
    return asList(list)
      .map(readContainerSummary)
      .filter((container) => !Object.hasOwn(container.labels, PREPARES_LABEL));
  }

  async inspectContainer(id: string, signal?: AbortSignal): Promise<ContainerDetail | undefined> {
    const json = await this.#inspect(id, signal);
    return json && readContainerDetail(json);
  }

  async createWorkspaceContainer(
    spec: WorkspaceContainerSpec,
    signal?: AbortSignal,
  ): Promise<{ id: string; warnings: string[] }> {
    const reference = parseImageReference(spec.image);
    const asked: WorkspaceContainerSpec = { ...spec, image: familiarReference(reference) };
    // Before anything is made: a name that is taken is the usual end of an operation that runs a second time.
    const taken = await this.#inspect(spec.containerName, signal);
    if (taken) throw nameTaken(spec.containerName, asText(taken.Id));
    const info = await this.#rawInfo(signal);
    const preparation = await prepareWorkspace(
      {
        client: this.#client,
        rootId: readRootId(info),
        canLimitOpenFiles: (probe) => this.#limitsOpenFiles(probe),
      },
      asked,
      signal,
    );
    const body = workspaceContainerBody(asked, {
      ...preparation,
      keepAliveScript: this.#deps.scripts.keepAlive,
    });
    const created = await this.#client
      .json({
        method: 'POST',
        path: '/containers/create',
        query: { name: spec.containerName },
        body,
        subject: 'create',
        details: { image: asked.image, runtime: spec.runtime },
        timeoutMs: START_TIMEOUT_MS,
        signal,
      })
      .catch(async (error: unknown) => {
        if (!BerthError.is(error, 'conflict')) throw error;
        const holder = await this.#inspect(spec.containerName, signal);
        throw holder ? nameTaken(spec.containerName, asText(holder.Id), error) : error;
      });
    const { Id, Warnings } = asRecord(created);
    const rootWarning =
      spec.profile === 'root-inside' && !hasUserNamespaces(info)
        ? ['Root in this workspace is root of the host, fenced in: this engine uses no user namespaces.']
        : [];
    return { id: asText(Id), warnings: [...asTexts(Warnings), ...preparation.warnings, ...rootWarning] };
  }

  /** Once a connection: it costs one start that fails. A failed probe is not remembered. */
  #limitsOpenFiles(probe: () => Promise<boolean>): Promise<boolean> {
    this.#canLimitOpenFiles ??= probe().catch((error: unknown) => {
      this.#canLimitOpenFiles = undefined;
      throw error;
    });
    return this.#canLimitOpenFiles;
  }

  async startContainer(id: string, signal?: AbortSignal): Promise<void> {
    const path = `/containers/${pathPart(id)}/start`;
    await this.#client.call({ method: 'POST', path, subject: 'start', timeoutMs: START_TIMEOUT_MS, signal });
  }

  async stopContainer(id: string, graceSeconds: number, signal?: AbortSignal): Promise<void> {
    await this.#client.call({
      method: 'POST',
      path: `/containers/${pathPart(id)}/stop`,
      query: { t: graceSeconds },
      subject: 'container',
      timeoutMs: graceSeconds * 1000 + STOP_MARGIN_MS,
      signal,
    });
  }

  async unpauseContainer(id: string, signal?: AbortSignal): Promise<void> {
    const path = `/containers/${pathPart(id)}/unpause`;
    await this.#client.call({ method: 'POST', path, subject: 'container', signal });
  }

  async renameContainer(id: string, name: string, signal?: AbortSignal): Promise<void> {
    const path = `/containers/${pathPart(id)}/rename`;
    await this.#client.call({ method: 'POST', path, query: { name }, subject: 'container', signal });
  }

  async removeContainer(id: string, signal?: AbortSignal): Promise<void> {
    const path = `/containers/${pathPart(id)}`;
    const answer = await this.#client.call({
      method: 'DELETE',
      path,
      // `v`: volumes that the image declared and nobody named go along; named ones stay.
      query: { force: 1, v: 1 },
      subject: 'container',
      accept: [404, 409],
      timeoutMs: REMOVE_TIMEOUT_MS,
      signal,
    });
    if (answer.status !== 409) return;
    // Another removal is under way. Gone is what was asked for, so wait for it.
    await this.#client.call({
      method: 'POST',
      path: `${path}/wait`,
      query: { condition: 'removed' },
      subject: 'container',
      accept: [404],
      timeoutMs: REMOVE_TIMEOUT_MS,
      signal,
    });
  }

  async #inspect(id: string, signal?: AbortSignal): Promise<JsonRecord | undefined> {
    const answer = await this.#client.call({
      method: 'GET',
      path: `/containers/${pathPart(id)}/json`,
      subject: 'container',
      accept: [404],
      signal,
    });
    return answer.status === 404 ? undefined : asRecord(answer.json);
  }

  async #inspectExisting(id: string, signal?: AbortSignal): Promise<JsonRecord> {
    const json = await this.#inspect(id, signal);
    if (json) return json;
    throw new BerthError('not-found', 'The host does not have this container any more.');
  }

  // --- volumes --------------------------------------------------------------------------------------------------------

  async listVolumes(labels: Labels, signal?: AbortSignal): Promise<VolumeSummary[]> {
    const query = { filters: labelFilter(labels) };
    const json = await this.#client.json({
      method: 'GET',
      path: '/volumes',
      query,
      subject: 'volume',
      signal,
    });
    return asList(asRecord(json).Volumes).map(readVolume);
  }

  async ensureVolume(
    name: string,
    labels: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<void> {
    // Idempotent on the engine's side: a volume of this name stays as it is.
    const body = { Name: name, Driver: 'local', Labels: labels };
    await this.#client.call({ method: 'POST', path: '/volumes/create', body, subject: 'volume', signal });
  }

  async volumeSizes(names: readonly string[], signal?: AbortSignal): Promise<ReadonlyMap<string, number>> {
    const isLimited = compareApiVersions(this.#deps.apiVersion, USAGE_TYPE_SINCE) >= 0;
    const json = await this.#client.json({
      method: 'GET',
      path: '/system/df',
      ...(isLimited ? { query: { type: 'volume', verbose: 1 } } : {}),
      subject: 'volume',
      timeoutMs: SIZES_TIMEOUT_MS,
      signal,
    });
    const wanted = new Set(names);
    return new Map([...readVolumeSizes(json)].filter(([name]) => wanted.has(name)));
  }

  async removeVolume(name: string, signal?: AbortSignal): Promise<void> {
    const remove = () =>
      this.#client.call({
        method: 'DELETE',
        path: `/volumes/${pathPart(name)}`,
        subject: 'volume',
        details: { volume: name },
        accept: [404],
        timeoutMs: REMOVE_TIMEOUT_MS,
        signal,
      });
    try {
      await remove();
    } catch (error) {
      if (!BerthError.is(error, 'workspace.volume-in-use')) throw error;
      // What holds it may be no workspace but what a crash left of preparing one.
      if ((await sweepPreparations(this.#client, { volumeName: name }, signal)) === 0) throw error;
      await remove();
    }
  }

  // --- networks -------------------------------------------------------------------------------------------------------

  async listNetworks(labels: Labels, signal?: AbortSignal) {
    const query = { filters: labelFilter(labels) };
    const list = await this.#client.json({
      method: 'GET',
      path: '/networks',
      query,
      subject: 'network',
      signal,
    });
    return asList(list).map(readNetwork);
  }

  async ensureNetwork(
    name: string,
    labels: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<void> {
    if (await this.#hasNetwork(name, signal)) return;
    const body = {
      Name: name,
      // Before API 1.44 the engine makes a second network of the same name unless told not to.
      CheckDuplicate: true,
      Driver: 'bridge',
      Internal: false,
      Attachable: false,
      Ingress: false,
      EnableIPv6: false,
      Options: { 'com.docker.network.bridge.enable_icc': 'false' },
      Labels: labels,
    };
    try {
      const request = { method: 'POST', path: '/networks/create', body, subject: 'network', signal } as const;
      await this.#keepOneNetwork(name, asText(asRecord(await this.#client.json(request)).Id), signal);
    } catch (error) {
      // Someone else was faster.
      if (!BerthError.is(error, 'conflict') || !(await this.#hasNetwork(name, signal))) throw error;
    }
  }

  /** The engine's own check has a race (before API 1.44): of several the oldest stays, and each maker removes its own. */
  async #keepOneNetwork(name: string, ours: string, signal?: AbortSignal): Promise<void> {
    const query = { filters: JSON.stringify({ name: [name] }) };
    const list = await this.#client.json({
      method: 'GET',
      path: '/networks',
      query,
      subject: 'network',
      signal,
    });
    const [oldest] = asList(list)
      .map(asRecord)
      .filter((network) => network.Name === name)
      .map((network) => ({ id: asText(network.Id), created: asText(network.Created) }))
      .sort((a, b) => (a.created < b.created || (a.created === b.created && a.id < b.id) ? -1 : 1));
    if (oldest && oldest.id !== ours) await this.removeNetwork(ours, signal);
  }

  /** A network of this name that is as closed as ours; throws conflict for one that is not. */
  async #hasNetwork(name: string, signal?: AbortSignal): Promise<boolean> {
    const answer = await this.#client.call({
      method: 'GET',
      path: `/networks/${pathPart(name)}`,
      subject: 'network',
      accept: [404],
      signal,
    });
    const network = asRecord(answer.json);
    // The engine also finds networks by the beginning of their id.
    if (answer.status === 404 || network.Name !== name) return false;
    const icc = asRecord(network.Options)['com.docker.network.bridge.enable_icc'];
    if (network.Driver === 'bridge' && icc === 'false' && network.EnableIPv6 !== true) return true;
    throw new BerthError(
      'conflict',
      `The host has a network ${name} that is not closed as a workspace needs it. Remove it there.`,
      { details: { network: name } },
    );
  }

  async removeNetwork(name: string, signal?: AbortSignal): Promise<void> {
    const path = `/networks/${pathPart(name)}`;
    await this.#client.call({ method: 'DELETE', path, subject: 'network', accept: [404], signal });
  }

  // --- streams --------------------------------------------------------------------------------------------------------

  /** Resolves when the signal says so; rejects with connection-lost when the stream ends by itself. */
  async events(onEvent: (event: EngineEvent) => void, signal: AbortSignal): Promise<void> {
    const query = {
      filters: JSON.stringify({ type: ['container', 'image', 'volume', 'network', 'daemon'] }),
    };
    await this.#follow({ path: '/events', query, signal, subject: 'engine' }, (line) => {
      const event = readEvent(line);
      if (event) onEvent(event);
      return true;
    });
    if (!signal.aborted)
      throw new BerthError(
        'connection-lost',
        'The engine ended its stream of events: it is shutting down or gone.',
      );
  }

  /** Resolves when the signal says so or the container no longer runs; throws workspace.not-running at the beginning. */
  async stats(
    containerId: string,
    onStats: (stats: WorkspaceStats) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const container = await this.#inspectExisting(containerId, signal);
    if (asRecord(container.State).Running !== true)
      throw new BerthError('workspace.not-running', 'The container is not running.');
    const { NanoCpus, Memory } = asRecord(container.HostConfig);
    const limits = { cpus: asCount(NanoCpus) / 1e9 || null, memoryBytes: asCount(Memory) || null };
    const path = `/containers/${pathPart(containerId)}/stats`;
    let before: StatsSample | undefined;
    await this.#follow({ path, query: { stream: 1 }, signal, subject: 'container' }, (line) => {
      const after = readStatsSample(line);
      if (!after) return false;
      const stats = before && statsBetween(before, after, limits, instantOf(this.#deps.clock));
      before = after;
      if (stats) onStats(stats);
      return true;
    });
    if (signal.aborted) return;
    const detail = await this.inspectContainer(containerId);
    if (detail?.state === 'running')
      throw new BerthError('connection-lost', 'The engine ended its stream of readings.');
  }

  async logs(
    containerId: string,
    { tailLines, signal }: { tailLines: number; signal: AbortSignal },
  ): Promise<Readable> {
    const container = await this.#inspectExisting(containerId, signal);
    const answer = await this.#client.stream({
      method: 'GET',
      path: `/containers/${pathPart(containerId)}/logs`,
      query: { follow: 1, stdout: 1, stderr: 1, tail: tailLines },
      subject: 'container',
      signal,
    });
    // With a terminal of its own a container's output comes bare; else framed.
    if (asRecord(container.Config).Tty === true) return answer;
    const joined = new JoinFrames();
    answer.on('error', (error) => joined.destroy(engineTransportError(error)));
    joined.once('close', () => answer.destroy());
    return answer.pipe(joined);
  }

  /** Reads lines until the signal, the end, or `take` says false. */
  async #follow(
    request: {
      path: string;
      query: Readonly<Record<string, string | number>>;
      signal: AbortSignal;
      subject: 'engine' | 'container';
    },
    take: (line: JsonRecord) => boolean,
  ): Promise<void> {
    try {
      const answer = await this.#client.stream({ method: 'GET', ...request });
      for await (const line of jsonLines(answer)) if (!take(line)) return;
    } catch (error) {
      if (!request.signal.aborted) throw engineTransportError(error);
    }
  }

  // --- commands and terminals -----------------------------------------------------------------------------------------

  exec(spec: ExecSpec): Promise<{ stdout: string; stderr: string; exitCode: number | null }> {
    return runExec({ client: this.#client, clock: this.#deps.clock }, spec, (containerId, id) =>
      this.sweepTerminals(containerId, [id]),
    );
  }

  openPty(spec: ContainerPtySpec): Promise<Pty> {
    const { clock, apiVersion, scripts } = this.#deps;
    return openContainerPty(
      {
        client: this.#client,
        clock,
        apiVersion,
        openScript: scripts.openTerminal,
        endProcesses: () => this.sweepTerminals(spec.containerId, [spec.terminalId]),
      },
      spec,
    );
  }

  async sweepTerminals(containerId: string, terminalIds: readonly string[]): Promise<number> {
    if (terminalIds.length === 0) return 0;
    const output = await this.#markedProcesses(containerId, ['end', ...terminalIds]);
    return Number.parseInt(output, 10) || 0;
  }

  async listTerminals(containerId: string): Promise<string[]> {
    const output = await this.#markedProcesses(containerId, ['list']);
    return output
      .split('\n')
      .filter((id) => /^[A-Za-z0-9_-]{1,64}$/.test(id) && !id.startsWith(EXEC_MARK_PREFIX));
  }

  /** A container that does not run has no processes: nothing to list or end. */
  async #markedProcesses(containerId: string, args: readonly string[]): Promise<string> {
    try {
      const { stdout, stderr, exitCode } = await runExec(
        { client: this.#client, clock: this.#deps.clock },
        {
          containerId,
          argv: ['/bin/sh', '-c', this.#deps.scripts.markedProcesses, 'berth', ...args],
          timeoutMs: 30_000,
        },
        // What looks for processes leaves none: it is not ended by another of its kind.
        () => Promise.resolve(),
      );
      if (exitCode === 0) return stdout;
      throw new BerthError(
        'engine.failed',
        'The processes of terminals in the container could not be ended.',
        {
          details: { exitCode, engineMessage: `${stdout}${stderr}`.slice(0, 500) },
        },
      );
    } catch (error) {
      if (BerthError.is(error, 'workspace.not-running', 'not-found')) return '';
      throw error;
    }
  }
}

function labelFilter(labels: Labels): string {
  const wanted = Object.entries(labels).map(([name, value]) => (value === null ? name : `${name}=${value}`));
  return JSON.stringify({ label: wanted });
}

function nameTaken(name: string, containerId: string, cause?: unknown): BerthError {
  const details = { containerId, containerName: name };
  return new BerthError('conflict', `The host has a container ${name} already.`, { details, cause });
}

function hasUserNamespaces(info: JsonRecord): boolean {
  return asTexts(info.SecurityOptions).some(
    (option) => option.includes('name=userns') || option.includes('name=rootless'),
  );
}
