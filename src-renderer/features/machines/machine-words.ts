/** How machines are spoken of: sizes, places, gates, what happens by itself. Pure. */
import type { CloudProviderInfo } from '#contract/clouds.ts';
import type {
  Gate,
  Leftover,
  Machine,
  MachineEnd,
  SleepPlace,
  SshAccess,
  TroubleChoice,
} from '#contract/machines.ts';
import { formatBytes, formatCount, formatDuration } from '../../components/format.ts';

const space = '\u00a0';

/** What the provider calls one; "machine" until that is known. */
export function wordFor(provider: Pick<CloudProviderInfo, 'machineWord'> | undefined): string {
  return provider?.machineWord ?? 'machine';
}

/** "2 CPUs, 4.0 GiB memory, 80.0 GiB disk"; what is not known is left out. */
export function sizeWords({
  cpus,
  memoryBytes,
  diskBytes,
}: Pick<Machine, 'cpus' | 'memoryBytes' | 'diskBytes'>): string {
  return [
    cpus === null ? null : formatCount(cpus, 'CPU', 'CPUs'),
    memoryBytes === null ? null : `${formatBytes(memoryBytes)}${space}memory`,
    diskBytes === null ? null : `${formatBytes(diskBytes)}${space}disk`,
  ]
    .filter((part) => part !== null)
    .join(', ');
}

export const gates: readonly Gate[] = ['action', 'address', 'ssh', 'setup'];
export const gateTitles: Record<Gate, string> = {
  action: 'The provider makes it',
  address: 'It gets its address',
  ssh: 'SSH answers with the right key',
  setup: 'Its set-up ends and the engine answers',
};
const troubleTitles: Record<Gate, string> = {
  action: 'The provider has not made it',
  address: 'It has no address',
  ssh: 'It cannot be reached over SSH as it should be',
  setup: 'Its set-up did not end well',
};
/** What has no choices is no trouble of its making. */
export function troubleTitle({ choices, error, gate }: NonNullable<Machine['trouble']>): string {
  if (choices.length === 0 && error.code === 'machine.copy-unverified') return 'What it sleeps in is missing';
  if (choices.length === 0 && error.code === 'credential.missing') return 'It is not a host yet';
  return troubleTitles[gate];
}
export const choiceLabels: Record<TroubleChoice, string> = {
  'keep-waiting': 'Keep waiting',
  retry: 'Try again',
  keep: 'Keep it',
  destroy: 'Destroy it',
};
/** In the order in which they are offered; `destroy` is the last. */
export const choiceOrder: readonly TroubleChoice[] = ['keep-waiting', 'retry', 'keep', 'destroy'];

export type EndAction = MachineEnd['atAction'];
export const actionWords: Record<EndAction, string> = {
  destroy: 'destroyed, with everything on it',
  hibernate: 'put to sleep',
};
const actionVerbs: Record<EndAction, string> = { destroy: 'destroy it', hibernate: 'put it to sleep' };

/** What failed of what Berth does by itself, in a few words. */
export function retryTitle(name: string, { why, action }: NonNullable<Machine['retry']>): string {
  if (why === 'sleep') return `${name} is not asleep yet, and costs`;
  return `${name} could not be ${action === 'destroy' ? 'destroyed' : 'put to sleep'} by itself, and costs`;
}

/** "30 min", "1 d 2 h". */
export function idleWords(minutes: number): string {
  return formatDuration(minutes * 60_000);
}

/** Both rules of its end as sentences; one that says so where there is none. */
export function endWords(end: MachineEnd, atText: (at: string) => string): string[] {
  const lines = [
    end.at === null ? null : `On ${atText(end.at)}: ${actionVerbs[end.atAction]}.`,
    end.idleMinutes === null
      ? null
      : `After ${idleWords(end.idleMinutes)} without work: ${actionVerbs[end.idleAction]}.`,
  ].filter((line) => line !== null);
  return lines.length === 0 ? ['Never: it runs, and costs, until you end it.'] : lines;
}

export function accessWords(access: SshAccess | null): string {
  if (access === null) return 'As it was set at the provider: Berth keeps no firewall for it.';
  switch (access.from) {
    case 'mine':
      return 'From the address that this Berth comes from.';
    case 'anywhere':
      return 'From anywhere: its key is all that protects it.';
    case 'addresses':
      return `From ${access.addresses.join(', ')}.`;
    default:
      return access satisfies never;
  }
}

export function placeWords(
  place: SleepPlace,
  provider: Pick<CloudProviderInfo, 'name'> | undefined,
  hostName: (id: string) => string | undefined,
): string {
  switch (place.kind) {
    case 'machine-snapshot':
      return `as a snapshot of the whole disk at ${provider?.name ?? 'the provider'}`;
    case 'host':
      return `as snapshots of its workspaces on ${hostName(place.hostId) ?? 'a host that was removed'}`;
    case 'computer':
      return 'as archives of its workspaces on the computer that this Berth runs on';
    default:
      return place satisfies never;
  }
}

/** Tells places apart. Part of an element’s id, where a space would end the name. */
export function placeKey(place: SleepPlace): string {
  return place.kind === 'host' ? `on-${place.hostId}` : place.kind;
}

export const leftoverWords: Record<Leftover['kind'], string> = {
  address: 'reserved address',
  snapshot: 'snapshot',
  volume: 'volume',
  'volume-snapshot': 'snapshot of a volume',
};

/** A typed name is the machine's: spaces around it do not count, capitals do. */
export function isNameTyped(typed: string, name: string): boolean {
  return typed.trim() === name;
}
