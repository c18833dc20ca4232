/**
 * What is looked for in what is shown, how often it is there, and the way through it. Guarantees that its field has the
 * keyboard when it comes and whenever it is asked for again, and shows that; Enter goes where `enterGoes` says and Shift+Enter
 * the other way; Escape closes it and nothing else.
 */
import { ChevronDown, ChevronUp, X } from 'lucide-react';
import { type ReactNode, useEffect, useRef } from 'react';
import { IconButton } from './button.tsx';
import { classNames } from './class-names.ts';
import { inputClass } from './field.tsx';

export interface FindBarProps {
  /** Another number: it was asked for again, from wherever the keyboard was. */
  readonly asked: number;
  /** Of the field: “Find in page”. */
  readonly label: string;
  readonly text: string;
  readonly onText: (text: string) => void;
  /** What was found, in few words; empty: nothing to say yet. */
  readonly found: string;
  /** What is in the field cannot be looked for. */
  readonly isInvalid?: boolean;
  readonly enterGoes: 'forward' | 'backward';
  readonly onStep: (isForward: boolean) => void;
  readonly onClose: () => void;
  /** How it is looked for: pressed buttons. */
  readonly children?: ReactNode;
  /** The code font: what is looked for is code or output. */
  readonly isCode?: boolean;
  readonly className: string;
}

export function FindBar(props: FindBarProps) {
  const { asked, label, text, onText, found, isInvalid = false, onStep, onClose, children } = props;
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    // What was looked for before is written over, or found again with Enter.
    if (asked > 0) input.current?.select();
    input.current?.focus();
  }, [asked]);
  const hasStep = text !== '' && !isInvalid;
  return (
    <search
      className={classNames('flex h-9 items-center gap-1 px-1', props.className)}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        onClose();
      }}
    >
      <input
        ref={input}
        type="text"
        value={text}
        aria-label={label}
        aria-invalid={isInvalid || undefined}
        placeholder={label}
        dir="auto"
        spellCheck={false}
        autoComplete="off"
        maxLength={500}
        onChange={({ target }) => onText(target.value)}
        onKeyDown={(event) => {
          // Enter also ends the choice of a character in an input method.
          if (event.key !== 'Enter' || event.nativeEvent.isComposing) return;
          event.preventDefault();
          if (hasStep) onStep((props.enterGoes === 'forward') !== event.shiftKey);
        }}
        className={classNames(
          inputClass,
          'w-56 flex-initial text-meta',
          props.isCode === true && 'font-code',
        )}
      />
      <output
        aria-live="polite"
        className="min-w-16 flex-1 px-1 text-meta whitespace-nowrap text-muted tabular-nums"
      >
        {found}
      </output>
      {children}
      <IconButton
        label="Previous match"
        icon={ChevronUp}
        size="small"
        disabled={!hasStep}
        onClick={() => onStep(false)}
      />
      <IconButton
        label="Next match"
        icon={ChevronDown}
        size="small"
        disabled={!hasStep}
        onClick={() => onStep(true)}
      />
      <IconButton label="Close find bar" icon={X} size="small" onClick={onClose} />
    </search>
  );
}
