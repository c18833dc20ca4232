/**
 * The steps from a record to hardware that is set up and proven to be ours. What to make stands in the machine's record
 * (region, size, image, tags, firewall, the price that was seen); what was made is written there, or found again by the
 * operation's tag. Used to make a machine and to bring one back from its sleep.
 */
import type { TroubleChoice } from '#contract/machines.ts';
import { BerthError } from '#contract/berth-error.ts';
import type { MachineWish } from '../../interfaces/cloud-provider.ts';
import type { StepContext, StepDefinition } from '../../operations/operation-definition.ts';
import { askCloud } from '../ask-cloud.ts';
import { berthTag, installationTag, machineTag, type MachineRecord, operationTag } from '../machine.ts';
import { checkAccount } from './account-check.ts';
import { cloudConfigOf } from './cloud-config.ts';
import { type GateVisit, passGate } from './gate.ts';
import { dropKeys, ensureKeys, privateHalf } from './hardware-keys.ts';
import { lookAtAction, lookAtAddress, lookAtSetup, lookAtSsh } from './machine-gates.ts';
import { isKept, type MachineInput, type MakingDeps, waitingOf } from './making-deps.ts';
import { ensureProviderParts, removeProviderParts } from './provider-parts.ts';
import { endRentedHardware, rentHardware } from './rent-hardware.ts';
import { secure } from './secure.ts';

export const allChoices = [
  'keep-waiting',
  'retry',
  'keep',
  'destroy',
] as const satisfies readonly TroubleChoice[];

/**
 * Cancel, or a failure, takes all of it back: hardware, firewall, key, secrets. A machine that a person chose to keep
 * (`life` `incomplete`) is left as it is.
 */
export function createHardwareSteps<I extends MachineInput>(deps: MakingDeps): StepDefinition<I>[] {
  return [...createRentSteps<I>(deps), ...createGateSteps<I>(deps, allChoices)];
}

function createRentSteps<I extends MachineInput>(deps: MakingDeps): StepDefinition<I>[] {
  const { clouds, directory } = deps;
  const recordOf = ({ input }: StepContext<I>) => directory.require(input.machineId);
  /** What is there of it, and may be taken back. */
  const undone = (context: StepContext<I>): MachineRecord | undefined => {
    const record = directory.record(context.input.machineId);
    return record === undefined || isKept(record) ? undefined : record;
  };
  return [
    {
      id: 'account',
      title: 'Check account, price and name',
      async run(context) {
        const record = recordOf(context);
        // Hardware that is there already carries the tag of the operation that made it.
        if (record.providerId !== null || record.requestedAt) return;
        directory.requireFreeName(record.name, record.id);
        deps.hosts.checkName(record.name, record.hostId ?? undefined);
        const isNew = record.sleep === null;
        const size = await askCloud(waitingOf(deps, context), clouds, record.cloudId, (client) =>
          checkAccount(client, record, isNew, context.signal),
        );
        const { cpus, diskBytes, hourlyUsd, memoryBytes, monthlyUsd } = size;
        await directory.change(record.id, {
          ...{ cpus, diskBytes, hourlyUsd, memoryBytes, monthlyUsd },
          operationId: context.operationId,
        });
        context.note(`$${directory.view(record.id).hourlyUsd} an hour`);
      },
    },
    {
      id: 'keys',
      title: 'Make its keys',
      async run(context) {
        if (recordOf(context).providerId === null) await ensureKeys(deps, context.input.machineId);
      },
      async undo(context) {
        const record = undone(context);
        // As long as hardware may be there, it is reached with these.
        if (record === undefined || record.providerId !== null || record.requestedAt) return;
        await dropKeys(deps, record, record.sleep !== null);
      },
    },
    {
      id: 'provider',
      title: 'Give key and firewall to the provider',
      async run(context) {
        const record = recordOf(context);
        if (record.providerId === null) await ensureProviderParts(deps, waitingOf(deps, context), record);
      },
      async undo(context) {
        const record = undone(context);
        if (record === undefined || record.providerId !== null || record.requestedAt) return;
        await removeProviderParts(deps, waitingOf(deps, context), record);
      },
    },
    {
      id: 'rent',
      title: 'Ask for the machine',
      async run(context) {
        const { machineId } = context.input;
        const { actionId } = await rentHardware(deps, waitingOf(deps, context), machineId, () =>
          wishOf(deps, recordOf(context)),
        );
        context.memory.actionId = actionId;
        context.note(`the provider numbers it ${recordOf(context).providerId}`);
      },
      async undo(context) {
        const record = undone(context);
        if (record !== undefined) await endRentedHardware(deps, waitingOf(deps, context), record.id);
      },
    },
  ];
}

