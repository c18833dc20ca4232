/** One of a short list. For long lists or search use the palette or a filtered list. */
import { Select as Base } from '@base-ui/react/select';
import { Check, ChevronsUpDown } from 'lucide-react';
import type { ReactNode } from 'react';
import { classNames } from './class-names.ts';
import { Field, type FieldProps, inputClass } from './field.tsx';

export interface SelectOption<T extends string> {
  readonly value: T;
  readonly label: string;
  readonly detail?: string;
  readonly icon?: ReactNode;
  readonly isDisabled?: boolean;
}

export interface SelectProps<T extends string> extends Omit<FieldProps, 'children'> {
  readonly value: T;
  readonly onChange: (value: T) => void;
  readonly options: readonly SelectOption<T>[];
  readonly disabled?: boolean;
}

export function Select<T extends string>({
  value,
  onChange,
  options,
  disabled = false,
  ...field
}: SelectProps<T>) {
  return (
    <Field {...field}>
      {(control) => (
        <Base.Root
          value={value}
          onValueChange={(next) => {
            if (next !== null) onChange(next);
          }}
          items={options.map((option) => ({ value: option.value, label: option.label }))}
          disabled={disabled}
        >
          <Base.Trigger
            {...control}
            className={classNames(
              inputClass,
              'flex w-full items-center justify-between gap-2 text-left data-popup-open:border-muted',
            )}
          >
            <Base.Value className="truncate" />
            <Base.Icon className="text-muted">
              <ChevronsUpDown aria-hidden size={14} />
            </Base.Icon>
          </Base.Trigger>
          <Base.Portal>
            <Base.Positioner sideOffset={4} alignItemWithTrigger={false} className="z-40">
              <Base.Popup className="floating appear max-h-[min(360px,var(--available-height))] min-w-[var(--anchor-width)] overflow-y-auto p-1">
                <Base.List>
                  {options.map((option) => (
                    <Base.Item
                      key={option.value}
                      value={option.value}
                      disabled={option.isDisabled ?? false}
                      className="grid min-h-control max-w-96 grid-cols-[16px_1fr] items-center gap-x-2 rounded-sm px-2 py-0.5 outline-none data-disabled:text-muted data-highlighted:bg-hover"
                    >
                      <Base.ItemIndicator className="text-accent">
                        <Check aria-hidden size={14} />
                      </Base.ItemIndicator>
                      <span className="col-start-2 flex min-w-0 items-center gap-2">
                        {option.icon}
                        <Base.ItemText className="truncate">{option.label}</Base.ItemText>
                      </span>
                      {option.detail && (
                        <span className="col-start-2 text-meta text-muted">{option.detail}</span>
                      )}
                    </Base.Item>
                  ))}
                </Base.List>
              </Base.Popup>
            </Base.Positioner>
          </Base.Portal>
        </Base.Root>
      )}
    </Field>
  );
}
