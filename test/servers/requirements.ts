/**
 * The programs of this machine that the tests' servers are made of: which they are, what each is for, and how to get it.
 * As root on Debian (or Ubuntu) the missing ones are installed from its packages; elsewhere one error names them all.
 * Must not start a service on the machine, nor touch what is already there.
 */
import { access, chmod, constants, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { withExclusive } from './exclusive.ts';
import { runProcess } from './run-process.ts';

export type RequirementName =
  | 'remote-host'
  | 'cloud-init'
  | 'images'
  | 'registry'
  | 'ssh-keys'
  | 'secret-service'
  | 'chromium'
  | 'terminals'
  | 'snapshots'
  | 'restic'
  | 'postgresql'
  | 'conformance'
  | 'certificates'
  | 'service'
  | 'systemd';

interface Part {
  /** A program looked for in PATH and the sbin folders, or an absolute path of a file. */
  readonly find: string;
  /** The Debian package that brings it; `a | b`: the first that this release has. */
  readonly debianPackage: string;
  readonly purpose: string;
}

interface Requirement {
  /** Namespaces, loop devices and bridges need root; the Secret Service and Chromium do not. */
  readonly needsRoot: boolean;
  readonly parts: readonly Part[];
}

const part = (find: string, debianPackage: string, purpose: string): Part => ({
  find,
  debianPackage,
  purpose,
});

const SSH_CLIENT_PARTS = [
  part('ssh', 'openssh-client', 'the reference client that ours is compared with'),
  part('ssh-keygen', 'openssh-client', 'SSH keys and certificates'),
  part('ssh-agent', 'openssh-client', 'an SSH agent'),
  part('ssh-add', 'openssh-client', 'keys in that agent'),
];

const REQUIREMENTS: Readonly<Record<RequirementName, Requirement>> = {
  'remote-host': {
    needsRoot: true,
    parts: [
      ...SSH_CLIENT_PARTS,
      part('sshd', 'openssh-server', 'the SSH server of a remote host'),
      part('/usr/lib/openssh/sftp-server', 'openssh-sftp-server', 'SFTP on a remote host'),
      part('dockerd', 'docker.io', 'the container engine of a remote host'),
      part('docker', 'docker-cli | docker.io', 'the reference client of the engine'),
      part('docker-init', 'docker.io', "the first process of containers with Docker's --init"),
      part('containerd', 'containerd', 'the container runtime under the engine'),
      part('runc', 'runc', 'what starts containers'),
      part('iptables', 'iptables', "the engine's network rules"),
      part('ip', 'iproute2', 'network namespaces and the cable to them'),
      part('ss', 'iproute2', 'resetting established connections'),
      part('nft', 'nftables', 'black holes'),
      part('mkfs.ext4', 'e2fsprogs', "a remote host's disk"),
      part('e2fsck', 'e2fsprogs', 'that disk after a power cut'),
      part('losetup', 'mount', "a remote host's disk"),
      part('fsfreeze', 'util-linux', 'a copy of that disk as of one moment'),
      part('unshare', 'util-linux', 'namespaces'),
      part('nsenter', 'util-linux', 'namespaces'),
      part('flock', 'util-linux', 'one owner per remote host'),
      part('perl', 'perl-base', 'the ioctl that a power cut is made of'),
      part('ps', 'procps', 'finding the SSH sessions to cut'),
      part('find', 'findutils', 'sweeping what dead tests left'),
      part('useradd', 'passwd', 'users of a remote host'),
      part('chpasswd', 'passwd', 'their passwords'),
      part('tmux', 'tmux', 'terminals that outlive a connection, on a remote host'),
      part('zstd', 'zstd', 'snapshots, on a remote host'),
      part('/usr/bin/python3', 'python3', 'what makes and reads snapshots, on a remote host'),
    ],
  },
  // cloud-init itself is unpacked, never installed (cloud-init.ts): on this machine it would wait for the next start.
  'cloud-init': {
    needsRoot: true,
    parts: [
      part('apt-get', 'apt', 'getting cloud-init and what it needs'),
      part('dpkg-deb', 'dpkg', 'unpacking it'),
      part('/usr/bin/python3', 'python3', 'what it is written in'),
      part('useradd', 'passwd', 'the users that it makes'),
    ],
  },
  images: {
    needsRoot: true,
    parts: [
      part('busybox', 'busybox-static', 'the smallest image'),
      part('debootstrap', 'debootstrap', 'the workspace image'),
      part(
        '/usr/share/keyrings/debian-archive-keyring.gpg',
        'debian-archive-keyring',
        'trusting its packages',
      ),
      part('wget', 'wget', 'getting its packages'),
      part('tar', 'tar', 'packing images'),
      part('xz', 'xz-utils', 'unpacking packages'),
    ],
  },
  registry: {
    needsRoot: true,
    parts: [
      part('docker-registry', 'docker-registry', 'an image registry to pull from'),
      part('perl', 'perl-base', 'its passwords'),
    ],
  },
  'ssh-keys': { needsRoot: false, parts: SSH_CLIENT_PARTS },
  'secret-service': {
    needsRoot: false,
    parts: [
      part('dbus-daemon', 'dbus-daemon', 'a private session bus'),
      part('dbus-send', 'dbus-bin', 'asking the Secret Service to lock'),
      part('gnome-keyring-daemon', 'gnome-keyring', 'a Secret Service'),
      part('secret-tool', 'libsecret-tools', 'the reference client of the Secret Service'),
      part('libsecret-1.so.0', 'libsecret-1-0', "the library that the app's keychain module loads"),
    ],
  },
  chromium: {
    needsRoot: false,
    parts: [
      part('chromium', 'chromium-headless-shell | chromium', 'the browser that end-to-end tests drive'),
      part('/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf', 'fonts-dejavu-core', 'text in the browser'),
    ],
  },
  terminals: {
    needsRoot: false,
    parts: [part('tmux', 'tmux', 'terminals that outlive a connection')],
  },
  snapshots: {
    // Root is needed for a part of the trees (device nodes, owners, mounts) only.
    needsRoot: false,
    parts: [
      part('/usr/bin/python3', 'python3', 'the program that makes snapshots'),
      part('tar', 'tar', 'archives'),
      part('zstd', 'zstd', 'their compression'),
      part('restic', 'restic', 'snapshots in repositories'),
      part('rclone', 'rclone', 'a REST server for them'),
      part('rsync', 'rsync', 'comparing what was restored, independently'),
      part('setfacl', 'acl', 'files with access control lists'),
      part('setfattr', 'attr', 'files with extended attributes'),
      part('setcap', 'libcap2-bin', 'files with capabilities'),
      part('setpriv', 'util-linux', 'restoring with fewer rights'),
      part('mkfs.ext4', 'e2fsprogs', 'a disk that is full'),
    ],
  },
  restic: {
    needsRoot: false,
    parts: [part('restic', 'restic', 'repositories of snapshots, and what snapshots are compared with')],
  },
  postgresql: {
    needsRoot: false,
    parts: [
      part('postgres', 'postgresql', 'the database of a team'),
      part('initdb', 'postgresql', 'a cluster of its own'),
    ],
  },
  certificates: {
    needsRoot: false,
    parts: [part('openssl', 'openssl', 'certificates of servers that speak TLS')],
  },
  service: {
    needsRoot: false,
    parts: [part('systemd-analyze', 'systemd', 'judging the unit of a service')],
  },
  systemd: {
    needsRoot: true,
    parts: [
      part('/lib/systemd/systemd', 'systemd', 'the first process of a remote host'),
      part('/lib/systemd/systemd-logind', 'systemd', 'logins there that linger'),
      part('/lib/systemd/system/dbus.service', 'dbus', 'talking to it'),
      part('/usr/share/pam-configs/systemd', 'libpam-systemd', 'its services for each user'),
    ],
  },
  conformance: {
    needsRoot: false,
    parts: [part('vttest', 'vttest', 'what a terminal must be able to show')],
  },
};

const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Where the program is, or undefined. The sbin folders are often missing from an ordinary user's PATH. */
export async function findProgram(name: string): Promise<string | undefined> {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM_FOLDERS];
  const candidates = name.startsWith('/')
    ? [name]
    : folders.filter(Boolean).map((folder) => join(folder, name));
  const mode = name.startsWith('/') ? constants.R_OK : constants.X_OK;
  for (const candidate of candidates) {
    const found = await access(candidate, mode).then(
      () => true,
      () => false,
    );
    if (found) return candidate;
  }
  return undefined;
}