/** The four gates, and what was open for the first boot closed. Nothing of them is taken back: the hardware goes whole. */
export function createGateSteps<I extends MachineInput>(
  deps: MakingDeps,
  choices: readonly TroubleChoice[],
): StepDefinition<I>[] {
  const pass = (
    context: StepContext<I>,
    visit: Pick<GateVisit, 'gate' | 'look'> & Partial<Pick<GateVisit, 'mayPass'>>,
  ) => passGate(deps, { mayPass: () => false, ...visit, context, choices });
  return [
    {
      id: 'gate-action',
      title: 'The provider makes the machine',
      run: (context) => {
        const { actionId } = context.memory;
        return pass(context, {
          gate: 'action',
          look: (record) =>
            lookAtAction(deps, context, record, typeof actionId === 'string' ? actionId : null),
        });
      },
    },
    {
      id: 'gate-address',
      title: 'It has an address',
      run: (context) =>
        pass(context, { gate: 'address', look: (record) => lookAtAddress(deps, context, record) }),
    },
    {
      id: 'gate-ssh',
      title: 'It answers with the right host key',
      run: (context) =>
        pass(context, {
          gate: 'ssh',
          look: (record) => lookAtSsh(deps, context, record),
          mayPass: isBooting,
        }),
    },
    {
      id: 'gate-setup',
      title: 'It is set up, and its engine answers',
      run: (context) =>
        pass(context, {
          gate: 'setup',
          look: (record) => lookAtSetup(deps, context, record),
          mayPass: isBooting,
        }),
    },
    {
      id: 'secure',
      title: 'Give it its lasting host key, and narrow its firewall',
      run: (context) =>
        pass(context, { gate: 'ssh', look: (record) => secure(deps, context, record), mayPass: isBooting }),
    },
  ];
}

/** A machine that boots refuses, is silent, and turns a right key away (pam_nologin(8)); another host key it never shows. */
export function isBooting(error: BerthError): boolean {
  return BerthError.is(
    error,
    'host.unreachable',
    'host.not-ssh',
    'host.auth-failed',
    'host.sessions-exhausted',
    'host.command-failed',
    'connection-lost',
    'timed-out',
    'machine.overdue',
  );
}

async function wishOf(deps: MakingDeps, record: MachineRecord): Promise<MachineWish> {
  const { bootKey, keyId, loginCredentialId, operationId } = record;
  const login = loginCredentialId === null ? undefined : await deps.credentials.secretOf(loginCredentialId);
  if (bootKey === null || keyId === null || operationId === null || login === undefined)
    throw new BerthError('credential.missing', 'A key of the machine is not in the keychain any more.');
  const userData = cloudConfigOf({
    name: record.name,
    user: record.loginUser,
    loginKey: deps.keyMaker.publicKeyOf(login),
    bootKey: { publicKey: bootKey.publicKey, privateKey: (await privateHalf(deps, bootKey)).reveal() },
    setupScript: deps.setupScript,
    mark: operationId,
  });
  const { hasBackups, image, name, region, size } = record;
  return {
    ...{ name, region, size, image, hasBackups },
    hasIpv6: record.hasIpv6 ?? false,
    hasMonitoring: record.hasMonitoring,
    keyIds: [keyId],
    userData,
    tags: [
      berthTag,
      operationTag(operationId),
      machineTag(record.id),
      installationTag(deps.installation),
      ...record.tags,
    ],
  };
}
