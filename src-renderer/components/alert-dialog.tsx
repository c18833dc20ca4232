/**
 * Asks before something that cannot be taken back in place. It names the act and the thing, lists what goes and what
 * stays, and, only where data is lost for good, wants the thing's name typed. Escape and the first focus mean no.
 */
import { AlertDialog as Base } from '@base-ui/react/alert-dialog';
import { Minus, ShieldCheck } from 'lucide-react';
import { type ReactNode, useRef, useState } from 'react';
import { Button } from './button.tsx';
import { TextField } from './text-field.tsx';

export interface AlertDialogProps {
  readonly isOpen: boolean;
  readonly title: ReactNode;
  readonly body: ReactNode;
  /** Text to look at before agreeing, drawn as it is in the code font: what would be pasted. */
  readonly preview?: string;
  readonly deletes?: readonly string[];
  readonly keeps?: readonly string[];
  readonly action: string;
  readonly isDangerous?: boolean;
  readonly typeToConfirm?: string;
  readonly onAnswer: (isAgreed: boolean) => void;
}

export function AlertDialog(props: AlertDialogProps) {
  const { isOpen, onAnswer } = props;
  return (
    <Base.Root
      open={isOpen}
      onOpenChange={(next) => {
        if (!next) onAnswer(false);
      }}
    >
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-40 bg-scrim transition-opacity data-ending-style:opacity-0 data-starting-style:opacity-0" />
        <Base.Viewport className="fixed inset-0 z-40 flex items-start justify-center overflow-y-auto p-4 pt-[16vh]">
          <AlertContent {...props} />
        </Base.Viewport>
      </Base.Portal>
    </Base.Root>
  );
}

function AlertContent({
  title,
  body,
  preview,
  deletes = [],
  keeps = [],
  action,
  isDangerous = false,
  typeToConfirm,
  onAnswer,
}: AlertDialogProps) {
  const [typed, setTyped] = useState('');
  const first = useRef<HTMLButtonElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const isReady = typeToConfirm === undefined || typed.trim() === typeToConfirm.trim();
  return (
    <Base.Popup
      initialFocus={typeToConfirm === undefined ? first : input}
      className="floating appear w-full max-w-[440px] rounded-lg"
    >
      <form
        className="flex flex-col gap-3 p-5"
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady) onAnswer(true);
        }}
      >
        <Base.Title className="text-lead font-semibold wrap-anywhere">{title}</Base.Title>
        <Base.Description className="text-muted wrap-anywhere">{body}</Base.Description>
        {preview !== undefined && (
          <section
            aria-label="What it is about"
            // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
            tabIndex={0}
            // Eight lines and the padding; the rest scrolls.
            className="max-h-[calc(8*1.5em+16px)] overflow-auto rounded-md border border-line bg-app px-3 py-2"
          >
            <pre className="m-0 leading-normal whitespace-pre">{preview}</pre>
          </section>
        )}
        {deletes.length > 0 && (
          <ul aria-label="What will be deleted" className="m-0 flex list-none flex-col gap-1 p-0">
            <li aria-hidden className="text-meta font-medium text-muted">
              Deleted for good
            </li>
            {deletes.map((line) => (
              <li key={line} className="flex items-start gap-2 wrap-anywhere">
                <Minus aria-hidden size={14} className="mt-[3px] shrink-0 text-failed" />
                {line}
              </li>
            ))}
          </ul>
        )}
        {keeps.length > 0 && (
          <ul aria-label="What stays" className="m-0 flex list-none flex-col gap-1 p-0">
            <li aria-hidden className="text-meta font-medium text-muted">
              Kept
            </li>
            {keeps.map((line) => (
              <li key={line} className="flex items-start gap-2 wrap-anywhere">
                <ShieldCheck aria-hidden size={14} className="mt-[3px] shrink-0 text-running" />
                {line}
              </li>
            ))}
          </ul>
        )}
        {typeToConfirm !== undefined && (
          <TextField
            ref={input}
            label={
              <>
                Type <span className="font-code break-all">{typeToConfirm}</span> to confirm
              </>
            }
            value={typed}
            onChange={setTyped}
            isCode
          />
        )}
        <footer className="mt-1 flex flex-wrap justify-end gap-2">
          <Base.Close render={<Button ref={first}>Cancel</Button>} />
          <Button
            type="submit"
            variant={isDangerous ? 'danger' : 'primary'}
            disabled={!isReady}
            reason="Type the name first"
          >
            {action}
          </Button>
        </footer>
      </form>
    </Base.Popup>
  );
}
