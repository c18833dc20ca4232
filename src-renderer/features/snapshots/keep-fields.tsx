/** Which snapshots stay: five numbers, and what they would keep and destroy now, live. Destroying has a button of its own. */
import type { ReactNode } from 'react';
import type { WorkspaceId } from '#contract/ids.ts';
import type { KeepPlan, KeepRule } from '#contract/snapshot-rules.ts';
import type { Snapshot } from '#contract/snapshots.ts';
import { Button } from '../../components/button.tsx';
import { RadioGroup } from '../../components/choices.tsx';
import { Disclosure } from '../../components/disclosure.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { formatBytes, formatCount } from '../../components/format.ts';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useClient, useConfirm, useSnapshots } from '../../state/app-context.tsx';
import { type KeepDraft, type KeepErrors, keepFields, keepReasonWords } from './keep-rule.ts';
import { newestFirst } from './snapshot-list.ts';
import { dayAndTime, snapshotLabel } from './snapshot-words.ts';
import { useAct } from '../../state/use-act.ts';
import { useAsked } from '../../state/use-asked.ts';

export interface KeepFieldsProps {
  readonly workspace: { readonly id: WorkspaceId; readonly name: string };
  readonly isRule: boolean;
  readonly draft: KeepDraft;
  readonly errors: KeepErrors;
  /** Null while a number is wrong. */
  readonly keep: KeepRule | null;
  readonly onRule: (isRule: boolean) => void;
  readonly onChange: (change: Partial<KeepDraft>) => void;
}

export function KeepFields(props: KeepFieldsProps) {
  const { workspace, isRule, draft, errors, keep, onRule, onChange } = props;
  return (
    <div className="flex flex-col gap-3">
      <RadioGroup
        label="Of the snapshots"
        value={isRule ? 'rule' : 'all'}
        onChange={(value) => onRule(value === 'rule')}
        options={[
          { value: 'all', label: 'All stay', help: 'Until you delete them.' },
          {
            value: 'rule',
            label: 'Some stay',
            help: 'The last ones, and the newest of each hour, day, week and month. Pinned ones always stay.',
          },
        ]}
      />
      {isRule && (
        <>
          <div className="grid grid-cols-5 gap-2 max-sm:grid-cols-3">
            {keepFields.map(({ field, label }) => (
              <TextField
                key={field}
                label={label}
                inputMode="numeric"
                className="tabular"
                value={draft[field]}
                error={errors[field] ?? null}
                onChange={(value) => onChange({ [field]: value })}
              />
            ))}
          </div>
          {keep !== null && <KeepPreview workspace={workspace} keep={keep} />}
        </>
      )}
    </div>
  );
}

const typingMs = 250;

