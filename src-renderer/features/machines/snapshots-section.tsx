/** Snapshots and backups of the whole machine at the provider: size, price, date; take, restore, destroy. */
import { Camera, RotateCcw, Trash2 } from 'lucide-react';
import type { Machine, MachineSnapshot } from '#contract/machines.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { formatBytes } from '../../components/format.ts';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { formatPerMonth, formatSumPerMonth, sumUsd } from '../../components/money.ts';
import { Card, Section } from '../../components/page.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { Badge } from '../../components/state-mark.tsx';
import {
  useClient,
  useCommand,
  useConfirm,
  useMay,
  useNotices,
  useOperations,
} from '../../state/app-context.tsx';
import { useAsked } from '../../state/use-asked.ts';
import { isUnderWay } from '../../state/operation-progress.ts';
import { isOn } from './machine-commands.ts';
import { machineDialogs } from './machine-dialogs.ts';

export function SnapshotsSection({ machine, isVisible }: { machine: Machine; isVisible: boolean }) {
  const client = useClient();
  const operations = useOperations().items;
  // Read again whenever an operation on it has ended: one may have made or destroyed some.
  const ended = operations.filter((each) => isOn(each, machine) && !isUnderWay(each));
  const asked = useAsked(isVisible ? `${machine.id} ${ended.map(({ id }) => id).join()}` : null, (signal) =>
    client.call('machines.snapshots', { id: machine.id }, { signal }),
  );
  const take = useCommand('machine.take-snapshot', { kind: 'machine', id: machine.id });
  const snapshots = [...(asked.answer?.snapshots ?? [])].sort((a, b) =>
    b.createdAt.localeCompare(a.createdAt),
  );
  const cost = sumUsd(snapshots.map(({ monthlyUsd }) => monthlyUsd));
  return (
    <Section
      title="Snapshots of the whole machine"
      actions={
        take.isShown && (
          <Button
            icon={Camera}
            onClick={take.run}
            disabled={!take.isEnabled}
            reason="Not while something works on it"
          >
            Take snapshot…
          </Button>
        )
      }
    >
      {asked.error !== null && (
        <ErrorNote
          title="The snapshots could not be read"
          error={asked.error}
          actions={<Button onClick={asked.askAgain}>Read again</Button>}
        />
      )}
      {asked.answer === null && asked.error === null && <LoadingRows label="Reading the snapshots" />}
      {asked.answer !== null && snapshots.length === 0 && (
        <p className="text-muted">
          None yet. One holds the whole disk and stays at the provider, and costs there, until you destroy it.
        </p>
      )}
      {snapshots.length > 0 && (
        <>
          <Card>
            <ul
              aria-label="Snapshots of the whole machine"
              className="m-0 list-none divide-y divide-line p-0"
            >
              {snapshots.map((snapshot) => (
                <Row key={snapshot.id} machine={machine} snapshot={snapshot} canBegin={take.isEnabled} />
              ))}
            </ul>
          </Card>
          <p className="tabular text-meta text-muted">Together {formatSumPerMonth(cost)}.</p>
        </>
      )}
    </Section>
  );
}

function Row(props: { machine: Machine; snapshot: MachineSnapshot; canBegin: boolean }) {
  const { machine, snapshot, canBegin } = props;
  const client = useClient();
  const confirm = useConfirm();
  const notices = useNotices();
  const mayChange = useMay('machines.write');
  const destroy = async () => {
    const isAgreed = await confirm({
      title: `Destroy ${snapshot.name}?`,
      body: `The machine itself stays as it is. ${snapshot.monthlyUsd === null ? 'The snapshot costs nothing more then.' : `The snapshot costs ${formatPerMonth(snapshot.monthlyUsd)}; that ends.`}`,
      deletes: [`The snapshot ${snapshot.name} (${formatBytes(snapshot.sizeBytes)})`],
      action: 'Destroy snapshot',
      isDangerous: true,
    });
    if (!isAgreed) return;
    try {
      await client.call('machines.destroySnapshot', { id: machine.id, snapshot: snapshot.id });
    } catch (cause) {
      notices.fail(`${snapshot.name} was not destroyed`, cause);
    }
  };
  return (
    <li className="flex items-center gap-3 px-4 py-2">
      <span className="flex min-w-0 flex-1 flex-col">
        <span className="flex min-w-0 items-center gap-2">
          <span className="min-w-0 truncate" dir="auto" title={snapshot.name}>
            {snapshot.name}
          </span>
          {snapshot.kind === 'backup' && <Badge>backup</Badge>}
        </span>
        <span className="tabular text-meta text-muted">
          <RelativeTime at={snapshot.createdAt} /> · {formatBytes(snapshot.sizeBytes)} ·{' '}
          {formatPerMonth(snapshot.monthlyUsd)}
        </span>
      </span>
      {mayChange && (
        <span className="flex shrink-0 gap-1">
          <IconButton
            label={`Restore ${snapshot.name}`}
            icon={RotateCcw}
            disabled={!canBegin}
            onClick={() => machineDialogs.open({ kind: 'restore', id: machine.id, snapshot })}
          />
          {snapshot.kind === 'snapshot' && (
            <IconButton
              label={`Destroy ${snapshot.name}`}
              icon={Trash2}
              disabled={!canBegin}
              onClick={() => void destroy()}
            />
          )}
        </span>
      )}
    </li>
  );
}
