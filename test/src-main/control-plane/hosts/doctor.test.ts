import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { BerthError } from '#contract/berth-error.ts';
import { Finding, type HostDefinition } from '#contract/hosts.ts';
import { distributionOf } from '#main/control-plane/hosts/distribution.ts';
import { examine, type Patient } from '#main/control-plane/hosts/doctor.ts';
import {
  clockFinding,
  diskFindings,
  engineFindings,
  guardFinding,
  routeFinding,
  runcFinding,
  socketFinding,
  sshdFindings,
} from '#main/control-plane/hosts/doctor-findings.ts';
import { factsOf } from '#main/control-plane/hosts/host-facts.ts';
import { guardStatusOf } from '#main/control-plane/hosts/network-guard.ts';
import { parseScriptReport } from '#main/control-plane/hosts/script-report.ts';
import { toolFindings } from '#main/control-plane/hosts/tool-findings.ts';
import { holesOfRunc, holesOfSshd, isAtLeast, versionIn } from '#main/control-plane/hosts/version.ts';
import type { ContainerEngine } from '#main/control-plane/interfaces/container-engine.ts';
import { FakeConnection, fakeEngineInfo, FakeMachine } from '#test/harness/fake-connector.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';

const debian = parseScriptReport('os.id=debian\nuser=root\nhas_systemd=yes\n');
const rootDebian = distributionOf(debian);
const report = (...lines: string[]) => parseScriptReport(lines.join('\n'));

describe('the report of a script', () => {
  it('is read line by line, first word counts, rest of the line is the value', () => {
    const read = report('os=Debian GNU/Linux = 12', 'os=again', 'cpus=4', 'minus=-1', 'end=yes');
    expect(read.text('os')).toBe('Debian GNU/Linux = 12');
    expect([read.count('cpus'), read.count('minus'), read.count('os'), read.text('none')]).toEqual([
      4,
      null,
      null,
      null,
    ]);
    expect(read.isComplete).toBe(true);
    expect(report('cpus=4').isComplete).toBe(false);
  });

  it('gives a hostile host neither control characters, nor length, nor keys of its own making', () => {
    const read = report(`os=\u001b]0;owned\u0007x\u202ey${'z'.repeat(9_000)}`, '__proto__=x', 'a b=c', '=d');
    expect(read.text('os')).toMatch(/^\]0;ownedxyz+$/);
    expect(read.text('os')!.length).toBe(300);
    expect(read.text('__proto__')).toBeNull();
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (output) => {
        const facts = factsOf(
          parseScriptReport(output),
          { sshServer: null, hostKey: null },
          undefined,
          '2026-01-02T03:04:05.000Z',
        );
        expect(JSON.stringify(facts)).not.toMatch(/[\u0000-\u001f\u202e]/);
      }),
    );
  });
});

describe('versions', () => {
  it.each([
    ['tmux 3.3a', '3.3a'],
    ['tmux next-3.4', '3.4'],
    ['*** Zstandard CLI (64-bit) v1.5.4, by Yann Collet ***', '1.5.4'],
    ['runc version 1.1.5+ds1', '1.1.5'],
    ['28.2.2', '28.2.2'],
    ['20.10.24+dfsg1', '20.10.24'],
  ])('%s', (text, expected) => {
    expect(versionIn(text)?.text).toBe(expected);
  });
  it('compare by number, not by letter', () => {
    expect(isAtLeast(versionIn('3.10')!, [3, 2])).toBe(true);
    expect(isAtLeast(versionIn('3.1c')!, [3, 2])).toBe(false);
    expect(isAtLeast(versionIn('1.2')!, [1, 2, 0])).toBe(true);
  });

  const leaked = 'CVE-2024-21626';
  const masked = 'CVE-2025-31133, CVE-2025-52565, CVE-2025-52881';
  it.each([
    ['1.1.5', '1.1.5+ds1-1+deb12u1', [masked]],
    ['1.1.5', null, [leaked, masked]],
    ['1.1.5', '1.1.5+ds1-1', [leaked, masked]],
    ['1.1.12', null, [masked]],
    ['1.2.7', null, [masked]],
    ['1.2.8', null, []],
    ['1.3.0', null, [masked]],
    ['1.3.3', null, []],
    ['1.4.0', null, []],
  ])('runc %s (package %s): %j', (version, packaged, cves) => {
    expect(holesOfRunc(versionIn(version)!, packaged).map(({ cve }) => cve)).toEqual(cves);
  });

  it.each([
    ['SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u2', 1],
    ['SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3', 0],
    ['SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10', 0],
    ['openssh-server 1:9.2p1-2+deb12u10', 0],
    ['openssh-server 1:9.2p1-2+deb12u1', 1],
    ['SSH-2.0-OpenSSH_8.4p1 Debian-5+deb11u3', 0],
    ['SSH-2.0-OpenSSH_8.9p1 Ubuntu-3ubuntu0.7', 1],
    ['SSH-2.0-OpenSSH_8.9p1 Ubuntu-3ubuntu0.10', 0],
    ['SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13.3', 0],
    ['SSH-2.0-OpenSSH_9.6p1', 1],
    ['openssh-server 8.7p1-38.el9_4.1', 0],
    ['SSH-2.0-OpenSSH_9.8p1', 0],
    ['SSH-2.0-OpenSSH_10.0p2 Debian-7', 0],
    ['SSH-2.0-dropbear_2022.83', undefined],
    ['SSH-2.0-Go', undefined],
  ])('%s: %s', (banner, count) => {
    expect(holesOfSshd(banner)?.length).toBe(count);
  });
});

