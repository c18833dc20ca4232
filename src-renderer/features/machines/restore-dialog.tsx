/** Puts a whole machine back to a snapshot or backup. What came after is gone, so its name is typed. */
import { useState } from 'react';
import type { Machine, MachineSnapshot } from '#contract/machines.ts';
import { formatExact } from '../../components/format.ts';
import { useClient, useWorkspaces } from '../../state/app-context.tsx';
import { useAct } from '../../state/use-act.ts';
import { MachineForm, NameField } from './machine-form.tsx';
import { isNameTyped } from './machine-words.ts';
import { PlanLines } from './plan-lines.tsx';

export function RestoreDialog(props: { machine: Machine; snapshot: MachineSnapshot; onClose: () => void }) {
  const { machine, snapshot, onClose } = props;
  const client = useClient();
  const workspaces = useWorkspaces().items.filter(({ hostId }) => hostId === machine.hostId);
  const [typed, setTyped] = useState('');
  const act = useAct();
  const takenAt = formatExact(new Date(snapshot.createdAt));
  const younger = workspaces.filter(({ createdAt }) => createdAt > snapshot.createdAt);
  return (
    <MachineForm
      title={`Put ${machine.name} back to “${snapshot.name}”?`}
      description={`The whole disk becomes as it was on ${takenAt}. It is switched off meanwhile.`}
      verb="Restore machine"
      failure="The machine was not restored"
      isDangerous
      missing={isNameTyped(typed, machine.name) ? null : 'Type the name first'}
      act={act}
      onSubmit={async () => {
        await client.call('machines.restoreSnapshot', {
          ...{ id: machine.id, snapshot: snapshot.id, name: machine.name },
        });
      }}
      onClose={onClose}
    >
      <PlanLines
        title="Gone for good"
        kind="goes"
        lines={[
          { key: 'later', text: `Everything that came onto its disk after ${takenAt}` },
          ...younger.map(({ id, name }) => ({
            key: id,
            text: `The workspace ${name}, with its files`,
            detail: 'It was made after the snapshot.',
          })),
        ]}
      />
      <PlanLines
        title="Kept"
        kind="stays"
        lines={[{ key: 'rest', text: 'Its name, address, size and price; all snapshots at the provider' }]}
      />
      <NameField name={machine.name} value={typed} onChange={setTyped} />
    </MachineForm>
  );
}
