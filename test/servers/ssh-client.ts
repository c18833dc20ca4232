/** OpenSSH's own client against a remote host: the reference that our adapter is compared with. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RemoteHost } from './remote-host.ts';
import { type ProcessResult, runProcess } from './run-process.ts';

export interface SshOptions {
  readonly user?: string;
  /** Default the host's client key. null: no key at all. */
  readonly keyPath?: string | null;
  /** Typed at every prompt. */
  readonly password?: string;
  /** As in ssh_config(5): `PreferredAuthentications=password`. They win over the defaults. */
  readonly options?: readonly string[];
  /** What known_hosts holds; default the host's present key. */
  readonly knownHostsLine?: string;
  readonly input?: string;
}

/** Runs a command on the host over SSH, with strict checking of its key. */
export async function runSsh(
  host: RemoteHost,
  command: readonly string[],
  {
    user = host.user,
    keyPath = host.clientKeyPath,
    password,
    options = [],
    knownHostsLine,
    input,
  }: SshOptions = {},
): Promise<ProcessResult> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-ssh-'));
  try {
    const knownHosts = join(folder, 'known_hosts');
    await writeFile(knownHosts, `${knownHostsLine ?? `${host.address} ${host.hostKeyPublic}`}\n`);
    const askPath = join(folder, 'ask');
    await writeFile(askPath, '#!/bin/sh\nprintf "%s\\n" "$BERTH_TEST_PASSWORD"\n', { mode: 0o700 });
    const settings = [
      ...options,
      'StrictHostKeyChecking=yes',
      `UserKnownHostsFile=${knownHosts}`,
      'GlobalKnownHostsFile=/dev/null',
      'IdentitiesOnly=yes',
      'ConnectTimeout=5',
      'LogLevel=ERROR',
      'NumberOfPasswordPrompts=1',
      ...(password === undefined ? ['BatchMode=yes'] : []),
    ];
    const argv = ['ssh', '-F', '/dev/null', '-p', String(host.port), '-l', user];
    if (keyPath !== null) argv.push('-i', keyPath);
    for (const setting of settings) argv.push('-o', setting);
    const env = {
      ...process.env,
      SSH_ASKPASS: askPath,
      SSH_ASKPASS_REQUIRE: 'force',
      BERTH_TEST_PASSWORD: password,
    };
    delete (env as NodeJS.ProcessEnv).SSH_AUTH_SOCK;
    const end = { env, timeoutMs: 60_000, ...(input === undefined ? {} : { input }) };
    return await runProcess([...argv, host.address, '--', ...command], end);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