describe('findings', () => {
  it('of a disk: 85 % warns, 95 % or less than 1 GiB is a problem, inodes too', () => {
    const disk = (freeShare: number, totalGib = 100) => {
      const total = totalGib * 1024 ** 3;
      const lines = [`disk.total_bytes=${total}`, `disk.free_bytes=${Math.floor(total * freeShare)}`];
      return diskFindings(report(...lines), rootDebian)[0]?.level;
    };
    expect([disk(0.5), disk(0.14), disk(0.04), disk(0.5, 1)]).toEqual([
      'ok',
      'warning',
      'problem',
      'problem',
    ]);
    const inodes = (free: number) =>
      diskFindings(report('disk.total_inodes=1000', `disk.free_inodes=${free}`), rootDebian)[0]?.level;
    expect([inodes(500), inodes(80), inodes(10), diskFindings(report(), rootDebian)]).toEqual([
      'ok',
      'warning',
      'problem',
      [],
    ]);
  });

  it('of the clock: what the network’s delay explains is no skew', () => {
    const skew = (hostS: number, from: number, to: number) =>
      clockFinding(report(`clock=${hostS}`), [from * 1000, to * 1000], rootDebian)?.level;
    expect(skew(1000, 1000.2, 1000.4)).toBe('ok');
    expect(skew(1000, 999, 1012)).toBe('ok');
    expect(skew(1010, 1000, 1001)).toBe('note');
    expect(skew(900, 1000, 1001)).toBe('warning');
    const ahead = clockFinding(report('clock=2000', 'has_systemd=yes'), [1e6, 1e6], rootDebian);
    expect(ahead).toMatchObject({
      detail: expect.stringContaining('1,000 s ahead'),
      fix: 'timedatectl set-ntp true',
    });
  });

  it('of the socket: open to all is a problem though it works', () => {
    const socket = (mode: string, usable: string) =>
      socketFinding(
        report(
          'socket.path=/run/docker.sock',
          `socket.mode=${mode}`,
          'socket.group=docker',
          `socket.usable=${usable}`,
        ),
        distributionOf(report('os.id=ubuntu', 'user=dev')),
      );
    expect(socket('srw-rw----', 'yes')?.level).toBe('ok');
    expect(socket('srw-rw-rw-', 'yes')).toMatchObject({
      level: 'problem',
      fix: 'sudo chmod 0660 /run/docker.sock',
    });
    expect(socket('srw-rw----', 'no')).toMatchObject({
      level: 'problem',
      fix: expect.stringContaining('sudo usermod -aG docker "$USER"'),
    });
    expect(socketFinding(report('socket.path=none'), rootDebian)).toBeUndefined();
  });

  it('of tools: the fix is the distribution’s own', () => {
    const fixes = (id: string, like = '') =>
      toolFindings(report(), distributionOf(report(`os.id=${id}`, `os.like=${like}`, 'user=root'))).map(
        (one) => one.fix,
      );
    expect(fixes('debian')[0]).toBe('apt-get update && apt-get install -y tmux');
    expect(fixes('rocky', 'rhel fedora')[0]).toBe('dnf install -y tmux');
    expect(fixes('alpine')[1]).toBe('apk add python3 tar zstd');
    expect(fixes('debian')[2]).toBe('apt-get update && apt-get install -y restic');
    expect(fixes('slackware')[0]).toBeNull();
    const old = toolFindings(
      report('tmux=tmux 3.1c', 'zstd=v1.4.8', 'tar=tar (GNU tar) 1.34', 'python3=Python 3.11.2'),
      rootDebian,
    );
    expect(old.map((one) => one.level)).toEqual(['note', 'ok', 'note']);
    const busybox = toolFindings(
      report('zstd=v1.5.5', 'tar=tar (busybox) 1.36.1', 'python3=Python 3.12.1'),
      rootDebian,
    );
    expect(busybox[1]).toMatchObject({ level: 'note', detail: 'Not installed: GNU tar.' });
    expect(old[0]?.detail).toContain('older than 3.2');
    expect(old[0]).toMatchObject({
      why: expect.stringContaining('outlive the connection, the window and Berth itself'),
      command: 'apt-get update && apt-get install -y --only-upgrade tmux',
    });
  });

  it('of what else keeping terminals needs: said only where it is missing, with the packages that bring it', () => {
    const needs = (id: string, ...lines: string[]) =>
      toolFindings(report(...lines), distributionOf(report(`os.id=${id}`))).find(
        ({ check }) => check === 'terminal-programs',
      );
    expect(needs('debian', 'tmux=tmux 3.3a')).toBeUndefined();
    expect(needs('debian', 'terminals.missing=fallocate')).toMatchObject({
      level: 'note',
      detail: 'Not installed: fallocate.',
      command: 'sudo apt-get update && sudo apt-get install -y util-linux',
    });
    expect(needs('fedora', 'terminals.missing=tail stat')).toMatchObject({
      detail: 'Not installed: tail, stat.',
      command: 'sudo dnf install -y coreutils',
    });
    expect(needs('arch', 'terminals.missing=dd fallocate')?.command).toBe(
      'sudo pacman -S --noconfirm util-linux coreutils',
    );
    expect(needs('alpine', 'terminals.missing=fallocate', 'terminals.fallocate_plain=yes')).toMatchObject({
      detail: 'Its fallocate makes no holes; that of util-linux does.',
      command: 'sudo apk add util-linux-misc coreutils',
    });
    expect(needs('slackware', 'terminals.missing=fallocate')).toMatchObject({ fix: null, command: null });
  });

  it('gives a command only where it is one, without its remark', () => {
    const socket = socketFinding(
      report('socket.path=/run/docker.sock', 'socket.mode=srw-rw----', 'socket.group=docker'),
      rootDebian,
    );
    expect(socket).toMatchObject({
      fix: 'usermod -aG docker "$USER"   # then disconnect and connect again',
      command: 'usermod -aG docker "$USER"',
    });
    const byHand = routeFinding('dial-stdio', report(), rootDebian);
    expect([typeof byHand?.fix, byHand?.command]).toEqual(['string', null]);
  });

  it('of the engine: why it is not there decides what mends it', () => {
    const missing = (code: ConstructorParameters<typeof BerthError>[0]) =>
      engineFindings(undefined, new BerthError(code, 'It says so.').toShape(), rootDebian)[0];
    expect(missing('engine.permission-denied')?.fix).toContain('usermod -aG docker');
    expect(missing('engine.forwarding-denied')?.fix).toContain('AllowStreamLocalForwarding');
    expect(missing('engine.unreachable')?.fix).toContain('systemctl restart docker');
    expect(missing('engine.too-old')?.fix).toContain('--only-upgrade');
    const good = engineFindings(fakeEngineInfo, null, rootDebian);
    expect(good.every((one) => one.level === 'ok' && one.fix === null)).toBe(true);
    const poor = engineFindings(
      {
        ...fakeEngineInfo,
        version: '20.10.24+dfsg1',
        liveRestore: false,
        cgroupVersion: '1',
        securityOptions: [],
      },
      null,
      rootDebian,
    );
    expect(poor.map(({ check, level }) => `${check} ${level}`)).toEqual([
      'engine-version note',
      'live-restore note',
      'cgroup note',
      'sandbox warning',
    ]);
  });

  it('of the way to the engine, runc, sshd and its sessions', () => {
    expect(routeFinding('stream-forward', report(), rootDebian)?.level).toBe('ok');
    expect(routeFinding('dial-stdio', report(), rootDebian)).toMatchObject({
      level: 'warning',
      detail: expect.stringContaining('dial-stdio'),
      fix: expect.stringContaining('systemctl restart ssh'),
    });
    const runc = runcFinding(
      report('runc=runc version 1.1.5+ds1', 'runc.package=runc 1.1.5+ds1-1+deb12u1'),
      fakeEngineInfo,
      rootDebian,
    );
    expect(runc).toMatchObject({ level: 'warning', detail: expect.stringContaining('CVE-2025-31133') });
    expect(runcFinding(report(), fakeEngineInfo, rootDebian)?.level).toBe('ok');
    const sshd = (sessions: number, route: 'dial-stdio' | 'stream-forward') =>
      sshdFindings(report(`sshd.maxsessions=${sessions}`), 'SSH-2.0-OpenSSH_9.9p1', route, rootDebian).map(
        ({ check, level }) => `${check} ${level}`,
      );
    expect(sshd(10, 'stream-forward')).toEqual(['sshd ok', 'max-sessions ok']);
    expect(sshd(10, 'dial-stdio')).toEqual(['sshd ok', 'max-sessions warning']);
    expect(sshd(2, 'stream-forward')[1]).toBe('max-sessions warning');
  });

  it('of the network rules: open is said in every case where they are not wholly in place', () => {
    const guard = (...lines: string[]) =>
      guardFinding(guardStatusOf(report(...lines)), fakeEngineInfo, 'closed');
    expect(guard('guard=on', 'backend=nft').level).toBe('ok');
    expect(guard('guard=partly').level).toBe('warning');
    expect(guard('guard=off', 'reason=no such table').detail).toContain('no such table');
    expect(guard('guard=unknown', 'privilege=none')).toMatchObject({
      level: 'warning',
      fix: expect.any(String),
    });
    expect(guard('nonsense').level).toBe('warning');
    expect(guardFinding(undefined, fakeEngineInfo, 'closed').level).toBe('warning');
    expect(guardFinding(undefined, { ...fakeEngineInfo, isRootless: true }, 'closed').level).toBe('note');
  });

  it('of network rules that the person turned off: no alarm, and what turns them on', () => {
    const guard = (...lines: string[]) =>
      guardFinding(guardStatusOf(report(...lines)), fakeEngineInfo, 'open');
    for (const state of ['off', 'unknown'])
      expect(guard(`guard=${state}`)).toMatchObject({
        level: 'note',
        detail: expect.stringContaining('turned off in the settings'),
        fix: expect.stringContaining('Close servers to workspaces'),
      });
    for (const state of ['on', 'partly'])
      expect(guard(`guard=${state}`)).toMatchObject({
        level: 'note',
        detail: expect.stringContaining('rules are there all the same'),
      });
  });
});

