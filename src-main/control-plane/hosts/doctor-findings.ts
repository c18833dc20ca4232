/**
 * What the doctor says, from what was read: pure, one function per check. Each finding has a stable name, why it
 * matters and, where there is one, the command that mends it on this distribution. A command is shown, never run.
 * Long because it is a table: one row per check.
 */
import type { ErrorShape } from '#contract/berth-error.ts';
import type { ErrorCode } from '#contract/error-codes.ts';
import type { Finding } from '#contract/hosts.ts';
import type { EngineInfo } from '../interfaces/container-engine.ts';
import type { EngineRouteShown } from './host.ts';
import type { Distribution } from './distribution.ts';
import { finding, type Level, run } from './finding.ts';
import type { GuardStatus, GuardWish } from './network-guard.ts';
import type { ScriptReport } from './script-report.ts';
import { holesOfRunc, holesOfSshd, versionIn } from './version.ts';

// --- the engine -----------------------------------------------------------------------------------------------------

export function engineFindings(
  info: EngineInfo | undefined,
  error: ErrorShape | null,
  distribution: Distribution,
): Finding[] {
  if (!info) return [engineMissing(error, distribution)];
  const why = 'Berth speaks to the engine in the newest version of its API that both know.';
  const [major = 0] = versionIn(info.version)?.numbers ?? [];
  // Docker counts from 17 on; what is below that is Podman, which numbers otherwise.
  const isOld = major >= 17 && major < 23;
  return [
    finding('engine-version', isOld ? 'note' : 'ok', 'Engine', {
      detail: `Version ${info.version}, API ${info.apiVersion}${isOld ? '; its makers no longer mend this version (a distribution may)' : ''}`,
      why,
    }),
    finding('live-restore', info.liveRestore ? 'ok' : 'note', 'Workspaces while the engine restarts', {
      detail: info.liveRestore
        ? 'They go on running (live-restore is on).'
        : 'They stop with it, and may stay down when it crashed (live-restore is off).',
      why: 'Measured: after a crash of the engine, running containers stayed down; with live-restore they were untouched.',
      fix: info.liveRestore
        ? null
        : `Set "live-restore": true in /etc/docker/daemon.json, then: ${distribution.asRoot('kill -HUP "$(cat /var/run/docker.pid)"')}`,
    }),
    cgroupFinding(info),
    sandboxFinding(info),
    ...info.warnings.slice(0, 20).map((text, index) =>
      finding(`engine-warning-${index + 1}`, 'note', 'The engine warns', {
        detail: text.slice(0, 300),
        why: 'The engine itself says so of its host.',
      }),
    ),
  ];
}

function engineMissing(error: ErrorShape | null, distribution: Distribution): Finding {
  const detail = error?.message ?? 'No container engine answers.';
  const why = 'Workspaces are containers: without an engine there are only terminals on the host itself.';
  const code: ErrorCode | undefined = error?.code;
  // Any other failure of the engine is shown as its message, with the usual remedy.
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check
  switch (code) {
    case 'engine.permission-denied':
      return finding('engine-version', 'problem', 'No permission to use the engine', {
        detail,
        why: 'The socket of the engine belongs to a group that this user is not in. Members of that group have root’s power.',
        fix: run(distribution.asRoot('usermod -aG docker "$USER"'), 'then disconnect and connect again'),
      });
    case 'engine.too-old':
      return finding('engine-version', 'problem', 'The engine is too old', {
        detail,
        why: 'Its API lacks what Berth needs.',
        fix: run(distribution.upgrade(distribution.family === 'debian' ? 'docker.io' : 'docker')),
      });
    case 'engine.forwarding-denied':
      return finding('engine-version', 'problem', 'The engine cannot be reached through SSH', {
        detail,
        why,
        fix: 'Set "AllowStreamLocalForwarding yes" and "AllowTcpForwarding yes" in /etc/ssh/sshd_config, or install the docker command on the host.',
      });
    default:
      return finding('engine-version', 'problem', 'No engine answers', {
        detail,
        why,
        fix:
          run(
            distribution.install(distribution.family === 'debian' ? 'docker.io' : 'docker'),
            `or, where it is installed: ${distribution.restart('docker')}`,
          ) ??
          `Install Docker, see https://docs.docker.com/engine/install/, or, where it is installed: ${distribution.restart('docker')}`,
      });
  }
}

