/**
 * A machine that was found and becomes one of this Berth's: pure. Berth has neither a key for it nor proof of its host key,
 * so it becomes a host when the person adds one at its address, or has one there already.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { Host } from '#contract/hosts.ts';
import type { CloudId, MachineId, UserId } from '#contract/ids.ts';
import { type Clock, instantOf } from '../interfaces/clock.ts';
import type { CloudMachine } from '../interfaces/cloud-provider.ts';
import type { MachineRecord } from './machine.ts';

export interface Adoption {
  readonly id: MachineId;
  readonly cloudId: CloudId;
  readonly machine: CloudMachine;
  /** Null: as at the provider. */
  readonly name: string | null;
  readonly userId: UserId;
  readonly at: string;
}

export function adoptedRecord({ at, cloudId, id, machine, name, userId }: Adoption): MachineRecord {
  return {
    id,
    cloudId,
    name: name ?? machineName(machine.name),
    providerId: machine.id,
    hostId: null,
    life: 'made',
    power: { state: machine.state, isBusy: machine.isBusy, readAt: at },
    gate: null,
    trouble: null,
    region: machine.region,
    size: machine.size,
    image: machine.image ?? '',
    cpus: machine.cpus,
    memoryBytes: machine.memoryBytes,
    diskBytes: machine.diskBytes,
    hourlyUsd: machine.hourlyUsd,
    monthlyUsd: machine.monthlyUsd,
    ipv4: machine.ipv4,
    ipv6: machine.ipv6,
    tags: [...machine.tags],
    hasBackups: machine.hasBackups,
    sshAccess: null,
    end: { at: null, atAction: 'destroy', idleMinutes: null, idleAction: 'destroy' },
    sleep: null,
    createdAt: machine.createdAt,
    userId,
    operationId: null,
    keyId: null,
    firewallId: null,
    loginCredentialId: null,
    loginUser: 'root',
    hostKey: null,
    bootKey: null,
    hasMonitoring: false,
    onTrouble: 'ask',
    earlierProviderIds: [],
    billedFromAt: machine.createdAt,
  };
}

/** Providers allow dots in a name, and longer ones. */
function machineName(name: string): string {
  const fit = name
    .replaceAll(/[^a-zA-Z0-9-]+/g, '-')
    .slice(0, 63)
    .replaceAll(/^-+|-+$/g, '');
  return fit === '' ? 'machine' : fit;
}

/** The host that leads straight to the machine, where exactly one does and it is no other machine's. */
export function hostOf(
  { ipv4, ipv6 }: Pick<MachineRecord, 'ipv4' | 'ipv6'>,
  hosts: readonly Host[],
  records: readonly MachineRecord[],
): Host | undefined {
  const taken = new Set(records.map(({ hostId }) => hostId));
  const fitting = hosts.filter(
    ({ definition, id }) =>
      definition.kind === 'ssh' &&
      definition.address !== null &&
      definition.jumps.length === 0 &&
      (definition.address === ipv4 || definition.address.toLowerCase() === ipv6?.toLowerCase()) &&
      !taken.has(id),
  );
  return fitting.length === 1 ? fitting[0] : undefined;
}

/** What a machine without keys of its own has: a host that is there, or a word on how it becomes one. */
export function waitsForHost(
  { ipv4, ipv6, name, trouble }: MachineRecord,
  host: Host | undefined,
  clock: Clock,
): Partial<MachineRecord> {
  if (host !== undefined) {
    // A trouble with choices is one of its making.
    const isOwn = trouble !== null && trouble.choices.length === 0 && trouble.gate === 'ssh';
    return { hostId: host.id, trouble: isOwn ? null : trouble, ...loginOf(host) };
  }
  const address = ipv4 ?? ipv6;
  const error = new BerthError(
    'credential.missing',
    `Berth has no key for “${name}”, so it is not a host yet. ${address === null ? 'Once it has an address, add' : `Add`} a host over SSH${address === null ? ' there' : ` at ${address}`}, with a user and a key that it accepts: Berth then knows that it is this machine.`,
  );
  return {
    hostId: null,
    trouble: { gate: 'ssh', error: error.toShape(), choices: [], sinceAt: instantOf(clock) },
  };
}

/** The host's own way in is the machine's, too. */
function loginOf({ definition }: Host): Partial<MachineRecord> {
  if (definition.kind !== 'ssh' || definition.user === null) return {};
  const { auth, user } = definition;
  if (auth.method !== 'key' || auth.source.kind !== 'credential') return { loginUser: user };
  return { loginUser: user, loginCredentialId: auth.source.credentialId };
}
