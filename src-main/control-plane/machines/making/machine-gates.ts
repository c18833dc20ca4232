/** What each of the four gates looks at. A look changes nothing but what the record says of the machine. */
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import { instantOf } from '../../interfaces/clock.ts';
import type { CloudMachine } from '../../interfaces/cloud-provider.ts';
import type { HostConnection } from '../../interfaces/host-connection.ts';
import { parseScriptReport, type ScriptReport } from '../../hosts/script-report.ts';
import type { StepContext } from '../../operations/operation-definition.ts';
import type { MachineRecord } from '../machine.ts';
import { type GateLook, notYet, passed } from './gate.ts';
import { overSsh } from './machine-ssh.ts';
import { type MachineInput, type MakingDeps, pinsOf } from './making-deps.ts';

/** Milliseconds for the script that tells how far the set-up is: a machine at work is slow. */
const STATE_MS = 60_000;
/** Of numbered lines of a report. */
const MAX_LINES = 30;

type Context = StepContext<MachineInput>;

/** The provider has done what it was asked. `actionId` null: its answer was lost, and it is told by the machine itself. */
export async function lookAtAction(
  deps: MakingDeps,
  { signal }: Context,
  record: MachineRecord,
  actionId: string | null,
): Promise<GateLook> {
  const providerId = requireHardware(record);
  const client = await deps.clouds.client(record.cloudId);
  const id =
    actionId ?? (await client.actionsOf(providerId, signal)).find(({ type }) => type === 'create')?.id;
  const action = id === undefined ? undefined : await client.action(providerId, id, signal);
  if (action?.state === 'done') return passed;
  if (action?.state === 'failed')
    throw new BerthError('machine.action-failed', 'The provider could not make the machine.');
  const machine = await readMachine(deps, record, signal);
  if (action === undefined && machine.state === 'on' && !machine.isBusy) return passed;
  return notYet('the provider works on it');
}

export async function lookAtAddress(
  deps: MakingDeps,
  { signal }: Context,
  record: MachineRecord,
): Promise<GateLook> {
  const machine = await readMachine(deps, record, signal);
  if (machine.state === 'on' && (machine.ipv4 ?? machine.ipv6) !== null) return passed;
  return notYet(machine.state === 'on' ? 'it has no address yet' : 'it is not switched on yet');
}

/** As it is now, noted in the record. Throws machine.action-failed where the provider has it no more. */
async function readMachine(
  { clock, clouds, directory }: MakingDeps,
  record: MachineRecord,
  signal: AbortSignal,
): Promise<CloudMachine> {
  const client = await clouds.client(record.cloudId);
  const machine = await client.machine(requireHardware(record), signal);
  if (machine === undefined)
    throw new BerthError(
      'machine.action-failed',
      'The provider does not have the machine any more: somebody destroyed it there.',
    );
  const { ipv4, ipv6, isBusy, state } = machine;
  await directory.change(record.id, { ipv4, ipv6, power: { state, isBusy, readAt: instantOf(clock) } });
  return machine;
}

/** A session, with a key that is pinned. */
export async function lookAtSsh(
  deps: MakingDeps,
  context: Context,
  record: MachineRecord,
): Promise<GateLook> {
  await overSsh(deps, record, pinsOf(record), context.signal, async (connection) => {
    const { hostKey } = connection.learnt;
    context.log(`Signed in as ${record.loginUser}; its host key is ${hostKey?.fingerprint ?? 'pinned'}.`);
    await readState(connection, record, context.signal);
  });
  return passed;
}

/** The set-up came to its end, and an engine answers. */
export async function lookAtSetup(
  deps: MakingDeps,
  context: Context,
  record: MachineRecord,
): Promise<GateLook> {
  const report = await overSsh(deps, record, pinsOf(record), context.signal, (connection) =>
    readState(connection, record, context.signal),
  );
  const failed = report.text('failed');
  const cloudInit = report.text('cloud_init');
  if (failed !== null || cloudInit === 'error') {
    const why =
      failed ?? 'cloud-init says that a part of it failed; the log of this operation has its last lines.';
    throw new BerthError('machine.setup-failed', `The set-up of the machine failed: ${why}`, {
      details: { tail: linesOf(report, 'tail') },
    });
  }
  if (cloudInit === 'running' || !report.isYes('finished'))
    return notYet(report.text('step') ?? 'it sets itself up');
  const docker = report.text('docker');
  if (docker === null) return notYet('its container engine does not answer yet');
  for (const warning of linesOf(report, 'warning')) context.log(warning, 'warning');
  context.log(`Set up; Docker ${docker} answers.`);
  return passed;
}

/** What is left open at the first boot comes from nobody but the machine itself. Throws host.*, timed-out. */
export async function readState(
  connection: HostConnection,
  { operationId }: MachineRecord,
  signal: AbortSignal,
): Promise<ScriptReport> {
  const { stdout } = await connection.runScript('setup-state', [operationId ?? ''], {
    timeoutMs: STATE_MS,
    signal,
  });
  const report = parseScriptReport(stdout);
  // While it boots a sign-in may succeed and the session end at once (pam_nologin(8)).
  if (!report.isComplete)
    throw new BerthError('connection-lost', 'The machine let us in and ended the session: it still boots.');
  return report;
}

/** Address that we come from, as the machine sees it; undefined where it does not say one. */
export function ourAddress(report: ScriptReport): string | undefined {
  return z.union([z.ipv4(), z.ipv6()]).safeParse(report.text('client')).data;
}

function linesOf(report: ScriptReport, key: string): string[] {
  const lines: string[] = [];
  for (let number = 1; number <= MAX_LINES; number += 1) {
    const line = report.text(`${key}${number}`);
    if (line !== null) lines.push(line);
  }
  return lines;
}

function requireHardware({ providerId }: MachineRecord): string {
  if (providerId === null)
    throw new BerthError('machine.action-failed', 'There is no machine at the provider.');
  return providerId;
}
