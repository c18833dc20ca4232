/**
 * A container engine on a host, in Berth's own words. Nothing of Docker's JSON passes this line. Every call has a
 * time-out and takes a signal; failures are engine.*, image.*, host.disk-full, timed-out, connection-lost, not-found.
 */
import type { Readable } from 'node:stream';
import type { HardeningProfile, ImageRecipe, Limits } from '#contract/projects.ts';
import type { HostImage } from '#contract/hosts.ts';
import type { WorkspaceStats } from '#contract/workspaces.ts';
import type { ContainerProcesses } from './container-process.ts';
import type { HelperContainers } from './helper-container.ts';
import type { Pty } from './host-connection.ts';
import type { Secret } from './secret.ts';

export interface EngineInfo {
  readonly name: string;
  readonly version: string;
  /** Negotiated: the highest that both sides know, never below `minimumApiVersion`. */
  readonly apiVersion: string;
  readonly minimumApiVersion: string;
  readonly operatingSystem: string;
  readonly kernel: string;
  readonly architecture: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly rootFolder: string;
  readonly storageDriver: string;
  readonly cgroupVersion: string;
  readonly runtimes: readonly string[];
  readonly defaultRuntime: string;
  readonly runtimeVersions: Readonly<Record<string, string>>;
  readonly securityOptions: readonly string[];
  readonly isRootless: boolean;
  /** True where the engine can limit a container's own disk (overlay2 on XFS with pquota). */
  readonly canLimitDisk: boolean;
  readonly liveRestore: boolean;
  readonly warnings: readonly string[];
}

/** Interfaces of workspaces' networks begin with this. With it a name has at most 15 characters (IFNAMSIZ, netdevice(7)). */
export const bridgePrefix = 'berth-';

/** Everything that a person can influence in a container. What is not here cannot be asked for. */
export interface WorkspaceContainerSpec {
  readonly containerName: string;
  readonly image: string;
  readonly hostname: string;
  readonly volumeName: string;
  readonly networkName: string;
  readonly mountPoint: string;
  readonly environment: readonly { name: string; value: string | Secret }[];
  /** Written into the container before its start, owned by its user and for that user's eyes alone (0400). */
  readonly secretFiles?: readonly SecretFile[];
  readonly limits: Limits;
  /** Size of /dev/shm, which counts into the memory limit. Absent: 64 MiB. */
  readonly sharedMemoryBytes?: number | undefined;
  /** `image`: the image's own entrypoint is process 1, with the image's stop signal. Absent: `berth` (keep-alive.sh). */
  readonly start?: 'berth' | 'image' | undefined;
  readonly profile: HardeningProfile;
  /** `default` or a runtime's name that the engine has. */
  readonly runtime: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly stopGraceSeconds: number;
}

export interface SecretFile {
  /** Absolute, at most 99 bytes. */
  readonly path: string;
  readonly content: Secret;
}

export interface ContainerSummary {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly state: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';
  readonly createdAtMs: number;
}

export interface ContainerDetail extends ContainerSummary {
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly exitCode: number | null;
  readonly isOutOfMemory: boolean;
  readonly error: string;
  readonly user: string;
  readonly pid: number | null;
  readonly ipAddress: string | null;
}

export interface VolumeSummary {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: string | null;
}

export interface EngineEvent {
  readonly type: 'container' | 'image' | 'volume' | 'network' | 'daemon';
  /** `start`, `die`, `oom`, `pause`, `unpause`, `destroy`, `create`, `rename`, `health_status`, … */
  readonly action: string;
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly atMs: number;
}

export interface PullProgress {
  /** One entry a layer that is under way or done. */
  readonly layers: readonly {
    readonly id: string;
    readonly state: 'waiting' | 'downloading' | 'verifying' | 'extracting' | 'done' | 'exists';
    readonly doneBytes: number;
    readonly totalBytes: number | null;
  }[];
}

/** Of a build: which instruction of how many runs. */
export interface BuildProgress {
  readonly step: number;
  readonly steps: number;
  readonly instruction: string;
}

export interface RecipeBuild {
  /** name:tag that the image gets. Absent: the recipe's own, made of its content. */
  readonly reference?: string | undefined;
  /** Uses nothing that an earlier build left, so that newer packages are fetched. Absent: false. */
  readonly isFresh?: boolean;
  readonly onProgress: (progress: BuildProgress) => void;
  /** A line of what the build says; bounded and printable. */
  readonly onOutput: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface ExecSpec {
  readonly containerId: string;
  readonly argv: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly workingFolder?: string;
  readonly input?: string | Uint8Array;
  readonly timeoutMs?: number;
  readonly maxOutputBytes?: number;
  readonly signal?: AbortSignal;
}

/** A shell in a container. `kill` ends its whole process group inside the container (the engine itself has no such verb). */
export interface ContainerPtySpec {
  readonly containerId: string;
  readonly cols: number;
  readonly rows: number;
  readonly term: string;
  /** Candidates in order; the first that exists in the image is used. */
  readonly shells: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly workingFolder?: string;
  /** Marks the process tree in the container (an environment variable), so that a later sweep finds it. */
  readonly terminalId: string;
  readonly signal?: AbortSignal;
}

export interface ContainerEngine extends HelperContainers, ContainerProcesses {
  ping(signal?: AbortSignal): Promise<void>;
  info(signal?: AbortSignal): Promise<EngineInfo>;

