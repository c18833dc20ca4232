/** The scripts of hosts, run by this machine's own shells: they need no privilege and change nothing outside a folder of their own. */
import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  parseListening,
  parseListeningReport,
  parsePrograms,
} from '#main/control-plane/forwards/listening-sockets.ts';
import { guardStatusOf } from '#main/control-plane/hosts/network-guard.ts';
import { parseScriptReport } from '#main/control-plane/hosts/script-report.ts';

const folder = fileURLToPath(new URL('../../../resources/remote', import.meta.url));

/** As hosts run it: the script is one argument, standard input is empty. */
function run(shell: readonly string[], script: string, ...args: string[]) {
  return runIn({}, shell, script, ...args);
}
function runIn(env: NodeJS.ProcessEnv, shell: readonly string[], script: string, ...args: string[]) {
  const [program = 'sh', ...rest] = shell;
  const text = readFileSync(`${folder}/${script}.sh`, 'utf8');
  const result = spawnSync(program, [...rest, '-c', text, script, ...args], {
    encoding: 'utf8',
    input: '',
    env: { ...process.env, ...env },
  });
  return { ...result, report: parseScriptReport(result.stdout) };
}

const shells = [['sh'], ['bash', '--posix'], ['busybox', 'sh']].filter(
  ([program = '', ...args]) => spawnSync(program, [...args, '-c', 'exit 0']).status === 0,
);

