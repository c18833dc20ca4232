/** Where a machine’s files can sleep, what that costs beside what it costs awake, and what is not kept there. */
import { useState } from 'react';
import type { HibernatePlan, Machine } from '#contract/machines.ts';
import { Button } from '../../components/button.tsx';
import { RadioGroup } from '../../components/choices.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { formatBytes, formatCount } from '../../components/format.ts';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { formatPerMonth, formatUsd } from '../../components/money.ts';
import { useClient } from '../../state/app-context.tsx';
import { useAct } from '../../state/use-act.ts';
import { useAsked } from '../../state/use-asked.ts';
import { backupsLine } from './lost-lines.ts';
import { MachineForm } from './machine-form.tsx';
import { placeKey } from './machine-words.ts';
import { PlanLines } from './plan-lines.tsx';

type Place = HibernatePlan['places'][number];

export function HibernateDialog({ machine, onClose }: { machine: Machine; onClose: () => void }) {
  const client = useClient();
  const { id, name } = machine;
  const asked = useAsked(id, (signal) => client.call('machines.hibernatePlan', { id }, { signal }));
  const [chosen, setChosen] = useState<string | null>(null);
  const act = useAct();
  const plan = asked.answer;
  const usable = plan?.places.filter(({ problem }) => problem === null) ?? [];
  const place = usable.find((each) => placeKey(each.place) === chosen) ?? usable[0];
  return (
    <MachineForm
      title={`Hibernate ${name}`}
      description="Its workspaces are stopped, its files are kept elsewhere and checked, and the machine is given back. Waking brings everything back under the same names, keys and ids."
      verb="Hibernate machine"
      failure="The machine was not hibernated"
      missing={place === undefined ? 'There is no place for its files' : null}
      act={act}
      onSubmit={async () => {
        if (place !== undefined) await client.call('machines.hibernate', { id, place: place.place });
      }}
      onClose={onClose}
    >
      {asked.isAsking && plan === null && <LoadingRows label="Asking where its files can sleep" rows={5} />}
      {asked.error !== null && (
        <ErrorNote
          title="Where its files can sleep could not be read"
          error={asked.error}
          actions={<Button onClick={asked.askAgain}>Ask again</Button>}
        />
      )}
      {plan !== null && (
        <>
          <RadioGroup
            label="Where its files sleep"
            value={place === undefined ? '' : placeKey(place.place)}
            onChange={setChosen}
            options={plan.places.map((each) => ({
              value: placeKey(each.place),
              label: each.label,
              help: each.problem ?? placeHelp(each),
              isDisabled: each.problem !== null,
            }))}
          />
          {place !== undefined && <Costs machine={machine} place={place} />}
          {place !== undefined && (
            <PlanLines
              title="Not kept there"
              kind="goes"
              lines={[
                ...place.loses.map((text) => ({ key: text, text })),
                ...(machine.hasBackups ? [backupsLine] : []),
              ]}
            />
          )}
          <PlanLines title="Sleeps with it" kind="stays" lines={sleepers(plan, place)} />
        </>
      )}
    </MachineForm>
  );
}

function placeHelp({ sizeBytes, monthlyUsd }: Place): string {
  const size = sizeBytes === null ? 'size not known yet' : `about ${formatBytes(sizeBytes)}`;
  return `${size}, ${monthlyUsd === null ? 'nothing to pay at the provider' : formatPerMonth(monthlyUsd)}`;
}

function Costs({ machine, place }: { machine: Machine; place: Place }) {
  return (
    <dl className="tabular m-0 grid grid-cols-2 gap-3">
      {[
        ['Awake', formatPerMonth(machine.monthlyUsd)],
        ['Asleep', place.monthlyUsd === null ? 'nothing' : `about ${formatUsd(place.monthlyUsd)} a month`],
      ].map(([label, value]) => (
        <div key={label} className="rounded-md border border-line px-3 py-2">
          <dt className="text-meta text-muted">{label}</dt>
          <dd className="m-0 font-medium">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function sleepers({ images, workspaces, otherWorkspaces, snapshots }: HibernatePlan, place?: Place) {
  const names = workspaces.map(({ id, name, isRunning }) => ({
    key: id,
    text: `The workspace ${name}`,
    ...(isRunning ? { detail: 'It is running: programs in it end, and it is started again on waking.' } : {}),
  }));
  return [
    ...names,
    ...(otherWorkspaces === 0
      ? []
      : [
          {
            key: 'others',
            text: formatCount(otherWorkspaces, 'workspace of somebody else', 'workspaces of other people'),
            detail: 'They are stopped, too.',
          },
        ]),
    ...(snapshots === 0
      ? []
      : [
          {
            key: 'snapshots',
            text: formatCount(snapshots, 'snapshot of a workspace', 'snapshots of workspaces'),
          },
        ]),
    // All of them are on the disk that is kept whole.
    ...(place?.place.kind === 'machine-snapshot'
      ? []
      : images.map(({ reference, sizeBytes }) => ({
          key: `image ${reference}`,
          text: `The image ${reference}`,
          detail: `${formatBytes(sizeBytes)} before it is compressed. No registry gives it again.`,
        }))),
  ];
}
