/** A window in front of the page. Focus goes in and comes back; Escape closes; the title says what it is for. */
import { Dialog as Base } from '@base-ui/react/dialog';
import { X } from 'lucide-react';
import { type ReactNode, type RefObject, useRef } from 'react';
import { IconButton } from './button.tsx';
import { classNames } from './class-names.ts';

export interface DialogProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly title: ReactNode;
  readonly description?: ReactNode;
  readonly children: ReactNode;
  /** Buttons, the main one last. */
  readonly footer?: ReactNode;
  readonly width?: 'small' | 'normal' | 'wide';
  readonly initialFocus?: RefObject<HTMLElement | null>;
  /** A press beside it does not close it: it holds something that would be missed. */
  readonly staysOnOutsidePress?: boolean;
}

const widths = { small: 'max-w-[400px]', normal: 'max-w-[520px]', wide: 'max-w-[760px]' } as const;

/** Not the hidden inputs behind switches and checkboxes. */
const fields = 'input:not([type="checkbox"], [aria-hidden="true"]), textarea, [role="combobox"]';

/**
 * Where the keyboard begins: the first field, else the first button at the foot, which is the one that changes nothing.
 * Not the button that closes: its tooltip would take the first Escape.
 */
function firstControl(content: HTMLElement | null): HTMLElement | boolean {
  const field = content?.querySelector<HTMLElement>(fields);
  return field ?? content?.nextElementSibling?.querySelector<HTMLElement>('button') ?? true;
}

export function Dialog({
  isOpen,
  onClose,
  title,
  description,
  children,
  footer,
  width = 'normal',
  initialFocus,
  staysOnOutsidePress = false,
}: DialogProps) {
  const content = useRef<HTMLDivElement>(null);
  return (
    <Base.Root
      open={isOpen}
      disablePointerDismissal={staysOnOutsidePress}
      onOpenChange={(next) => {
        if (!next) onClose();
      }}
    >
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-30 bg-scrim transition-opacity data-ending-style:opacity-0 data-starting-style:opacity-0" />
        <Base.Viewport className="fixed inset-0 z-30 flex items-start justify-center overflow-y-auto p-4 pt-[12vh]">
          <Base.Popup
            initialFocus={initialFocus ?? (() => firstControl(content.current))}
            className={classNames(
              'floating appear flex max-h-[76vh] w-full flex-col rounded-lg',
              widths[width],
            )}
          >
            <header className="flex items-start gap-3 px-5 pt-4 pb-1">
              <div className="min-w-0 flex-1">
                <Base.Title className="text-lead font-semibold wrap-anywhere">{title}</Base.Title>
                {description && (
                  <Base.Description className="mt-1 text-muted">{description}</Base.Description>
                )}
              </div>
              <Base.Close render={<IconButton label="Close" icon={X} className="-mr-2" />} />
            </header>
            <div ref={content} className="min-h-0 flex-1 overflow-y-auto px-5 py-3">
              {children}
            </div>
            {footer && (
              <footer className="flex flex-wrap items-center justify-end gap-2 border-t border-line px-5 py-3">
                {footer}
              </footer>
            )}
          </Base.Popup>
        </Base.Viewport>
      </Base.Portal>
    </Base.Root>
  );
}
