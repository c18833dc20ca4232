/**
 * A throw-away remote host on this machine: network, mount, PID, UTS and IPC namespaces, its own ext4 disk, its own sshd,
 * containerd and Docker engine, boots in about two seconds. Its root is an overlay of this machine's root: users,
 * passwords and files made in it never touch the machine, and outlive its power cuts as they would on a disk.
 *
 * Guarantees: nothing of it is left after stop(), nor after the test process ends in whatever way (host-slot.ts).
 * Needs root on Linux (requirements.ts). Longer than 400 lines since it is one catalogue: a verb for each thing that can be
 * done, or happen, to a server. Must not reach any network but its own cable, and does not.
 */
import { spawn } from 'node:child_process';
import { appendFile, open, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pingEngine, readBanner } from './host-probes.ts';
import { claimSlot, type HostSlot, hostScript } from './host-slot.ts';
import { ensureRequirements } from './requirements.ts';
import { type ProcessResult, runChecked, runProcess } from './run-process.ts';
import { fingerprintOf, generateKey, type SshKeyType } from './ssh-keys.ts';
import { sshdConfigText } from './sshd-config.ts';
import { waitUntil } from './wait-until.ts';

export interface RemoteHostOptions {
  /** Its hostname. Default `host-N`. */
  readonly name?: string;
  /** Size of its disk; the file is sparse. Default 4096. */
  readonly diskMiB?: number;
  /** Lines for sshd_config(5); they win over the defaults. */
  readonly sshdConfig?: readonly string[];
  /** Merged over the defaults of the engine's daemon.json. */
  readonly daemonJson?: Readonly<Record<string, unknown>>;
  /** false: no containerd, no Docker engine. Default true. */
  readonly engine?: boolean;
  /** Its PID 1 is a real systemd with journald, D-Bus and logind, as at a rented machine. Default false: nothing of the kind. */
  readonly systemd?: boolean;
}

export interface HostUser {
  readonly name: string;
  /** Given to chpasswd's stdin. Without one the account takes no password. */
  readonly password?: string;
  /** Lines of authorized_keys. */
  readonly authorizedKeys?: readonly string[];
  /** Groups beyond its own; `docker` exists. */
  readonly groups?: readonly string[];
}

export interface RunOptions {
  readonly input?: string | Buffer;
  readonly timeoutMs?: number;
  /** Default root. */
  readonly user?: string;
}

const HOST_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const BOOT_TIMEOUT_MS = 60_000;

export async function startRemoteHost(options: RemoteHostOptions = {}): Promise<RemoteHost> {
  await ensureRequirements(['remote-host', ...(options.systemd === true ? (['systemd'] as const) : [])]);
  const slot = await claimSlot();
  try {
    const host = new RemoteHost(slot, options);
    await host.prepare();
    await host.boot();
    return host;
  } catch (error) {
    await slot.destroy();
    throw error;
  }
}

export class RemoteHost implements AsyncDisposable {
  readonly name: string;
  readonly address: string;
  readonly port = 22;
  readonly user = 'root';
  /** This machine's end of the cable, as the host sees it. */
  readonly gatewayAddress: string;
  /** The private key (OpenSSH format, no passphrase) that root's authorized_keys admits. */
  readonly clientKeyPath: string;
  /** One line: type and base64. */
  clientKeyPublic = '';
  /** One line: type and base64, as in known_hosts. */
  hostKeyPublic = '';
  /** `SHA256:…`, as ssh-keygen -l prints it. */
  hostKeyFingerprint = '';

  readonly #slot: HostSlot;
  readonly #options: RemoteHostOptions;
  readonly #control: string;
  #initPid: number | undefined;
  #sshdLines: readonly string[];
  #stopped: Promise<void> | undefined;

  constructor(slot: HostSlot, options: RemoteHostOptions) {
    this.#slot = slot;
    this.#options = options;
    this.#control = join(slot.directory, 'control');
    this.#sshdLines = options.sshdConfig ?? [];
    this.name = options.name ?? `host-${slot.number}`;
    this.address = `10.78.${slot.number}.2`;
    this.gatewayAddress = `10.78.${slot.number}.1`;
    this.clientKeyPath = join(slot.directory, 'client-key');
  }

