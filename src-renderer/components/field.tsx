/**
 * A label, a control, a sentence of help and, when it is wrong, the rule that it breaks. `Field` gives the control's
 * id and descriptions through a render function, so that any control fits.
 */
import { type ReactNode, useId } from 'react';
import { CircleAlert } from 'lucide-react';
import { classNames } from './class-names.ts';

export interface FieldControlProps {
  readonly id: string;
  readonly 'aria-describedby': string | undefined;
  readonly 'aria-invalid': true | undefined;
}

export interface FieldProps {
  readonly label: ReactNode;
  readonly help?: ReactNode;
  /** Names the rule, never the value. */
  readonly error?: string | null | undefined;
  readonly isOptional?: boolean;
  readonly isLabelHidden?: boolean;
  readonly className?: string;
  readonly children: (control: FieldControlProps) => ReactNode;
}

export function Field({ label, help, error, isOptional, isLabelHidden, className, children }: FieldProps) {
  const id = useId();
  const helpId = `${id}-help`;
  const errorId = `${id}-error`;
  const describedBy = [error && errorId, help && helpId].filter(Boolean).join(' ');
  return (
    <div className={classNames('flex min-w-0 flex-col gap-1', className)}>
      <label
        htmlFor={id}
        className={classNames('text-meta font-medium text-text', isLabelHidden && 'sr-only')}
      >
        {label}
        {isOptional && <span className="font-normal text-muted"> (optional)</span>}
      </label>
      {children({
        id,
        'aria-describedby': describedBy === '' ? undefined : describedBy,
        'aria-invalid': error ? true : undefined,
      })}
      {error && (
        <p id={errorId} role="alert" className="flex items-start gap-1 text-meta text-failed">
          <CircleAlert aria-hidden size={13} className="mt-0.5 shrink-0" />
          {/* A rule comes as the end of a sentence ("must be …"); alone it begins as one. */}
          <span className="block min-w-0 first-letter:uppercase">{error}</span>
        </p>
      )}
      {help && (
        <p id={helpId} className="text-meta text-muted">
          {help}
        </p>
      )}
    </div>
  );
}

/** Of several lines: as high as its rows. */
export const areaClass =
  'min-w-0 rounded-md border border-line-control bg-field px-2 text-text transition-colors ' +
  'hover:border-muted aria-invalid:border-failed disabled:border-line disabled:text-muted ' +
  'focus-visible:outline-offset-[-1px]';

export const inputClass = `h-control ${areaClass}`;
