/** Brings what failed before the person's eyes: the first wrong field gets the keyboard, else the note below is shown. */
import { type RefObject, useEffect } from 'react';
import type { BerthError } from '#contract/berth-error.ts';

export function useShownFailure(form: RefObject<HTMLElement | null>, error: BerthError | null): void {
  useEffect(() => {
    if (error === null || form.current === null) return;
    const wrong = form.current.querySelector<HTMLElement>('[aria-invalid="true"]');
    // Focus scrolls the field into view by itself.
    if (wrong !== null) wrong.focus();
    else form.current.lastElementChild?.scrollIntoView({ block: 'nearest' });
  }, [form, error]);
}
