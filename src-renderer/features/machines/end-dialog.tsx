/** When a machine ends by itself, and how: at a time, and after so long without work. */
import { useState } from 'react';
import type { Machine } from '#contract/machines.ts';
import { Switch } from '../../components/choices.tsx';
import { Select } from '../../components/select.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useClient } from '../../state/app-context.tsx';
import { useAct } from '../../state/use-act.ts';
import { type EndDraft, endDraft, idleChoices, readEnd, timeProblem } from './end-draft.ts';
import { MachineForm } from './machine-form.tsx';
import type { EndAction } from './machine-words.ts';

const actions: readonly { value: EndAction; label: string; detail: string }[] = [
  { value: 'destroy', label: 'Destroy it', detail: 'everything on it is gone, and it costs nothing more' },
  { value: 'hibernate', label: 'Put it to sleep', detail: 'its files are kept, which may cost a little' },
];

export function EndDialog({ machine, onClose }: { machine: Machine; onClose: () => void }) {
  const client = useClient();
  const [draft, setDraft] = useState(() => endDraft(machine.end, new Date()));
  const act = useAct();
  const change = (part: Partial<EndDraft>) => setDraft((before) => ({ ...before, ...part }));
  const problem = timeProblem(draft, new Date());
  return (
    <MachineForm
      title={`When ${machine.name} ends by itself`}
      description="Berth itself does it, while it runs: if it does not run at that time, as soon as it does again."
      verb="Save"
      failure="It was not changed"
      missing={problem === null ? null : 'The time must be in the future'}
      act={act}
      onSubmit={async () => {
        await client.call('machines.setEnd', { id: machine.id, end: readEnd(draft) });
      }}
      onClose={onClose}
    >
      <div className="flex flex-col gap-2">
        <Switch label="At a time" isChecked={draft.hasTime} onChange={(hasTime) => change({ hasTime })} />
        {draft.hasTime && (
          <div className="grid grid-cols-2 gap-3 max-sm:grid-cols-1">
            <TextField
              label="Day and time"
              type="datetime-local"
              value={draft.time}
              error={problem}
              onChange={(time) => change({ time })}
            />
            <Select
              label="Then"
              value={draft.atAction}
              options={actions}
              onChange={(atAction) => change({ atAction })}
            />
          </div>
        )}
      </div>
      <div className="flex flex-col gap-2">
        <Switch
          label="When nobody works on it"
          help="No terminal there is typed or printed to, and no workspace computes or sends. What Berth cannot see never counts as idle."
          isChecked={draft.hasIdle}
          onChange={(hasIdle) => change({ hasIdle })}
        />
        {draft.hasIdle && (
          <div className="grid grid-cols-2 gap-3 max-sm:grid-cols-1">
            <Select
              label="For"
              value={String(draft.idleMinutes)}
              options={idleChoices(draft.idleMinutes)}
              onChange={(minutes) => change({ idleMinutes: Number(minutes) })}
            />
            <Select
              label="Then"
              value={draft.idleAction}
              options={actions}
              onChange={(idleAction) => change({ idleAction })}
            />
          </div>
        )}
      </div>
    </MachineForm>
  );
}
