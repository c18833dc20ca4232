/** When a workspace ends by itself: for want of work, at a time, after a run, outside its hours; and who holds to it. */
import { useState } from 'react';
import { useStore } from 'zustand';
import type { LifecyclePolicy } from '#contract/lifecycles.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { Checkbox, Switch } from '../../components/choices.tsx';
import { FormDialog } from '../../components/form-dialog.tsx';
import { Select } from '../../components/select.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useClient, useHost, useHostLeases, useLifecycle, useWorkspace } from '../../state/app-context.tsx';
import { fieldErrors } from '../../state/field-errors.ts';
import { useAct } from '../../state/use-act.ts';
import { policyDialog } from './lifecycle-dialogs.ts';
import { minutesWords } from './lifecycle-words.ts';
import {
  minuteChoices,
  type PolicyDraft,
  type PolicyProblems,
  policyDraft,
  policyProblems,
  readPolicy,
} from './policy-draft.ts';

export function PolicyDialogs() {
  const id = useStore(policyDialog.store, (state) => state.workspaceId);
  const workspace = useWorkspace(id);
  const policy = useLifecycle(id)?.policy;
  // Not before it is known: what is saved is the whole policy.
  if (workspace === undefined || policy === undefined) return null;
  return (
    <PolicyDialog key={workspace.id} workspace={workspace} policy={policy} onClose={policyDialog.close} />
  );
}

const endActions = [
  { value: 'stop', label: 'Stop it', detail: 'its files stay on the host' },
  { value: 'destroy', label: 'Destroy it', detail: 'after a snapshot; its volume is kept' },
] as const;
const days = [
  [1, 'Mon'],
  [2, 'Tue'],
  [3, 'Wed'],
  [4, 'Thu'],
  [5, 'Fri'],
  [6, 'Sat'],
  [7, 'Sun'],
] as const;

interface PartProps {
  readonly draft: PolicyDraft;
  readonly problems: PolicyProblems;
  readonly change: (part: Partial<PolicyDraft>) => void;
}

function PolicyDialog({
  workspace,
  policy,
  onClose,
}: {
  workspace: Workspace;
  policy: LifecyclePolicy;
  onClose: () => void;
}) {
  const client = useClient();
  const [draft, setDraft] = useState(() =>
    policyDraft(policy, new Date(), Intl.DateTimeFormat().resolvedOptions().timeZone),
  );
  const act = useAct();
  const change = (part: Partial<PolicyDraft>) => setDraft((before) => ({ ...before, ...part }));
  const problems = policyProblems(draft, new Date());
  const parts = { draft, problems, change };
  return (
    <FormDialog
      title={`When ${workspace.name} ends by itself`}
      description="Whatever comes first. Every window says so minutes before, and one click puts it off for an hour."
      action="Save"
      isReady={Object.keys(problems).length === 0}
      reason="Something above is not right yet"
      isBusy={act.isBusy}
      fieldErrors={fieldErrors(act.error)}
      failureTitle="It was not changed"
      failure={act.error}
      onSubmit={() =>
        void act.run(async () => {
          await client.call('lifecycles.setPolicy', { workspaceId: workspace.id, policy: readPolicy(draft) });
          onClose();
        })
      }
      onClose={onClose}
    >
      <IdlePart {...parts} />
      <EndPart {...parts} />
      <HoursPart {...parts} />
      <LeasePart {...parts} workspace={workspace} />
    </FormDialog>
  );
}

const pair = 'grid grid-cols-2 gap-3 max-sm:grid-cols-1';
const part = 'flex flex-col gap-2.5';

function IdlePart({ draft, problems, change }: PartProps) {
  return (
    <div className={part}>
      <Switch
        label="When nothing works in it"
        help="Keys, output, processors, network, disk, connections, commands and transfers are looked at together. A clock that prints, a page that polls, a job of a few seconds are no work; what cannot be seen is never taken for idle."
        isChecked={draft.hasIdle}
        onChange={(hasIdle) => change({ hasIdle })}
      />
      {draft.hasIdle && (
        <>
          <div className={pair}>
            <Select
              label="Stop it after"
              value={String(draft.idleMinutes)}
              options={minuteChoices(draft.idleMinutes, minutesWords)}
              onChange={(minutes) => change({ idleMinutes: Number(minutes) })}
            />
            <TextField
              label="But not while these run"
              help="Names of programs, as cargo, npm"
              isOptional
              isCode
              value={draft.programs}
              error={problems.programs ?? null}
              onChange={(programs) => change({ programs })}
            />
          </div>
          <Checkbox
            label="Nor while anything is connected to one of its ports"
            isChecked={draft.whileConnected}
            onChange={(whileConnected) => change({ whileConnected })}
          />
          <Checkbox
            label="Nor while a terminal of it is shown in some window"
            isChecked={draft.whileShown}
            onChange={(whileShown) => change({ whileShown })}
          />
        </>
      )}
    </div>
  );
}

