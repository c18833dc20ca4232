/** Bounded text fields that several nouns share, with messages that name the rule. */
import { z } from 'zod';

const hasControl = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

/** A line that a person reads: 1 to `max` characters, trimmed, without control or bidirectional override characters. */
export function line(max: number) {
  return z
    .string()
    .trim()
    .min(1, 'must not be empty')
    .max(max, `must have at most ${max} characters`)
    .refine((value) => !hasControl.test(value), 'must not contain control characters');
}

/** A name that a person gives. Any letters, quotes and slashes are welcome: it is never used as a path or in a command. */
export const DisplayName = line(80);

/** An instant as an ISO 8601 string in UTC. */
export const Instant = z.iso.datetime();
export type Instant = z.infer<typeof Instant>;

/** What is shown in place of a value that has not been read yet is never zero: it is null. */
export const Bytes = z.number().int().nonnegative();