  listImages(signal?: AbortSignal): Promise<HostImage[]>;
  /** Undefined: the host does not have it. `digest` is the repository digest if there is one. */
  inspectImage(
    reference: string,
    signal?: AbortSignal,
  ): Promise<
    { id: string; digest: string | null; architecture: string; user: string; sizeBytes: number } | undefined
  >;
  /** Reads every line of the answer: the engine hides errors inside a 200 (RFC 9110 says nothing of that). */
  pullImage(
    reference: string,
    options: { onProgress: (progress: PullProgress) => void; signal: AbortSignal },
  ): Promise<void>;

  /** How this Berth calls the image that it builds of a recipe: another content is another name. */
  recipeImage(recipe: ImageRecipe): Promise<string>;
  /**
   * Builds one of Berth's own images on the host; the cancelled build is stopped there. One at a time of each name: who comes
   * second waits, and uses what the first made. Throws image.build-failed with the last lines in `details.output`,
   * host.disk-full.
   */
  buildRecipe(recipe: ImageRecipe, build: RecipeBuild): Promise<void>;

  /**
   * Whether a registry that the host reaches would give this image to it. Throws image.pull-failed where none could be asked.
   * (A digest is no sign of it: engines with the containerd store give one to whatever is loaded or built.)
   */
  isInRegistry(reference: string, signal: AbortSignal): Promise<boolean>;

  /** Filters by labels, all of which must match; `null` = present with any value. */
  listContainers(
    labels: Readonly<Record<string, string | null>>,
    signal?: AbortSignal,
  ): Promise<ContainerSummary[]>;
  inspectContainer(id: string, signal?: AbortSignal): Promise<ContainerDetail | undefined>;
  /** Builds the hardened container of reliability's allow-list. 409 by name: throws conflict with `details.containerId`. */
  createWorkspaceContainer(
    spec: WorkspaceContainerSpec,
    signal?: AbortSignal,
  ): Promise<{ id: string; warnings: string[] }>;
  startContainer(id: string, signal?: AbortSignal): Promise<void>;
  stopContainer(id: string, graceSeconds: number, signal?: AbortSignal): Promise<void>;
  unpauseContainer(id: string, signal?: AbortSignal): Promise<void>;
  /** How many paths differ from the image outside the mounts (GET /containers/{id}/changes), those under `except` not counted. */
  countChanges(id: string, except: readonly string[], signal?: AbortSignal): Promise<number>;
  renameContainer(id: string, name: string, signal?: AbortSignal): Promise<void>;
  /** Idempotent: what is not there is removed already. Removes by force, never its named volumes. */
  removeContainer(id: string, signal?: AbortSignal): Promise<void>;

  listVolumes(
    labels: Readonly<Record<string, string | null>>,
    signal?: AbortSignal,
  ): Promise<VolumeSummary[]>;
  ensureVolume(name: string, labels: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<void>;
  volumeSizes(names: readonly string[], signal?: AbortSignal): Promise<ReadonlyMap<string, number>>;
  removeVolume(name: string, signal?: AbortSignal): Promise<void>;

  listNetworks(
    labels: Readonly<Record<string, string | null>>,
    signal?: AbortSignal,
  ): Promise<
    {
      id: string;
      name: string;
      labels: Readonly<Record<string, string>>;
      subnets: string[];
      bridge: string | null;
    }[]
  >;
  /**
   * A bridge of its own for one workspace: no traffic between containers, no IPv6. Its interface on the host is named
   * `bridgePrefix` and at most 9 characters (com.docker.network.bridge.name), by which the network guard knows it.
   */
  ensureNetwork(name: string, labels: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<void>;
  removeNetwork(name: string, signal?: AbortSignal): Promise<void>;

  /** Ends (with an error) when the connection does; the caller lists anew and subscribes again. */
  events(onEvent: (event: EngineEvent) => void, signal: AbortSignal): Promise<void>;
  /**
   * What the engine remembers of containers' lives until then (milliseconds of the host's clock), oldest first: nothing
   * from before its own start, and only the last few hundred events.
   */
  pastEvents(untilMs: number, signal?: AbortSignal): Promise<EngineEvent[]>;
  stats(containerId: string, onStats: (stats: WorkspaceStats) => void, signal: AbortSignal): Promise<void>;
  /** Standard output and error, demultiplexed into one stream of bytes; following unless `isFollowed` is false. */
  logs(
    containerId: string,
    options: { tailLines: number; isFollowed?: boolean; signal: AbortSignal },
  ): Promise<Readable>;

  exec(spec: ExecSpec): Promise<{ stdout: string; stderr: string; exitCode: number | null }>;
  openPty(spec: ContainerPtySpec): Promise<Pty>;
  /**
   * The same shell as a command for a terminal on the host itself: `program` is the engine's command-line client there.
   * It writes a zero byte once its shell has started.
   */
  ptyCommand(
    spec: Omit<ContainerPtySpec, 'cols' | 'rows' | 'signal'>,
    way: { readonly program: string; readonly socketPath: string },
  ): [string, ...string[]];
  /** Ends every process in the container that carries one of these terminal ids; returns how many. */
  sweepTerminals(containerId: string, terminalIds: readonly string[]): Promise<number>;
  /** Terminal ids that have processes in the container. */
  listTerminals(containerId: string): Promise<string[]>;

  close(): void;
}

export interface ContainerEngineFactory {
  /** Negotiates the API version; throws engine.too-old, engine.unreachable, engine.permission-denied. */
  open(
    openStream: (signal?: AbortSignal) => Promise<import('node:stream').Duplex>,
    signal?: AbortSignal,
  ): Promise<ContainerEngine>;
}
