/** What the making of machines needs of the rest of the plane. */
import type { HostDefinition } from '#contract/hosts.ts';
import type { MachineId } from '#contract/ids.ts';
import type { CredentialService } from '../../credentials/credential-service.ts';
import type { HostService } from '../../hosts/host-service.ts';
import type { Clock } from '../../interfaces/clock.ts';
import type { HostConnector } from '../../interfaces/host-connector.ts';
import type { Random } from '../../interfaces/random.ts';
import type { SecretStore } from '../../interfaces/secret-store.ts';
import type { SshKeyMaker } from '../../interfaces/ssh-key-maker.ts';
import type { StepContext } from '../../operations/operation-definition.ts';
import type { CloudClients } from '../cloud-clients.ts';
import type { MachineRecord } from '../machine.ts';
import type { MachineDirectory } from '../machine-directory.ts';
import type { Waiting } from '../patience.ts';

/** The login that Berth has on machines that it makes. */
export const LOGIN_USER = 'berth';

export interface MakingDeps {
  readonly directory: MachineDirectory;
  readonly clouds: CloudClients;
  readonly credentials: CredentialService;
  readonly secrets: Pick<SecretStore, 'put' | 'get' | 'delete'>;
  readonly keyMaker: SshKeyMaker;
  readonly connector: HostConnector;
  readonly hosts: HostService;
  /** Which Berth a machine is of. */
  readonly installation: string;
  /** Text of resources/cloud/setup.sh. */
  readonly setupScript: string;
  readonly clock: Clock;
  readonly random: Random;
}

/** Any operation on one machine. */
export interface MachineInput {
  readonly machineId: MachineId;
}

export function waitingOf(deps: Pick<MakingDeps, 'clock'>, context: StepContext<MachineInput>): Waiting {
  return { clock: deps.clock, signal: context.signal, note: (text) => context.note(text) };
}

/** Where it is reached. Undefined: it has no address yet. The port is said, so that no configuration of SSH says another. */
export function definitionOf(
  record: Pick<MachineRecord, 'ipv4' | 'ipv6' | 'loginUser' | 'loginCredentialId'>,
): Extract<HostDefinition, { kind: 'ssh' }> | undefined {
  const address = record.ipv4 ?? record.ipv6;
  if (address === null || record.loginCredentialId === null) return undefined;
  return {
    kind: 'ssh',
    configName: null,
    address,
    port: 22,
    user: record.loginUser,
    auth: {
      method: 'key',
      source: { kind: 'credential', credentialId: record.loginCredentialId },
      passphraseId: null,
    },
    jumps: [],
    engineSocket: null,
  };
}

/** Keys that it may show now. */
export function pinsOf(record: Pick<MachineRecord, 'hostKey' | 'bootKey'>): string[] {
  return [record.hostKey, record.bootKey].flatMap((key) => (key === null ? [] : [key.fingerprint]));
}

/** A person chose to keep what there is: nothing is taken back. */
export function isKept(record: MachineRecord): boolean {
  return record.life === 'incomplete';
}
