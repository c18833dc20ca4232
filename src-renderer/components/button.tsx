/** Buttons: a verb, at most one `primary` in a view. A button that is disabled says why in its tooltip (`reason`). */
import type { LucideIcon } from 'lucide-react';
import type { ButtonHTMLAttributes, ReactNode, Ref } from 'react';
import { classNames } from './class-names.ts';
import { Spinner } from './spinner.tsx';
import { Tooltip } from './tooltip.tsx';

export type ButtonVariant = 'primary' | 'secondary' | 'quiet' | 'danger';

export interface ButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'children'> {
  readonly children: ReactNode;
  readonly variant?: ButtonVariant;
  readonly icon?: LucideIcon;
  /** The act is under way: the button stays as wide as it is and takes no second click. */
  readonly isBusy?: boolean;
  readonly keys?: readonly string[];
  /** Why it is disabled. */
  readonly reason?: string;
  readonly ref?: Ref<HTMLButtonElement>;
}

const variants: Record<ButtonVariant, string> = {
  primary:
    'bg-accent text-on-accent font-medium hover:bg-accent-hover aria-disabled:bg-hover aria-disabled:text-muted',
  secondary:
    'bg-raised text-text border border-line hover:bg-hover aria-disabled:text-muted aria-disabled:bg-transparent',
  quiet: 'text-text hover:bg-hover aria-disabled:text-muted aria-disabled:bg-transparent',
  danger:
    'bg-failed-fill text-on-failed font-medium hover:brightness-110 aria-disabled:bg-hover aria-disabled:text-muted',
};

export function Button({
  children,
  variant = 'secondary',
  icon: Icon,
  isBusy = false,
  keys,
  reason,
  disabled = false,
  className,
  onClick,
  type = 'button',
  ...rest
}: ButtonProps) {
  const isOff = disabled || isBusy;
  const button = (
    <button
      {...rest}
      type={type}
      // Not `disabled`: the button keeps its place in the tab order, and its tooltip says why it does nothing.
      aria-disabled={isOff || undefined}
      aria-busy={isBusy || undefined}
      onClick={(event) => {
        if (isOff) event.preventDefault();
        else onClick?.(event);
      }}
      className={classNames(
        'inline-flex h-control shrink-0 items-center justify-center gap-1.5 rounded-md px-3 whitespace-nowrap transition-colors',
        variants[variant],
        className,
      )}
    >
      {isBusy ? <Spinner /> : Icon && <Icon aria-hidden size={15} strokeWidth={1.75} />}
      {children}
    </button>
  );
  // Not while it is only busy: another element around it would be another button, and the keyboard would be lost.
  const hint = disabled ? reason : undefined;
  return hint !== undefined || keys !== undefined ? (
    <Tooltip text={hint ?? children} {...(hint === undefined && keys ? { keys } : {})}>
      {button}
    </Tooltip>
  ) : (
    button
  );
}

export interface IconButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'children'> {
  /** Its name: the tooltip and what a screen reader says. */
  readonly label: string;
  readonly icon: LucideIcon;
  readonly keys?: readonly string[];
  readonly size?: 'normal' | 'small';
  readonly isPressed?: boolean;
  readonly tooltipSide?: 'top' | 'bottom' | 'left' | 'right';
  readonly ref?: Ref<HTMLButtonElement>;
}

export function IconButton({
  label,
  icon: Icon,
  keys,
  size = 'normal',
  isPressed,
  tooltipSide = 'bottom',
  disabled = false,
  className,
  onClick,
  type = 'button',
  ...rest
}: IconButtonProps) {
  return (
    <Tooltip text={label} side={tooltipSide} {...(keys ? { keys } : {})}>
      <button
        {...rest}
        type={type}
        aria-label={label}
        aria-pressed={isPressed}
        aria-disabled={disabled || undefined}
        onClick={(event) => {
          if (disabled) event.preventDefault();
          else onClick?.(event);
        }}
        className={classNames(
          'inline-flex shrink-0 items-center justify-center rounded-md text-muted transition-colors',
          'hover:bg-hover hover:text-text aria-disabled:text-faint aria-disabled:hover:bg-transparent data-popup-open:bg-hover data-popup-open:text-text',
          isPressed && 'text-accent',
          size === 'normal' ? 'size-control' : 'size-5 rounded-sm',
          className,
        )}
      >
        <Icon aria-hidden size={size === 'normal' ? 16 : 14} strokeWidth={1.75} />
      </button>
    </Tooltip>
  );
}
