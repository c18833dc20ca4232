/** Another name for a machine, at the provider and as a host. Nothing restarts. */
import { useState } from 'react';
import type { Machine } from '#contract/machines.ts';
import { TextField } from '../../components/text-field.tsx';
import { useClient } from '../../state/app-context.tsx';
import { fieldErrors } from '../../state/field-errors.ts';
import { useAct } from '../../state/use-act.ts';
import { MachineForm } from './machine-form.tsx';

const taken: ReadonlySet<string> = new Set(['machine.name-taken', 'host.name-taken']);

export function RenameDialog({ machine, onClose }: { machine: Machine; onClose: () => void }) {
  const client = useClient();
  const [name, setName] = useState(machine.name);
  const act = useAct();
  const { error } = act;
  const atField = error !== null && taken.has(error.code) ? error.message : (fieldErrors(error).name ?? null);
  return (
    <MachineForm
      title={`Rename ${machine.name}`}
      width="small"
      verb="Rename machine"
      failure="The machine was not renamed"
      missing={null}
      act={act}
      isFailureShown={atField !== null}
      onSubmit={async () => {
        if (name.trim() !== machine.name) await client.call('machines.rename', { id: machine.id, name });
      }}
      onClose={onClose}
    >
      <TextField
        label="Name"
        value={name}
        help="Letters, digits and dashes: the provider shows it, and so does its host here. Nothing restarts, and the name that the system has inside stays."
        error={atField}
        isCode
        onChange={(next) => {
          setName(next);
          act.forget();
        }}
        onFocus={(event) => event.currentTarget.select()}
      />
    </MachineForm>
  );
}
