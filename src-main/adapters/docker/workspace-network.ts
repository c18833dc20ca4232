/**
 * Networks of workspaces: a bridge for each, with no traffic between its containers and no IPv6. A network of the right
 * name that is more open than that is never taken for one.
 */
import { BerthError } from '#contract/berth-error.ts';
import { type LabelFilter, labelFilter } from './container-inspection.ts';
import { type EngineClient, pathPart } from './engine-client.ts';
import { asList, asRecord, asText } from './engine-json.ts';
import { readNetwork } from './engine-shapes.ts';

const ICC_OPTION = 'com.docker.network.bridge.enable_icc';

export async function listNetworks(client: EngineClient, labels: LabelFilter, signal?: AbortSignal) {
  const query = { filters: labelFilter(labels) };
  const list = await client.json({ method: 'GET', path: '/networks', query, subject: 'network', signal });
  return asList(list).map(readNetwork);
}

export async function ensureNetwork(
  client: EngineClient,
  name: string,
  { labels, signal }: { labels: Readonly<Record<string, string>>; signal: AbortSignal | undefined },
): Promise<void> {
  if (await hasNetwork(client, name, signal)) return;
  const body = {
    Name: name,
    // Before API 1.44 the engine makes a second network of the same name unless told not to.
    CheckDuplicate: true,
    Driver: 'bridge',
    Internal: false,
    Attachable: false,
    Ingress: false,
    EnableIPv6: false,
    Options: { [ICC_OPTION]: 'false' },
    Labels: labels,
  };
  const request = { method: 'POST', path: '/networks/create', body, subject: 'network', signal } as const;
  try {
    await keepOldest(client, name, { ours: asText(asRecord(await client.json(request)).Id), signal });
  } catch (error) {
    // Someone else was faster.
    if (!BerthError.is(error, 'conflict') || !(await hasNetwork(client, name, signal))) throw error;
  }
}

/** Idempotent: what is not there is removed already. */
export async function removeNetwork(client: EngineClient, name: string, signal?: AbortSignal): Promise<void> {
  const path = `/networks/${pathPart(name)}`;
  await client.call({ method: 'DELETE', path, subject: 'network', accept: [404], signal });
}

/** A network of this name that is as closed as ours; throws conflict for one that is not. */
async function hasNetwork(
  client: EngineClient,
  name: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const answer = await client.call({
    method: 'GET',
    path: `/networks/${pathPart(name)}`,
    subject: 'network',
    accept: [404],
    signal,
  });
  const network = asRecord(answer.json);
  // The engine also finds networks by the beginning of their id.
  if (answer.status === 404 || network.Name !== name) return false;
  const isClosed = asRecord(network.Options)[ICC_OPTION] === 'false';
  if (network.Driver === 'bridge' && isClosed && network.EnableIPv6 !== true) return true;
  throw new BerthError(
    'conflict',
    `The host has a network ${name} that is not closed as a workspace needs it. Remove it there.`,
    { details: { network: name } },
  );
}

/** The engine's own check has a race (before API 1.44): of several the oldest stays, and each maker removes its own. */
async function keepOldest(
  client: EngineClient,
  name: string,
  { ours, signal }: { ours: string; signal: AbortSignal | undefined },
): Promise<void> {
  const query = { filters: JSON.stringify({ name: [name] }) };
  const list = await client.json({ method: 'GET', path: '/networks', query, subject: 'network', signal });
  const [oldest] = asList(list)
    .map(asRecord)
    .filter((network) => network.Name === name)
    .map((network) => ({ id: asText(network.Id), created: asText(network.Created) }))
    .sort((a, b) => (a.created < b.created || (a.created === b.created && a.id < b.id) ? -1 : 1));
  if (oldest && oldest.id !== ours) await removeNetwork(client, ours, signal);
}
