/** Asks for the name of a new folder or text file, and makes it. */
import { useState } from 'react';
import { FileName } from '#contract/files.ts';
import { FormDialog } from '../../components/form-dialog.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useAct } from '../../state/use-act.ts';

export interface NameDialogProps {
  readonly kind: 'folder' | 'file';
  readonly folder: string;
  /** Rejects with what stands below the field. */
  readonly onMake: (name: string) => Promise<void>;
  readonly onClose: () => void;
}

export function NameDialog({ kind, folder, onMake, onClose }: NameDialogProps) {
  const [name, setName] = useState('');
  const act = useAct();
  const checked = FileName.safeParse(name);
  const rule = name === '' ? null : (checked.error?.issues[0]?.message ?? null);
  return (
    <FormDialog
      title={kind === 'folder' ? 'New folder' : 'New text file'}
      description={`In ${folder}`}
      width="small"
      action={kind === 'folder' ? 'Make folder' : 'Make file'}
      isReady={checked.success}
      reason={name === '' ? 'Type a name first' : 'The name cannot be taken'}
      isBusy={act.isBusy}
      failureTitle={`It could not be made`}
      failure={act.error}
      onClose={onClose}
      onSubmit={() =>
        void act.run(async () => {
          await onMake(name);
          onClose();
        })
      }
    >
      <TextField label="Name" isCode value={name} onChange={setName} error={rule} />
    </FormDialog>
  );
}
