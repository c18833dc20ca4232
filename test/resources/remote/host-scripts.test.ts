/** The scripts that read a host, run by this machine's own shells: they need no privilege and change nothing. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
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
