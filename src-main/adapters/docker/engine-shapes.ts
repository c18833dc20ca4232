/** The engine's JSON in Berth's own words: information, images, containers, volumes, networks, events. Pure. */
import type { HostImage } from '#contract/hosts.ts';
import type {
  ContainerDetail,
  ContainerSummary,
  EngineEvent,
  EngineInfo,
  VolumeSummary,
} from '../../control-plane/interfaces/container-engine.ts';
import {
  asCount,
  asInstant,
  asLabels,
  asList,
  asNumber,
  asRecord,
  asText,
  asTexts,
  type JsonRecord,
} from './engine-json.ts';

export function readEngineInfo(
  info: JsonRecord,
  version: JsonRecord,
  api: { apiVersion: string; minimumApiVersion: string },
): EngineInfo {
  const securityOptions = asTexts(info.SecurityOptions);
  const storageDriver = asText(info.Driver);
  const backing = asList(info.DriverStatus).find((pair) => asList(pair)[0] === 'Backing Filesystem');
  const components = asList(version.Components).map(asRecord);
  const runtimeVersions: Record<string, string> = {};
  for (const { Name, Version } of components)
    if (asText(Name) !== '' && asText(Version) !== '')
      Object.defineProperty(runtimeVersions, asText(Name).toLowerCase(), {
        value: asText(Version),
        enumerable: true,
      });
  return {
    name: engineNameOf(version, components),
    version: asText(info.ServerVersion) || asText(version.Version),
    ...api,
    operatingSystem: asText(info.OperatingSystem),
    kernel: asText(info.KernelVersion),
    architecture: asText(info.Architecture),
    cpus: asCount(info.NCPU),
    memoryBytes: asCount(info.MemTotal),
    rootFolder: asText(info.DockerRootDir),
    storageDriver,
    cgroupVersion: asText(info.CgroupVersion) || '1',
    runtimes: withoutAliases(Object.keys(asRecord(info.Runtimes))),
    defaultRuntime: asText(info.DefaultRuntime),
    runtimeVersions,
    securityOptions,
    isRootless: securityOptions.some((option) => option.includes('name=rootless')),
    // Necessary, not sufficient on XFS: the engine does not say whether it is mounted with pquota.
    canLimitDisk:
      ['btrfs', 'zfs'].includes(storageDriver) ||
      (storageDriver === 'overlay2' && asText(asList(backing)[1]) === 'xfs'),
    liveRestore: info.LiveRestoreEnabled === true,
    warnings: asTexts(info.Warnings),
  };
}

/**
 * What kind of engine it is. Docker says so in its platform ("Docker Engine - Community", nothing in a distribution's own
 * build) and calls its first component "Engine"; Podman says "Podman Engine" there, and in its platform the machine's.
 */
function engineNameOf(version: JsonRecord, components: readonly JsonRecord[]): string {
  const component = asText(components[0]?.Name);
  if (component !== '' && component !== 'Engine') return component;
  const platform = asText(asRecord(version.Platform).Name);
  if (platform === '' || platform.includes('/')) return 'Docker';
  // The edition and a version of its own (Docker Desktop) name nothing that the engine's version does not.
  return platform.replace(/ (- Community|v?\d.*)$/, '');
}

/** `io.containerd.runc.v2` is `runc` once more, by the name of its shim; it counts where it is the only name. */
function withoutAliases(runtimes: readonly string[]): string[] {
  const shim = /^io\.containerd\.(.+)\.v\d+$/;
  return runtimes.filter((name) => {
    const plain = name === 'io.containerd.runtime.v1.linux' ? 'runc' : shim.exec(name)?.[1];
    return plain === undefined || !runtimes.some((other) => other === plain || other.startsWith(`${plain}-`));
  });
}

/** The numbers that root of a container has on the host: `…/100000.100000` is where the engine then keeps its data. */
export function readRootId(info: JsonRecord): { uid: number; gid: number } {
  const isShifted = asTexts(info.SecurityOptions).some((option) => option.includes('name=userns'));
  const match = isShifted ? /\/(\d{1,10})\.(\d{1,10})\/?$/.exec(asText(info.DockerRootDir)) : null;
  return { uid: Number(match?.[1] ?? 0), gid: Number(match?.[2] ?? 0) };
}

export function readImage(json: unknown): HostImage {
  const image = asRecord(json);
  const createdSeconds = asNumber(image.Created);
  return {
    id: asText(image.Id),
    references: asTexts(image.RepoTags).filter((tag) => !tag.includes('<none>')),
    sizeBytes: asCount(image.Size),
    createdAt: createdSeconds > 0 ? instantOfSeconds(createdSeconds) : null,
  };
}

