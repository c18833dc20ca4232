/**
 * Machines behind the droplets of the double: one throw-away host with cloud-init each (cloud-machine.ts). Snapshots are
 * copies of their disks, kept in a slot of their own, so that they are gone with the test process, too.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type CloudMachine, type CloudMachineOptions, startCloudMachine } from '../cloud-machine.ts';
import { claimSlot, type HostSlot } from '../host-slot.ts';
import type { RemoteHost } from '../remote-host.ts';
import { ensureRequirements } from '../requirements.ts';
import type { Hardware, MachinePlan, PowerVerb } from './hardware.ts';

export interface RealHardware extends Hardware {
  hostOf(id: number): RemoteHost;
  letSshAnswer(id: number): Promise<void>;
}

const GIB = 1024 ** 3;
/** A script of the provider's that ends with an error: cloud-init finishes, and says that something went wrong. */
const FAILING_VENDOR_DATA =
  '#!/bin/sh\necho "the set-up of this machine fails, as the test wants it" >&2\nexit 1\n';

export async function realHardware(): Promise<RealHardware> {
  await ensureRequirements(['remote-host', 'cloud-init']);
  return new ThrowAwayMachines();
}

class ThrowAwayMachines implements RealHardware {
  /** Those that are still being made, too: close() waits for them. */
  readonly #machines = new Map<number, Promise<CloudMachine>>();
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Current ones, for who asks without waiting. */
  readonly #ready = new Map<number, CloudMachine>();
  #snapshots: Promise<HostSlot> | undefined;

  async make(plan: MachinePlan): Promise<string> {
    const making = this.#optionsFor(plan).then(startCloudMachine);
    this.#machines.set(plan.id, making);
    const machine = await making;
    this.#ready.set(plan.id, machine);
    this.#letSshAnswerLater(plan, machine);
    return machine.host.address;
  }

  async power(id: number, verb: PowerVerb): Promise<void> {
    const machine = await this.#machine(id);
    switch (verb) {
      case 'power-on':
        return machine.powerOn();
      case 'power-off':
        return machine.powerOff();
      case 'shutdown':
        return machine.shutdown();
      case 'reboot':
        await machine.shutdown();
        return machine.powerOn();
      case 'power-cycle':
        await machine.powerOff();
        return machine.powerOn();
    }
  }

  async rebuild(id: number, plan: MachinePlan): Promise<void> {
    const machine = await this.#machine(id);
    await machine.rebuild(await this.#optionsFor(plan));
    this.#letSshAnswerLater(plan, machine);
  }

  async snapshot(id: number, snapshotId: number): Promise<number> {
    const machine = await this.#machine(id);
    this.#snapshots ??= claimSlot();
    const bytes = await machine.host.copyDisk(await this.#snapshotPath(snapshotId));
    return Math.round((bytes / GIB) * 100) / 100;
  }

  async forgetSnapshot(snapshotId: number): Promise<void> {
    if (this.#snapshots) await rm(await this.#snapshotPath(snapshotId), { force: true });
  }

  async destroy(id: number): Promise<void> {
    const machine = await this.#machines.get(id)?.catch(() => undefined);
    this.#machines.delete(id);
    this.#ready.delete(id);
    await machine?.stop();
  }

  hostOf(id: number): RemoteHost {
    const machine = this.#ready.get(id);
    if (!machine) throw new Error(`the droplet ${id} has no machine`);
    return machine.host;
  }

  async letSshAnswer(id: number): Promise<void> {
    await (await this.#machine(id)).letSshAnswer();
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all([...this.#machines.keys()].map((id) => this.destroy(id)));
    await (await this.#snapshots)?.destroy();
  }

  async #machine(id: number): Promise<CloudMachine> {
    const machine = await this.#machines.get(id);
    if (!machine) throw new Error(`the droplet ${id} has no machine`);
    return machine;
  }

  async #snapshotPath(snapshotId: number): Promise<string> {
    if (!this.#snapshots) throw new Error(`the snapshot ${snapshotId} was planted: it has no disk`);
    return join((await this.#snapshots).directory, `snapshot-${snapshotId}.img`);
  }

  async #optionsFor(plan: MachinePlan): Promise<CloudMachineOptions> {
    const { id, name, userData, publicKeys, snapshotId, oddity } = plan;
    return {
      seed: {
        instanceId: String(id),
        hostname: name,
        ...{ userData, publicKeys },
        ...(oddity.cloudInitFails ? { vendorData: FAILING_VENDOR_DATA } : {}),
      },
      hasSsh: oddity.sshRefusedMs === undefined,
      hasOtherHostKey: oddity.hasOtherHostKey ?? false,
      ...(snapshotId === undefined ? {} : { diskImage: await this.#snapshotPath(snapshotId) }),
    };
  }

  #letSshAnswerLater({ oddity }: MachinePlan, machine: CloudMachine): void {
    const { sshRefusedMs } = oddity;
    if (sshRefusedMs === undefined || sshRefusedMs === Number.POSITIVE_INFINITY) return;
    const timer = setTimeout(() => void machine.letSshAnswer(), sshRefusedMs);
    this.#timers.add(timer);
  }
}
