/** Which field breaks which rule, from an `invalid-input` error: `details.fields` holds lines as `port: must be …`. */
import type { BerthError } from '#contract/berth-error.ts';

export function fieldErrors(error: BerthError | null): Readonly<Record<string, string>> {
  const lines = error?.code === 'invalid-input' ? error.details.fields : undefined;
  if (!Array.isArray(lines)) return {};
  return Object.fromEntries(
    lines.map((line: string) => {
      const colon = line.indexOf(': ');
      return colon < 0 ? ['', line] : [line.slice(0, colon), line.slice(colon + 2)];
    }),
  );
}

/**
 * What a form must show of an error beside its fields: null when every line of it stands at one of the fields that the
 * form `shows`, the error itself otherwise. So no failure is ever without a word.
 */
export function errorBesideFields(
  error: BerthError | null,
  shows: (field: string) => boolean,
): BerthError | null {
  if (error === null) return null;
  const fields = Object.keys(fieldErrors(error));
  return fields.length > 0 && fields.every(shows) ? null : error;
}
