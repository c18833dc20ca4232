/** The lease script under this machine's own shells: with a docker that only notes what it is asked, and clocks of the test's. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { readLeaseReport } from '#main/control-plane/lifecycles/host-lease-script.ts';

const script = readFileSync(
  fileURLToPath(new URL('../../../resources/remote/lease.sh', import.meta.url)),
  'utf8',
);
const shells = [['sh'], ['bash', '--posix'], ['busybox', 'sh']].filter(
  ([program = '', ...args]) => spawnSync(program, [...args, '-c', 'exit 0']).status === 0,
);
const [one, two] = ['ws_00000000000000000001', 'ws_00000000000000000002'];
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A host: its clock, its boot, its containers, its leases. */
class LeaseHost {
  readonly folder = mkdtempSync(join(tmpdir(), 'berth-lease-'));
  readonly data = join(this.folder, 'data');
  nowS = 1_800_000_000;
  uptimeS = 50_000;
  boot = 'boot-1';
  isEngineUp = true;
  running = [one];
  readonly #shell: readonly string[];

  constructor(shell: readonly string[]) {
    this.#shell = shell;
    folders.push(this.folder);
    mkdirSync(join(this.folder, 'proc/sys/kernel/random'), { recursive: true });
    mkdirSync(this.data);
    const docker = `#!/bin/sh
[ -e "$HOST/engine" ] || exit 1
case $3 in
ps) for last in "$@"; do :; done; id=\${last##*=}; grep -qx "$id" "$HOST/running" && echo "container-of-$id" ;;
stop) printf '%s\\n' "$*" >>"$HOST/stopped"; : >"$HOST/running" ;;
esac
exit 0
`;
    this.#write('bin/docker', docker, 0o755);
    this.#write('bin/date', '#!/bin/sh\ncat "$HOST/now"\n', 0o755);
  }

  lease(tag: string, id: string, content: string): void {
    this.#write(`data/${tag}/socket`, '/run/docker.sock\n');
    this.#write(`data/${tag}/leases/${id}`, content);
  }
  hasLease(tag: string, id: string): boolean {
    return existsSync(join(this.data, tag, 'leases', id));
  }
  /** What docker was told to stop. */
  get stopped(): string[] {
    const file = join(this.folder, 'stopped');
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  }
  /** The timer fires, `afterS` later. */
  tick(afterS = 60): void {
    this.nowS += afterS;
    this.uptimeS += afterS;
    this.run('run', this.data);
  }
  /** It has been up for long, and the timer fired just now. */
  settle(): void {
    this.#write('data/state', `${this.boot} ${this.uptimeS} ${this.nowS} 0\n`);
  }
  run(...args: string[]) {
    this.#write('now', `${this.nowS}\n`);
    this.#write('proc/uptime', `${this.uptimeS}.17 1.00\n`);
    this.#write('proc/sys/kernel/random/boot_id', `${this.boot}\n`);
    this.#write('running', this.running.map((id) => `${id}\n`).join(''));
    if (this.isEngineUp) this.#write('engine', '');
    else rmSync(join(this.folder, 'engine'), { force: true });
    const [program = 'sh', ...rest] = this.#shell;
    const text = script
      .replaceAll('</proc/', `<${this.folder}/proc/`)
      // BusyBox's shell takes its own date, whatever PATH says.
      .replaceAll('$(date +%s)', `$(${this.folder}/bin/date)`);
    const result = spawnSync(program, [...rest, '-c', text, 'lease', ...args], {
      encoding: 'utf8',
      env: { PATH: `${join(this.folder, 'bin')}:${process.env.PATH}`, HOST: this.folder, HOME: this.folder },
    });
    expect(result.stderr).toBe('');
    return result;
  }

  #write(path: string, content: string, mode = 0o644): void {
    const file = join(this.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content, { mode });
  }
}

