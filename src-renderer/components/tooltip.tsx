/** Names a control that has only an icon, or tells why one is off. Never holds what cannot be found elsewhere. */
import { Tooltip as Base } from '@base-ui/react/tooltip';
import type { ReactElement, ReactNode } from 'react';
import { KeyHint } from './key-hint.tsx';

export interface TooltipProps {
  readonly text: ReactNode;
  readonly keys?: readonly string[];
  readonly side?: 'top' | 'bottom' | 'left' | 'right';
  /** One element that takes a ref and events. */
  readonly children: ReactElement<Record<string, unknown>>;
}

export function Tooltip({ text, keys, side = 'bottom', children }: TooltipProps) {
  return (
    <Base.Root>
      <Base.Trigger render={children} />
      <Base.Portal>
        <Base.Positioner side={side} sideOffset={6} className="z-50">
          <Base.Popup className="floating appear flex max-w-80 items-center gap-2 px-2 py-1 text-meta text-text wrap-anywhere">
            <span>{text}</span>
            {keys && <KeyHint keys={keys} />}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

/** Once, at the top: after one tooltip the next ones come at once. */
export function TooltipProvider({ children }: { children: ReactNode }) {
  return (
    <Base.Provider delay={500} timeout={300}>
      {children}
    </Base.Provider>
  );
}
