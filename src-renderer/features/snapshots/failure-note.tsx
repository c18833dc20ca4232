/** A failure at the end of a long dialog: it comes into view, so that nobody waits below it without knowing. */
import { useEffect, useRef } from 'react';
import { ErrorNote, type ErrorNoteProps } from '../../components/error-note.tsx';

export function FailureNote(props: ErrorNoteProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Newer browsers return a promise here, which an effect must not.
    box.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  return (
    <div ref={box}>
      <ErrorNote {...props} />
    </div>
  );
}