function cgroupFinding(info: EngineInfo): Finding {
  const isTwo = info.cgroupVersion === '2';
  return finding('cgroup', isTwo ? 'ok' : 'note', 'Limits', {
    detail: `Control groups version ${info.cgroupVersion || 'unknown'}.`,
    why: 'Limits of memory, processors and processes hold in both versions; in the first the end of a program for want of memory is told less exactly.',
    fix: isTwo
      ? null
      : 'Add systemd.unified_cgroup_hierarchy=1 to the kernel’s command line and restart the host.',
  });
}

function sandboxFinding(info: EngineInfo): Finding {
  const hasSeccomp = info.securityOptions.some((option) => option.includes('seccomp'));
  return finding('sandbox', hasSeccomp ? 'ok' : 'warning', 'System call filter', {
    detail: hasSeccomp
      ? `On${info.isRootless ? '; the engine runs without root' : ''}.`
      : 'The engine has no seccomp filter.',
    why: 'The filter keeps programs in a workspace from about 60 system calls that no workspace needs.',
    fix: hasSeccomp ? null : 'Use a kernel and an engine that were built with seccomp.',
  });
}

/** How the engine's API travels. */
export function routeFinding(
  route: EngineRouteShown,
  report: ScriptReport,
  distribution: Distribution,
): Finding | undefined {
  const why =
    'Streams to the engine’s socket cost no session on the server, so that its MaxSessions is no limit.';
  switch (route) {
    case 'stream-forward':
      return finding('engine-route', 'ok', 'Way to the engine', {
        detail: 'Forwarded straight to its socket.',
        why,
      });
    case 'dial-stdio':
      return finding('engine-route', 'warning', 'Way to the engine', {
        detail:
          'The server forbids forwarding to sockets; Berth runs “docker system dial-stdio” there instead, which is slower and costs one session per stream.',
        why,
        fix: `Set "AllowStreamLocalForwarding yes" in /etc/ssh/sshd_config, then: ${distribution.restart(distribution.family === 'debian' ? 'ssh' : 'sshd')}`,
      });
    case 'local-socket':
      return finding('engine-route', 'ok', 'Way to the engine', {
        detail: `The socket on this computer${report.text('socket.path') ? `, ${report.text('socket.path')}` : ''}.`,
        why: 'No network is in between.',
      });
    case 'none':
      return undefined;
    default:
      return route satisfies never;
  }
}

// --- the machine ----------------------------------------------------------------------------------------------------

const GIB = 1024 ** 3;

export function diskFindings(report: ScriptReport, distribution: Distribution): Finding[] {
  const findings: Finding[] = [];
  const folder = report.text('disk.folder') ?? '/';
  const total = report.count('disk.total_bytes');
  const free = report.count('disk.free_bytes');
  const fix = run(
    distribution.asRoot('docker system df'),
    'shows what uses it; “docker image prune -a” frees unused images',
  );
  if (total && free !== null) {
    const usedShare = 1 - free / total;
    const level: Level = usedShare >= 0.95 || free < GIB ? 'problem' : usedShare >= 0.85 ? 'warning' : 'ok';
    findings.push(
      finding('disk-space', level, 'Disk space', {
        detail: `${gib(free)} of ${gib(total)} are free where the engine keeps its files (${folder}).`,
        why: 'Measured: with a full disk nothing can be created, and after a restart of the host the engine does not start.',
        fix: level === 'ok' ? null : fix,
      }),
    );
  }
  const inodes = report.count('disk.total_inodes');
  const freeInodes = report.count('disk.free_inodes');
  if (inodes && freeInodes !== null) {
    const share = freeInodes / inodes;
    const level: Level = share < 0.03 ? 'problem' : share < 0.1 ? 'warning' : 'ok';
    findings.push(
      finding('disk-inodes', level, 'Room for files', {
        detail: `${freeInodes.toLocaleString('en')} of ${inodes.toLocaleString('en')} inodes are free.`,
        why: 'A file system without inodes is full, whatever space it has; source trees with many small files use them up.',
        fix: level === 'ok' ? null : fix,
      }),
    );
  }
  return findings;
}

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}

export function socketFinding(report: ScriptReport, distribution: Distribution): Finding | undefined {
  const path = report.text('socket.path');
  if (path === null || path === 'none') return undefined;
  const mode = report.text('socket.mode') ?? '';
  const group = report.text('socket.group') ?? '?';
  const why = 'Whoever may write to this socket is root on the host in all but name.';
  // `srw-rw-rw-`: the third triple is everybody else.
  if (mode.charAt(8) === 'w')
    return finding('socket-permissions', 'problem', 'The engine is open to every user', {
      detail: `${path} may be written by everybody (${mode}).`,
      why,
      fix: run(distribution.asRoot(`chmod 0660 ${path}`)),
    });
  const isUsable = report.isYes('socket.usable');
  return finding('socket-permissions', isUsable ? 'ok' : 'problem', 'Permissions of the engine’s socket', {
    detail: `${path} belongs to group ${group} (${mode}); ${report.text('user') ?? 'this user'} ${isUsable ? 'may' : 'may not'} use it.`,
    why,
    fix: isUsable
      ? null
      : run(distribution.asRoot(`usermod -aG ${group} "$USER"`), 'then disconnect and connect again'),
  });
}

