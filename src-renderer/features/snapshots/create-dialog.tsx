/** Takes a snapshot with a name, a note, and another way of reading than the workspace's rules say. */
import { useState } from 'react';
import type { RepositoryId } from '#contract/ids.ts';
import { snapshotRulesDefaults } from '#contract/snapshot-rules.ts';
import type { Consistency } from '#contract/snapshots.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { Button } from '../../components/button.tsx';
import { Switch } from '../../components/choices.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { Select } from '../../components/select.tsx';
import { TextArea, TextField } from '../../components/text-field.tsx';
import {
  useClient,
  useHost,
  useRepositories,
  useSnapshotRules,
  useSnapshots,
} from '../../state/app-context.tsx';
import { errorBesideFields, fieldErrors } from '../../state/field-errors.ts';
import {
  AdvancedPart,
  ConsistencyChoice,
  HookFields,
  hookInput,
  lastFrozenMs,
} from './consistency-fields.tsx';
import { FailureNote } from './failure-note.tsx';
import { placeWords } from './place-words.ts';
import { useAct } from '../../state/use-act.ts';

const onHost = 'host';
const shownFields = ['name', 'note', 'beforeCommand', 'afterCommand', 'repositoryId'];

export function CreateDialog({ workspace, onClose }: { workspace: Workspace; onClose: () => void }) {
  const client = useClient();
  const host = useHost(workspace.hostId);
  const snapshots = useSnapshots();
  const rules = useSnapshotRules().byId.get(workspace.id) ?? snapshotRulesDefaults;
  const repositories = useRepositories().items.filter(({ hostId }) => hostId === workspace.hostId);
  const [name, setName] = useState('');
  const [note, setNote] = useState('');
  const [consistency, setConsistency] = useState<Consistency>(rules.consistency);
  const [hooks, setHooks] = useState({
    before: rules.beforeCommand ?? '',
    after: rules.afterCommand ?? '',
  });
  const [isLong, setLong] = useState(false);
  const [place, setPlace] = useState<RepositoryId | typeof onHost>(rules.repositoryId ?? onHost);
  const act = useAct();
  const isRunning = workspace.state === 'running' || workspace.state === 'paused';
  const errors: Readonly<Record<string, string>> = {
    ...fieldErrors(act.error),
    ...(act.error?.code === 'snapshot.name-taken' ? { name: act.error.message } : {}),
  };
  const beside =
    act.error?.code === 'snapshot.name-taken'
      ? null
      : errorBesideFields(act.error, (field) => shownFields.includes(field));

  const take = () =>
    act.run(async () => {
      const trimmed = name.trim();
      await client.call('snapshots.create', {
        workspaceId: workspace.id,
        name: trimmed === '' ? null : trimmed,
        note: note.trim(),
        // Of one that is not running there is nothing to pause: the rules' way is as good as any.
        ...(isRunning ? { consistency, ...hookInput(hooks) } : {}),
        longMatching: place === onHost && isLong,
        repositoryId: place === onHost ? null : place,
      });
      onClose();
    });

  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={`Take a snapshot of ${workspace.name}`}
      description={`Keeps everything in ${workspace.mountPoint} as it is now.`}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form="berth-snapshot" variant="primary" isBusy={act.isBusy}>
            Take snapshot
          </Button>
        </>
      }
    >
      <form
        id="berth-snapshot"
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void take();
        }}
      >
        <TextField
          label="Name"
          isOptional
          help="For the command line; without one it is called by its time."
          maxLength={80}
          value={name}
          error={errors.name ?? null}
          onChange={setName}
        />
        <TextArea
          label="Note"
          isOptional
          rows={2}
          dir="auto"
          maxLength={2000}
          placeholder="Why you take it, for whoever looks for it later"
          value={note}
          error={errors.note ?? null}
          onChange={setNote}
        />
        {isRunning ? (
          <ConsistencyChoice
            value={consistency}
            frozenMs={lastFrozenMs(snapshots.items, workspace.id)}
            onChange={setConsistency}
          />
        ) : (
          <p className="text-muted">It is not running: its files are read as its programs left them.</p>
        )}
        <Select
          label="Where to"
          value={place}
          error={errors.repositoryId ?? null}
          help={
            place === onHost
              ? 'One archive for each snapshot, which plain tar opens.'
              : 'Only what the repository does not have yet is sent, encrypted.'
          }
          options={[
            { value: onHost, label: `An archive on ${host?.name ?? 'its host'}` },
            ...repositories.map((repository) => ({
              value: repository.id,
              label: `Repository ${repository.name}`,
              detail: placeWords(repository.place),
            })),
          ]}
          onChange={setPlace}
        />
        <AdvancedPart
          isOpen={
            rules.beforeCommand !== null ||
            rules.afterCommand !== null ||
            errors.beforeCommand !== undefined ||
            errors.afterCommand !== undefined
          }
        >
          {isRunning && (
            <HookFields
              hooks={hooks}
              errors={errors}
              onChange={(change) => setHooks((before) => ({ ...before, ...change }))}
            />
          )}
          {place === onHost && (
            <Switch
              label="Look for repeats far apart"
              help="Smaller where large files repeat, as in copies of a project. Slower, and 128 MiB of memory are needed to open it."
              isChecked={isLong}
              onChange={setLong}
            />
          )}
        </AdvancedPart>
        {beside !== null && <FailureNote title="No snapshot was taken" error={beside} />}
      </form>
    </Dialog>
  );
}