describe.each(shells.map((shell) => ({ name: shell.join(' '), shell })))('under $name', ({ shell }) => {
  it('facts.sh tells what this machine is', () => {
    const { report, stderr, status } = run(shell, 'facts');
    expect([status, stderr, report.isComplete]).toEqual([0, '', true]);
    expect(report.count('cpus')).toBeGreaterThan(0);
    expect(report.text('kernel')).toBeTruthy();
  });

  it('listening-ports.sh tells what listens where a process is, and whose it is', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      // What a container's id is in the groups of its processes: a word of this process's own.
      const group = readFileSync(`/proc/${process.pid}/cgroup`, 'utf8').trim().split('\n').at(-1) ?? '';
      const { stdout, stderr, status } = run(
        shell,
        'listening-ports',
        ...['ports', String(process.pid), group, '1', 'no-such-container', '999999999', group],
      );
      expect([status, stderr]).toEqual([0, '']);
      const report = [...parseListeningReport(stdout)];
      expect(report.find(([name]) => name === 'no-such-container')?.[1]).toBeUndefined();
      const first = parseListening(stdout).find((socket) => socket.port === port);
      expect(first).toMatchObject({ isLoopback: true, inode: expect.stringMatching(/^\d+$/) });
      expect(stdout.match(/^unreadable$/gm)).toHaveLength(2);
      expect(stdout.endsWith('end=yes\n')).toBe(true);
      const named = run(shell, 'listening-ports', 'programs', group);
      expect([named.status, named.stderr]).toEqual([0, '']);
      expect(parsePrograms(named.stdout).get(first?.inode ?? '')).toMatch(/node/);
    } finally {
      server.close();
    }
  });

  it('doctor.sh comes to its end, also for folders and sockets that are not there', () => {
    const { report, stderr, status } = run(
      shell,
      'doctor',
      '/no/such/folder/anywhere',
      "/tmp/it's; rm -rf $HOME",
    );
    expect([status, stderr, report.isComplete]).toEqual([0, '', true]);
    expect(report.text('disk.folder')).toBe('/');
    expect(report.count('disk.total_bytes')).toBeGreaterThan(0);
    const skewS = Math.abs((report.count('clock') ?? 0) - Date.now() / 1000);
    expect(skewS).toBeLessThan(60);
  });

  it('doctor.sh tells what keeping terminals misses: nothing, a program, or holes in files', () => {
    const folder = mkdtempSync(join(tmpdir(), 'berth-doctor-'));
    try {
      // This BusyBox takes its own programs before those of the machine.
      const own = shell[0] === 'busybox' ? 'fallocate' : null;
      expect(run(shell, 'doctor').report.text('terminals.missing')).toBe(own);
      // One of the kind that BusyBox has, found before the machine's own.
      const plain = '#!/bin/sh\necho "Usage: fallocate [-o OFS] -l LEN FILE" >&2\nexit 1\n';
      writeFileSync(join(folder, 'fallocate'), plain, { mode: 0o755 });
      const { report } = runIn({ PATH: `${folder}:${process.env.PATH}` }, shell, 'doctor');
      expect(report.text('terminals.missing')).toBe('fallocate');
      expect(report.isYes('terminals.fallocate_plain')).toBe(true);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('network-guard.sh takes nothing for a bridge that is none', () => {
    for (const bridge of ['$(reboot)', 'a*b', '-x', '', 'x y', 'x"y']) {
      const { status, report } = run(shell, 'network-guard', 'status', bridge);
      expect([status, guardStatusOf(report).state]).toEqual([2, 'unknown']);
    }
  });
});

/** BusyBox's shell takes its own programs of these names, whatever PATH says, and they know less. */
function withPrograms([program]: readonly string[], text: string, bin: string): string {
  return program === 'busybox' ? text.replaceAll(/(?<=[ (]|^)(tail|fallocate) -/gm, `${bin}/$1 -`) : text;
}

/** As a host runs what lasts: its input stays open until the test closes it. */
function startScript(
  shell: readonly string[],
  script: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
) {
  const [program = 'sh', ...rest] = shell;
  const text = withPrograms(shell, readFileSync(`${folder}/${script}.sh`, 'utf8'), '/usr/bin');
  const child = spawn(program, [...rest, '-c', text, script, ...args], { env, detached: true });
  children.push(child);
  let output = Buffer.alloc(0);
  let said = '';
  child.stdout.on('data', (bytes: Buffer) => (output = Buffer.concat([output, bytes])));
  child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => undefined);
  /** All its streams have ended: nothing that it started is left with one. */
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, closed, output: () => output, said: () => said };
}
const children: ReturnType<typeof spawn>[] = [];
const folders: string[] = [];
afterEach(() => {
  for (const child of children.splice(0))
    try {
      process.kill(-(child.pid as number), 'SIGKILL');
    } catch {
      // It has ended.
    }
  for (const one of folders.splice(0)) rmSync(one, { recursive: true, force: true });
});
function newFolder(): string {
  const made = mkdtempSync(join(tmpdir(), 'berth-scripts-'));
  folders.push(made);
  return made;
}
const until = (isReached: () => boolean) => vi.waitFor(() => expect(isReached()).toBe(true), 8_000);
function isRunning(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/exe`) !== '';
  } catch {
    return false;
  }
}
const readerOf = (log: string) => Number(readFileSync(`${log}.reader`, 'utf8'));

/** A folder to be PATH, of the named programs of this machine. */
function pathOf(programs: readonly string[]): string {
  const bin = newFolder();
  for (const name of programs) {
    const found = spawnSync('sh', ['-c', 'command -v "$1"', 'sh', name], { encoding: 'utf8' }).stdout.trim();
    symlinkSync(found, join(bin, name));
  }
  return bin;
}
const withBody = (bin: string, name: string, body: string) =>
  writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
/** The script looks into the usual folders itself; without this it would find there what the test took away. */
const confined = (script: string) =>
  readFileSync(`${folder}/${script}.sh`, 'utf8').replace(/^PATH=\$PATH:.*$/m, 'PATH=$PATH');

describe.each(shells.map((shell) => ({ name: shell.join(' '), shell })))('terminals, $name', ({ shell }) => {
  const [program = 'sh', ...rest] = shell;

  describe('terminal-host.sh', () => {
    const basics = ['mkdir', 'rm', 'mv', 'cat', 'cksum', 'printf', 'tail', 'dd', 'stat', 'readlink', 'sh'];
    function host(bin: string, state: string, more: NodeJS.ProcessEnv = {}) {
      const absolute = spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program], { encoding: 'utf8' });
      const text = withPrograms(shell, confined('terminal-host'), bin);
      const args = [...rest, '-c', text, 'terminal-host', 'the recorder'];
      return spawnSync(absolute.stdout.trim(), args, {
        encoding: 'utf8',
        input: '',
        env: { PATH: bin, HOME: state, TMUX_TMPDIR: state, ...more },
      });
    }
    /** A tmux that says its version, and then what it was started with. */
    const tmux = (bin: string, version: string) =>
      withBody(bin, 'tmux', `if [ "$1" = -V ]; then echo "tmux ${version}"; else echo "started $*"; fi`);
    const realFallocate = spawnSync('sh', ['-c', 'command -v fallocate'], { encoding: 'utf8' }).stdout.trim();

    it('says that there is no tmux', () => {
      const { stdout, status } = host(pathOf(basics), newFolder());
      expect([stdout, status]).toEqual(['berth-none tmux-missing\n', 0]);
    });

    it.each([
      ['2.8', false],
      ['3.1c', false],
      ['3.2', true],
      ['3.2a', true],
      ['3.3a', true],
      ['next-3.6', true],
      ['4.0-rc', true],
      ['openbsd-7.5', false],
    ])('knows of tmux %s whether it is new enough', (version, isEnough) => {
      const bin = pathOf([...basics, 'fallocate']);
      tmux(bin, version);
      const { stdout } = host(bin, newFolder());
      if (isEnough) expect(stdout).toMatch(/^berth-terminals version=/);
      else expect(stdout).toBe(`berth-none tmux-old ${version}\n`);
    });

    it.skipIf(program === 'busybox')('says which program is missing', () => {
      const bin = pathOf(basics);
      tmux(bin, '3.4');
      expect(host(bin, newFolder()).stdout).toBe('berth-none program-missing fallocate\n');
    });

    it('says that a program knows too little', () => {
      const state = newFolder();
      for (const [name, body] of [
        ['fallocate', 'echo "fallocate: unrecognized option: p" >&2; exit 1'],
        ['tail', 'echo "tail: invalid number 0.02" >&2; exit 1'],
      ] as const) {
        const bin = pathOf([...basics, 'fallocate'].filter((one) => one !== name));
        tmux(bin, '3.4');
        withBody(bin, name, body);
        expect(host(bin, state).stdout).toBe(`berth-none program-old ${name}\n`);
      }
      expect(readdirSync(`${state}/.local/state/berth/terminals`)).toEqual([]);
    });

    it('says that parts of a file cannot be given back, and leaves no trial behind', () => {
      const bin = pathOf(basics);
      tmux(bin, '3.4');
      withBody(bin, 'fallocate', 'exit 1');
      const state = newFolder();
      const records = `${state}/.local/state/berth/terminals`;
      expect(host(bin, state).stdout).toBe(`berth-none no-punch-hole ${records}\n`);
      expect(readdirSync(records)).toEqual([]);
    });

    it('says that a folder cannot be used: one that cannot be made, one whose name tmux would read', () => {
      const bin = pathOf(basics);
      tmux(bin, '3.4');
      symlinkSync(realFallocate, join(bin, 'fallocate'));
      expect(host(bin, '/dev/null').stdout).toMatch(/^berth-none folder \/dev\/null/);
      const odd = `${newFolder()}/a b #{x}`;
      expect(host(bin, newFolder(), { XDG_STATE_HOME: odd }).stdout).toBe(
        `berth-none folder ${odd}/berth/terminals\n`,
      );
    });

    it('keeps the recorder under a name of its content, for its own user alone, and becomes a client', () => {
      const bin = pathOf(basics);
      tmux(bin, '3.4');
      symlinkSync(realFallocate, join(bin, 'fallocate'));
      const state = newFolder();
      const [first, second] = [host(bin, state).stdout, host(bin, state).stdout];
      const [, recorder = '', docker] =
        /^berth-terminals version=3.4 recorder=(\S+) docker=(\S*)$/m.exec(first) ?? [];
      expect(docker).toBe('');
      expect(first).toMatch(/\nstarted -u -L berth -f \/dev\/null -C new-session -s berth-hold-\d+ /);
      expect(second).toContain(` recorder=${recorder} `);
      expect(readFileSync(recorder, 'utf8')).toBe('the recorder');
      expect(statSync(recorder).mode & 0o077).toBe(0);
      expect(statSync(dirname(recorder)).mode & 0o077).toBe(0);
      expect(readdirSync(dirname(recorder))).toEqual([basename(recorder)]);
    });
  });

  describe('terminal-tidy.sh', () => {
    it('removes the records of terminals of ours that are gone, and nothing else', () => {
      const records = newFolder();
      const old = new Date(Date.now() - 120_000);
      const make = (name: string, at = old) => {
        writeFileSync(join(records, name), 'x');
        utimesSync(join(records, name), at, at);
      };
      const gone = ['term_abc1230.1', 'term_abc1230.1.first', 'term_abc1230.1.reader', 'term_abc1230.screen'];
      const kept = [
        ...['term_abc1231.1', 'term_abc1231.2.first', 'term_zzz9990.1', 'recorder-1.sh', 'xterm_abc1230.1'],
        'notes term_abc1230.1',
      ];
      for (const name of [...gone, ...kept]) make(name);
      make('term_abc1232.1', new Date());
      mkdirSync(join(records, 'term_abc123folder'));
      mkdirSync(join(records, 'deeper'));
      writeFileSync(join(records, 'deeper', 'term_abc1230.1'), 'x');
      utimesSync(join(records, 'deeper', 'term_abc1230.1'), old, old);
      const { status } = run(shell, 'terminal-tidy', records, 'term_abc123', 'term_abc1231');
      expect(status).toBe(0);
      expect(readdirSync(records).sort()).toEqual(
        [...kept, 'term_abc1232.1', 'term_abc123folder', 'deeper'].sort(),
      );
      expect(readdirSync(join(records, 'deeper'))).toEqual(['term_abc1230.1']);
    });

    it('removes nothing for a prefix that is none, and minds no folder that is not there', () => {
      const records = newFolder();
      writeFileSync(join(records, 'term_a.1'), 'x');
      utimesSync(join(records, 'term_a.1'), new Date(0), new Date(0));
      for (const prefix of ['', 'term_', '*', 'recorder'])
        expect(run(shell, 'terminal-tidy', records, prefix).status).toBe(1);
      expect(readdirSync(records)).toEqual(['term_a.1']);
      expect(run(shell, 'terminal-tidy', '/no/such/folder', 'term_abc123').status).toBe(0);
    });
  });

  describe('terminal-reader.sh', () => {
    it('writes its log from a byte on, and what is appended, byte for byte', async () => {
      const log = join(newFolder(), 'term.1');
      const bytes = Buffer.from(Array.from({ length: 1024 }, (_, index) => index % 256));
      writeFileSync(log, bytes);
      const { output } = startScript(shell, 'terminal-reader', [log, '100']);
      const expected = Buffer.concat([Buffer.from('berth-reader\n'), bytes.subarray(100)]);
      await until(() => output().length >= expected.length);
      expect(output()).toEqual(expected);
      appendFileSync(log, bytes);
      await until(() => output().length >= expected.length + bytes.length);
      expect(output()).toEqual(Buffer.concat([expected, bytes]));
    });

    it('begins with the end of the log before it and the captures, and removes them', async () => {
      const records = newFolder();
      const path = (name: string) => join(records, name);
      writeFileSync(path('t.1'), `${'o'.repeat(200_000)}end`);
      writeFileSync(path('t.1.first'), '4096');
      writeFileSync(path('t.history'), 'lines above\n');
      writeFileSync(path('t.2'), 'new');
      const files = ['t.1', 't.history', 't.screen'].map(path);
      const { output } = startScript(shell, 'terminal-reader', [path('t.2'), '0', ...files]);
      await until(() => output().toString().endsWith('new'));
      const text = output().toString();
      expect(text).toMatch(/^berth-reader 131072 12 0\no/);
      expect(text.endsWith('endlines above\nnew')).toBe(true);
      expect(text.length).toBe('berth-reader 131072 12 0\n'.length + 131_072 + 12 + 3);
      await until(() => existsSync(path('t.2.reader')));
      expect(readdirSync(records).sort()).toEqual(['t.2', 't.2.reader']);
    });

    it('ends with 75 for a byte that is not kept any more, and says nothing', async () => {
      const log = join(newFolder(), 'term.1');
      writeFileSync(log, 'x'.repeat(9_000));
      writeFileSync(`${log}.first`, '8192\n');
      const lost = startScript(shell, 'terminal-reader', [log, '8191']);
      expect([await lost.closed, lost.output().toString(), lost.said()]).toEqual([75, '', '']);
      const kept = startScript(shell, 'terminal-reader', [log, '8192']);
      await until(() => kept.output().length >= 13 + 808);
    });

    it('answers what it is sent with the size of its log', async () => {
      const log = join(newFolder(), 'term.1');
      writeFileSync(log, 'four');
      const { child, said } = startScript(shell, 'terminal-reader', [log, '0']);
      child.stdin.write('p1\n');
      await until(() => said() === 'p1 4\n');
      appendFileSync(log, '!');
      child.stdin.write('p2\np3\n');
      await until(() => said() === 'p1 4\np2 5\np3 5\n');
    });

    it('ends with its input, and leaves no tail behind', async () => {
      const log = join(newFolder(), 'term.1');
      writeFileSync(log, 'x');
      const { child, output, closed } = startScript(shell, 'terminal-reader', [log, '0']);
      await until(() => output().toString().endsWith('x'));
      const tail = readerOf(log);
      expect(isRunning(tail)).toBe(true);
      child.stdin.end();
      await closed;
      expect(isRunning(tail)).toBe(false);
    });

    it('leaves no tail behind when its input was at its end from the start', async () => {
      const log = join(newFolder(), 'term.1');
      // The word of one that ended long ago, whose number is another program's now.
      const other = spawn('sleep', ['60'], { detached: true });
      children.push(other);
      writeFileSync(`${log}.reader`, `${other.pid}\n`);
      const { child, closed } = startScript(shell, 'terminal-reader', [log, '0']);
      child.stdin.end();
      await closed;
      expect(isRunning(readerOf(log))).toBe(false);
      expect(isRunning(other.pid as number)).toBe(true);
    });

    it('ends with its tail: nothing goes on answering for a stream that is dead', async () => {
      const log = join(newFolder(), 'term.1');
      writeFileSync(log, 'x');
      const { child, output, said, closed } = startScript(shell, 'terminal-reader', [log, '0']);
      await until(() => output().toString().endsWith('x'));
      child.stdin.write('p1\n');
      await until(() => said() !== '');
      process.kill(readerOf(log));
      expect(await closed).toBe(75);
    });

    it('takes the place of the one before it, of a connection that was cut', async () => {
      const log = join(newFolder(), 'term.1');
      writeFileSync(log, 'x');
      const first = startScript(shell, 'terminal-reader', [log, '0']);
      await until(() => first.output().toString().endsWith('x'));
      const second = startScript(shell, 'terminal-reader', [log, '0']);
      expect(await first.closed).toBe(75);
      await until(() => second.output().toString().endsWith('x'));
      expect(isRunning(readerOf(log))).toBe(true);
    });
  });

  describe('terminal-recorder.sh', () => {
    /** Nobody is attached: there is no tmux to hold a program up with. */
    const record = (log: string) =>
      startScript(shell, 'terminal-recorder', [log, '%0'], { ...process.env, TMUX_TMPDIR: dirname(log) });
    const mebibytes = (count: number, fill: number) => Buffer.alloc(count * 1024 * 1024, fill);

    it('appends what it gets, byte for byte and at once, and ends with it', async () => {
      const log = join(newFolder(), 'term.1');
      const { child, closed } = record(log);
      const bytes = Buffer.from(Array.from({ length: 70_001 }, (_, index) => (index * 7) % 256));
      child.stdin.write('$ ');
      await until(() => existsSync(log) && statSync(log).size === 2);
      child.stdin.write(bytes);
      await until(() => statSync(log).size === 2 + bytes.length);
      child.stdin.end();
      expect(await closed).toBe(0);
      expect(readFileSync(log)).toEqual(Buffer.concat([Buffer.from('$ '), bytes]));
      expect(existsSync(`${log}.first`)).toBe(false);
    });

    it('gives the beginning of a long log back to the disk, and says from where on it is kept', async () => {
      const log = join(newFolder(), 'term.1');
      const { child, closed } = record(log);
      for (let part = 0; part < 12; part++) child.stdin.write(mebibytes(4, 97 + part));
      child.stdin.end();
      expect(await closed).toBe(0);
      const { size, blocks } = statSync(log);
      expect(size).toBe(48 * 1024 * 1024);
      const first = Number(readFileSync(`${log}.first`, 'utf8'));
      expect(first % 4096).toBe(0);
      // 16 MiB are kept, and no more than 8 above that.
      expect(size - first).toBeGreaterThanOrEqual(16 * 1024 * 1024);
      expect(blocks * 512).toBeLessThan(24.5 * 1024 * 1024);
      const text = readFileSync(log);
      expect(text.subarray(0, first).every((byte) => byte === 0)).toBe(true);
      expect([text[first], text.at(-1)]).toEqual([97 + Math.floor(first / 4 / 1024 ** 2), 97 + 11]);
      expect(text.subarray(first).includes(0)).toBe(false);
    });

    it('ends a reader that stands where nothing is kept any more', async () => {
      const log = join(newFolder(), 'term.1');
      const recorder = record(log);
      recorder.child.stdin.write('begin');
      await until(() => existsSync(log) && statSync(log).size === 5);
      const reader = startScript(shell, 'terminal-reader', [log, '0']);
      await until(() => reader.output().toString().endsWith('begin'));
      reader.child.stdout.pause();
      for (let part = 0; part < 12; part++) recorder.child.stdin.write(mebibytes(4, 98));
      recorder.child.stdin.end();
      expect(await recorder.closed).toBe(0);
      reader.child.stdout.resume();
      expect(await reader.closed).toBe(75);
      // What it did hand out is whole: no hole was taken for output.
      expect(reader.output().includes(0)).toBe(false);
    });
  });
});
