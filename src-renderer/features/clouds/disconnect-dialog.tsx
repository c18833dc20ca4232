/** Says what disconnecting an account leaves behind: machines that go on, and go on costing, without anybody who counts. */
import { useState } from 'react';
import type { Cloud } from '#contract/clouds.ts';
import { Checkbox } from '../../components/choices.tsx';
import { formatCount } from '../../components/format.ts';
import { FormDialog } from '../../components/form-dialog.tsx';
import { formatPerHour, sumUsd } from '../../components/money.ts';
import { useClient, useCosts, useMachines, useNotices } from '../../state/app-context.tsx';
import { useAct } from '../../state/use-act.ts';
import { perHourOf } from './machine-lines.ts';
import { useProviders } from '../../state/use-providers.ts';
import { wordsOf } from './provider-words.ts';

/** More names than this are a number. */
const namesShown = 6;

export function DisconnectDialog({ cloud, onClose }: { cloud: Cloud; onClose: () => void }) {
  const client = useClient();
  const notices = useNotices();
  const words = wordsOf(useProviders().answer, cloud.provider);
  const machines = useMachines().items.filter(
    ({ cloudId, life }) => cloudId === cloud.id && life !== 'vanished',
  );
  const sleepers = machines.filter(({ sleep }) => sleep !== null);
  const costs = useCosts().value;
  const act = useAct();
  const [leaves, setLeaves] = useState(false);
  const perHour = sumUsd(machines.map((machine) => perHourOf(machine, costs) ?? 0)).usd;
  const count = formatCount(machines.length, words.machineWord, words.machinesWord);
  const needsConsent = machines.length > 0 || act.error?.code === 'conflict';
  return (
    <FormDialog
      title={`Disconnect ${cloud.label}?`}
      description={`Berth forgets this account and its token. Nothing at ${words.name} is touched.`}
      action="Disconnect"
      isDangerous
      isReady={sleepers.length === 0 && (!needsConsent || leaves)}
      reason={sleepers.length === 0 ? 'Tick the box first' : 'Wake or destroy what sleeps first'}
      isBusy={act.isBusy}
      failureTitle="The account was not disconnected"
      failure={act.error}
      onClose={onClose}
      onSubmit={() =>
        void act.run(async () => {
          await client.call('clouds.disconnect', { id: cloud.id, leavesMachines: leaves });
          notices.show({
            level: 'done',
            title: `${cloud.label} was disconnected`,
            ...(machines.length === 0 ? {} : { body: `${count} there go on, and go on costing.` }),
          });
          onClose();
        })
      }
    >
      {machines.length === 0 ? (
        <p>It has no {words.machineWord} of this Berth.</p>
      ) : (
        <div className="flex flex-col gap-1">
          <p>
            {count} there {machines.length === 1 ? 'goes' : 'go'} on
            {perHour > 0 &&
              `, and ${machines.length === 1 ? 'costs' : 'cost'} ${formatPerHour(perHour)} as now`}
            . Berth does not watch over {machines.length === 1 ? 'it' : 'them'} any more, and ends nothing by
            itself:
          </p>
          <ul className="m-0 list-disc pl-5 text-muted">
            {machines.slice(0, namesShown).map(({ id, name }) => (
              <li key={id} className="wrap-anywhere" dir="auto">
                {name}
              </li>
            ))}
            {machines.length > namesShown && <li>and {machines.length - namesShown} more</li>}
          </ul>
        </div>
      )}
      {sleepers.length > 0 && (
        <p className="wrap-anywhere">
          {new Intl.ListFormat('en').format(sleepers.map(({ name }) => name))}{' '}
          {sleepers.length === 1 ? 'sleeps: its' : 'sleep: their'} files would be lost to you. Wake or destroy{' '}
          {sleepers.length === 1 ? 'it' : 'them'} first.
        </p>
      )}
      {needsConsent && sleepers.length === 0 && (
        <Checkbox
          label={`Leave ${machines.length === 1 ? 'it' : 'them'} running and costing at ${words.name}`}
          isChecked={leaves}
          onChange={setLeaves}
        />
      )}
    </FormDialog>
  );
}