const headlessShell = 'chromium-headless-shell';
const wholeBrowsers = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/** Packages can be brought here. */
async function canInstall(): Promise<boolean> {
  return process.getuid?.() === 0 && (await isDebian());
}

async function isThere({ find }: Part): Promise<boolean> {
  if (find.includes('.so')) {
    const { stdout } = await runProcess(['/sbin/ldconfig', '-p']).catch(() => ({ stdout: '' }));
    return stdout.includes(find);
  }
  // The lighter one is brought where that can be done.
  if (find === 'chromium') {
    const canBring = (await canInstall()) && (await isKnownPackage(headlessShell));
    return (await chromiumProgram(canBring ? [headlessShell] : undefined)) !== undefined;
  }
  if (find === 'postgres' || find === 'initdb') return (await postgresProgram(find)) !== undefined;
  return (await findProgram(find)) !== undefined;
}

/**
 * Debian's own, or one that a person named or installed from elsewhere. Best is Chromium's headless shell: the same engine
 * without the browser around it, for less than half the work.
 */
export async function chromiumProgram(
  names: readonly string[] = [headlessShell, ...wholeBrowsers],
): Promise<string | undefined> {
  const named = process.env.BERTH_TEST_CHROMIUM;
  if (named) return findProgram(named);
  for (const name of names) {
    const found = await findProgram(name);
    if (found) return found;
  }
  return undefined;
}

