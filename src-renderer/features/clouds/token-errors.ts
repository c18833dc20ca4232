/** What is wrong with a token that was pasted, at its field. Pure. */
import type { BerthError } from '#contract/berth-error.ts';
import { errorBesideFields, fieldErrors } from '../../state/field-errors.ts';

const aboutToken: ReadonlySet<string> = new Set(['cloud.token-refused', 'cloud.other-account']);

export function tokenErrors(error: BerthError | null): Readonly<Record<string, string>> {
  return error !== null && aboutToken.has(error.code) ? { token: error.message } : fieldErrors(error);
}

/** What stands at none of the `fields` of the form. */
export function besideToken(error: BerthError | null, fields: readonly string[]): BerthError | null {
  if (error !== null && aboutToken.has(error.code)) return null;
  return errorBesideFields(error, (field) => fields.includes(field));
}
