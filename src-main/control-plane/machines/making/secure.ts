/**
 * Closes what was open for the first boot. The host key of the first boot stands in the machine's metadata, which whatever
 * runs there can read: over the connection that it vouched for the machine gets another one, and the first is trusted no
 * more once a new connection has seen it. Then the firewall lets in no more than the address that this Berth comes from.
 */
import { BerthError } from '#contract/berth-error.ts';
import { parseScriptReport } from '../../hosts/script-report.ts';
import type { HostConnection } from '../../interfaces/host-connection.ts';
import type { StepContext } from '../../operations/operation-definition.ts';
import type { MachineRecord } from '../machine.ts';
import type { GateLook } from './gate.ts';
import { passed } from './gate.ts';
import { dropBootKey, privateHalf } from './hardware-keys.ts';
import { ourAddress, readState } from './machine-gates.ts';
import { overSsh } from './machine-ssh.ts';
import { type MachineInput, type MakingDeps, pinsOf } from './making-deps.ts';

/** Milliseconds to write a key and reload the SSH server. */
const INSTALL_MS = 60_000;

type Context = StepContext<MachineInput>;

/** May be repeated at any point. Throws host.*, cloud.*, credential.*, machine.setup-failed. */
export async function secure(deps: MakingDeps, context: Context, record: MachineRecord): Promise<GateLook> {
  const { hostKey } = record;
  if (hostKey === null) throw new BerthError('credential.missing', 'The machine has no host key of its own.');
  await overSsh(deps, record, pinsOf(record), context.signal, async (connection) => {
    if (connection.learnt.hostKey?.fingerprint !== hostKey.fingerprint)
      await install(deps, context, connection, record);
  });
  // Another connection, which accepts the lasting key alone: only what it sees counts.
  const address = await overSsh(deps, record, [hostKey.fingerprint], context.signal, async (connection) =>
    ourAddress(await readState(connection, record, context.signal)),
  );
  await dropBootKey(deps, record.id);
  return await narrow(deps, context, record, address);
}

async function install(
  deps: MakingDeps,
  { signal }: Context,
  connection: HostConnection,
  record: MachineRecord,
): Promise<void> {
  if (record.hostKey === null) return;
  const key = await privateHalf(deps, record.hostKey);
  const { stdout } = await connection.runScript('install-host-key', [], {
    input: key.reveal(),
    timeoutMs: INSTALL_MS,
    signal,
  });
  const report = parseScriptReport(stdout);
  if (!report.isComplete)
    throw new BerthError('connection-lost', 'The machine did not say whether it took its host key.');
  const reason = report.text('reason');
  if (!report.isYes('installed') || reason !== null)
    throw new BerthError(
      'machine.setup-failed',
      `The machine did not take its host key: ${reason ?? 'it does not say why'}`,
    );
}

async function narrow(
  { clouds, directory }: MakingDeps,
  context: Context,
  { cloudId, firewallId, id, sshAccess }: MachineRecord,
  address: string | undefined,
): Promise<GateLook> {
  if (sshAccess?.from !== 'mine' || firewallId === null) return passed;
  if (address === undefined) {
    context.log(
      'The machine does not say which address we come from: its SSH server stays open to all.',
      'warning',
    );
    return passed;
  }
  const client = await clouds.client(cloudId);
  await client.changeFirewall(firewallId, { from: 'addresses', addresses: [address] }, context.signal);
  await directory.change(id, { sshSources: [address] });
  context.log(`Its SSH server can be reached from ${address} only.`);
  return passed;
}
