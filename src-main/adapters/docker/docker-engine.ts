/**
 * A container engine (Docker 20.10 and newer, Podman's compatible service) behind the interface. Joins the endpoints with
 * their shapes; what has rules of its own stands in a file of its own (pull, exec, terminals, preparation). Long because the
 * interface is: a method for each verb, most of them a few lines.
 */
import type { Readable } from 'node:stream';
import { BerthError } from '#contract/berth-error.ts';
import type { HostImage } from '#contract/hosts.ts';
import type { ImageRecipe } from '#contract/projects.ts';
import type { WorkspaceStats } from '#contract/workspaces.ts';
import type { Clock } from '../../control-plane/interfaces/clock.ts';
import type {
  ContainerDetail,
  ContainerEngine,
  ContainerPtySpec,
  ContainerSummary,
  EngineEvent,
  EngineInfo,
  ExecSpec,
  PullProgress,
  RecipeBuild,
  VolumeSummary,
  WorkspaceContainerSpec,
} from '../../control-plane/interfaces/container-engine.ts';
import type {
  ContainerProcess,
  ContainerProcessSpec,
  ProcessMark,
  RunningProgram,
} from '../../control-plane/interfaces/container-process.ts';
import type { HelperSpec, HelperState } from '../../control-plane/interfaces/helper-container.ts';
import type { HostProcess, Pty } from '../../control-plane/interfaces/host-connection.ts';
import { EXEC_MARK_PREFIX, runExec } from './container-exec.ts';
import { countChanges } from './container-changes.ts';
import { inspectRaw, isOwnContainer, type LabelFilter, labelFilter } from './container-inspection.ts';
import { commandMarkPrefix, startContainerProcess } from './container-process.ts';
import { listPrograms } from './container-programs.ts';
import { containerPtyCommand, openContainerPty } from './container-pty.ts';
import { type EngineClient, pathPart } from './engine-client.ts';
import { asCount, asList, asRecord, asText, asTexts, type JsonRecord } from './engine-json.ts';
import { readContainerDetail, readContainerSummary, readEngineInfo, readImage } from './engine-shapes.ts';
import { followEvents, followLogs, followStats, readPastEvents } from './engine-streams.ts';
import { HelperContainersOfEngine } from './helper-containers.ts';
import { type HelperPrograms, withoutHelperImages } from './helper-image.ts';
import { isInRegistry, pullImage } from './image-pull.ts';
import type { RecipeContext } from './image-recipe.ts';
import { digestFor, familiarReference, parseImageReference } from './image-reference.ts';
import { RecipeBuilds } from './recipe-builds.ts';
import { ensureNetwork, listNetworks, removeNetwork } from './workspace-network.ts';
import { START_TIMEOUT_MS, WorkspaceMaker } from './workspace-maker.ts';
import { ensureVolume, listVolumes, removeVolume, volumeSizes } from './workspace-volume.ts';

export interface DockerEngineDeps {
  readonly client: EngineClient;
  readonly clock: Clock;
  readonly scripts: RemoteScripts;
  /** The engine's `/version`. */
  readonly version: JsonRecord;
  readonly apiVersion: string;
  readonly minimumApiVersion: string;
  /** What runs in helper containers; read when the first one is made. */
  readonly readHelperPrograms: () => Promise<HelperPrograms>;
  readonly readRecipe: (recipe: ImageRecipe) => Promise<RecipeContext>;
}

/** Texts of resources/remote that run in containers. */
export interface RemoteScripts {
  readonly keepAlive: string;
  readonly openTerminal: string;
  readonly markedProcesses: string;
}

/** Removing a large container, or one whose processes are slow to die. */
const REMOVE_TIMEOUT_MS = 120_000;
/** Beyond the grace time: SIGKILL, unmounting, the network's end. */
const STOP_MARGIN_MS = 30_000;