function instantOfSeconds(seconds: number): string | null {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

const states: Readonly<Record<string, ContainerSummary['state']>> = {
  created: 'created',
  running: 'running',
  paused: 'paused',
  restarting: 'restarting',
  removing: 'removing',
  exited: 'exited',
  dead: 'dead',
  // Podman's words.
  configured: 'created',
  initialized: 'created',
  stopping: 'running',
  stopped: 'exited',
};

function readState(text: string): ContainerSummary['state'] {
  return Object.hasOwn(states, text) ? (states[text] ?? 'dead') : 'dead';
}

export function readContainerSummary(json: unknown): ContainerSummary {
  const container = asRecord(json);
  return {
    id: asText(container.Id),
    name: (asTexts(container.Names)[0] ?? '').replace(/^\//, ''),
    image: asText(container.Image),
    imageId: asText(container.ImageID),
    labels: asLabels(container.Labels),
    state: readState(asText(container.State)),
    createdAtMs: asCount(container.Created) * 1000,
  };
}

export function readContainerDetail(json: unknown): ContainerDetail {
  const container = asRecord(json);
  const config = asRecord(container.Config);
  const state = asRecord(container.State);
  const status = readState(asText(state.Status));
  const networks = Object.values(asRecord(asRecord(container.NetworkSettings).Networks));
  const addresses = networks.map((network) => asText(asRecord(network).IPAddress));
  const hasRun = asInstant(state.FinishedAt) !== null;
  return {
    id: asText(container.Id),
    name: asText(container.Name).replace(/^\//, ''),
    image: asText(config.Image),
    imageId: asText(container.Image),
    labels: asLabels(config.Labels),
    state: status,
    createdAtMs: Date.parse(asText(container.Created)) || 0,
    startedAt: asInstant(state.StartedAt),
    finishedAt: asInstant(state.FinishedAt),
    exitCode: hasRun && status !== 'running' && status !== 'paused' ? asNumber(state.ExitCode) : null,
    isOutOfMemory: state.OOMKilled === true,
    error: asText(state.Error),
    user: asText(config.User),
    pid: asCount(state.Pid) || null,
    ipAddress: addresses.find((address) => address !== '') ?? null,
  };
}

export function readVolume(json: unknown): VolumeSummary {
  const volume = asRecord(json);
  return {
    name: asText(volume.Name),
    labels: asLabels(volume.Labels),
    createdAt: asInstant(volume.CreatedAt),
  };
}

export function readNetwork(json: unknown) {
  const network = asRecord(json);
  const configs = asList(asRecord(network.IPAM).Config).map(asRecord);
  const bridge = asText(asRecord(network.Options)['com.docker.network.bridge.name']);
  return {
    id: asText(network.Id),
    name: asText(network.Name),
    labels: asLabels(network.Labels),
    subnets: configs.map((config) => asText(config.Subnet)).filter((subnet) => subnet !== ''),
    /** Its interface on the engine's machine, where it was named at its making. */
    bridge: /^[A-Za-z0-9_.-]{1,15}$/.test(bridge) ? bridge : null,
  };
}

const eventTypes = ['container', 'image', 'volume', 'network', 'daemon'] as const;

/** Undefined: nothing that concerns Berth. Execs come and go with every terminal and would drown the rest. */
export function readEvent(json: JsonRecord): EngineEvent | undefined {
  const type = eventTypes.find((name) => name === json.Type);
  // `exec_start: sh -c …`, `health_status: healthy`: what follows the colon is not the action.
  const [action = ''] = asText(json.Action).split(':', 1);
  if (type === undefined || action === '' || action.startsWith('exec_')) return undefined;
  const actor = asRecord(json.Actor);
  const nanoseconds = asNumber(json.timeNano);
  return {
    type,
    action,
    id: asText(actor.ID),
    labels: asLabels(actor.Attributes),
    atMs: nanoseconds > 0 ? Math.floor(nanoseconds / 1e6) : asCount(json.time) * 1000,
  };
}

/** `/system/df` before API 1.52 has `Volumes`; from then on `VolumeUsage.Items`. */
export function readVolumeSizes(json: unknown): Map<string, number> {
  const usage = asRecord(json);
  const items = [...asList(usage.Volumes), ...asList(asRecord(usage.VolumeUsage).Items)];
  const sizes = new Map<string, number>();
  for (const item of items) {
    const volume = asRecord(item);
    const size = asNumber(asRecord(volume.UsageData).Size);
    // -1: the driver cannot say.
    if (asText(volume.Name) !== '' && size >= 0) sizes.set(asText(volume.Name), size);
  }
  return sizes;
}
