/** What is known of a machine, as short pairs; with its age when it is not of now. */
import type { HostFacts } from '#contract/hosts.ts';
import { formatBytes } from '../../components/format.ts';
import { Card } from '../../components/page.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';

export function MachineFacts(props: {
  readonly facts: HostFacts;
  readonly roundTripMs?: number | null;
  readonly isStale?: boolean;
}) {
  const { facts, roundTripMs = null, isStale = false } = props;
  const engine = [facts.engineName, facts.engineVersion].filter(Boolean).join(' ');
  const rows: readonly (readonly [string, string | null])[] = [
    ['System', facts.operatingSystem],
    ['Kernel', [facts.kernel, facts.architecture].filter(Boolean).join(' · ') || null],
    ['Processors', facts.cpus === null ? null : String(facts.cpus)],
    ['Memory', facts.memoryBytes === null ? null : formatBytes(facts.memoryBytes)],
    [
      'Engine',
      engine === '' ? null : `${engine}${facts.engineApiVersion ? ` (API ${facts.engineApiVersion})` : ''}`,
    ],
    ['Runtimes', facts.runtimes.length === 0 ? null : facts.runtimes.join(', ')],
    ['SSH server', facts.sshServer],
    ['tmux', facts.tmuxVersion ?? 'not installed'],
    ['zstd', facts.zstdVersion ?? 'not installed'],
    ['Round trip', roundTripMs === null ? null : `${roundTripMs.toFixed(1)} ms`],
  ];
  return (
    <Card className="px-4 py-3">
      <dl className="grid grid-cols-[repeat(auto-fit,minmax(240px,1fr))] gap-x-6 gap-y-2.5">
        {rows.map(
          ([label, value]) =>
            value !== null && (
              <div key={label} className="min-w-0">
                <dt className="text-meta text-muted">{label}</dt>
                <dd className="m-0 tabular wrap-anywhere">{value}</dd>
              </div>
            ),
        )}
      </dl>
      {isStale && (
        <p className="mt-2 text-meta text-muted">
          Read <RelativeTime at={facts.readAt} />
        </p>
      )}
    </Card>
  );
}