/** Seconds of difference that certificates and registries forgive. */
const CLOCK_NOTE_S = 5;
const CLOCK_WARNING_S = 60;

/** `betweenMs`: this computer's clock just before and just after the host told its own. */
export function clockFinding(
  report: ScriptReport,
  betweenMs: readonly [number, number],
  distribution: Distribution,
): Finding | undefined {
  const hostS = report.count('clock');
  if (hostS === null) return undefined;
  const [beforeS, afterS] = betweenMs.map((ms) => ms / 1000) as [number, number];
  // The host tells whole seconds; anything from just before to just after is no difference at all.
  const skewS = hostS + 1 < beforeS ? hostS + 1 - beforeS : hostS > afterS ? hostS - afterS : 0;
  const away = Math.abs(skewS);
  const level: Level = away >= CLOCK_WARNING_S ? 'warning' : away >= CLOCK_NOTE_S ? 'note' : 'ok';
  return finding('clock', level, 'Clock', {
    detail:
      away < CLOCK_NOTE_S
        ? 'Agrees with this computer.'
        : `${Math.round(away).toLocaleString('en')} s ${skewS > 0 ? 'ahead of' : 'behind'} this computer. One of the two is wrong.`,
    why: 'Registries and certificates refuse a wrong clock with messages that do not speak of clocks.',
    fix:
      level === 'ok'
        ? null
        : report.isYes('has_systemd')
          ? run(distribution.asRoot('timedatectl set-ntp true'))
          : run(distribution.install('chrony')),
  });
}

const COMMON_ARCHITECTURES = new Set(['x86_64', 'amd64', 'aarch64', 'arm64']);

export function architectureFinding(report: ScriptReport, info: EngineInfo | undefined): Finding | undefined {
  const architecture = report.text('architecture') ?? info?.architecture;
  if (!architecture) return undefined;
  const isCommon = COMMON_ARCHITECTURES.has(architecture);
  return finding('architecture', isCommon ? 'ok' : 'note', 'Processor', {
    detail: isCommon ? `${architecture}.` : `${architecture}: many images do not exist for it.`,
    why: 'An image must be made for the host’s kind of processor.',
  });
}

// --- known holes ----------------------------------------------------------------------------------------------------

export function runcFinding(
  report: ScriptReport,
  info: EngineInfo | undefined,
  distribution: Distribution,
): Finding | undefined {
  const told = report.text('runc') ?? info?.runtimeVersions.runc ?? null;
  const version = told === null ? undefined : versionIn(told);
  if (!version) return undefined;
  const [packageName, packageVersion] = (report.text('runc.package') ?? '').split(' ');
  const holes = holesOfRunc(version, packageName === 'runc' ? (packageVersion ?? null) : null);
  const why = 'runc is the wall between a workspace and its host.';
  if (holes.length === 0)
    return finding('runc', 'ok', 'runc', { detail: `${version.text}: no known way out.`, why });
  return finding('runc', 'warning', 'runc has known ways out', {
    detail: `${version.text}${packageVersion ? ` (package ${packageVersion})` : ''} shows no fix for ${holes
      .map(({ cve, what }) => `${cve}: ${what}`)
      .join('; ')}. A distribution may have mended it under the same number.`,
    why,
    fix:
      packageName === 'containerd.io'
        ? run(distribution.upgrade('containerd.io'))
        : (run(
            distribution.upgrade('runc'),
            'or Docker’s own packages: https://docs.docker.com/engine/install/',
          ) ??
          'Upgrade runc to 1.3.3 or newer, or install Docker’s own packages: https://docs.docker.com/engine/install/'),
  });
}

