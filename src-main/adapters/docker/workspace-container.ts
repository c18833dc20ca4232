/**
 * The one place where a container of a workspace is described to the engine: an allow-list. Every field of the request is
 * written here; what a person may influence goes into fields that grant nothing. Pure.
 *
 * The first process. An image's command may end at once (a shell without a terminal, a server that needs root, nothing at
 * all), and a workspace must stay up to be opened. So where the image has /bin/sh, `keep-alive.sh` runs the image's own
 * entrypoint and command with an input that stays open, and stays when they end; the logs then say how they ended. A
 * terminal as the first process (`-t`) was the other way: interactive shells ignore SIGTERM, so each stop would cost the
 * whole grace time, and the logs would lose the line between output and error. Without /bin/sh the image's command runs as
 * it is, and lives as long as it does; so does that of an image whose own init wants to be process 1 (`start: 'image'`).
 */
import type { HardeningProfile } from '#contract/projects.ts';
import type { WorkspaceContainerSpec } from '../../control-plane/interfaces/container-engine.ts';
import type { Secret } from '../../control-plane/interfaces/secret.ts';

/** What of the image decides about the container. */
export interface ImageFacts {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly environment: readonly string[];
  readonly workingFolder: string;
  /** As `SIGTERM`; the image's own wish. */
  readonly stopSignal: string;
  readonly hasShell: boolean;
}

/** Who runs in the container. */
export interface ContainerUser {
  /** As the engine takes it: `dev`, `1000:1000`, `0:0`. */
  readonly user: string;
  /** Its home in the image's /etc/passwd; null when it is not there. */
  readonly home: string | null;
  /** Numbers, for the owner of volume and scratch folders; undefined when the image names a user that it does not have. */
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

export interface ContainerChoices {
  readonly image: ImageFacts;
  readonly user: ContainerUser;
  readonly keepAliveScript: string;
  /** False where the engine cannot raise the limit of open files to ours. */
  readonly canLimitOpenFiles: boolean;
}

/**
 * What a package manager needs as root: apt drops to `_apt` (SETUID, SETGID), unpacks files of others (CHOWN, FOWNER,
 * DAC_OVERRIDE) and ends its children (KILL). No NET_RAW, no MKNOD, no SYS_*.
 */
const ROOT_INSIDE_CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'KILL', 'SETGID', 'SETUID'] as const;

const OPEN_FILES = 16_384;
const SHARED_MEMORY_BYTES = 64 * 1024 * 1024;
/** Half the kernel's default weight: under contention the host's own services come first. */
const CPU_SHARES = 512;
/** Of all on the host, a workspace is ended first when memory runs out. */
const OOM_SCORE = 500;

export function capabilitiesOf(profile: HardeningProfile): readonly string[] {
  return profile === 'root-inside' ? ROOT_INSIDE_CAPABILITIES : [];
}

