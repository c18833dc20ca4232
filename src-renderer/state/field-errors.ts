/** Which field breaks which rule, from an `invalid-input` error: `details.fields` holds lines as `port: must be …`. */
import type { BerthError } from '#contract/berth-error.ts';

export function fieldErrors(error: BerthError | null): Readonly<Record<string, string>> {
  const lines = error?.code === 'invalid-input' ? error.details['fields'] : undefined;
  if (!Array.isArray(lines)) return {};
  return Object.fromEntries(
    lines.map((line: string) => {
      const colon = line.indexOf(': ');
      return colon < 0 ? ['', line] : [line.slice(0, colon), line.slice(colon + 2)];
    }),
  );
}
