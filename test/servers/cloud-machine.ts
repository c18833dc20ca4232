/**
 * A machine as a cloud rents it: a throw-away host in which the real cloud-init runs at each boot, in all four stages, with
 * user data, metadata and keys that were given to it, which its metadata service shows, too; whose sshd has the keys and settings of its own /etc/ssh; and whose
 * disk can be copied, and be made of a copy. Nothing of it is left after stop(), nor after the test process ends.
 */
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cloudInitTree } from './cloud-init.ts';
import { claimSlot, type HostSlot } from './host-slot.ts';
import { RemoteHost } from './remote-host.ts';
import { ensureRequirements } from './requirements.ts';
import { cloudSshdConfigText } from './sshd-config.ts';

export interface CloudSeed {
  /** A new one makes cloud-init do everything anew. */
  readonly instanceId: string;
  readonly hostname: string;
  readonly userData: string;
  /** Lines for root's authorized_keys. */
  readonly publicKeys: readonly string[];
  /** Beside the user's data, the provider's. */
  readonly vendorData?: string;
}

export interface CloudMachineOptions {
  readonly seed: CloudSeed;
  /** A disk to begin with, in place of an empty one. */
  readonly diskImage?: string;
  /** Nothing listens at port 22 until letSshAnswer(). */
  readonly hasSsh?: boolean;
  /** Another host key answers than the one in /etc/ssh. */
  readonly hasOtherHostKey?: boolean;
}

const STAND_IN = fileURLToPath(new URL('cloud-stand-in.sh', import.meta.url));

/**
 * Above Debian's cloud.cfg: one datasource and no search for others on this machine's disks; root as the only user, as on
 * DigitalOcean's images; and of the modules those that neither touch disks and boot loaders nor ask the network.
 */
const CLOUD_CONFIG = {
  datasource_list: ['NoCloud'],
  datasource: { NoCloud: { fs_label: null } },
  network: { config: 'disabled' },
  disable_root: false,
  users: [],
  cloud_init_modules: [
    'bootcmd',
    'write-files',
    'mounts',
    'set_hostname',
    'update_hostname',
    'update_etc_hosts',
    'users-groups',
    'ssh',
  ],
  cloud_config_modules: ['set-passwords', 'timezone', 'runcmd'],
  cloud_final_modules: [
    'package-update-upgrade-install',
    'write-files-deferred',
    'scripts-vendor',
    'scripts-per-once',
    'scripts-per-boot',
    'scripts-per-instance',
    'scripts-user',
    'final-message',
  ],
};

export async function startCloudMachine(options: CloudMachineOptions): Promise<CloudMachine> {
  await ensureRequirements(['remote-host']);
  const tree = await cloudInitTree();
  const slot = await claimSlot();
  try {
    const machine = new CloudMachine(slot, tree, options);
    await machine.prepare();
    await machine.powerOn();
    return machine;
  } catch (error) {
    await slot.destroy();
    throw error;
  }
}

export class CloudMachine implements AsyncDisposable {
  readonly host: RemoteHost;
  readonly #slot: HostSlot;
  readonly #tree: string;
  #options: CloudMachineOptions;

  constructor(slot: HostSlot, tree: string, options: CloudMachineOptions) {
    this.#slot = slot;
    this.#tree = tree;
    this.#options = options;
    this.host = new RemoteHost(slot, { name: options.seed.hostname });
  }

  /** Called once, before the first boot. */
  async prepare(): Promise<void> {
    await this.host.prepare(this.#options.diskImage);
    await this.#writeCloud();
  }

  /** Resolves once it runs; sshd, engine and cloud-init come in their own time. */
  async powerOn(): Promise<void> {
    await this.host.powerOn({ hasSsh: this.#options.hasSsh ?? true });
  }

  /** As when the cord is pulled; but what was written is on the disk, as on one that has a battery. */
  async powerOff(): Promise<void> {
    if (!this.host.isOn) return;
    await this.host.syncDisk();
    await this.host.powerCut();
  }

  /** The engine ends its containers first, as when systemd shuts down. */
  async shutdown(): Promise<void> {
    if (!this.host.isOn) return;
    await this.host.stopEngine();
    await this.powerOff();
  }

  /** Another disk, the same address; on afterwards. */
  async rebuild(options: CloudMachineOptions): Promise<void> {
    await this.powerOff();
    this.#options = options;
    await this.host.renewDisk(options.diskImage);
    await this.#writeCloud();
    await this.powerOn();
  }

  async letSshAnswer(): Promise<void> {
    this.#options = { ...this.#options, hasSsh: true };
    await this.host.startSshd();
  }

  stop(): Promise<void> {
    return this.host.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #writeCloud(): Promise<void> {
    const { seed, hasOtherHostKey = false } = this.#options;
    const cloud = join(this.#slot.directory, 'control', 'cloud');
    await rm(cloud, { recursive: true, force: true });
    await mkdir(join(cloud, 'seed'), { recursive: true });
    await writeFile(join(cloud, 'tree'), this.#tree);
    // YAML is a superset of JSON.
    await writeFile(join(cloud, 'cloud.cfg'), JSON.stringify(CLOUD_CONFIG, undefined, 2));
    await writeFile(join(cloud, 'sshd_config'), cloudSshdConfigText());
    await copyFile(STAND_IN, join(cloud, 'stand-in'));
    const metaData = {
      'instance-id': seed.instanceId,
      'local-hostname': seed.hostname,
      'public-keys': seed.publicKeys,
    };
    await writeFile(join(cloud, 'seed', 'meta-data'), JSON.stringify(metaData));
    await writeFile(join(cloud, 'seed', 'user-data'), seed.userData);
    if (seed.vendorData !== undefined) await writeFile(join(cloud, 'seed', 'vendor-data'), seed.vendorData);
    // As DigitalOcean's metadata service shows it, at 169.254.169.254: to whoever asks from the machine.
    const shown = join(cloud, 'metadata', 'metadata', 'v1');
    await mkdir(shown, { recursive: true });
    await writeFile(join(shown, 'id'), seed.instanceId);
    await writeFile(join(shown, 'hostname'), seed.hostname);
    await writeFile(join(shown, 'user-data'), seed.userData);
    await writeFile(join(shown, 'public-keys'), seed.publicKeys.join('\n'));
    if (hasOtherHostKey) await writeFile(join(cloud, 'other-host-key'), '');
  }
}
