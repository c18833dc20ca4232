/**
 * What a program of an earlier system sends: fields as JSON, or as a form, and unknown ones beside, which are passed over
 * as those systems did. And how it wants to be answered: a page where a person navigates, data otherwise.
 */
import type { Context } from 'hono';
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import { plainRule } from '#contract/plain-rules.ts';
import type { Caller } from '../../control-plane/caller.ts';
import { invalidInput } from '../../control-plane/dispatcher.ts';
import { readForm, readJsonObject } from '../read-body.ts';
import type { ApiEnvironment } from '../rest-routes.ts';

/** A project with 128 variables of 32,768 characters fits; see maxMessageBytes. */
const maxBodyBytes = 16 * 1024 * 1024;
const maxFormBytes = 64 * 1024;

export type ApiContext = Context<ApiEnvironment>;

/**
 * @throws BerthError invalid-input. A form is refused from a browser's session: any page can send one, and a cookie would
 * go along.
 */
export async function readFields(context: ApiContext): Promise<Record<string, unknown>> {
  const type = context.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded') return readJsonObject(context.req, maxBodyBytes);
  // Nobody may be known yet, where a form holds the operator's key.
  const caller = context.get('caller') as Caller | undefined;
  if (caller?.access?.by === 'browser')
    throw new BerthError('invalid-input', 'The body must be a JSON object, sent as application/json.');
  return readForm(context.req, maxFormBytes);
}

/** @throws BerthError invalid-input that names field and rule, never the value */
export function parsed<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value, { error: plainRule });
  if (!result.success) throw invalidInput(result.error);
  return result.data;
}

/** `true`, `1`, `yes` as FastAPI reads them; also what JSON has. */
export const Flag = z.union([
  z.boolean(),
  z
    .enum(['true', 'false', '1', '0', 'yes', 'no', 'on', 'off'])
    .transform((word) => ['true', '1', 'yes', 'on'].includes(word)),
]);

/** Seconds that an answer may wait for work to end. A proxy in front gives up after 30 to 60. */
export const WaitSeconds = z.coerce.number().min(0).max(120).default(25);

/** A person's browser goes to a page: what it wants is the window, also where a program gets data. */
export function isNavigation(context: Context): boolean {
  const mode = context.req.header('sec-fetch-mode');
  if (mode !== undefined && mode !== 'navigate') return false;
  return (context.req.header('accept') ?? '').toLowerCase().includes('text/html');
}