function EndPart({ draft, problems, change }: PartProps) {
  return (
    <div className={part}>
      <Switch label="At a time" isChecked={draft.hasTime} onChange={(hasTime) => change({ hasTime })} />
      {draft.hasTime && (
        <TextField
          label="Day and time"
          type="datetime-local"
          value={draft.time}
          error={problems.time ?? null}
          onChange={(time) => change({ time })}
        />
      )}
      <Switch
        label="When it has run for long"
        isChecked={draft.hasUptime}
        onChange={(hasUptime) => change({ hasUptime })}
      />
      {draft.hasUptime && (
        <Select
          label="For"
          value={String(draft.uptimeMinutes)}
          options={minuteChoices(draft.uptimeMinutes, minutesWords)}
          onChange={(minutes) => change({ uptimeMinutes: Number(minutes) })}
        />
      )}
      {(draft.hasTime || draft.hasUptime) && (
        <Select
          label="Then"
          value={draft.endAction}
          options={endActions}
          onChange={(endAction) => change({ endAction })}
        />
      )}
      {draft.hasTime && draft.endAction === 'destroy' && (
        <p className="text-meta text-muted">At that time it is destroyed also when it was stopped before.</p>
      )}
    </div>
  );
}

function HoursPart({ draft, problems, change }: PartProps) {
  return (
    <div className={part}>
      <Switch
        label="Outside its hours"
        help="It stops at their end, whatever it does."
        isChecked={draft.hasHours}
        onChange={(hasHours) => change({ hasHours })}
      />
      {draft.hasHours && (
        <>
          <fieldset className="flex flex-col gap-1.5">
            <legend className="mb-1 text-meta text-muted">Days</legend>
            <div className="flex flex-wrap gap-x-4 gap-y-1.5">
              {days.map(([day, label]) => (
                <Checkbox
                  key={day}
                  label={label}
                  isChecked={draft.days.includes(day)}
                  onChange={(isOn) =>
                    change({
                      days: isOn
                        ? [...draft.days, day].sort((a, b) => a - b)
                        : draft.days.filter((one) => one !== day),
                    })
                  }
                />
              ))}
            </div>
            {problems.days !== undefined && <p className="text-meta text-failed">Days: {problems.days}</p>}
          </fieldset>
          <div className={pair}>
            <TextField
              label="From"
              type="time"
              value={draft.from}
              error={problems.from ?? null}
              onChange={(from) => change({ from })}
            />
            <TextField
              label="To"
              help={`By the clock of ${draft.timeZone}`}
              type="time"
              value={draft.to}
              error={problems.to ?? null}
              onChange={(to) => change({ to })}
            />
          </div>
          <Checkbox
            label="Start it at their beginning"
            isChecked={draft.starts}
            onChange={(starts) => change({ starts })}
          />
        </>
      )}
    </div>
  );
}

function LeasePart({ draft, change, workspace }: PartProps & { workspace: Workspace }) {
  const lease = useHostLeases().byId.get(workspace.hostId);
  const host = useHost(workspace.hostId);
  const isThere = lease?.state === 'installed' || lease?.state === 'outdated';
  return (
    <div className={part}>
      <Switch
        label="Also while no Berth runs"
        help="Its host stops it so long after the last Berth was there, as when this computer sleeps."
        isChecked={draft.hasLease}
        onChange={(hasLease) => change({ hasLease })}
      />
      {draft.hasLease && (
        <>
          <Select
            label="Stop it after"
            value={String(draft.leaseMinutes)}
            options={minuteChoices(draft.leaseMinutes, minutesWords)}
            onChange={(minutes) => change({ leaseMinutes: Number(minutes) })}
          />
          {!isThere && (
            <p className="text-attention">
              {lease?.state === 'absent'
                ? `${host?.name ?? 'Its host'} keeps no leases yet, so this does nothing until its owner allows it on the host’s page.`
                : `Whether ${host?.name ?? 'its host'} keeps leases is not known just now. Where it does not, this does nothing.`}
            </p>
          )}
        </>
      )}
    </div>
  );
}
