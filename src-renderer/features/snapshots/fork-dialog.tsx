/** Another workspace with the files of a snapshot, made as the one was that the snapshot is of. */
import { useState } from 'react';
import type { HostId } from '#contract/ids.ts';
import type { Snapshot } from '#contract/snapshots.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { formatBytes } from '../../components/format.ts';
import { Select } from '../../components/select.tsx';
import { TextField } from '../../components/text-field.tsx';
import {
  useClient,
  useHosts,
  useSnapshotHosts,
  useViewActions,
  useWorkspaces,
} from '../../state/app-context.tsx';
import { errorBesideFields, fieldErrors } from '../../state/field-errors.ts';
import { FailureNote } from './failure-note.tsx';
import { hostOptions, isUsable } from './host-choice.ts';
import { inQuotes } from './restore-words.ts';
import { dayAndTime } from './snapshot-words.ts';
import { useAct } from '../../state/use-act.ts';

/** "api-server 2", or the next number that no workspace there has. */
export function forkName(name: string, taken: ReadonlySet<string>): string {
  for (let n = 2; ; n += 1) {
    const suffix = ` ${n}`;
    const candidate = `${name.slice(0, 80 - suffix.length)}${suffix}`;
    if (!taken.has(candidate)) return candidate;
  }
}

export function ForkDialog({ snapshot, onClose }: { snapshot: Snapshot; onClose: () => void }) {
  const client = useClient();
  const view = useViewActions();
  const hosts = useHosts();
  const use = useSnapshotHosts().byId;
  const workspaces = useWorkspaces().items;
  const [hostId, setHostId] = useState<HostId>(snapshot.hostId);
  const taken = new Set(workspaces.filter((one) => one.hostId === hostId).map(({ name }) => name));
  const [typed, setTyped] = useState<string | null>(null);
  const name = typed ?? forkName(snapshot.workspaceName, taken);
  const act = useAct();
  const host = hosts.byId.get(hostId);
  const canUse = host !== undefined && isUsable(host);
  const isTaken = act.error?.code === 'workspace.name-taken';
  const errors: Readonly<Record<string, string>> = {
    ...fieldErrors(act.error),
    ...(isTaken && act.error !== null ? { name: act.error.message } : {}),
  };
  const beside = isTaken
    ? null
    : errorBesideFields(act.error, (field) => field === 'name' || field === 'hostId');
  const fork = () =>
    act.run(async () => {
      const { workspace } = await client.call('workspaces.fork', {
        snapshotId: snapshot.id,
        name: name.trim(),
        hostId: hostId === snapshot.hostId ? null : hostId,
      });
      view.open({ type: 'workspace', workspaceId: workspace.id });
      onClose();
    });
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title="New workspace from this snapshot"
      description={`With the files of ${snapshot.workspaceName} as in ${inQuotes(snapshot)}. ${snapshot.workspaceName} itself stays as it is.`}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            form="berth-fork"
            variant="primary"
            isBusy={act.isBusy}
            disabled={!canUse}
            reason="Choose a host that is ready"
          >
            Create workspace
          </Button>
        </>
      }
    >
      <form
        id="berth-fork"
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (canUse) void fork();
        }}
      >
        <TextField
          label="Name"
          value={name}
          error={errors.name ?? null}
          maxLength={80}
          onChange={setTyped}
          onFocus={(event) => event.currentTarget.select()}
        />
        <Select
          label="Host"
          value={hostId}
          options={hostOptions(hosts.items, use)}
          error={errors.hostId ?? (canUse ? null : 'must be a host that is ready')}
          help={
            hostId === snapshot.hostId
              ? 'The snapshot is here, so nothing has to be copied between hosts.'
              : 'The snapshot is copied there through this Berth, and checked.'
          }
          onChange={setHostId}
        />
        <dl className="grid grid-cols-[auto_1fr] gap-x-5 gap-y-1">
          {(
            [
              ['Image', snapshot.image],
              ['Files in', snapshot.mountPoint],
              ['Files', `${formatBytes(snapshot.contentBytes)}, as of ${dayAndTime(snapshot.createdAt)}`],
            ] as const
          ).map(([label, value]) => (
            <div key={label} className="contents">
              <dt className="text-muted">{label}</dt>
              <dd className="m-0 min-w-0 wrap-anywhere">{value}</dd>
            </div>
          ))}
        </dl>
        {beside !== null && <FailureNote title="The workspace was not created" error={beside} />}
      </form>
    </Dialog>
  );
}
