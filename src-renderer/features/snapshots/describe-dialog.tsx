/** Changes what a snapshot is called and what is noted about it. */
import { useState } from 'react';
import type { BerthError } from '#contract/berth-error.ts';
import type { Snapshot } from '#contract/snapshots.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { TextArea, TextField } from '../../components/text-field.tsx';
import { useClient } from '../../state/app-context.tsx';
import { errorBesideFields, fieldErrors } from '../../state/field-errors.ts';
import { toBerthError } from '../../state/to-berth-error.ts';
import { dayAndTime } from './snapshot-words.ts';

export function DescribeDialog({ snapshot, onClose }: { snapshot: Snapshot; onClose: () => void }) {
  const client = useClient();
  const [name, setName] = useState(snapshot.name ?? '');
  const [note, setNote] = useState(snapshot.note);
  const [error, setError] = useState<BerthError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const isNameTaken = error?.code === 'snapshot.name-taken';
  const errors = fieldErrors(error);
  const beside = errorBesideFields(error, (field) => field === 'name' || field === 'note');

  const save = async () => {
    setBusy(true);
    setError(null);
    try {
      const trimmed = name.trim();
      await client.call('snapshots.change', {
        id: snapshot.id,
        name: trimmed === '' ? null : trimmed,
        note: note.trim(),
      });
      onClose();
    } catch (cause) {
      setError(toBerthError(cause));
      setBusy(false);
    }
  };

  return (
    <Dialog
      isOpen
      onClose={onClose}
      title="Name and note"
      description={`Of the snapshot of ${snapshot.workspaceName}, ${dayAndTime(snapshot.createdAt)}`}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form="berth-describe" variant="primary" isBusy={isBusy}>
            Save
          </Button>
        </>
      }
    >
      <form
        id="berth-describe"
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (!isBusy) void save();
        }}
      >
        <TextField
          label="Name"
          isOptional
          help="By it the command line finds the snapshot. Without one it is called by its time."
          value={name}
          onChange={setName}
          maxLength={80}
          error={isNameTaken ? error.message : errors.name}
        />
        <TextArea
          label="Note"
          isOptional
          value={note}
          onChange={setNote}
          maxLength={2000}
          rows={5}
          dir="auto"
          error={errors.note}
        />
        {beside !== null && !isNameTaken && <ErrorNote title="It was not changed" error={beside} />}
      </form>
    </Dialog>
  );
}
