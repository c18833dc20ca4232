/** Which field of a form about one's own account a refusal is about, in words that say what to look at. Pure. */
import type { BerthError } from '#contract/berth-error.ts';

/**
 * `fields` are those that the plane may refuse with account.sign-in-failed: it never says which of them was wrong.
 */
export function wrongTyped(
  error: BerthError | null,
  fields: readonly ('password' | 'code')[],
): Readonly<Record<string, string>> {
  if (error?.code !== 'account.sign-in-failed') return {};
  const words = { password: 'This password is not right.', code: 'This code is not right.' };
  if (fields.length === 1) return Object.fromEntries(fields.map((field) => [field, words[field]]));
  return { [fields[0] ?? 'password']: 'The password or the code is not right.' };
}