function KeepPreview(props: { workspace: KeepFieldsProps['workspace']; keep: KeepRule }) {
  const { workspace, keep } = props;
  const client = useClient();
  const confirm = useConfirm();
  const snapshots = useSnapshots().byId;
  const act = useAct();
  const own = [...snapshots.values()].filter(({ workspaceId }) => workspaceId === workspace.id);
  // Another snapshot, or one that was pinned meanwhile, asks anew.
  const present = own.map(({ id, isPinned }) => `${id}${isPinned ? '!' : ''}`).join(' ');
  const plan = useAsked(
    `${JSON.stringify(keep)} ${present}`,
    (signal) => client.call('snapshotRules.keepPlan', { workspaceId: workspace.id, keep }, { signal }),
    typingMs,
  );
  const { answer } = plan;
  if (plan.error !== null)
    return (
      <ErrorNote
        title="What would stay could not be found out"
        error={plan.error}
        actions={<Button onClick={plan.askAgain}>Ask again</Button>}
      />
    );
  if (answer === null) return <LoadingRows label="Finding out what would stay" rows={2} />;
  const destroy = async () => {
    const count = formatCount(answer.destroys.length, 'snapshot', 'snapshots');
    const isAgreed = await confirm({
      title: `Destroy ${count} of ${workspace.name}?`,
      body: 'These are the ones that the rule does not keep. This cannot be taken back.',
      deletes: [`${count}, ${formatBytes(answer.freesBytes)}`],
      keeps: [
        ...(answer.keeps.length === 0
          ? []
          : [`The ${formatCount(answer.keeps.length, 'snapshot', 'snapshots')} that the rule keeps`]),
        'The files that the workspace has now',
      ],
      action: `Destroy ${count}`,
      isDangerous: true,
      typeToConfirm: workspace.name,
    });
    if (!isAgreed) return;
    await act.run(async () => {
      try {
        await client.call('snapshotRules.apply', {
          workspaceId: workspace.id,
          keep,
          destroys: answer.destroys,
        });
      } finally {
        // What was shown is not true any more, whichever way it went.
        plan.askAgain();
      }
    });
  };
  return (
    <div className="flex flex-col gap-2 rounded-md border border-line bg-panel p-3">
      {own.length === 0 ? (
        <p className="text-muted">There is no snapshot yet that the rule could keep.</p>
      ) : (
        <>
          <p role="status" className="tabular">
            Now {formatCount(answer.keeps.length, 'snapshot stays', 'snapshots stay')}
            {answer.destroys.length === 0
              ? '; none would be destroyed.'
              : `; ${formatCount(answer.destroys.length, 'would be destroyed', 'would be destroyed')}, ${formatBytes(answer.freesBytes)}.`}
          </p>
          <Kept plan={answer} snapshots={snapshots} />
          <Destroyed plan={answer} snapshots={snapshots} />
          {answer.destroys.length > 0 && (
            <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5 pt-1">
              <Button
                variant="danger"
                isBusy={act.isBusy}
                disabled={plan.isAsking}
                onClick={() => void destroy()}
              >
                Destroy {formatCount(answer.destroys.length, 'snapshot', 'snapshots')} now…
              </Button>
              <span className="min-w-0 flex-1 basis-44 text-meta text-muted">
                Saving the rules destroys nothing now. The rule does, after each snapshot that the schedule
                takes.
              </span>
            </div>
          )}
        </>
      )}
      {act.error !== null && (
        <ErrorNote
          title={
            act.error.code === 'conflict'
              ? 'Nothing was destroyed: the snapshots are not those that were shown'
              : 'The snapshots were not destroyed'
          }
          error={act.error}
        />
      )}
    </div>
  );
}

interface PlanPart {
  readonly plan: KeepPlan;
  readonly snapshots: ReadonlyMap<string, Snapshot>;
}

const titleOf = (snapshot: Snapshot | undefined) =>
  snapshot === undefined
    ? 'A snapshot that is not there any more'
    : snapshot.name === null
      ? dayAndTime(snapshot.createdAt)
      : `${snapshotLabel(snapshot)}, ${dayAndTime(snapshot.createdAt)}`;

const sortedIds = (ids: readonly string[], snapshots: PlanPart['snapshots']) =>
  ids
    .map((id) => ({ id, snapshot: snapshots.get(id) }))
    .sort((a, b) => (a.snapshot && b.snapshot ? newestFirst(a.snapshot, b.snapshot) : 0));

function Kept({ plan, snapshots }: PlanPart) {
  if (plan.keeps.length === 0) return null;
  const reasons = new Map(plan.keeps.map((kept) => [kept.id as string, kept.reasons]));
  return (
    <Disclosure label="What would stay, and why">
      <Rows label="What would stay">
        {sortedIds([...reasons.keys()], snapshots).map(({ id, snapshot }) => (
          <li key={id} className="flex flex-wrap items-baseline justify-between gap-x-3 py-0.5">
            <span className="wrap-anywhere">{titleOf(snapshot)}</span>
            <span className="text-meta text-muted">
              {(reasons.get(id) ?? []).map(keepReasonWords).join('; ')}
            </span>
          </li>
        ))}
      </Rows>
    </Disclosure>
  );
}

function Destroyed({ plan, snapshots }: PlanPart) {
  if (plan.destroys.length === 0) return null;
  return (
    <Disclosure label="What would be destroyed" isOpenAtFirst={plan.destroys.length <= 5}>
      <Rows label="What would be destroyed">
        {sortedIds(plan.destroys, snapshots).map(({ id, snapshot }) => (
          <li key={id} className="flex items-baseline justify-between gap-x-3 py-0.5">
            <span className="min-w-0 wrap-anywhere">{titleOf(snapshot)}</span>
            <span className="tabular shrink-0 text-meta text-muted">
              {formatBytes(snapshot?.sizeBytes ?? null)}
            </span>
          </li>
        ))}
      </Rows>
    </Disclosure>
  );
}

function Rows({ label, children }: { label: string; children: ReactNode }) {
  return (
    <section
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
      tabIndex={0}
      className="max-h-48 overflow-y-auto rounded-md border border-line bg-app px-3 py-1.5"
    >
      <ul className="m-0 flex list-none flex-col p-0">{children}</ul>
    </section>
  );
}
