/** What is said of a password that is being chosen: the rule before, and why it was refused after. */
import type { BerthError } from '#contract/berth-error.ts';
import { fieldErrors } from './field-errors.ts';

export const passwordRule =
  'At least 10 characters, of any kind; a few words that nobody would put together are good. Passwords that many people use, and your own address, are refused.';

/** For the password's field; null: it was not refused for what it is. */
export function unfitPassword(error: BerthError | null): string | null {
  return error?.code === 'account.password-unfit' ? error.message : null;
}

/** As `fieldErrors`, with the refusal of a password at the field `field`. */
export function passwordFormErrors(
  error: BerthError | null,
  field = 'password',
): Readonly<Record<string, string>> {
  const unfit = unfitPassword(error);
  return unfit === null ? fieldErrors(error) : { [field]: unfit };
}
