/** A snapshot of a whole machine, at the provider. Switched off for it, unless the person would rather have it run on. */
import { useState } from 'react';
import type { Machine } from '#contract/machines.ts';
import { Checkbox } from '../../components/choices.tsx';
import { formatUsd } from '../../components/money.ts';
import { TextField } from '../../components/text-field.tsx';
import { useClient } from '../../state/app-context.tsx';
import { fieldErrors } from '../../state/field-errors.ts';
import { useAct } from '../../state/use-act.ts';
import { MachineForm } from './machine-form.tsx';
import { useOffer } from './use-offer.ts';

export function TakeSnapshotDialog({ machine, onClose }: { machine: Machine; onClose: () => void }) {
  const client = useClient();
  const offer = useOffer(machine.cloudId);
  const [name, setName] = useState(() => `${machine.name} ${new Date().toISOString().slice(0, 10)}`);
  const [isOff, setOff] = useState(true);
  const act = useAct();
  const atName = fieldErrors(act.error).name ?? null;
  return (
    <MachineForm
      title={`Take a snapshot of ${machine.name}`}
      description="Of the whole disk, kept at the provider. Snapshots of a workspace alone are on the workspace’s page."
      verb="Take snapshot"
      failure="No snapshot was taken"
      missing={name.trim() === '' ? 'Give it a name first' : null}
      act={act}
      isFailureShown={atName !== null}
      onSubmit={async () => {
        await client.call('machines.takeSnapshot', { id: machine.id, name, isOff });
      }}
      onClose={onClose}
    >
      <TextField
        label="Name"
        value={name}
        error={atName}
        onChange={(next) => {
          setName(next);
          act.forget();
        }}
      />
      <Checkbox
        label="Switch it off for that"
        help={
          isOff
            ? 'What runs on it ends, for some minutes; everything on the disk fits together.'
            : 'It runs on. What is being written meanwhile may be only half in the snapshot.'
        }
        isChecked={isOff}
        onChange={setOff}
      />
      {offer.answer !== null && (
        <p className="tabular text-muted">
          Costs {formatUsd(offer.answer.snapshotUsdPerGibMonth)} a month for each GiB, until you destroy it.
        </p>
      )}
    </MachineForm>
  );
}
