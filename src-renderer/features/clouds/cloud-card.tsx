/** One account: its state, what it may do, its limit and balance, and the acts on it. */
import { Clock, Pencil, RefreshCw, TriangleAlert, Unplug } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Cloud, CloudProviderInfo } from '#contract/clouds.ts';
import { errorCodes } from '#contract/error-codes.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { formatPerMonth, formatUsd } from '../../components/money.ts';
import { Card } from '../../components/page.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { useClient, useMay } from '../../state/app-context.tsx';
import { useAct } from '../../state/use-act.ts';
import { cloudDialogs } from './cloud-dialogs.ts';
import { CloudLacks } from './cloud-lacks.tsx';
import { clockText, cloudMark, isFull, limitText } from './cloud-words.ts';
import { wordsOf } from './provider-words.ts';

interface CloudCardProps {
  readonly cloud: Cloud;
  readonly providers: readonly CloudProviderInfo[] | null;
}

export function CloudCard({ cloud, providers }: CloudCardProps) {
  const client = useClient();
  const mayAct = useMay('machines.write');
  const check = useAct();
  const words = wordsOf(providers, cloud.provider);
  const mark = cloudMark(cloud);
  const { id, state } = cloud;
  const isChecking = check.isBusy || state.phase === 'checking';
  const replace = mayAct && (
    <Button onClick={() => cloudDialogs.open({ kind: 'token', cloudId: id })}>Replace token…</Button>
  );
  return (
    <li>
      <Card className="flex flex-col gap-3 px-4 py-3">
        <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2">
          <div className="min-w-0 flex-1 basis-56">
            <h3 className="flex flex-wrap items-center gap-x-3">
              <span className="min-w-0 font-semibold wrap-anywhere" dir="auto">
                {cloud.label}
              </span>
              <StateMark signal={mark.signal} word={mark.word} className="font-normal" />
            </h3>
            <p className="text-meta text-muted wrap-anywhere">
              {words.name}
              {cloud.owner !== null && ` · ${cloud.owner}`}
            </p>
          </div>
          {mayAct && (
            <div className="flex flex-wrap items-center gap-1">
              <Button
                icon={RefreshCw}
                isBusy={isChecking}
                aria-label={`Check now: ${cloud.label}`}
                onClick={() => void check.run(async () => void (await client.call('clouds.check', { id })))}
              >
                Check now
              </Button>
              <IconButton
                icon={Pencil}
                label={`Label and budget of ${cloud.label}…`}
                onClick={() => cloudDialogs.open({ kind: 'edit', cloudId: id })}
              />
              <IconButton
                icon={Unplug}
                label={`Disconnect ${cloud.label}…`}
                onClick={() => cloudDialogs.open({ kind: 'disconnect', cloudId: id })}
              />
            </div>
          )}
        </div>
        {state.phase === 'refused' && (
          <ErrorNote title={errorCodes[state.error.code].title} error={state.error} actions={replace}>
            <p className="text-muted">
              It began <RelativeTime at={state.sinceAt} />. What is shown is the last that was known.
            </p>
          </ErrorNote>
        )}
        {state.phase === 'unreachable' && (
          <Note icon={<TriangleAlert aria-hidden size={14} className="mt-0.5 shrink-0 text-attention" />}>
            {state.error.message} It began <RelativeTime at={state.sinceAt} />; Berth tries again by itself.
            What is shown is the last that was known.
          </Note>
        )}
        {cloud.standing !== null && cloud.standing !== 'active' && (
          <Note
            icon={
              <TriangleAlert
                aria-hidden
                size={14}
                className={`mt-0.5 shrink-0 ${cloud.standing === 'locked' ? 'text-failed' : 'text-attention'}`}
              />
            }
          >
            {cloud.standing === 'locked'
              ? `${words.name} has locked this account: nothing can be made. `
              : `${words.name} says: `}
            {cloud.standingMessage}
          </Note>
        )}
        {cloud.clockAheadMs !== null && (
          <Note icon={<Clock aria-hidden size={14} className="mt-0.5 shrink-0 text-attention" />}>
            {clockText(cloud.clockAheadMs, words.name)}
          </Note>
        )}
        {check.error !== null && (
          <ErrorNote title={`${cloud.label} could not be checked`} error={check.error} />
        )}
        <CloudFacts cloud={cloud} words={words} />
        {state.phase !== 'refused' && (
          <CloudLacks cloud={cloud} provider={words.name} actions={<div>{replace}</div>} />
        )}
      </Card>
    </li>
  );
}

function Note({ icon, children }: { icon: ReactNode; children: ReactNode }) {
  return (
    <p className="flex items-start gap-2">
      {icon}
      <span className="min-w-0 wrap-anywhere">{children}</span>
    </p>
  );
}

function CloudFacts(props: { cloud: Cloud; words: { machineWord: string; machinesWord: string } }) {
  const { cloud, words } = props;
  const limit = limitText(cloud, words);
  const { balance, budget } = cloud;
  return (
    <dl className="m-0 grid grid-cols-[repeat(auto-fit,minmax(150px,1fr))] gap-x-6 gap-y-2">
      {limit !== null && (
        <Fact label="Limit">
          {limit}
          {isFull(cloud) && <span className="text-attention"> · full</span>}
        </Fact>
      )}
      <Fact label="Budget">
        {budget.monthlyUsd === null ? 'none' : formatPerMonth(budget.monthlyUsd)}
        {budget.monthlyUsd !== null && (
          <span className="block text-meta text-muted">warns from {budget.warnAtPercent}&nbsp;%</span>
        )}
      </Fact>
      {balance !== null && (
        <Fact label="The provider’s own count">
          {formatUsd(balance.monthToDateUsd)} this month
          <span className="block text-meta text-muted">
            {balance.dueUsd < 0 ? `${formatUsd(-balance.dueUsd)} credit` : `${formatUsd(balance.dueUsd)} due`}
            , as of <RelativeTime at={balance.generatedAt} />
          </span>
        </Fact>
      )}
      <Fact label="Last compared">
        {cloud.reconciledAt === null ? 'not yet' : <RelativeTime at={cloud.reconciledAt} />}
      </Fact>
    </dl>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-meta text-muted">{label}</dt>
      <dd className="tabular m-0 wrap-anywhere">{children}</dd>
    </div>
  );
}
