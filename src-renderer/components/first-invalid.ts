/** After a form was refused: the first field that is wrong gets the keyboard, and so comes into view. */
import { type RefObject, useEffect } from 'react';

/** `errors`: a new object each time the form is judged; empty when nothing is wrong. */
export function useFirstInvalid(
  form: RefObject<HTMLElement | null>,
  errors: Readonly<Record<string, string>>,
): void {
  useEffect(() => {
    if (Object.keys(errors).length === 0) return;
    form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus();
  }, [form, errors]);
}