export class DockerEngine implements ContainerEngine {
  readonly #deps: DockerEngineDeps;
  readonly #client: EngineClient;
  readonly #helpers: HelperContainersOfEngine;
  readonly #builds: RecipeBuilds;
  readonly #maker: WorkspaceMaker;

  constructor(deps: DockerEngineDeps) {
    this.#deps = deps;
    this.#client = deps.client;
    this.#helpers = new HelperContainersOfEngine({
      client: deps.client,
      clock: deps.clock,
      readPrograms: deps.readHelperPrograms,
    });
    this.#maker = new WorkspaceMaker({
      client: deps.client,
      keepAliveScript: deps.scripts.keepAlive,
      info: (signal) => this.#rawInfo(signal),
    });
    this.#builds = new RecipeBuilds({
      client: deps.client,
      readRecipe: deps.readRecipe,
      isThere: async (reference, signal) => (await this.inspectImage(reference, signal)) !== undefined,
      info: (signal) => this.#rawInfo(signal),
    });
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
    return asList(list).map(readImage).flatMap(withoutHelperImages);
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

  isInRegistry(reference: string, signal: AbortSignal): Promise<boolean> {
    return isInRegistry(this.#client, reference, signal);
  }

  recipeImage(recipe: ImageRecipe): Promise<string> {
    return this.#builds.referenceOf(recipe);
  }

  buildRecipe(recipe: ImageRecipe, build: RecipeBuild): Promise<void> {
    return this.#builds.build(recipe, build);
  }

  // --- containers -----------------------------------------------------------------------------------------------------

  async listContainers(labels: LabelFilter, signal?: AbortSignal): Promise<ContainerSummary[]> {
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
      .filter((container) => !isOwnContainer(container.labels));
  }

  async inspectContainer(id: string, signal?: AbortSignal): Promise<ContainerDetail | undefined> {
    const json = await inspectRaw(this.#client, id, signal);
    return json && readContainerDetail(json);
  }

  createWorkspaceContainer(
    spec: WorkspaceContainerSpec,
    signal?: AbortSignal,
  ): Promise<{ id: string; warnings: string[] }> {
    return this.#maker.make(spec, signal);
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

  countChanges(id: string, except: readonly string[], signal?: AbortSignal): Promise<number> {
    return countChanges(this.#client, id, { except, signal });
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

  // --- volumes --------------------------------------------------------------------------------------------------------

  listVolumes(labels: LabelFilter, signal?: AbortSignal): Promise<VolumeSummary[]> {
    return listVolumes(this.#client, labels, signal);
  }

  ensureVolume(name: string, labels: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<void> {
    return ensureVolume(this.#client, name, { labels, signal });
  }

  volumeSizes(names: readonly string[], signal?: AbortSignal): Promise<ReadonlyMap<string, number>> {
    return volumeSizes(this.#client, names, { apiVersion: this.#deps.apiVersion, signal });
  }

  removeVolume(name: string, signal?: AbortSignal): Promise<void> {
    return removeVolume(this.#client, name, signal);
  }

  // --- networks -------------------------------------------------------------------------------------------------------

  listNetworks(labels: LabelFilter, signal?: AbortSignal) {
    return listNetworks(this.#client, labels, signal);
  }

  ensureNetwork(name: string, labels: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<void> {
    return ensureNetwork(this.#client, name, { labels, signal });
  }

  removeNetwork(name: string, signal?: AbortSignal): Promise<void> {
    return removeNetwork(this.#client, name, signal);
  }

  // --- helpers --------------------------------------------------------------------------------------------------------

  runHelper(spec: HelperSpec, signal?: AbortSignal): Promise<HostProcess> {
    return this.#helpers.runHelper(spec, signal);
  }

  startHelper(spec: HelperSpec, input?: Uint8Array): Promise<{ id: string }> {
    return this.#helpers.startHelper(spec, input);
  }

  helperState(name: string, signal?: AbortSignal): Promise<HelperState | undefined> {
    return this.#helpers.helperState(name, signal);
  }

  followHelper(name: string, onLine: (line: string) => void, signal: AbortSignal) {
    return this.#helpers.followHelper(name, onLine, signal);
  }

  endHelper(name: string): Promise<void> {
    return this.#helpers.endHelper(name);
  }

  listHelpers(labels: LabelFilter, signal?: AbortSignal): Promise<string[]> {
    return this.#helpers.listHelpers(labels, signal);
  }

  // --- streams --------------------------------------------------------------------------------------------------------

  events(onEvent: (event: EngineEvent) => void, signal: AbortSignal): Promise<void> {
    return followEvents(this.#client, onEvent, signal);
  }

  pastEvents(untilMs: number, signal?: AbortSignal): Promise<EngineEvent[]> {
    return readPastEvents({ client: this.#client, clock: this.#deps.clock }, untilMs, signal);
  }

  stats(containerId: string, onStats: (stats: WorkspaceStats) => void, signal: AbortSignal): Promise<void> {
    const deps = { client: this.#client, clock: this.#deps.clock };
    return followStats(deps, containerId, { onStats, signal });
  }

  logs(
    containerId: string,
    options: { tailLines: number; isFollowed?: boolean; signal: AbortSignal },
  ): Promise<Readable> {
    return followLogs(this.#client, containerId, options);
  }

  // --- commands and terminals -----------------------------------------------------------------------------------------

  exec(spec: ExecSpec): Promise<{ stdout: string; stderr: string; exitCode: number | null }> {
    return runExec({ client: this.#client, clock: this.#deps.clock }, spec, (containerId, id) =>
      this.sweepTerminals(containerId, [id]),
    );
  }

  startProcess(spec: ContainerProcessSpec): Promise<ContainerProcess> {
    return startContainerProcess(
      {
        client: this.#client,
        clock: this.#deps.clock,
        markedProcesses: ({ containerId, user }, args) => this.#markedProcesses(containerId, args, user),
      },
      spec,
    );
  }

  async endMarked({ containerId, mark, user }: ProcessMark): Promise<void> {
    await this.#markedProcesses(containerId, ['end', mark], user);
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

  ptyCommand(
    spec: Omit<ContainerPtySpec, 'cols' | 'rows' | 'signal'>,
    way: { readonly program: string; readonly socketPath: string },
  ): [string, ...string[]] {
    return containerPtyCommand(spec, this.#deps.scripts.openTerminal, way);
  }

  async sweepTerminals(containerId: string, terminalIds: readonly string[]): Promise<number> {
    if (terminalIds.length === 0) return 0;
    const output = await this.#markedProcesses(containerId, ['end', ...terminalIds]);
    return Number.parseInt(output, 10) || 0;
  }

  async listTerminals(containerId: string): Promise<string[]> {
    const marks = await this.#listMarks(containerId);
    return marks.filter((id) => !id.startsWith(EXEC_MARK_PREFIX));
  }

  async listMarked(containerId: string, tag: string): Promise<string[]> {
    const marks = await this.#listMarks(containerId);
    return marks.filter((mark) => mark.startsWith(commandMarkPrefix(tag)));
  }

  async #listMarks(containerId: string): Promise<string[]> {
    const output = await this.#markedProcesses(containerId, ['list']);
    return output.split('\n').filter((mark) => /^[A-Za-z0-9_-]{1,64}$/.test(mark));
  }

  listPrograms(containerId: string, signal?: AbortSignal): Promise<RunningProgram[]> {
    return listPrograms(this.#client, containerId, signal);
  }

  /** A container that does not run has no processes: nothing to list or end. */
  async #markedProcesses(containerId: string, args: readonly string[], user?: string): Promise<string> {
    try {
      const { stdout, stderr, exitCode } = await runExec(
        { client: this.#client, clock: this.#deps.clock },
        {
          containerId,
          argv: ['/bin/sh', '-c', this.#deps.scripts.markedProcesses, 'berth', ...args],
          ...(user === undefined ? {} : { user }),
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