describe.each(shells.map((shell) => ({ name: shell.join(' '), shell })))(
  'a lease, under $name',
  ({ shell }) => {
    const host = () => new LeaseHost(shell);

    it('that ran out stops its workspace once, with its grace, and is told in the log', () => {
      const it = host();
      it.settle();
      it.lease('abc123', one, `${it.nowS + 100} 7\n`);
      it.tick();
      expect(it.stopped).toEqual([]);
      it.tick();
      expect(it.stopped).toEqual([`-H unix:///run/docker.sock stop -t 7 container-of-${one}`]);
      expect(readFileSync(join(it.data, 'abc123/log'), 'utf8')).toBe(`${it.nowS} ${one} ${it.nowS - 20}\n`);
      // Whoever starts it again by hand has it.
      it.tick();
      it.tick();
      expect(it.stopped).toHaveLength(1);
      expect(it.hasLease('abc123', one)).toBe(false);
    });

    it('leaves alone what has none, or one that cannot be read', () => {
      const it = host();
      it.settle();
      const bad = [
        '',
        'soon 10',
        `${it.nowS}`,
        `${it.nowS} 10 more`,
        `-1 10`,
        `0123 10`,
        `9999999999999 10`,
        `${it.nowS} 10; rm -rf /`,
      ];
      for (const [at, content] of bad.entries()) it.lease('abc123', `ws_0000000000000000000${at}`, content);
      it.lease('abc123', 'ws_short', '1 1\n');
      it.lease('nota-tag', one, '1 1\n');
      it.running = bad.map((_, at) => `ws_0000000000000000000${at}`);
      it.tick();
      it.tick();
      expect(it.stopped).toEqual([]);
      expect(readdirSync(join(it.data, 'abc123/leases'))).toHaveLength(bad.length + 1);
    });

    it('of two Berths counts until the later one', () => {
      const it = host();
      it.settle();
      it.lease('abc123', one, `${it.nowS - 10} 1\n`);
      it.lease('xyz789', one, `${it.nowS + 200} 1\n`);
      it.tick();
      it.tick();
      expect(it.stopped).toEqual([]);
      it.tick(170);
      expect(it.stopped).toHaveLength(1);
      // Both are told.
      for (const tag of ['abc123', 'xyz789'])
        expect(readFileSync(join(it.data, tag, 'log'), 'utf8')).toContain(` ${one} `);
    });

    it.each<[string, (it: LeaseHost) => void]>([
      ['a boot', (it) => Object.assign(it, { boot: 'boot-2', uptimeS: 20 })],
      ['a jump of the clock', (it) => (it.nowS += 3 * 3_600)],
      ['a jump back', (it) => (it.nowS -= 3_600)],
      ['a sleep', (it) => Object.assign(it, { nowS: it.nowS + 7_200, uptimeS: it.uptimeS + 7_200 })],
    ])('stops nothing for ten minutes after %s', (_, happen) => {
      const it = host();
      it.settle();
      it.lease('abc123', one, '1700000000 1\n');
      happen(it);
      for (let minute = 0; minute < 10; minute++) it.tick();
      expect(it.stopped).toEqual([]);
      it.tick();
      it.tick();
      expect(it.stopped).toHaveLength(1);
    });

    it('waits for an engine that does not answer', () => {
      const it = host();
      it.settle();
      it.lease('abc123', one, `${it.nowS} 1\n`);
      it.isEngineUp = false;
      it.tick();
      expect(it.hasLease('abc123', one)).toBe(true);
      it.isEngineUp = true;
      it.tick();
      expect(it.stopped).toHaveLength(1);
    });

    it('is set for what is named, and for nothing else any more', () => {
      const it = host();
      it.lease('abc123', two, '1 1\n');
      it.lease('xyz789', two, '1 1\n');
      const { stdout, status } = it.run('set', it.data, 'abc123', `${one}:30:10`);
      expect(status).toBe(0);
      expect(readLeaseReport(`${stdout}state=installed\nend=yes\n`)).toMatchObject({
        state: 'installed',
        untilS: new Map([[one, it.nowS + 1_800]]),
        nowS: it.nowS,
      });
      expect(readFileSync(join(it.data, 'abc123/leases', one), 'utf8')).toBe(`${it.nowS + 1_800} 10\n`);
      expect([it.hasLease('abc123', two), it.hasLease('xyz789', two)]).toEqual([false, true]);
    });

    it('that cannot be read is named, also by what writes it anew', () => {
      const it = host();
      it.lease('abc123', one, '17000');
      it.lease('abc123', two, `${it.nowS + 60} 1\n`);
      const { stdout } = it.run('set', it.data, 'abc123', `${one}:30:10`, `${two}:30:10`);
      expect(readLeaseReport(stdout).unreadable).toEqual([one]);
      expect(readLeaseReport(it.run('set', it.data, 'abc123', `${one}:30:10`).stdout).unreadable).toEqual([]);
    });

    it.each(['../../etc', 'ABC123', 'abc12', ''])('refuses %j as a folder', (tag) => {
      const it = host();
      expect(it.run('set', it.data, tag, `${one}:30:10`).status).toBe(2);
      expect(it.run('status', tag).status).toBe(2);
    });

    it.each([`../x:30:10`, `${one}:x:10`, `${one}:30`, `ws_1:30:10`])('refuses %j as a lease', (wish) => {
      expect(host().run('set', host().data, 'abc123', wish).status).toBe(2);
    });
  },
);

const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0;
it.skipIf(!hasAnalyze)('has units that systemd takes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-units-'));
  folders.push(folder);
  const files = ['service', 'timer'].map((kind) => {
    const args = [
      '-c',
      script,
      'lease',
      'unit',
      kind,
      '/usr/local/lib/berth/lease.sh',
      '/var/lib/berth/lease',
    ];
    const file = join(folder, `berth-lease.${kind}`);
    writeFileSync(file, spawnSync('sh', args, { encoding: 'utf8' }).stdout);
    return file;
  });
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...files], {
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
});

const hasShellcheck = spawnSync('shellcheck', ['--version']).status === 0;
it.skipIf(!hasShellcheck)('is clean for shellcheck', () => {
  const { stdout } = spawnSync('shellcheck', ['-s', 'sh', '-'], { input: script, encoding: 'utf8' });
  expect(stdout).toBe('');
});
