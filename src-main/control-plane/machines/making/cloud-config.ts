/**
 * What a new machine is told to do with itself at its first boot: a cloud-config (cloud-init's format). Pure. It is written
 * as JSON, which is YAML, so that nothing in it can be read as anything else. Whatever runs on the machine can read it: the
 * only secret in it is the host key of the first boot, which is replaced over the connection that it vouches for.
 */
import { BerthError } from '#contract/berth-error.ts';

/** Bytes that providers take. */
const MAX_BYTES = 64 * 1024;
/** Where `setup-state.sh` looks, too. */
const SETUP_PATH = '/var/lib/berth/setup.sh';

export interface FirstBoot {
  /** The machine's own name. */
  readonly name: string;
  /** Login, made by the machine. */
  readonly user: string;
  /** Type and base64. */
  readonly loginKey: string;
  readonly bootKey: { readonly privateKey: string; readonly publicKey: string };
  /** Text of resources/cloud/setup.sh. */
  readonly setupScript: string;
  /** What the sentinel shall hold. */
  readonly mark: string;
}

export function cloudConfigOf({ bootKey, loginKey, mark, name, setupScript, user }: FirstBoot): string {
  const config = {
    hostname: name,
    // sudo complains about a name that leads nowhere.
    manage_etc_hosts: 'localhost',
    // Of its own, so that it is there before Docker is.
    groups: ['docker'],
    users: [
      {
        name: user,
        gecos: 'Berth',
        shell: '/bin/bash',
        lock_passwd: true,
        sudo: 'ALL=(ALL) NOPASSWD:ALL',
        groups: ['docker'],
        ssh_authorized_keys: [`${loginKey} berth`],
      },
    ],
    disable_root: true,
    ssh_pwauth: false,
    ssh_deletekeys: true,
    ssh_keys: { ed25519_private: bootKey.privateKey, ed25519_public: `${bootKey.publicKey} berth` },
    // The script does this itself, and only where something is missing.
    package_update: false,
    package_upgrade: false,
    write_files: [{ path: SETUP_PATH, owner: 'root:root', permissions: '0755', content: setupScript }],
    runcmd: [['/bin/sh', SETUP_PATH, user, mark]],
  };
  // Escapes of what is not ASCII are read differently by readers of YAML 1.1.
  const text = `#cloud-config\n${JSON.stringify(config, null, 1)}\n`;
  if (!/^[\n\x20-\x7e]*$/.test(text))
    throw new BerthError('internal', 'What a machine is told at its first boot must be ASCII.');
  if (text.length > MAX_BYTES)
    throw new BerthError('internal', 'What a machine is told at its first boot is too long for providers.');
  return text;
}
