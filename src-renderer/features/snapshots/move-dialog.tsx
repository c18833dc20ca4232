/** Moves a workspace to another host. Says each step, what does not come along, and that nothing is destroyed yet. */
import { useState } from 'react';
import type { HostId } from '#contract/ids.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { formatBytes, formatCount } from '../../components/format.ts';
import { Select } from '../../components/select.tsx';
import {
  useClient,
  useHosts,
  useSnapshotHosts,
  useSnapshots,
  useTerminals,
  useViewActions,
} from '../../state/app-context.tsx';
import { errorBesideFields, fieldErrors } from '../../state/field-errors.ts';
import { FailureNote } from './failure-note.tsx';
import { hostOptions, isUsable } from './host-choice.ts';
import { PlanList } from './plan-list.tsx';
import { newestFirst } from './snapshot-list.ts';
import { useAct } from '../../state/use-act.ts';

export function MoveDialog({ workspace, onClose }: { workspace: Workspace; onClose: () => void }) {
  const client = useClient();
  const view = useViewActions();
  const hosts = useHosts();
  const use = useSnapshotHosts().byId;
  const others = hosts.items.filter(({ id }) => id !== workspace.hostId);
  const options = hostOptions(others, use);
  const [chosen, setHostId] = useState<HostId | null>(null);
  const hostId = chosen ?? options.find(({ isDisabled }) => !isDisabled)?.value ?? options[0]?.value;
  const host = hosts.byId.get(hostId ?? '');
  const from = hosts.byId.get(workspace.hostId);
  const act = useAct();
  const canUse = host !== undefined && isUsable(host);
  const errors = fieldErrors(act.error);
  const beside = errorBesideFields(act.error, (field) => field === 'hostId');
  const move = () =>
    act.run(async () => {
      if (hostId === undefined) return;
      await client.call('workspaces.move', { id: workspace.id, hostId });
      view.open({ type: 'workspace', workspaceId: workspace.id });
      onClose();
    });
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={`Move ${workspace.name} to another host`}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            form="berth-move"
            variant="primary"
            isBusy={act.isBusy}
            disabled={!canUse}
            reason={others.length === 0 ? 'There is no other host' : 'Choose a host that is ready'}
          >
            Move workspace
          </Button>
        </>
      }
    >
      <form
        id="berth-move"
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (canUse) void move();
        }}
      >
        {hostId === undefined ? (
          <p>There is no other host in Berth. Add one first.</p>
        ) : (
          <>
            <Select
              label="To"
              value={hostId}
              options={options}
              error={errors.hostId ?? (canUse ? null : 'must be a host that is ready')}
              onChange={setHostId}
            />
            <ol className="m-0 flex list-decimal flex-col gap-1 pl-5">
              {workspace.state !== 'stopped' && <li>It is stopped on {from?.name ?? 'its host'}.</li>}
              <li>Its files are copied to {host?.name ?? 'the other host'} and checked there.</li>
              <li>
                {workspace.state === 'stopped' ? 'There it stays stopped as well.' : 'It is started there.'}
              </li>
              <li>Here it stays stopped, with its files, until you confirm the move or take it back.</li>
            </ol>
            <Space
              workspace={workspace}
              freeBytes={use.get(hostId)?.freeBytes ?? null}
              hostName={host?.name ?? ''}
            />
            <StaysBehind workspace={workspace} />
          </>
        )}
        {beside !== null && <FailureNote title="The workspace was not moved" error={beside} />}
      </form>
    </Dialog>
  );
}

/** The size of its files is known from its newest snapshot only: that is said. */
function Space(props: { workspace: Workspace; freeBytes: number | null; hostName: string }) {
  const { workspace, freeBytes, hostName } = props;
  const newest = useSnapshots()
    .items.filter(({ workspaceId }) => workspaceId === workspace.id)
    .sort(newestFirst)[0];
  const needs =
    newest === undefined
      ? 'How much space it needs is known when its files are read.'
      : `Its files had ${formatBytes(newest.contentBytes)} when they were last read.`;
  const isTight = newest !== undefined && freeBytes !== null && freeBytes < newest.contentBytes;
  return (
    <p role={isTight ? 'alert' : undefined} className={isTight ? 'text-failed' : 'text-muted'}>
      {needs} {freeBytes === null ? '' : `${hostName} has ${formatBytes(freeBytes)} free.`}
    </p>
  );
}

function StaysBehind({ workspace }: { workspace: Workspace }) {
  const open = useTerminals().items.filter(
    ({ target, state }) =>
      target.kind === 'workspace' && target.workspaceId === workspace.id && state.phase === 'live',
  ).length;
  return (
    <PlanList
      kind="goes"
      title="Does not come along"
      lines={[
        ...(workspace.state === 'running'
          ? [
              {
                what:
                  open === 0
                    ? 'Programs that run in it'
                    : `Programs that run in it, and ${formatCount(open, 'open terminal', 'open terminals')}`,
                detail: 'They end when it is stopped.',
              },
            ]
          : []),
        {
          what: `Files outside ${workspace.mountPoint}`,
          detail: 'Programs that were installed there, for example. The image is pulled anew.',
        },
        { what: 'Its snapshots', detail: 'They stay on the host where they are.' },
      ]}
    />
  );
}
