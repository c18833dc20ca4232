/** Says exactly what a restore changes, ends, drops and keeps, as the plane found it, and then restores. */
import { useState } from 'react';
import type { RestorePlan, Snapshot } from '#contract/snapshots.ts';
import { Button } from '../../components/button.tsx';
import { Switch } from '../../components/choices.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { useClient, useViewActions } from '../../state/app-context.tsx';
import { FailureNote } from './failure-note.tsx';
import { PlanList } from './plan-list.tsx';
import { RestoreChanges } from './restore-changes.tsx';
import {
  changeLines,
  endLines,
  hasNoDifference,
  inQuotes,
  keepLines,
  lostLines,
  spaceProblem,
  spaceWords,
} from './restore-words.ts';
import { useAct } from '../../state/use-act.ts';
import { useAsked } from '../../state/use-asked.ts';

export function RestoreDialog({ snapshot, onClose }: { snapshot: Snapshot; onClose: () => void }) {
  const client = useClient();
  const view = useViewActions();
  const { id } = snapshot;
  const plan = useAsked(id, (signal) => client.call('snapshots.restorePlan', { id }, { signal }));
  const [chosenSafety, setSafety] = useState<boolean | null>(null);
  const act = useAct();
  const makesSafetySnapshot = chosenSafety ?? plan.answer?.makesSafetySnapshot ?? true;
  const noSpace = plan.answer === null ? null : spaceProblem(plan.answer);
  const restore = () =>
    act.run(async () => {
      await client.call('snapshots.restore', { id, makesSafetySnapshot });
      view.open({ type: 'workspace', workspaceId: snapshot.workspaceId });
      onClose();
    });
  const isReady = plan.answer !== null && noSpace === null;
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={`Restore ${plan.answer?.workspaceName ?? snapshot.workspaceName}?`}
      {...(plan.answer === null
        ? {}
        : { description: `Its files become what they were in ${inQuotes(snapshot)}.` })}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            form="berth-restore"
            variant="primary"
            isBusy={act.isBusy}
            disabled={!isReady}
            reason={noSpace ?? 'What would change is not known yet'}
          >
            Restore workspace
          </Button>
        </>
      }
    >
      <form
        id="berth-restore"
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady) void restore();
        }}
      >
        {plan.isAsking && plan.answer === null && (
          <>
            <p className="text-muted">
              Comparing the snapshot with the files of now. With many files this takes a while.
            </p>
            <LoadingRows label="Comparing the snapshot with the files of now" rows={5} />
          </>
        )}
        {plan.error !== null && (
          <ErrorNote
            title="What would change could not be found out"
            error={plan.error}
            actions={<Button onClick={plan.askAgain}>Ask again</Button>}
          />
        )}
        {plan.answer !== null && (
          <Plan
            plan={plan.answer}
            makesSafetySnapshot={makesSafetySnapshot}
            onSafety={setSafety}
            onCompare={() => {
              view.open({ type: 'snapshot-compare', snapshotId: id, otherId: null });
              onClose();
            }}
          />
        )}
        {act.error !== null && <FailureNote title="The workspace was not restored" error={act.error} />}
      </form>
    </Dialog>
  );
}

function Plan(props: {
  readonly plan: RestorePlan;
  readonly makesSafetySnapshot: boolean;
  readonly onSafety: (makes: boolean) => void;
  readonly onCompare: () => void;
}) {
  const { plan, makesSafetySnapshot, onSafety, onCompare } = props;
  const { comparison } = plan;
  const isSame = hasNoDifference(plan);
  const noSpace = spaceProblem(plan);
  return (
    <>
      {noSpace !== null && (
        <p role="alert" className="text-failed">
          {noSpace}
        </p>
      )}
      {isSame ? (
        <p>
          Nothing in <span className="font-code text-[0.96em] wrap-anywhere">{plan.mountPoint}</span> differs
          from this snapshot. Restoring it only makes the container again.
        </p>
      ) : (
        <PlanList kind="changes" title={`Changes in ${plan.mountPoint}`} lines={changeLines(plan)}>
          {comparison !== null && <RestoreChanges comparison={comparison} onCompare={onCompare} />}
        </PlanList>
      )}
      {comparison !== null && !comparison.isByContent && (
        <p className="text-meta text-muted">
          Compared by kind, size, time, mode and owner; the files of now are not read through.
        </p>
      )}
      <PlanList kind="ends" title="Ends" lines={endLines(plan)} />
      <PlanList kind="goes" title="Goes for good" lines={lostLines(plan)} />
      <PlanList
        kind="stays"
        title="Kept"
        lines={keepLines(plan, { makesSafetySnapshot, nowMs: Date.now() })}
      />
      <Switch
        label="Take a safety snapshot first"
        help="The way back after the files from before are gone. It takes as long as any snapshot."
        isChecked={makesSafetySnapshot}
        onChange={onSafety}
      />
      {noSpace === null && <p className="text-meta text-muted">{spaceWords(plan)}</p>}
    </>
  );
}
