/** One line (or, with `lines`, several) of text, and a password whose text can be looked at. */
import { Eye, EyeOff } from 'lucide-react';
import { type InputHTMLAttributes, type Ref, type TextareaHTMLAttributes, useState } from 'react';
import { IconButton } from './button.tsx';
import { classNames } from './class-names.ts';
import { areaClass, Field, type FieldProps, inputClass } from './field.tsx';

type FieldPart = Omit<FieldProps, 'children' | 'className'>;

export interface TextFieldProps
  extends FieldPart,
    Omit<InputHTMLAttributes<HTMLInputElement>, 'onChange' | 'value' | 'id'> {
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** Paths, addresses, commands: the code font, no corrections. */
  readonly isCode?: boolean;
  readonly ref?: Ref<HTMLInputElement>;
}

export function TextField({
  label,
  help,
  error,
  isOptional = false,
  isLabelHidden = false,
  onChange,
  isCode = false,
  className,
  ...rest
}: TextFieldProps) {
  return (
    <Field {...{ label, help, error, isOptional, isLabelHidden }} className={className ?? ''}>
      {(control) => (
        <input
          type="text"
          autoComplete="off"
          spellCheck={isCode ? false : undefined}
          autoCapitalize={isCode ? 'off' : undefined}
          dir={isCode ? undefined : 'auto'}
          {...rest}
          {...control}
          onChange={(event) => onChange(event.target.value)}
          className={classNames(inputClass, 'w-full', isCode && 'font-code text-[0.96em]')}
        />
      )}
    </Field>
  );
}

export interface TextAreaProps
  extends FieldPart,
    Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, 'onChange' | 'value' | 'id'> {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly isCode?: boolean;
}

export function TextArea({
  label,
  help,
  error,
  isOptional = false,
  isLabelHidden = false,
  onChange,
  isCode = false,
  className,
  rows = 4,
  ...rest
}: TextAreaProps) {
  return (
    <Field {...{ label, help, error, isOptional, isLabelHidden }} className={className ?? ''}>
      {(control) => (
        <textarea
          spellCheck={isCode ? false : undefined}
          rows={rows}
          {...rest}
          {...control}
          onChange={(event) => onChange(event.target.value)}
          className={classNames(
            areaClass,
            'w-full resize-y py-1.5 leading-normal',
            isCode && 'font-code text-[0.96em]',
          )}
        />
      )}
    </Field>
  );
}

export interface PasswordFieldProps extends Omit<TextFieldProps, 'type' | 'isCode'> {}

export function PasswordField({
  label,
  help,
  error,
  isOptional = false,
  isLabelHidden = false,
  onChange,
  className,
  ...rest
}: PasswordFieldProps) {
  const [isShown, setShown] = useState(false);
  return (
    <Field {...{ label, help, error, isOptional, isLabelHidden }} className={className ?? ''}>
      {(control) => (
        <div className="relative">
          <input
            autoComplete="off"
            {...rest}
            {...control}
            type={isShown ? 'text' : 'password'}
            spellCheck={false}
            autoCapitalize="off"
            onChange={(event) => onChange(event.target.value)}
            className={classNames(inputClass, 'w-full pr-8', isShown && 'font-code text-[0.96em]')}
          />
          <IconButton
            label={isShown ? 'Hide what is typed' : 'Show what is typed'}
            icon={isShown ? EyeOff : Eye}
            size="small"
            isPressed={isShown}
            onClick={() => setShown((before) => !before)}
            className="absolute top-1/2 right-1.5 -translate-y-1/2"
          />
        </div>
      )}
    </Field>
  );
}
