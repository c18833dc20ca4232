/** What the doctor says of programs on the host that Berth makes use of where they are. Pure. */
import type { Finding } from '#contract/hosts.ts';
import type { Distribution } from './distribution.ts';
import { finding, run } from './finding.ts';
import type { ScriptReport } from './script-report.ts';
import { isAtLeast, versionIn } from './version.ts';

export function toolFindings(report: ScriptReport, distribution: Distribution): Finding[] {
  const tmux = report.text('tmux');
  const tmuxVersion = tmux === null ? undefined : versionIn(tmux);
  const isTmuxGood = tmuxVersion !== undefined && isAtLeast(tmuxVersion, [3, 2]);
  const zstd = report.text('zstd');
  return [
    finding('tmux', isTmuxGood ? 'ok' : 'note', 'tmux', {
      detail: isTmuxGood
        ? `${tmuxVersion.text}.`
        : tmux === null
          ? 'Not installed.'
          : `${tmuxVersion?.text ?? tmux} is older than 3.2.`,
      why: 'With tmux 3.2 or newer, terminals outlive the connection, the window and Berth itself.',
      fix: isTmuxGood
        ? null
        : run(tmux === null ? distribution.install('tmux') : distribution.upgrade('tmux')),
    }),
    ...keepingFindings(report, distribution),
    finding('zstd', zstd === null ? 'note' : 'ok', 'zstd', {
      detail: zstd === null ? 'Not installed.' : `${versionIn(zstd)?.text ?? zstd}.`,
      why: 'Snapshots are made much faster and smaller with zstd.',
      fix: zstd === null ? run(distribution.install('zstd')) : null,
    }),
  ];
}

/** What terminal-host.sh needs beside tmux; nothing is said where it is all there. */
function keepingFindings(report: ScriptReport, distribution: Distribution): Finding[] {
  const missing = (report.text('terminals.missing') ?? '').split(' ').filter((name) => name !== '');
  if (missing.length === 0) return [];
  const isPlain = report.isYes('terminals.fallocate_plain');
  const needsHoles = missing.includes('fallocate');
  const others = missing.filter((name) => name !== 'fallocate');
  const packages =
    distribution.family === 'alpine'
      ? ['util-linux-misc', 'coreutils']
      : [...(needsHoles ? ['util-linux'] : []), ...(others.length > 0 ? ['coreutils'] : [])];
  const absent = isPlain ? others : missing;
  const detail = [
    ...(absent.length > 0 ? [`Not installed: ${absent.join(', ')}.`] : []),
    ...(needsHoles && isPlain ? ['Its fallocate makes no holes; that of util-linux does.'] : []),
  ].join(' ');
  return [
    finding('terminal-programs', 'note', 'What keeps terminals', {
      detail,
      why: 'What a terminal printed is kept in a file on the host until it was shown; these programs write it, read it and give its beginning back to the disk. Without them terminals end with the connection, also where tmux is.',
      fix: run(distribution.install(...packages)),
    }),
  ];
}