  /** Makes disk, keys and configuration, before the first boot. `diskImage`: the disk begins as a copy of this file. */
  async prepare(diskImage?: string): Promise<void> {
    await this.renewDisk(diskImage);
    const clientKey = await generateKey(this.clientKeyPath, { type: 'ed25519' });
    this.clientKeyPublic = clientKey.publicLine;
    await writeFile(join(this.#control, 'authorized_keys'), `${clientKey.publicLine}\n`);
    await this.#makeHostKey('ed25519');
    await this.#writeSshdConfig();
    await writeFile(
      join(this.#control, 'containerd.toml'),
      'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n',
    );
    await this.#writeDaemonJson(this.#options.daemonJson ?? {});
    if (this.#options.systemd === true) await writeFile(join(this.#control, 'systemd'), '');
    if (this.#options.engine === false) await writeFile(join(this.#control, 'engine.none'), '');
  }

  /** Another disk in the place of the one it had: an empty one, or a copy. The machine must be off. */
  async renewDisk(diskImage?: string): Promise<void> {
    const image = diskImage === undefined ? [] : [diskImage];
    await this.#slot.script('prepare', String(this.#options.diskMiB ?? 4096), ...image);
  }

  // --- power and network ------------------------------------------------------------------------------------------

  /** Switches the machine on and waits until sshd and the engine answer. Also after powerCut(). */
  async boot(): Promise<void> {
    await this.powerOn();
    try {
      await Promise.all([
        this.#sshdAnswers(),
        this.#options.engine === false ? undefined : this.engineAnswers(),
      ]);
    } catch (error) {
      throw new Error(`${this.name} did not boot:\n${await this.#logTails()}`, { cause: error });
    }
  }

  /** Switches the machine on; what it is to run comes up in its own time. `hasSsh` false: no sshd until startSshd(). */
  async powerOn({ hasSsh = true } = {}): Promise<void> {
    if (this.#initPid !== undefined) throw new Error(`${this.name} is on`);
    for (const name of ['sshd.off', 'containerd.off', 'engine.off'])
      await rm(join(this.#control, name), { force: true });
    if (!hasSsh) await writeFile(join(this.#control, 'sshd.off'), '');
    const namespace = (await this.#slot.script('network')).trim();
    const log = await open(join(this.#slot.directory, 'boot.log'), 'a');
    const { directory, number } = this.#slot;
    try {
      const init = [hostScript, 'inside', directory, String(number), this.name];
      const flags = ['--mount', '--pid', '--uts', '--ipc', '--fork', '--kill-child'];
      // By the namespace's file, not `ip netns exec`: that one remounts /sys and hides the cgroup hierarchies.
      const argv = [`--net=/run/netns/${namespace}`, 'unshare', ...flags, 'bash', ...init];
      spawn('nsenter', argv, { detached: true, stdio: ['ignore', log.fd, log.fd] }).unref();
    } finally {
      await log.close();
    }
    try {
      const pidFile = join(directory, 'init.pid');
      const options = { what: `${this.name} boots`, timeoutMs: BOOT_TIMEOUT_MS };
      this.#initPid = await waitUntil(async () => Number(await readFile(pidFile, 'utf8')), options);
    } catch (error) {
      throw new Error(`${this.name} did not boot:\n${await this.#logTails()}`, { cause: error });
    }
  }

  /**
   * As when the cord is pulled: the network goes silent (no FIN, no RST), what no one had synced is lost, every process
   * dies at the same moment. The address stays dead until boot().
   *
   * Lost is more than one thinks: the engine renames its state files without syncing the folder, so a container that was
   * started in the last five seconds may be `created` after the boot, or gone. A test that is not about that calls
   * syncDisk() first.
   */
  async powerCut(): Promise<void> {
    this.#initPid = undefined;
    await this.#slot.script('cut');
  }

  /** Everything written so far survives a power cut (sync(1), for the host's disk alone). */
  async syncDisk(): Promise<void> {
    await this.runChecked(['sync', '--file-system', '/var/lib/docker']);
  }

  /** Every packet to and from the host is dropped, in silence; the host itself goes on. */
  async blackhole(): Promise<void> {
    await this.#slot.script('silence');
  }

  /** Ends blackhole(). */
  async heal(): Promise<void> {
    await this.#slot.script('heal');
  }

  /**
   * This machine's end of the cable gets another last number (1 at first), as when a laptop changes its network:
   * connections from the old address are dead, without a word.
   */
  async moveCable(lastNumber: number): Promise<void> {
    await this.#slot.script('move', String(lastNumber));
  }

  /**
   * A cable between two hosts: each reaches the other's address. (Without one they do not.) With `other.blackhole()` the
   * other one is reachable through this one alone, as behind a jump host. Gone when either boots again.
   */
  async connectTo(other: RemoteHost): Promise<void> {
    await this.#slot.script('link', String(other.#slot.number));
  }

  // --- inside -----------------------------------------------------------------------------------------------------

  /** Runs a program in the host as root (or `user`), in its home. No shell reads the arguments. */
  run(argv: readonly string[], { input, timeoutMs, user = 'root' }: RunOptions = {}): Promise<ProcessResult> {
    const home = user === 'root' ? '/root' : `/home/${user}`;
    const inHome = ['env', '-i', '-C', home, `PATH=${HOST_PATH}`, 'LANG=C.UTF-8', `HOME=${home}`, ...argv];
    const command = user === 'root' ? inHome : ['runuser', '-u', user, '--', ...inHome];
    return runProcess([...this.#enter(), ...command], {
      ...(input === undefined ? {} : { input }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
  }

  /** As run(); an exit code other than 0 rejects. Resolves with stdout. */
  async runChecked(argv: readonly string[], options: RunOptions = {}): Promise<string> {
    const { stdout, stderr, exitCode } = await this.run(argv, options);
    if (exitCode !== 0)
      throw new Error(`${this.name}: ${argv.join(' ')}: exit code ${exitCode}\n${stderr.trim()}`);
    return stdout;
  }

  /** `docker …` in the host; rejects on failure, resolves with stdout. */
  docker(...args: string[]): Promise<string> {
    return this.runChecked(['docker', ...args]);
  }

  /** Writes a file in the host, whole or not at all; makes its folder. `mode` as chmod takes it. */
  async writeFile(
    path: string,
    content: string | Buffer,
    { mode = '0644', owner = 'root' } = {},
  ): Promise<void> {
    // The script is fixed; what varies are its arguments.
    const script =
      'mkdir -p -- "$(dirname -- "$1")" && cat >"$1.new" && chmod "$2" "$1.new" && chown "$3" "$1.new" && mv -f -- "$1.new" "$1"';
    await this.runChecked(['sh', '-c', script, 'sh', path, mode, owner], { input: content });
  }

  readFile(path: string): Promise<string> {
    return this.runChecked(['cat', '--', path]);
  }

  /** A path of the host as this machine's own processes (root) can open it, until the next power cut. */
  pathOnThisMachine(path: string): string {
    return `/proc/${this.#pid()}/root${path}`;
  }

  /** The engine's socket as this machine can open it. Changes with each boot. */
  get engineSocketPathOnThisMachine(): string {
    return this.pathOnThisMachine('/run/docker.sock');
  }

  /** An account in the host alone. Its home is /home/NAME, its shell bash. */
  async addUser({ name, password, authorizedKeys = [], groups = [] }: HostUser): Promise<void> {
    if (groups.includes('docker')) await this.runChecked(['groupadd', '--force', 'docker']);
    const groupArgs = groups.length > 0 ? ['--groups', groups.join(',')] : [];
    await this.runChecked(['useradd', '--create-home', '--shell', '/bin/bash', ...groupArgs, '--', name]);
    if (password !== undefined) await this.setPassword(name, password);
    // '*' instead of '!': no password fits, yet sshd does not take the account for a locked one.
    else await this.runChecked(['usermod', '--password', '*', '--', name]);
    if (authorizedKeys.length > 0) {
      await this.runChecked(['install', '-d', '-m', '0700', '-o', name, '-g', name, `/home/${name}/.ssh`]);
      const content = `${authorizedKeys.join('\n')}\n`;
      await this.writeFile(`/home/${name}/.ssh/authorized_keys`, content, { mode: '0600', owner: name });
    }
  }

  async setPassword(name: string, password: string): Promise<void> {
    await this.runChecked(['chpasswd'], { input: `${name}:${password}\n` });
  }

  /** Adds a line to root's authorized_keys. */
  async authorizeRoot(publicLine: string): Promise<void> {
    await appendFile(join(this.#control, 'authorized_keys'), `${publicLine}\n`);
    const content = await readFile(join(this.#control, 'authorized_keys'));
    await this.writeFile('/root/.ssh/authorized_keys', content, { mode: '0600' });
  }

  // --- sshd -------------------------------------------------------------------------------------------------------

  /** Ends the listening sshd; a new one takes its place. Established sessions live on, as with systemd. */
  async restartSshd(): Promise<void> {
    const before = await this.#sshdPid();
    await this.run(['kill', '-TERM', before]);
    await waitUntil(async () => (await this.#sshdPid()) !== before, { what: 'sshd restarts' });
    await this.#sshdAnswers();
  }

  /** Ends `powerOn({ hasSsh: false })`. */
  async startSshd(): Promise<void> {
    await rm(join(this.#control, 'sshd.off'), { force: true });
  }

  /** Replaces the lines given at the start; a `Match` and what follows it goes to the end of the file. */
  async setSshdConfig(lines: readonly string[]): Promise<void> {
    this.#sshdLines = lines;
    await this.#writeSshdConfig();
    await this.runChecked(['/usr/sbin/sshd', '-t', '-f', '/run/berth-host/sshd_config']);
    await this.restartSshd();
  }

  /** From now on another key answers: what a rebuilt (or an attacker's) machine looks like. */
  async replaceHostKey(type: SshKeyType = 'ed25519'): Promise<void> {
    await this.#makeHostKey(type);
    await this.restartSshd();
  }

  /** The host key is also offered as a certificate (ssh-keygen -s), for @cert-authority. */
  async installHostCertificate(certificateLine: string): Promise<void> {
    await writeFile(join(this.#control, 'host-key-cert.pub'), `${certificateLine}\n`);
    await this.setSshdConfig([...this.#sshdLines, 'HostCertificate /run/berth-host/host-key-cert.pub']);
  }

  /**
   * Ends every established SSH connection and leaves the listener. `reset`: the client gets a RST (the sockets are
   * destroyed by the kernel); `kill`: the server's processes die, the client gets a FIN.
   */
  async killSshSessions(how: 'reset' | 'kill' = 'reset'): Promise<void> {
    const pids = await this.sshSessionPids();
    if (how === 'reset') await this.runChecked(['ss', '-K', 'state', 'established', 'sport', '=', ':22']);
    if (pids.length > 0) await this.run(['kill', '-KILL', ...pids]);
    await waitUntil(async () => (await this.sshSessionPids()).every((pid) => !pids.includes(pid)), {
      what: 'the SSH sessions end',
    });
  }

  /** Process ids, as the host numbers them, of the connections that sshd serves now. */
  async sshSessionPids(): Promise<string[]> {
    const listener = await this.#sshdPid();
    const { stdout } = await this.run(['ps', '-o', 'pid=', '--ppid', listener]);
    return stdout.split(/\s+/).filter((pid) => pid !== '');
  }

  /** What sshd wrote since the first boot (LogLevel VERBOSE). */
  sshdLog(): Promise<string> {
    return readFile(join(this.#control, 'sshd.log'), 'utf8');
  }

  // --- engine -----------------------------------------------------------------------------------------------------

  engineLog(): Promise<string> {
    return readFile(join(this.#control, 'engine.log'), 'utf8');
  }

  /** SIGKILL to dockerd; its supervisor starts it again. Resolves when the new one answers. */
  async killEngine(): Promise<void> {
    const before = await this.#enginePid();
    await this.runChecked(['kill', '-KILL', before]);
    await waitUntil(async () => (await this.#enginePid()) !== before, { what: 'dockerd restarts' });
    await this.engineAnswers();
  }

  /** Stops dockerd as `systemctl stop docker` does, and keeps it down. */
  async stopEngine(): Promise<void> {
    await writeFile(join(this.#control, 'engine.off'), '');
    const pid = await this.#enginePid();
    await this.runChecked(['kill', '-TERM', pid]);
    const gone = async () => (await this.run(['kill', '-0', pid])).exitCode !== 0;
    await waitUntil(gone, { what: 'dockerd ends', timeoutMs: 30_000 });
  }

  async startEngine(): Promise<void> {
    await rm(join(this.#control, 'engine.off'), { force: true });
    await this.engineAnswers();
  }

  /** Replaces the merged part of daemon.json and restarts the engine. */
  async setDaemonJson(daemonJson: Readonly<Record<string, unknown>>): Promise<void> {
    await this.stopEngine();
    await this.#writeDaemonJson(daemonJson);
    await this.startEngine();
  }

  /** The engine, and what it builds, reach the network through this HTTP proxy from now on. */
  async setEngineProxy(url: string): Promise<void> {
    await this.stopEngine();
    await writeFile(join(this.#control, 'engine.env'), `HTTP_PROXY='${url}'\n`);
    await this.startEngine();
  }

  /** The engine accepts connections and answers nothing (SIGSTOP), until thawEngine(). */
  async freezeEngine(): Promise<void> {
    await this.runChecked(['kill', '-STOP', await this.#enginePid()]);
  }

  async thawEngine(): Promise<void> {
    await this.runChecked(['kill', '-CONT', await this.#enginePid()]);
  }

  /** Resolves when `GET /_ping` says OK. */
  async engineAnswers(): Promise<void> {
    const what = `the engine of ${this.name} answers`;
    await waitUntil(() => pingEngine(this.engineSocketPathOnThisMachine), {
      what,
      timeoutMs: BOOT_TIMEOUT_MS,
    });
  }

  // --- disk -------------------------------------------------------------------------------------------------------

  /** Not one byte is free afterwards, for root either. */
  async fillDisk(): Promise<void> {
    const available = (await this.runChecked(['df', '--output=avail', '-B1', '/home']))
      .trim()
      .split('\n')
      .at(-1);
    await this.run(['fallocate', '-l', available?.trim() ?? '0', '/home/.ballast']);
    // The rest, to the last block: cat ends with "No space left on device", which is what we want.
    const rest = await this.run(['dd', 'if=/dev/zero', 'of=/home/.ballast-rest', 'bs=4096']);
    if (!rest.stderr.includes('No space left'))
      throw new Error(`${this.name}: the disk is not full\n${rest.stderr}`);
  }

  /**
   * A copy of the whole disk as a sparse file, as of one moment: writes wait meanwhile. Of a machine that is off, too.
   * Resolves with the bytes that it takes.
   */
  async copyDisk(path: string): Promise<number> {
    const isOn = this.#initPid !== undefined;
    if (isOn) await this.runChecked(['fsfreeze', '--freeze', '/var/lib/docker']);
    try {
      const image = join(this.#slot.directory, 'disk.img');
      await runChecked(['cp', '--sparse=always', '--reflink=auto', image, path]);
    } finally {
      if (isOn) await this.runChecked(['fsfreeze', '--unfreeze', '/var/lib/docker']);
    }
    return Number((await runChecked(['du', '--block-size=1', path])).split(/\s/)[0]);
  }

  get isOn(): boolean {
    return this.#initPid !== undefined;
  }

  async freeDisk(): Promise<void> {
    await this.runChecked(['rm', '-f', '/home/.ballast', '/home/.ballast-rest']);
  }

  // --- end --------------------------------------------------------------------------------------------------------

  /** Destroys the host; nothing of it is left. May be called twice. */
  stop(): Promise<void> {
    this.#initPid = undefined;
    this.#stopped ??= this.#slot.destroy();
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  // --- private ----------------------------------------------------------------------------------------------------

  #pid(): number {
    if (this.#initPid === undefined) throw new Error(`${this.name} is off`);
    return this.#initPid;
  }

  #enter(): string[] {
    const target = String(this.#pid());
    return ['nsenter', '--target', target, '--mount', '--uts', '--ipc', '--net', '--pid', '--root', '--'];
  }

  async #makeHostKey(type: SshKeyType): Promise<void> {
    const path = join(this.#control, 'host-key');
    for (const suffix of ['', '.pub']) await rm(`${path}${suffix}`, { force: true });
    const { publicLine } = await generateKey(path, { type });
    this.hostKeyPublic = publicLine;
    this.hostKeyFingerprint = fingerprintOf(publicLine);
  }

  async #writeSshdConfig(): Promise<void> {
    const text = sshdConfigText(this.address, this.#sshdLines);
    await writeFile(join(this.#control, 'sshd_config'), text);
  }

  async #writeDaemonJson(daemonJson: Readonly<Record<string, unknown>>): Promise<void> {
    const content = {
      // Ours to clean up after a power cut; registry.ts serves at the cable's other end, without TLS.
      'cgroup-parent': `/berth-test-${this.#slot.number}`,
      'insecure-registries': ['10.78.0.0/16'],
      ...daemonJson,
    };
    await writeFile(join(this.#control, 'daemon.json'), JSON.stringify(content, undefined, 2));
  }

  async #sshdPid(): Promise<string> {
    return (await readFile(this.pathOnThisMachine('/run/sshd.pid'), 'utf8')).trim();
  }

  async #enginePid(): Promise<string> {
    return (await readFile(this.pathOnThisMachine('/run/docker.pid'), 'utf8')).trim();
  }

  async #sshdAnswers(): Promise<void> {
    const what = `sshd answers at ${this.address}`;
    await waitUntil(() => readBanner(this.address, this.port), { what, timeoutMs: BOOT_TIMEOUT_MS });
  }

  async #logTails(): Promise<string> {
    const files = [join(this.#slot.directory, 'boot.log')];
    for (const name of await readdir(this.#control).catch(() => []))
      if (name.endsWith('.log')) files.push(join(this.#control, name));
    const tails = files.map(async (file) => {
      const text = await readFile(file, 'utf8').catch(() => '');
      return `--- ${file}\n${text.split('\n').slice(-15).join('\n')}`;
    });
    return (await Promise.all(tails)).join('\n');
  }
}
