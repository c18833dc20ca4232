/** The name of an entry while it is typed where it stands: Enter takes it, Escape leaves it, and so does nothing typed. */
import { useEffect, useRef, useState } from 'react';
import { FileName as FileNameShape } from '#contract/files.ts';

export interface RenameFieldProps {
  readonly name: string;
  /** Null: the name stays as it is. Called once. */
  readonly onEnd: (newName: string | null) => void;
}

export function RenameField({ name, onEnd }: RenameFieldProps) {
  const [text, setText] = useState(name);
  const input = useRef<HTMLInputElement>(null);
  const hasEnded = useRef(false);
  useEffect(() => {
    const dot = name.lastIndexOf('.');
    input.current?.focus();
    // What comes after the dot says what it is, and mostly stays.
    input.current?.setSelectionRange(0, dot > 0 ? dot : name.length);
  }, [name]);
  const isFine = FileNameShape.safeParse(text).success;
  const end = (newName: string | null) => {
    if (hasEnded.current) return;
    hasEnded.current = true;
    onEnd(newName === name ? null : newName);
  };
  return (
    <input
      ref={input}
      aria-label={`New name of ${name}`}
      aria-invalid={!isFine || undefined}
      title={isFine ? undefined : 'A name is not empty and has no slash'}
      value={text}
      spellCheck={false}
      autoComplete="off"
      onChange={(event) => setText(event.target.value)}
      onClick={(event) => event.stopPropagation()}
      onDoubleClick={(event) => event.stopPropagation()}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === 'Escape') end(null);
        if (event.key === 'Enter' && isFine) end(text);
      }}
      onBlur={() => end(isFine ? text : null)}
      className="min-w-0 flex-1 rounded-sm border border-line-control bg-field px-1 font-code text-[0.96em] aria-invalid:border-failed"
    />
  );
}
