/** What one person may have at once. */
import { useMemo, useState } from 'react';
import type { Quota, User } from '#contract/users.ts';
import { TextField } from '../../components/text-field.tsx';
import { useClient } from '../../state/app-context.tsx';
import { errorBesideFields, fieldErrors } from '../../state/field-errors.ts';
import { useAct } from '../../state/use-act.ts';
import { FormDialog } from '../../components/form-dialog.tsx';
import { quotaDraft, readQuotaDraft } from './quota-draft.ts';
import { quotaLines } from './quota-lines.ts';

const labels: Readonly<Record<keyof Quota, string>> = {
  workspaces: 'Workspaces',
  cpus: 'Processors',
  memoryBytes: 'Memory in GiB',
  diskBytes: 'Disk in GiB',
  snapshots: 'Snapshots',
};

export function QuotaDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const client = useClient();
  const act = useAct();
  const [draft, setDraft] = useState(() => quotaDraft(user.quota));
  const [typed, setTyped] = useState<Readonly<Record<string, string>>>({});
  const errors = useMemo(() => ({ ...typed, ...fieldErrors(act.error) }), [typed, act.error]);
  return (
    <FormDialog
      title={`Limits of ${user.name}`}
      description="What is over a limit stays, and nothing new is made. An empty field is no limit."
      action="Set limits"
      isReady
      reason=""
      isBusy={act.isBusy}
      fieldErrors={errors}
      failureTitle="The limits were not changed"
      failure={errorBesideFields(act.error, (field) => field in labels)}
      onClose={onClose}
      onSubmit={() => {
        const read = readQuotaDraft(draft, user.quota);
        setTyped(read.errors ?? {});
        if (read.errors !== undefined) return;
        void act.run(async () => {
          await client.call('users.change', { id: user.id, quota: read.change });
          onClose();
        });
      }}
    >
      <div className="grid grid-cols-2 gap-x-4 gap-y-3 max-sm:grid-cols-1">
        {quotaLines(user.usage, user.quota).map(({ key, used }) => (
          <TextField
            key={key}
            label={labels[key]}
            inputMode="decimal"
            placeholder="no limit"
            help={used === '–' ? 'not measured yet' : `now ${used}`}
            value={draft[key]}
            error={errors[key]}
            onChange={(text) => setDraft((before) => ({ ...before, [key]: text }))}
          />
        ))}
      </div>
    </FormDialog>
  );
}