/** Debian keeps the servers of each version in a folder that is in nobody's PATH; the newest one counts. */
export async function postgresProgram(name: 'postgres' | 'initdb'): Promise<string | undefined> {
  const root = '/usr/lib/postgresql';
  const versions = await readdir(root).catch(() => []);
  for (const version of versions.sort((a, b) => Number(b) - Number(a))) {
    const found = await findProgram(join(root, version, 'bin', name));
    if (found) return found;
  }
  return findProgram(name);
}

export interface MissingRequirement {
  readonly requirement: RequirementName;
  readonly find: string;
  readonly debianPackage: string;
  readonly purpose: string;
}

export const requirementNames = Object.keys(REQUIREMENTS) as RequirementName[];

/** What this machine lacks. An empty list: everything can run. */
export async function missingRequirements(
  names: readonly RequirementName[] = requirementNames,
): Promise<MissingRequirement[]> {
  const missing: MissingRequirement[] = [];
  for (const requirement of names)
    for (const one of REQUIREMENTS[requirement].parts)
      if (!(await isThere(one))) missing.push({ requirement, ...one });
  return missing;
}

/** Why this machine cannot run what these need even with every program installed; undefined when it can. */
export function unsuitableMachine(names: readonly RequirementName[]): string | undefined {
  const rootNeeded = names.filter((name) => REQUIREMENTS[name].needsRoot);
  if (rootNeeded.length === 0) return undefined;
  const what = rootNeeded.join(', ');
  if (process.platform !== 'linux') return `${what}: needs Linux namespaces, and this is ${process.platform}`;
  if (process.getuid?.() !== 0)
    return `${what}: needs root (namespaces, loop devices), and this is uid ${process.getuid?.()}`;
  return undefined;
}

async function isDebian(): Promise<boolean> {
  if (process.platform !== 'linux' || (await findProgram('apt-get')) === undefined) return false;
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(release);
}

const ready = new Set<RequirementName>();

/**
 * Resolves when everything these names need is on this machine; installs it where that can be done.
 * @throws Error one, naming all that is missing, what for, and the command that brings it.
 */
