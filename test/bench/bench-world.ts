/**
 * What all measurements share: one real host (its own network, sshd and engine), a workspace on it, Berth served from a
 * process of its own with a client of it, and OpenSSH and the docker CLI set up privately for the same host. Nothing of
 * it is left after `Symbol.asyncDispose`.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Host } from '#contract/hosts.ts';
import type { Workspace } from '#contract/workspaces.ts';
import type { TestPlane } from '#test/harness/start-plane.ts';
import { addHostFileFor } from '#test/servers/demo-host.ts';
import { loadImage, workspaceImage } from '#test/servers/images.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';
import { findProgram } from '#test/servers/requirements.ts';
import { runChecked } from '#test/servers/run-process.ts';
import { endWithThisProcess } from '#test/servers/stop-process.ts';
import { type ServedProcess, startServedProcess } from './served-process.ts';

export interface BenchWorld extends AsyncDisposable {
  readonly isQuick: boolean;
  readonly remote: RemoteHost;
  readonly served: ServedProcess;
  readonly plane: TestPlane;
  readonly host: Host;
  readonly workspace: Workspace;
  readonly containerId: string;
  /** What `--add-host` takes, for a Berth that finds its host saved. */
  readonly addHostPath: string;
  /** `ssh …` with arguments, to this host and no other. */
  readonly ssh: readonly string[];
  /** `docker …` on the host's own socket, without any network between. */
  readonly dockerLocal: readonly string[];
  /** `docker …` over ssh://; goes with `env`. */
  readonly dockerOverSsh: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Runs to the end; output is thrown away. Rejects on a failure. */
  readonly run: (argv: readonly string[]) => Promise<void>;
  /** A program whose input and output the caller holds. Killed at the end at the latest. */
  readonly start: (argv: readonly string[]) => ChildProcessWithoutNullStreams;
}

export async function openBenchWorld(isQuick: boolean): Promise<BenchWorld> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'berth-bench-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  // Ninety connections of sessions are opened one after the other: sshd's brake on strangers would be what is measured.
  const sshdConfig = ['MaxStartups 100:30:200'];
  const remote = stack.use(await startRemoteHost({ name: 'bench', sshdConfig }));
  await loadImage(remote, await workspaceImage());
  const addHostPath = join(folder, 'host.json');
  await writeFile(addHostPath, JSON.stringify(addHostFileFor(remote, 'bench')), { mode: 0o600 });
  const served = stack.use(await startServedProcess());
  const plane = stack.adopt(await served.connect(), (one) => one.client.close());
  const host = await plane.addHost(remote);
  const project = await plane.createProject('berth-workspace:test', {
    limits: { cpus: null, memoryBytes: null, pids: 1024 },
  });
  const workspace = await plane.createWorkspace({ host, project, name: 'api' });
  if (workspace.containerId === null) throw new Error('a running workspace has a container');
  const clients = await configureClients(remote, folder);
  const children = stack.adopt(new Set<ChildProcessWithoutNullStreams>(), (all) => {
    for (const child of all) child.kill('SIGKILL');
  });
  const kept = stack.move();
  return {
    isQuick,
    remote,
    served,
    plane,
    host,
    workspace,
    containerId: workspace.containerId,
    addHostPath,
    ...clients,
    run: async (argv) => {
      await runChecked(argv, { env: clients.env });
    },
    start: (argv) => {
      const [program = '', ...args] = argv;
      const child = spawn(program, args, { env: clients.env, stdio: ['pipe', 'pipe', 'pipe'] });
      endWithThisProcess(child);
      children.add(child);
      child.once('exit', () => children.delete(child));
      // A client that ended while we still wrote to it: its exit code says what there is to say.
      child.stdin.on('error', () => undefined);
      return child;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** OpenSSH reads its home from the password file, not from HOME: a wrapper in front of PATH gives it our configuration. */
async function configureClients(remote: RemoteHost, folder: string) {
  const [docker, ssh] = await Promise.all([findProgram('docker'), findProgram('ssh')]);
  if (docker === undefined || ssh === undefined) throw new Error('the docker CLI and ssh are needed');
  await writeFile(join(folder, 'known_hosts'), `${remote.address} ${remote.hostKeyPublic}\n`);
  const config = [
    'Host bench',
    `HostName ${remote.address}`,
    `User ${remote.user}`,
    `IdentityFile ${remote.clientKeyPath}`,
    'IdentitiesOnly yes',
    'IdentityAgent none',
    'StrictHostKeyChecking yes',
    `UserKnownHostsFile ${join(folder, 'known_hosts')}`,
    'GlobalKnownHostsFile /dev/null',
    'LogLevel ERROR',
    // From 9.5 on ssh sends keys in a grid of 20 ms; without it, it is as fast as it can be.
    'IgnoreUnknown ObscureKeystrokeTiming',
    'ObscureKeystrokeTiming no',
  ];
  const configPath = join(folder, 'ssh_config');
  await writeFile(configPath, `${config.join('\n')}\n`, { mode: 0o600 });
  await writeFile(join(folder, 'ssh'), `#!/bin/sh\nexec '${ssh}' -F '${configPath}' "$@"\n`, { mode: 0o700 });
  return {
    ssh: [ssh, '-F', configPath],
    dockerLocal: [docker, '-H', `unix://${remote.engineSocketPathOnThisMachine}`],
    dockerOverSsh: [docker, '-H', 'ssh://bench'],
    env: {
      PATH: `${folder}:${process.env.PATH ?? ''}`,
      HOME: folder,
      DOCKER_CONFIG: join(folder, 'docker'),
      LANG: 'C.UTF-8',
      TERM: 'xterm-256color',
    },
  };
}
