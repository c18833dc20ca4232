/** Nobody looks at this window now: another one has the keyboard, or it is not shown. */
export const isAway = (): boolean => document.hidden || !document.hasFocus();
