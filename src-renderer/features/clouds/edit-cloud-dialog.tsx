/** Label and budget of an account. */
import { useMemo, useState } from 'react';
import type { Cloud } from '#contract/clouds.ts';
import { FormDialog } from '../../components/form-dialog.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useClient } from '../../state/app-context.tsx';
import { errorBesideFields, fieldErrors } from '../../state/field-errors.ts';
import { useAct } from '../../state/use-act.ts';
import { readBudget } from './budget-draft.ts';

export function EditCloudDialog({ cloud, onClose }: { cloud: Cloud; onClose: () => void }) {
  const client = useClient();
  const act = useAct();
  const [label, setLabel] = useState(cloud.label);
  const [limit, setLimit] = useState(cloud.budget.monthlyUsd === null ? '' : String(cloud.budget.monthlyUsd));
  const [warnAt, setWarnAt] = useState(String(cloud.budget.warnAtPercent));
  const [typed, setTyped] = useState<Readonly<Record<string, string>>>({});
  const errors = useMemo(() => ({ ...typed, ...fieldErrors(act.error) }), [typed, act.error]);
  return (
    <FormDialog
      title={`Label and budget of ${cloud.label}`}
      description="A budget never stops anything. Berth says when what it counts comes near, and when it is used up."
      action="Save"
      isReady={label.trim() !== ''}
      reason="Give it a label first"
      isBusy={act.isBusy}
      fieldErrors={errors}
      failureTitle="The account was not changed"
      failure={errorBesideFields(act.error, (field) => shown.has(field))}
      onClose={onClose}
      onSubmit={() => {
        const read = readBudget(limit, warnAt);
        setTyped('errors' in read ? read.errors : {});
        if ('errors' in read) return;
        void act.run(async () => {
          await client.call('clouds.edit', { id: cloud.id, label, budget: read.budget });
          onClose();
        });
      }}
    >
      <TextField label="Label" value={label} error={errors.label ?? null} onChange={setLabel} />
      <div className="grid grid-cols-2 items-start gap-x-4 gap-y-3 max-sm:grid-cols-1">
        <TextField
          label="Budget for a month, in US dollars"
          inputMode="decimal"
          placeholder="no budget"
          help="Empty is no budget."
          value={limit}
          error={errors['budget.monthlyUsd'] ?? null}
          onChange={setLimit}
        />
        <TextField
          label="Warn from, in percent"
          inputMode="numeric"
          value={warnAt}
          error={errors['budget.warnAtPercent'] ?? null}
          onChange={setWarnAt}
        />
      </div>
    </FormDialog>
  );
}

const shown: ReadonlySet<string> = new Set(['label', 'budget.monthlyUsd', 'budget.warnAtPercent']);
