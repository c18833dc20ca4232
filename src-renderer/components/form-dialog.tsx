/** A dialog with one form: its main button sends it, once, and its failure stands below the fields. */
import { type ReactNode, useId, useRef } from 'react';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { type ErrorFacts, ErrorNote } from './error-note.tsx';
import { useFirstInvalid } from './first-invalid.ts';

export interface FormDialogProps {
  readonly title: ReactNode;
  readonly description?: ReactNode;
  readonly action: string;
  readonly isReady: boolean;
  /** Why it cannot be sent yet. */
  readonly reason: string;
  readonly isBusy: boolean;
  readonly isDangerous?: boolean;
  readonly width?: 'small' | 'normal' | 'wide';
  /** What is wrong at fields: the first of them gets the keyboard. A new object for each answer. */
  readonly fieldErrors?: Readonly<Record<string, string>>;
  readonly failureTitle: string;
  /** What does not stand at a field. */
  readonly failure: ErrorFacts | null;
  /** Beside the failure: what to do about it. */
  readonly failureActions?: ReactNode;
  readonly onSubmit: () => void;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

const none = {};

export function FormDialog(props: FormDialogProps) {
  const { isReady, isBusy, onSubmit, onClose, failure, fieldErrors = none } = props;
  const id = useId();
  const form = useRef<HTMLFormElement>(null);
  useFirstInvalid(form, fieldErrors);
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={props.title}
      description={props.description}
      {...(props.width === undefined ? {} : { width: props.width })}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            form={id}
            variant={props.isDangerous ? 'danger' : 'primary'}
            isBusy={isBusy}
            disabled={!isReady}
            reason={props.reason}
          >
            {props.action}
          </Button>
        </>
      }
    >
      <form
        ref={form}
        id={id}
        noValidate
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady && !isBusy) onSubmit();
        }}
      >
        {props.children}
        {failure !== null && (
          <ErrorNote title={props.failureTitle} error={failure} actions={props.failureActions} />
        )}
      </form>
    </Dialog>
  );
}