describe('the examination', () => {
  const definition: HostDefinition = { kind: 'local', socketPath: null };
  const patientOf = (machine: FakeMachine): Patient => ({
    definition,
    connection: new FakeConnection(machine),
    engine: undefined,
    engineInfo: fakeEngineInfo,
    engineRoute: 'stream-forward',
    engineError: null,
    guardWish: 'closed',
  });
  const collect = async (machine: FakeMachine) => {
    const findings: Finding[] = [];
    const deps = { clock: new ManualClock(), log: new MemoryLog(), signal: new AbortController().signal };
    for await (const finding of examine(patientOf(machine), deps)) findings.push(finding);
    return findings;
  };

  it('names each check once, gives it a reason, and fits the contract', async () => {
    const machine = new FakeMachine('atlas');
    machine.scripts.set('doctor', ([rootFolder]) => ({
      stdout: [
        `disk.folder=${rootFolder}`,
        'disk.total_bytes=100000000000',
        'disk.free_bytes=1',
        'os.id=debian',
        'ufw=yes',
        'engine.tcp=0.0.0.0:2375',
        'clock=1',
        'socket.path=/run/docker.sock',
        'sshd.maxsessions=10',
        'end=yes',
      ].join('\n'),
    }));
    const findings = await collect(machine);
    for (const finding of findings) {
      expect(Finding.safeParse(finding).success).toBe(true);
      expect(finding.why.length).toBeGreaterThan(20);
    }
    const checks = findings.map((finding) => finding.check);
    expect(new Set(checks).size).toBe(checks.length);
    expect(checks).toEqual([
      'engine-version',
      'live-restore',
      'cgroup',
      'sandbox',
      'engine-route',
      'disk-space',
      'socket-permissions',
      'clock',
      'architecture',
      'tmux',
      'snapshot-programs',
      'restic',
      'runc',
      'sshd',
      'max-sessions',
      'ufw',
      'engine-tcp',
      'network-guard',
    ]);
    expect(findings.find((finding) => finding.check === 'disk-space')?.detail).toContain('/var/lib/docker');
  });

  it('makes a finding of an engine that went away under it', async () => {
    const machine = new FakeMachine('atlas');
    machine.scripts.set('doctor', () => ({ stdout: 'end=yes\n' }));
    const engine = {
      info: () => Promise.reject(new BerthError('connection-lost', 'The stream ended.')),
      listNetworks: async () => [],
    } as unknown as ContainerEngine;
    const findings: Finding[] = [];
    const deps = { clock: new ManualClock(), log: new MemoryLog(), signal: new AbortController().signal };
    for await (const finding of examine({ ...patientOf(machine), engine }, deps)) findings.push(finding);
    expect(findings[0]).toMatchObject({
      check: 'engine-version',
      level: 'problem',
      title: 'No engine answers',
    });
  });

  it('fails clearly where the host’s shell does not do what it is told', async () => {
    const machine = new FakeMachine('atlas');
    machine.scripts.set('doctor', () => ({ stdout: 'This account is not available.\n', exitCode: 1 }));
    await expect(collect(machine)).rejects.toMatchObject({
      code: 'host.command-failed',
      details: { exitCode: 1 },
    });
  });
});
