/** Checkbox, Switch and RadioGroup: a mark, its label, and a sentence below it. The whole row can be clicked. */
import { Checkbox as BaseCheckbox } from '@base-ui/react/checkbox';
import { Radio } from '@base-ui/react/radio';
import { RadioGroup as BaseRadioGroup } from '@base-ui/react/radio-group';
import { Switch as BaseSwitch } from '@base-ui/react/switch';
import { Check, Minus } from 'lucide-react';
import { type ReactNode, useId } from 'react';
import { classNames } from './class-names.ts';

interface ChoiceProps {
  readonly label: ReactNode;
  readonly help?: ReactNode;
  readonly isChecked: boolean;
  readonly onChange: (isChecked: boolean) => void;
  readonly disabled?: boolean;
  readonly className?: string;
}

function ChoiceText({ id, label, help }: { id: string; label: ReactNode; help?: ReactNode }) {
  return (
    <span className="flex min-w-0 flex-col">
      <span id={id}>{label}</span>
      {help && (
        <span id={`${id}-help`} className="text-meta text-muted">
          {help}
        </span>
      )}
    </span>
  );
}

export function Checkbox({
  label,
  help,
  isChecked,
  onChange,
  disabled = false,
  isMixed = false,
  className,
}: ChoiceProps & { isMixed?: boolean }) {
  const id = useId();
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the custom checkbox inside
    <label className={classNames('flex items-start gap-2 py-1', disabled && 'text-muted', className)}>
      <BaseCheckbox.Root
        checked={isChecked}
        indeterminate={isMixed}
        disabled={disabled}
        onCheckedChange={(next) => onChange(next)}
        aria-labelledby={id}
        aria-describedby={help ? `${id}-help` : undefined}
        className="mt-[2px] flex size-4 shrink-0 items-center justify-center rounded-sm border border-line-control bg-field data-checked:border-accent data-checked:bg-accent data-disabled:opacity-60 data-indeterminate:border-accent data-indeterminate:bg-accent"
      >
        <BaseCheckbox.Indicator className="text-on-accent">
          {isMixed ? (
            <Minus aria-hidden size={12} strokeWidth={3} />
          ) : (
            <Check aria-hidden size={12} strokeWidth={3} />
          )}
        </BaseCheckbox.Indicator>
      </BaseCheckbox.Root>
      <ChoiceText id={id} label={label} help={help} />
    </label>
  );
}

export function Switch({ label, help, isChecked, onChange, disabled = false, className }: ChoiceProps) {
  const id = useId();
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the custom switch inside
    <label
      className={classNames(
        'flex items-start justify-between gap-4 py-1',
        disabled && 'text-muted',
        className,
      )}
    >
      <ChoiceText id={id} label={label} help={help} />
      <BaseSwitch.Root
        checked={isChecked}
        disabled={disabled}
        onCheckedChange={(next) => onChange(next)}
        aria-labelledby={id}
        aria-describedby={help ? `${id}-help` : undefined}
        className="mt-0.5 flex h-[18px] w-8 shrink-0 items-center rounded-full border border-line-control bg-field px-px transition-colors data-checked:border-accent data-checked:bg-accent data-disabled:opacity-60"
      >
        <BaseSwitch.Thumb className="size-3.5 rounded-full bg-line-control transition-transform data-checked:translate-x-[14px] data-checked:bg-on-accent" />
      </BaseSwitch.Root>
    </label>
  );
}

export interface RadioOption<T extends string> {
  readonly value: T;
  readonly label: ReactNode;
  readonly help?: ReactNode;
  readonly isDisabled?: boolean;
}

export interface RadioGroupProps<T extends string> {
  readonly label: ReactNode;
  readonly value: T;
  readonly onChange: (value: T) => void;
  readonly options: readonly RadioOption<T>[];
  readonly isLabelHidden?: boolean;
}

export function RadioGroup<T extends string>({
  label,
  value,
  onChange,
  options,
  isLabelHidden = false,
}: RadioGroupProps<T>) {
  const id = useId();
  return (
    <div className="flex flex-col gap-1">
      <span id={id} className={classNames('text-meta font-medium', isLabelHidden && 'sr-only')}>
        {label}
      </span>
      <BaseRadioGroup
        value={value}
        onValueChange={(next) => {
          const chosen = options.find((option) => option.value === next);
          if (chosen) onChange(chosen.value);
        }}
        aria-labelledby={id}
        className="flex flex-col"
      >
        {options.map((option) => (
          // biome-ignore lint/a11y/noLabelWithoutControl: the control is the custom radio inside
          <label
            key={option.value}
            className={classNames('flex items-start gap-2 py-1', option.isDisabled && 'text-muted')}
          >
            <Radio.Root
              value={option.value}
              disabled={option.isDisabled ?? false}
              aria-labelledby={`${id}-${option.value}`}
              aria-describedby={option.help ? `${id}-${option.value}-help` : undefined}
              className="mt-[2px] flex size-4 shrink-0 items-center justify-center rounded-full border border-line-control bg-field data-checked:border-accent data-disabled:opacity-60"
            >
              <Radio.Indicator className="size-2 rounded-full bg-accent" />
            </Radio.Root>
            <ChoiceText id={`${id}-${option.value}`} label={option.label} help={option.help} />
          </label>
        ))}
      </BaseRadioGroup>
    </div>
  );
}
