/** A note for the snapshot that was just taken, or is still being taken. */
import { useState } from 'react';
import type { OperationId, SnapshotId } from '#contract/ids.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { TextArea } from '../../components/text-field.tsx';
import { useApp, useOperation, useSnapshot } from '../../state/app-context.tsx';
import { errorBesideFields, fieldErrors } from '../../state/field-errors.ts';
import { isUnderWay } from '../../state/operation-progress.ts';
import { noteWhenMade } from './take-snapshot.ts';
import { useAct } from '../../state/use-act.ts';

export interface NoteDialogProps {
  readonly snapshotId: SnapshotId;
  readonly operationId: OperationId;
  readonly workspaceName: string;
  readonly onClose: () => void;
}

export function NoteDialog({ snapshotId, operationId, workspaceName, onClose }: NoteDialogProps) {
  const app = useApp();
  const snapshot = useSnapshot(snapshotId);
  const operation = useOperation(operationId);
  const [note, setNote] = useState('');
  const act = useAct();
  const isInTheMaking = snapshot === undefined || (operation !== undefined && isUnderWay(operation));
  const add = () =>
    act.run(async () => {
      const writing = noteWhenMade(app, { snapshotId, operationId, note: note.trim() });
      if (isInTheMaking)
        writing.catch((cause: unknown) =>
          app.notices.fail(`The note on ${workspaceName} was not added`, cause),
        );
      else await writing;
      onClose();
    });
  return (
    <Dialog
      isOpen
      width="small"
      onClose={onClose}
      title="Add a note"
      description={`To the snapshot of ${workspaceName}${isInTheMaking ? ', as soon as it is made' : ''}.`}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            form="berth-note"
            variant="primary"
            isBusy={act.isBusy}
            disabled={note.trim() === ''}
            reason="Nothing is written yet"
          >
            Add note
          </Button>
        </>
      }
    >
      <form
        id="berth-note"
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (note.trim() !== '') void add();
        }}
      >
        <TextArea
          label="Note"
          rows={3}
          dir="auto"
          maxLength={2000}
          value={note}
          error={fieldErrors(act.error).note ?? null}
          onChange={setNote}
        />
        {errorBesideFields(act.error, (field) => field === 'note') !== null && act.error !== null && (
          <ErrorNote title="The note was not added" error={act.error} />
        )}
      </form>
    </Dialog>
  );
}
