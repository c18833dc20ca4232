/** What several parts of the adapter ask in the same way: one container's raw facts, and filters by label. */
import { BerthError } from '#contract/berth-error.ts';
import { type EngineClient, pathPart } from './engine-client.ts';
import { asRecord, type JsonRecord } from './engine-json.ts';

/** By id or name; undefined when there is none. */
export async function inspectRaw(
  client: EngineClient,
  id: string,
  signal?: AbortSignal,
): Promise<JsonRecord | undefined> {
  const answer = await client.call({
    method: 'GET',
    path: `/containers/${pathPart(id)}/json`,
    subject: 'container',
    accept: [404],
    signal,
  });
  return answer.status === 404 ? undefined : asRecord(answer.json);
}

export async function inspectExisting(
  client: EngineClient,
  id: string,
  signal?: AbortSignal,
): Promise<JsonRecord> {
  const json = await inspectRaw(client, id, signal);
  if (json) return json;
  throw new BerthError('not-found', 'The host does not have this container any more.');
}

/** All must match; null: present with any value. */
export type LabelFilter = Readonly<Record<string, string | null>>;

export function labelFilter(labels: LabelFilter): string {
  const wanted = Object.entries(labels).map(([name, value]) => (value === null ? name : `${name}=${value}`));
  return JSON.stringify({ label: wanted });
}