export async function ensureRequirements(
  names: readonly RequirementName[] = requirementNames,
): Promise<void> {
  const open = names.filter((name) => !ready.has(name));
  if (open.length === 0) return;
  const unsuitable = unsuitableMachine(open);
  if (unsuitable) throw new Error(unsuitable);
  let missing = await missingRequirements(open);
  let remark = '';
  if (missing.length > 0 && (await canInstall())) {
    remark = await withExclusive('requirements', async () => {
      // Another worker may have installed them while we waited.
      const still = await missingRequirements(open);
      return still.length > 0 ? installPackages(packagesOf(still)) : '';
    });
    missing = await missingRequirements(open);
  }
  if (missing.length > 0) throw new Error(`${describeMissing(missing)}${remark}`);
  for (const name of open) ready.add(name);
}

function packagesOf(missing: readonly MissingRequirement[]): string[] {
  return [...new Set(missing.map(({ debianPackage }) => debianPackage))];
}

export function describeMissing(missing: readonly MissingRequirement[]): string {
  const lines = missing.map(
    ({ find, purpose, debianPackage }) =>
      `  ${find}: ${purpose} (package ${debianPackage.replace(' | ', ' or ')})`,
  );
  const packages = packagesOf(missing).map((name) => name.split(' | ').at(-1));
  const command = `apt-get install --no-install-recommends ${[...new Set(packages)].join(' ')}`;
  return `missing on this machine:\n${lines.join('\n')}\non Debian, as root: ${command}\n`;
}

/** Of `a | b` the first that the package lists know. */
async function knownPackage(alternatives: string): Promise<string> {
  const names = alternatives.split(' | ');
  for (const name of names) if (await isKnownPackage(name)) return name;
  return names[0] ?? alternatives;
}

async function isKnownPackage(name: string): Promise<boolean> {
  return (await runProcess(['apt-cache', 'show', name])).exitCode === 0;
}

const POLICY_PATH = '/usr/sbin/policy-rc.d';
const POLICY = '#!/bin/sh\n# Put here by the tests of Berth while they install packages.\nexit 101\n';
const POLICY_ASIDE = '/usr/sbin/policy-rc.d.before-berth-tests';

/** Installs without starting anything: invoke-rc.d(8) asks policy-rc.d, and 101 means "not allowed". */
async function installPackages(packages: readonly string[]): Promise<string> {
  // Ours already, when an earlier installation was killed: then what was there before is aside, or there was nothing.
  const present = await readFile(POLICY_PATH, 'utf8').catch(() => undefined);
  if (present !== undefined && present !== POLICY) await rename(POLICY_PATH, POLICY_ASIDE);
  await writeFile(POLICY_PATH, POLICY);
  await chmod(POLICY_PATH, 0o755);
  try {
    const env = {
      ...process.env,
      DEBIAN_FRONTEND: 'noninteractive',
      NEEDRESTART_MODE: 'l',
      NEEDRESTART_SUSPEND: '1',
    };
    const waitForLock = ['-o', 'DPkg::Lock::Timeout=300'];
    const timeoutMs = 1_200_000;

    const update = await runProcess(['apt-get', ...waitForLock, '-q', 'update'], { env, timeoutMs });
    const flags = ['-q', '-y', '--no-install-recommends', '-o', 'Dpkg::Options::=--force-confold'];
    const wanted = [...new Set(await Promise.all(packages.map(knownPackage)))];
    console.error(`installing Debian packages for the tests: ${wanted.join(' ')}`);
    const install = await runProcess(['apt-get', ...waitForLock, ...flags, 'install', ...wanted], {
      env,
      timeoutMs,
    });
    if (install.exitCode === 0) return '';
    const words = [update, install].map(({ stderr }) => stderr.trim()).filter(Boolean);
    return `apt-get said:\n${words.join('\n')}\n`;
  } finally {
    await rm(POLICY_PATH, { force: true });
    await rename(POLICY_ASIDE, POLICY_PATH).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }
}
