/**
 * The one place where a helper container is described to the engine: an allow-list, as workspace-container.ts is for
 * workspaces. A helper is root without capabilities but those named, on a read-only root, with the host's programs
 * read-only and without a network unless asked. Pure.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { HelperMount, HelperSpec } from '../../control-plane/interfaces/helper-container.ts';
import { HELPER_LABEL } from './container-inspection.ts';
import { ATTACHED_LABEL, FILES_LABEL } from './helper-sweep.ts';

/** What of the host makes its programs run in a container; found by trying (helper-tools.ts). */
export interface HostTools {
  readonly image: string;
  /** Absolute paths, mounted where they are. */
  readonly folders: readonly string[];
  readonly python: string;
}

/**
 * `attached`: lives for one connection and is removed by the engine at its end. `detached`: goes on without us and stays,
 * with what it wrote, until somebody ends it.
 */
export type HelperLife = 'attached' | 'detached';

const DEFAULT_MEMORY_BYTES = 1024 * 1024 * 1024;
const PIDS = 256;
/** Locks and the like; what is large goes to volumes and folders. */
const SCRATCH = 'rw,nosuid,nodev,noexec,size=16m';
/** Lines of progress: 40 MB are many hours of them. */
const LOG_OPTIONS = { 'max-size': '20m', 'max-file': '2' };

/** Characters; sethostname(2) allows 64, DNS 63. Names differ at their end. */
const MOST_HOSTNAME = 63;

/** The body of `POST /containers/create` (Engine API 1.41 and newer). */
export function helperContainerBody(
  spec: HelperSpec,
  choices: {
    readonly tools: HostTools;
    readonly life: HelperLife;
    readonly program: string;
    readonly hasInput: boolean;
  },
) {
  const { tools, life, hasInput } = choices;
  const isAttached = life === 'attached';
  const memoryBytes = spec.memoryBytes ?? DEFAULT_MEMORY_BYTES;
  return {
    Image: tools.image,
    // -I: nothing of the environment or the working folder is imported; -B: nothing is written next to the program.
    Entrypoint: [tools.python, '-I', '-B', choices.program],
    Cmd: [...spec.args],
    User: '0:0',
    // restic asks whether a lock's process lives where the machine has the lock's name: each helper has its own. With
    // another container's network comes its name, and the engine takes no other.
    ...(typeof spec.network === 'object' ? {} : { Hostname: spec.name.slice(-MOST_HOSTNAME) }),
    Env: ['LC_ALL=C', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/', 'PYTHONDONTWRITEBYTECODE=1'],
    WorkingDir: '/',
    Labels: {
      ...spec.labels,
      'dev.berth.managed': '1',
      [HELPER_LABEL]: '1',
      ...(isAttached ? { [ATTACHED_LABEL]: '1' } : {}),
      ...(spec.program === 'files' ? { [FILES_LABEL]: '1' } : {}),
    },
    Tty: false,
    OpenStdin: hasInput,
    // The engine closes the input when the one who writes it goes: what tells a helper that its connection was cut.
    StdinOnce: hasInput,
    AttachStdin: hasInput,
    AttachStdout: isAttached,
    AttachStderr: isAttached,
    StopSignal: 'SIGTERM',
    HostConfig: {
      Privileged: false,
      CapDrop: ['ALL'],
      CapAdd: [...spec.capabilities],
      // Without label=disable SELinux would keep it from the host's folders and from other containers' volumes.
      SecurityOpt: ['no-new-privileges:true', 'label=disable'],
      // Numbers of owners are then those of the disk, as archives need them.
      UsernsMode: 'host',
      ReadonlyRootfs: true,
      Tmpfs: { '/tmp': `${SCRATCH},mode=1777`, '/run': `${SCRATCH},mode=0755` },
      NetworkMode: networkMode(spec.network),
      IpcMode: 'private',
      PidMode: spec.processes === undefined ? '' : `container:${spec.processes.containerId}`,
      CgroupnsMode: 'private',
      PidsLimit: PIDS,
      Memory: memoryBytes,
      MemorySwap: memoryBytes,
      OomScoreAdj: 0,
      Mounts: [
        ...tools.folders.map(hostFolder),
        ...spec.mounts.filter((mount) => !mayCreate(mount)).map(mountOf),
      ],
      Binds: spec.mounts.filter(mayCreate).map(creatingBind),
      // In another container's process namespace it would be no first process, and nobody's parent.
      Init: spec.processes === undefined,
      AutoRemove: isAttached,
      RestartPolicy: { Name: 'no' },
      LogConfig: isAttached ? { Type: 'none', Config: {} } : { Type: 'json-file', Config: LOG_OPTIONS },
    },
  };
}

function networkMode(network: HelperSpec['network'] = 'none'): string {
  return typeof network === 'string' ? network : `container:${network.containerId}`;
}

export type HelperContainerBody = ReturnType<typeof helperContainerBody>;

function mayCreate({ kind, mayCreate: isAllowed }: HelperMount): boolean {
  return kind === 'folder' && isAllowed === true;
}

function hostFolder(path: string) {
  return mountOf({ kind: 'folder', source: path, target: path, isReadOnly: true });
}

function mountOf({ kind, source, target, isReadOnly }: HelperMount) {
  const ends = { Source: source, Target: target, ReadOnly: isReadOnly };
  return kind === 'volume'
    ? { Type: 'volume', ...ends, VolumeOptions: { NoCopy: true } }
    : { Type: 'bind', ...ends, BindOptions: { Propagation: 'rprivate' } };
}

/** The engine makes the folder for this older form of a mount, and only for this one. Its colons cannot be escaped. */
function creatingBind({ source, target, isReadOnly }: HelperMount): string {
  if (!source.startsWith('/') || /[:\0]/.test(source) || /[:\0]/.test(target))
    throw new BerthError('invalid-input', 'A folder on the host must have an absolute path without a colon.');
  return `${source}:${target}:${isReadOnly ? 'ro' : 'rw'},rprivate`;
}

/** Of an engine that refused a mount: the path that is not there. Docker names it last; Podman says `statfs /path: …`. */
export function missingSource(error: unknown): string | undefined {
  if (!BerthError.is(error)) return undefined;
  const words = String(error.details.engineMessage ?? '');
  const match = /bind source path does not exist: (\/.*)$|(?:statfs|stat|lstat) (\/.*?): no such file/.exec(
    words,
  );
  return match?.[1] ?? match?.[2];
}
