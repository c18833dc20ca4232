/** The frame of the dialogs about a machine: a form, its failure where it stands, one verb. It closes once the plane has begun. */
import type { ReactNode } from 'react';
import { FormDialog } from '../../components/form-dialog.tsx';
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
  return (
    <FormDialog
      title={props.title}
      description={props.description}
      {...(props.width === undefined ? {} : { width: props.width })}
      action={props.verb}
      isReady={missing === null}
      reason={missing ?? ''}
      isBusy={act.isBusy}
      isDangerous={props.isDangerous ?? false}
      failureTitle={props.failure}
      failure={props.isFailureShown === true ? null : act.error}
      failureActions={props.failureActions}
      onSubmit={() =>
        void act.run(async () => {
          await props.onSubmit();
          onClose();
        })
      }
      onClose={onClose}
    >
      {props.children}
    </FormDialog>
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
