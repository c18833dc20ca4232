/** What one has and may have: a bar and its numbers for each thing. */
import type { Quota, Usage } from '#contract/users.ts';
import { ProgressBar } from '../../components/progress-bar.tsx';
import { Badge } from '../../components/state-mark.tsx';
import { quotaLines } from './quota-lines.ts';

export function QuotaBars({ usage, quota }: { usage: Usage; quota: Quota }) {
  return (
    <dl className="m-0 grid grid-cols-2 gap-x-8 gap-y-4 max-sm:grid-cols-1">
      {quotaLines(usage, quota).map(({ key, label, used, limit, part }) => (
        <div key={key} className="grid min-w-0 grid-cols-[1fr_auto] items-baseline gap-x-3 gap-y-1">
          <dt className="text-meta font-medium">{label}</dt>
          <dd className="tabular m-0 flex items-center gap-2 text-meta text-muted">
            {part !== null && part >= 1 && <Badge signal="attention">used up</Badge>}
            {key === 'diskBytes' && usage.diskBytes === null ? 'not measured yet' : used}
            {limit === null ? ', no limit' : ` of ${limit}`}
          </dd>
          {part !== null && limit !== null && (
            <dd className="col-span-2 m-0">
              <ProgressBar
                label={label}
                value={part}
                text={`${used} of ${limit}`}
                signal={part >= 1 ? 'failed' : 'running'}
              />
            </dd>
          )}
        </div>
      ))}
    </dl>
  );
}
