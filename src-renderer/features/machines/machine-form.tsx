/** The frame of the dialogs about a machine: a form, its failure where it stands, one verb. It closes once the plane has begun. */
import type { ReactNode } from 'react';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { TextField } from '../../components/text-field.tsx';
import type { Act } from '../../state/use-act.ts';

export interface MachineFormProps {
  readonly title: string;
  readonly description?: ReactNode;
  readonly width?: 'small' | 'normal' | 'wide';
  /** The verb, and what did not happen where it fails. */
  readonly verb: string;
  readonly failure: string;
  readonly isDangerous?: boolean;
  /** Why it cannot be done yet; null: it can. */
  readonly missing: string | null;
  readonly act: Act;
  /** Beside the failure: what to do about it. */
  readonly failureActions?: ReactNode;
  /** The failure stands at a field already. */
  readonly isFailureShown?: boolean;
  readonly onSubmit: () => Promise<void>;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

export function MachineForm(props: MachineFormProps) {
  const { act, missing, onClose } = props;
  const submit = () =>
    act.run(async () => {
      await props.onSubmit();
      onClose();
    });
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={props.title}
      {...(props.description === undefined ? {} : { description: props.description })}
      {...(props.width === undefined ? {} : { width: props.width })}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            form="berth-machine"
            variant={props.isDangerous ? 'danger' : 'primary'}
            isBusy={act.isBusy}
            disabled={missing !== null}
            {...(missing === null ? {} : { reason: missing })}
          >
            {props.verb}
          </Button>
        </>
      }
    >
      <form
        id="berth-machine"
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (missing === null) void submit();
        }}
      >
        {props.children}
        {act.error !== null && props.isFailureShown !== true && (
          <ErrorNote title={props.failure} error={act.error} actions={props.failureActions} />
        )}
      </form>
    </Dialog>
  );
}

/** Only where data is lost for good. */
export function NameField(props: { name: string; value: string; onChange: (value: string) => void }) {
  return (
    <TextField
      label={
        <>
          Type <span className="font-code break-all">{props.name}</span> to confirm
        </>
      }
      value={props.value}
      onChange={props.onChange}
      isCode
    />
  );
}
