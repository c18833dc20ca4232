/**
 * Destroying a machine: what goes with it, what stays behind at the provider and costs, and what cannot be seen. What stays
 * is destroyed as well only where its box is ticked.
 */
import { useState } from 'react';
import type { DestroyPlan, Leftover, Machine } from '#contract/machines.ts';
import { Button } from '../../components/button.tsx';
import { Checkbox } from '../../components/choices.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { formatPerHour, formatPerMonth, formatSumPerMonth, sumUsd } from '../../components/money.ts';
import { useClient } from '../../state/app-context.tsx';
import { useAct } from '../../state/use-act.ts';
import { useAsked } from '../../state/use-asked.ts';
import { backupsLine, onMachineLines } from './lost-lines.ts';
import { MachineForm, NameField } from './machine-form.tsx';
import { isNameTyped, leftoverWords } from './machine-words.ts';
import { PlanLines } from './plan-lines.tsx';

const keyOf = ({ kind, id }: Pick<Leftover, 'kind' | 'id'>) => `${kind} ${id}`;

export function DestroyDialog({ machine, onClose }: { machine: Machine; onClose: () => void }) {
  const client = useClient();
  const { id, name } = machine;
  const asked = useAsked(id, (signal) => client.call('machines.destroyPlan', { id }, { signal }));
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  const [typed, setTyped] = useState('');
  const act = useAct();
  const plan = asked.answer;
  const chosen = plan?.leftovers.filter((leftover) => ticked.has(keyOf(leftover))) ?? [];
  return (
    <MachineForm
      title={`Destroy ${name}?`}
      verb={
        chosen.length === 0
          ? 'Destroy machine'
          : `Destroy machine and ${chosen.length === 1 ? 'one thing more' : `${chosen.length} things more`}`
      }
      failure="The machine was not destroyed"
      isDangerous
      missing={
        plan === null
          ? 'What goes with it is not known yet'
          : isNameTyped(typed, name)
            ? null
            : 'Type the name first'
      }
      act={act}
      onSubmit={async () => {
        const leftovers = chosen.map(({ kind, id: leftoverId }) => ({ kind, id: leftoverId }));
        await client.call('machines.destroy', { id, name, leftovers });
      }}
      onClose={onClose}
    >
      {asked.isAsking && plan === null && <LoadingRows label="Asking what goes with it" rows={5} />}
      {asked.error !== null && (
        <ErrorNote
          title="What goes with it and what stays could not be read"
          error={asked.error}
          actions={<Button onClick={asked.askAgain}>Ask again</Button>}
        />
      )}
      {plan !== null && (
        <>
          <PlanLines title="Gone for good" kind="goes" lines={goneLines(machine, plan)} />
          <Leftovers
            leftovers={plan.leftovers}
            ticked={ticked}
            onTick={(leftover, isTicked) => {
              const next = new Set(ticked);
              if (isTicked) next.add(keyOf(leftover));
              else next.delete(keyOf(leftover));
              setTicked(next);
            }}
          />
          <PlanLines
            title="What cannot be seen"
            kind="unknown"
            lines={plan.blind.map((text) => ({ key: text, text }))}
          />
          <NameField name={name} value={typed} onChange={setTyped} />
        </>
      )}
    </MachineForm>
  );
}

function goneLines(machine: Machine, plan: DestroyPlan) {
  const itself =
    machine.life === 'asleep'
      ? { key: 'machine', text: 'What is kept of it while it sleeps' }
      : {
          key: 'machine',
          text: 'The machine, with its disk and address',
          detail: `It costs ${formatPerHour(plan.perHourUsd)}; that ends.`,
        };
  return [
    itself,
    ...(machine.hasBackups && machine.life !== 'asleep' ? [backupsLine] : []),
    ...onMachineLines(plan),
  ];
}

function Leftovers(props: {
  readonly leftovers: readonly Leftover[];
  readonly ticked: ReadonlySet<string>;
  readonly onTick: (leftover: Leftover, isTicked: boolean) => void;
}) {
  const { leftovers, ticked, onTick } = props;
  if (leftovers.length === 0)
    return <p className="text-muted">Nothing of it stays behind at the provider, as far as can be seen.</p>;
  const stays = leftovers.filter((leftover) => !ticked.has(keyOf(leftover)));
  return (
    <fieldset className="m-0 flex min-w-0 flex-col gap-1 border-0 p-0">
      <legend className="p-0 text-meta font-medium text-muted">
        Stays behind at the provider, unless you tick it
      </legend>
      <div className="flex flex-col divide-y divide-line rounded-md border border-line px-3">
        {leftovers.map((leftover) => (
          <div key={keyOf(leftover)} className="flex items-start gap-3 py-0.5">
            <Checkbox
              className="min-w-0 flex-1"
              label={<span className="wrap-anywhere">Destroy {leftover.name}, too</span>}
              help={leftoverWords[leftover.kind]}
              isChecked={ticked.has(keyOf(leftover))}
              onChange={(isTicked) => onTick(leftover, isTicked)}
            />
            <span className="tabular shrink-0 py-1 text-muted">{formatPerMonth(leftover.monthlyUsd)}</span>
          </div>
        ))}
      </div>
      <p role="status" className="tabular pt-1">
        {stays.length === 0
          ? 'Nothing stays behind.'
          : `What stays costs ${formatSumPerMonth(sumUsd(stays.map((leftover) => leftover.monthlyUsd)))}.`}
      </p>
    </fieldset>
  );
}
