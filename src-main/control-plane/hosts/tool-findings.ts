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
    snapshotFinding(report, distribution),
    resticFinding(report, distribution),
  ];
}

/** What snapshot-helper.py needs; it runs in a container with the host's own programs. */
function snapshotFinding(report: ScriptReport, distribution: Distribution): Finding {
  const isGnuTar = /GNU tar/.test(report.text('tar') ?? '');
  const missing = [
    ...(report.text('python3') === null ? ['python3'] : []),
    ...(isGnuTar ? [] : ['tar']),
    ...(report.text('zstd') === null ? ['zstd'] : []),
  ];
  const versions = ['python3', 'tar', 'zstd'].map((name) => {
    const text = report.text(name) ?? '';
    return `${name} ${versionIn(text)?.text ?? text}`;
  });
  const names = missing.map((name) => (name === 'tar' ? 'GNU tar' : name));
  return finding('snapshot-programs', missing.length === 0 ? 'ok' : 'note', 'Snapshots', {
    detail: missing.length === 0 ? `${versions.join(', ')}.` : `Not installed: ${names.join(', ')}.`,
    why: 'Snapshots of workspaces are made on the host with its own python3, GNU tar and zstd. Without them there are none.',
    fix: missing.length === 0 ? null : run(distribution.install(...missing)),
  });
}

/** For those whose snapshots outgrow one disk; nothing else needs it. */
function resticFinding(report: ScriptReport, distribution: Distribution): Finding {
  const restic = report.text('restic');
  return finding('restic', restic === null ? 'note' : 'ok', 'restic', {
    detail: restic === null ? 'Not installed.' : `${versionIn(restic)?.text ?? restic}.`,
    why: 'With restic, snapshots can go to a repository: encrypted, each piece of content once, also on another machine or in S3.',
    fix: restic === null ? run(distribution.install('restic')) : null,
  });
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
