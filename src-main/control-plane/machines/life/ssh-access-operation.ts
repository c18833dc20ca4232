/**
 * Who may reach a machine's SSH server. “Mine” is what the machine itself sees of us: where the host is not connected, the
 * firewall is opened for the moment of asking, and closed again whatever comes of it.
 */
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import { MachineId } from '#contract/ids.ts';
import { SshAccess } from '#contract/machines.ts';
import type { OperationDefinition } from '../../operations/operation-definition.ts';
import { type MachineWork, type MachineWorkDeps, workOn } from './machine-work.ts';
import { readOurAddress } from './our-address.ts';
import { becomesReady } from './switching.ts';

/** Milliseconds until a machine has to answer once everybody may reach it. */
const ANSWER_MS = 3 * 60_000;

const SshAccessShape = z.object({ id: MachineId, sshAccess: SshAccess });
/** What was so before: of the record. */
const BeforeShape = z.object({ sshAccess: SshAccess.nullable(), sshSources: z.array(z.string()) });
export type SshAccessInput = z.infer<typeof SshAccessShape>;

export function defineSshAccess(deps: MachineWorkDeps): OperationDefinition<SshAccessInput> {
  const { directory, hosts, links } = deps;
  return {
    kind: 'machine.ssh-access',
    parseInput: (value) => SshAccessShape.parse(value),
    steps: [
      {
        id: 'look',
        title: 'Look at the firewall',
        async run(context) {
          const { firewallId, sshAccess, sshSources = [] } = workOn(deps, context).record;
          if (firewallId === null) throw noFirewall();
          context.memory.before = { sshAccess, sshSources };
        },
      },
      {
        id: 'ask',
        title: 'Find our own address',
        async run(context) {
          const work = workOn(deps, context);
          if (context.input.sshAccess.from !== 'mine') return work.note('not needed');
          context.memory.address = await askAddress(work);
          work.note(String(context.memory.address));
        },
        async undo(context) {
          const before = BeforeShape.parse(context.memory.before);
          await closeAgain(workOn(deps, context), before);
        },
      },
      {
        id: 'change',
        title: 'Change the firewall',
        async run(context) {
          const work = workOn(deps, context);
          const { id, sshAccess } = context.input;
          const { address } = context.memory;
          const sources = typeof address === 'string' ? [address] : undefined;
          await change(work, sources === undefined ? sshAccess : { from: 'addresses', addresses: sources });
          await directory.change(id, { sshAccess, sshSources: sources ?? [] });
        },
      },
    ],
    recover: 'finish',
    waitsForSecrets: true,
    canCancel: false,
  };

  async function askAddress(work: MachineWork): Promise<string> {
    const { record, signal } = work;
    const { hostId } = record;
    if (hostId === null || hosts.get(hostId) === undefined)
      throw new BerthError(
        'conflict',
        'The machine is no host yet, and cannot be asked. Type addresses instead.',
      );
    const link = links.current(hostId);
    if (link !== undefined) return await readOurAddress(link.connection, signal);
    work.note('Open to all for a moment, to ask the machine');
    // The record says so first: whatever happens from here on, nobody takes it for closed.
    await directory.change(record.id, { sshAccess: { from: 'anywhere' }, sshSources: [] });
    await change(work, { from: 'anywhere' });
    await hosts.connect(hostId);
    await becomesReady(work, { links, hostId, limitMs: ANSWER_MS, needsEngine: false });
    signal.throwIfAborted();
    const opened = links.current(hostId);
    if (opened !== undefined) return await readOurAddress(opened.connection, signal);
    throw new BerthError(
      'machine.overdue',
      'The machine did not answer over SSH within three minutes although everybody was let in. The host’s page says what it meets.',
    );
  }

  /** As it was before. Where “mine” was never found out, closing it would shut everybody out: it stays open, and says so. */
  async function closeAgain(work: MachineWork, before: z.infer<typeof BeforeShape>): Promise<void> {
    const { id, sshAccess: now } = work.record;
    const { sshAccess, sshSources } = before;
    if (sshAccess === null || JSON.stringify(now) === JSON.stringify(sshAccess)) return;
    const isKnown = sshAccess.from !== 'mine' || sshSources.length > 0;
    if (!isKnown) {
      work.context.log(
        'Which address was let in before is not known: its SSH server is open to all.',
        'warning',
      );
      return;
    }
    await change(work, sshAccess.from === 'mine' ? { from: 'addresses', addresses: sshSources } : sshAccess);
    await directory.change(id, { sshAccess, sshSources });
  }
}

async function change(work: MachineWork, access: SshAccess): Promise<void> {
  const { firewallId } = work.record;
  if (firewallId === null) throw noFirewall();
  await work.ask((client) => client.changeFirewall(firewallId, access, work.signal));
}

function noFirewall(): BerthError {
  return new BerthError('conflict', 'The machine has no firewall of the provider’s that Berth made.');
}