/** The body of `POST /containers/create` (Engine API 1.41 and newer). */
export function workspaceContainerBody(spec: WorkspaceContainerSpec, choices: ContainerChoices) {
  const { image, user } = choices;
  const { memoryBytes, cpus, pids } = spec.limits;
  // s6-overlay and its like have to be process 1, and take care of orphans themselves.
  const isKeptAlive = spec.start !== 'image' && image.hasShell;
  const keepAlive = ['/bin/sh', '-c', choices.keepAliveScript, 'berth', stopSignalName(image.stopSignal)];
  return {
    Image: spec.image,
    Hostname: spec.hostname,
    User: user.user,
    ...(isKeptAlive ? { Entrypoint: keepAlive, Cmd: [...image.entrypoint, ...image.command] } : {}),
    Env: environmentOf(spec, choices),
    WorkingDir:
      image.workingFolder === '' || image.workingFolder === '/' ? spec.mountPoint : image.workingFolder,
    Labels: { ...spec.labels },
    Tty: false,
    OpenStdin: true,
    StdinOnce: false,
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    ...(isKeptAlive ? { StopSignal: 'SIGTERM' } : {}),
    StopTimeout: spec.stopGraceSeconds,
    HostConfig: {
      Privileged: false,
      CapDrop: ['ALL'],
      CapAdd: [...capabilitiesOf(spec.profile)],
      // seccomp and AppArmor stay the engine's own; `unconfined` is never said.
      SecurityOpt: ['no-new-privileges:true'],
      ReadonlyRootfs: spec.profile === 'locked',
      Tmpfs: spec.profile === 'locked' ? scratchFolders(spec.mountPoint, user) : {},
      Devices: [],
      DeviceCgroupRules: [],
      DeviceRequests: [],
      PidMode: '',
      IpcMode: 'private',
      UTSMode: '',
      CgroupnsMode: 'private',
      UsernsMode: '',
      PidsLimit: pids,
      // Equal values forbid swap: a limit that spills into swap slows the whole host down.
      ...(memoryBytes === null ? {} : { Memory: memoryBytes, MemorySwap: memoryBytes }),
      ...(cpus === null ? {} : { NanoCpus: Math.round(cpus * 1e9) }),
      CpuShares: CPU_SHARES,
      OomScoreAdj: OOM_SCORE,
      Ulimits: [
        ...(choices.canLimitOpenFiles ? [{ Name: 'nofile', Soft: OPEN_FILES, Hard: OPEN_FILES }] : []),
        { Name: 'core', Soft: 0, Hard: 0 },
      ],
      ShmSize: spec.sharedMemoryBytes ?? SHARED_MEMORY_BYTES,
      Mounts: [
        {
          Type: 'volume',
          Source: spec.volumeName,
          Target: spec.mountPoint,
          ReadOnly: false,
          // Preparing has copied what the image has there and set the owner. Copying again into a volume that is still
          // empty would hand it back to root, to whom the working folder belongs that the engine makes there.
          VolumeOptions: { NoCopy: true },
        },
      ],
      NetworkMode: spec.networkName,
      // Ports are reached through the host's own connection, never opened on the host.
      PublishAllPorts: false,
      PortBindings: {},
      Init: spec.start !== 'image',
      AutoRemove: false,
      RestartPolicy: { Name: 'unless-stopped' },
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
      ...(spec.runtime === 'default' ? {} : { Runtime: spec.runtime }),
    },
  };
}

function environmentOf(spec: WorkspaceContainerSpec, { image, user }: ContainerChoices): string[] {
  const isSet = (name: string) =>
    spec.environment.some((variable) => variable.name === name) ||
    image.environment.some((line) => line.startsWith(`${name}=`));
  // A user that the image does not know would get `/` for a home, which it cannot write to.
  const home = user.home === null && !isSet('HOME') ? [`HOME=${spec.mountPoint}`] : [];
  return [...home, ...spec.environment.map(({ name, value }) => `${name}=${textOf(value)}`)];
}

function textOf(value: string | Secret): string {
  return typeof value === 'string' ? value : value.reveal();
}

/**
 * What programs expect to be able to write when the root file system is read-only. Memory, counted to the workspace. The
 * owner is said by number: runc gives the mount the mode that the image's folder has, whatever `mode` says.
 */
function scratchFolders(mountPoint: string, { uid, gid }: ContainerUser): Record<string, string> {
  const owner = uid === undefined ? '' : `,uid=${uid},gid=${gid ?? 0}`;
  const folders: Record<string, string> = {
    '/tmp': `rw,nosuid,nodev,exec,mode=1777${owner}`,
    '/var/tmp': `rw,nosuid,nodev,exec,mode=1777${owner}`,
    '/run': `rw,nosuid,nodev,noexec,mode=0755${owner}`,
  };
  return Object.fromEntries(Object.entries(folders).filter(([path]) => path !== mountPoint));
}

/** `SIGQUIT` and `3` as kill(1) takes them in every shell; anything else becomes TERM. */
function stopSignalName(signal: string): string {
  const name = signal.trim().toUpperCase().replace(/^SIG/, '');
  return /^(HUP|INT|QUIT|TERM|USR1|USR2|WINCH|KILL|[0-9]{1,2})$/.test(name) ? name : 'TERM';
}
