/** Changes one's own name. */
import { useMemo, useState } from 'react';
import { TextField } from '../../components/text-field.tsx';
import { useClient } from '../../state/app-context.tsx';
import { errorBesideFields, fieldErrors } from '../../state/field-errors.ts';
import { useAct } from '../../state/use-act.ts';
import { FormDialog } from '../../components/form-dialog.tsx';

export function NameDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const client = useClient();
  const act = useAct();
  const [typed, setTyped] = useState(name);
  const errors = useMemo(() => fieldErrors(act.error), [act.error]);
  return (
    <FormDialog
      title="Change your name"
      description="As others on this Berth see it."
      action="Change name"
      isReady={typed.trim() !== ''}
      reason="Type a name first"
      isBusy={act.isBusy}
      fieldErrors={errors}
      failureTitle="The name was not changed"
      failure={errorBesideFields(act.error, (field) => field === 'name')}
      onClose={onClose}
      onSubmit={() =>
        void act.run(async () => {
          await client.call('account.change', { name: typed });
          onClose();
        })
      }
    >
      <TextField label="Name" autoComplete="name" value={typed} error={errors.name} onChange={setTyped} />
    </FormDialog>
  );
}
