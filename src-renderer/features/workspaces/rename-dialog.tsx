/** Another name for a workspace. Nothing restarts. */
import { useState } from 'react';
import type { BerthError } from '#contract/berth-error.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useClient } from '../../state/app-context.tsx';
import { fieldErrors } from '../../state/field-errors.ts';
import { toBerthError } from '../../state/to-berth-error.ts';

export function RenameDialog({ workspace, onClose }: { workspace: Workspace; onClose: () => void }) {
  const client = useClient();
  const [name, setName] = useState(workspace.name);
  const [error, setError] = useState<BerthError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const isTaken = error?.code === 'workspace.name-taken';
  const rename = async () => {
    if (name.trim() === workspace.name) return onClose();
    setBusy(true);
    setError(null);
    try {
      await client.call('workspaces.rename', { id: workspace.id, name });
      onClose();
    } catch (cause) {
      setError(toBerthError(cause));
      setBusy(false);
    }
  };
  return (
    <Dialog
      isOpen
      width="small"
      onClose={onClose}
      title={`Rename ${workspace.name}`}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form="berth-rename" variant="primary" isBusy={isBusy}>
            Rename workspace
          </Button>
        </>
      }
    >
      <form
        id="berth-rename"
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (!isBusy) void rename();
        }}
      >
        <TextField
          label="Name"
          value={name}
          error={isTaken ? error.message : (fieldErrors(error).name ?? null)}
          onChange={setName}
          onFocus={(event) => event.currentTarget.select()}
        />
        {error !== null && !isTaken && error.code !== 'invalid-input' && (
          <ErrorNote title="The workspace was not renamed" error={error} />
        )}
      </form>
    </Dialog>
  );
}
