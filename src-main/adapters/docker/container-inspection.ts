/** What several parts of the adapter ask in the same way: one container's raw facts, filters by label, what is our own. */
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

/** On the container that prepares a workspace, alone: nothing that looks for workspaces takes it for one. */
export const PREPARES_LABEL = 'dev.berth.prepares';
/** On every helper container (helper-containers.ts), whatever labels of workspaces it carries besides. */
export const HELPER_LABEL = 'dev.berth.helper';

/** A container that Berth made for work of its own: never a workspace. */
export function isOwnContainer(labels: Readonly<Record<string, string>>): boolean {
  return Object.hasOwn(labels, PREPARES_LABEL) || Object.hasOwn(labels, HELPER_LABEL);
}

/** Whatever its state. Idempotent: none is fine, and so is another removal under way. */
export async function removeByForce(client: EngineClient, id: string, signal?: AbortSignal): Promise<void> {
  await client.call({
    method: 'DELETE',
    path: `/containers/${pathPart(id)}`,
    query: { force: 1, v: 1 },
    subject: 'container',
    accept: [404, 409],
    signal,
  });
}