export function sshdFindings(
  report: ScriptReport,
  banner: string | null,
  route: EngineRouteShown,
  distribution: Distribution,
): Finding[] {
  if (banner === null && report.text('sshd.package') === null) return [];
  const findings: Finding[] = [];
  const named = report.text('sshd.package') ?? banner ?? '';
  const holes = holesOfSshd(named) ?? holesOfSshd(banner ?? '');
  const why = 'The SSH server is what the whole Internet can reach of this host.';
  if (holes)
    findings.push(
      finding('sshd', holes.length === 0 ? 'ok' : 'problem', 'SSH server', {
        detail:
          holes.length === 0
            ? `${named}: no known hole.`
            : `${named}: ${holes.map(({ cve, what }) => `${cve}: ${what}`).join('; ')}.`,
        why,
        fix: holes.length === 0 ? null : run(distribution.upgrade('openssh-server')),
      }),
    );
  const maxSessions = report.count('sshd.maxsessions');
  if (maxSessions !== null) {
    // OpenSSH's default is 10 (sshd_config(5)); below 4 a few terminals already wait for each other.
    const level: Level = maxSessions < 4 || (route === 'dial-stdio' && maxSessions <= 10) ? 'warning' : 'ok';
    findings.push(
      finding('max-sessions', level, 'Sessions per connection', {
        detail: `MaxSessions is ${maxSessions}. Berth opens more connections when that many terminals are open on the host.`,
        why: 'Each terminal on the host is one session.',
        fix:
          level === 'ok'
            ? null
            : `Set "MaxSessions 100" in /etc/ssh/sshd_config, then: ${distribution.restart(distribution.family === 'debian' ? 'ssh' : 'sshd')}`,
      }),
    );
  }
  return findings;
}

// --- the network ----------------------------------------------------------------------------------------------------

export function guardFinding(
  guard: GuardStatus | undefined,
  info: EngineInfo | undefined,
  wish: GuardWish,
): Finding {
  const why =
    'Without rules, any program in a workspace reads the cloud’s metadata (with what was put in user data) and reaches services of the host that were meant for itself.';
  const title = 'Metadata and the host’s own services';
  if (info?.isRootless)
    return finding('network-guard', 'note', title, {
      detail:
        'The engine runs without root: its containers go out as its user, and rules for bridges do not see them.',
      why,
    });
  const tell = (level: Level, detail: string, fix: string | null = null) =>
    finding('network-guard', level, title, { detail, why, fix });
  const asked = 'Let this user run nft without a password (sudoers), or connect as root.';
  const state = guard?.state ?? 'unknown';
  if (wish === 'open') {
    const turnOn = 'Turn on “Close servers to workspaces” in the settings.';
    const isClosed = state === 'on' || state === 'partly';
    return isClosed
      ? tell(
          'note',
          'The settings say that Berth leaves this open, and rules are there all the same: another Berth set them, or they could not be removed.',
        )
      : tell('note', 'Open to workspaces: the rules are turned off in the settings.', turnOn);
  }
  switch (state) {
    case 'on':
      return tell('ok', `Closed to workspaces (${guard?.backend ?? 'rules'}); the Internet stays open.`);
    case 'partly':
      return tell(
        'warning',
        'Rules are there and do not cover every network of Berth. Connecting again renews them.',
      );
    case 'off':
      return tell(
        'warning',
        wish === 'closed'
          ? `Open to workspaces. Setting the rules failed${guard?.reason ? `: ${guard.reason}` : '.'}`
          : 'Open to workspaces: Berth sets no rules on this host.',
      );
    case 'unknown':
      return tell(
        'warning',
        'Open to workspaces, as far as can be told: Berth is not allowed to set rules here.',
        asked,
      );
    default:
      return state satisfies never;
  }
}

export function exposureFindings(report: ScriptReport, distribution: Distribution): Finding[] {
  const findings: Finding[] = [];
  if (report.isYes('ufw'))
    findings.push(
      finding('ufw', 'note', 'ufw does not hold for containers', {
        detail: 'ufw is on. Ports that containers publish pass it by; Berth publishes none.',
        why: 'The engine’s rules come before those of ufw, so that “ufw deny” does not close a published port.',
        fix: 'Publish ports of your other containers on 127.0.0.1 only, as in “-p 127.0.0.1:8080:80”.',
      }),
    );
  const tcp = report.text('engine.tcp');
  if (tcp)
    findings.push(
      finding('engine-tcp', 'problem', 'The engine listens on the network', {
        detail: `Something listens on ${tcp}, the engine’s TCP port.`,
        why: 'Whoever reaches that port may become root here; such hosts are found and misused within hours.',
        fix: `Remove "hosts" with tcp:// from /etc/docker/daemon.json (and -H tcp:// from the service), then: ${distribution.restart('docker')}`,
      }),
    );
  if (report.isYes('docker.snap'))
    findings.push(
      finding('docker-snap', 'note', 'Docker is a snap', {
        detail: 'The engine was installed as a snap package.',
        why: 'The snap sees only part of the host’s files and restarts when the snap is refreshed.',
        fix: run(distribution.install('docker.io')),
      }),
    );
  return findings;
}
