/**
 * Networks of workspaces: a bridge for each, with no traffic between its containers and no IPv6, whose interface bears a
 * name that the network guard knows before the network exists. A network of the right name that is more open than that
 * is never taken for one; one whose interface the engine named (an earlier Berth's) is.
 */
import { randomBytes } from 'node:crypto';
import { BerthError } from '#contract/berth-error.ts';
import { bridgePrefix } from '../../control-plane/interfaces/container-engine.ts';
import { type LabelFilter, labelFilter } from './container-inspection.ts';
import { type EngineClient, pathPart } from './engine-client.ts';
import { asList, asRecord, asText, type JsonRecord } from './engine-json.ts';
import { readNetwork } from './engine-shapes.ts';

const ICC_OPTION = 'com.docker.network.bridge.enable_icc';
const BRIDGE_OPTION = 'com.docker.network.bridge.name';
/** Characters of an interface's name: IFNAMSIZ (netdevice(7)) is 16 with the zero at its end. */
const MAX_INTERFACE_NAME = 15;
/** 32 letters, so that each random byte gives one without a bias. */
const base32 = 'abcdefghijklmnopqrstuvwxyz234567';
/** A name is one of 2^45: that one is taken is an accident, that three are is something else. */
const MAX_NAMES_TRIED = 3;

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
  for (let tried = 1; ; tried++) {
    try {
      const ours = await createNetwork(client, name, { labels, signal });
      await keepOldest(client, name, { ours, signal });
      return;
    } catch (error) {
      if (isInterfaceTaken(error) && tried < MAX_NAMES_TRIED) continue;
      // Someone else was faster.
      if (!BerthError.is(error, 'conflict') || !(await hasNetwork(client, name, signal))) throw error;
      return;
    }
  }
}

async function createNetwork(
  client: EngineClient,
  name: string,
  { labels, signal }: { labels: Readonly<Record<string, string>>; signal: AbortSignal | undefined },
): Promise<string> {
  const body = {
    Name: name,
    // Before API 1.44 the engine makes a second network of the same name unless told not to.
    CheckDuplicate: true,
    Driver: 'bridge',
    Internal: false,
    Attachable: false,
    Ingress: false,
    EnableIPv6: false,
    Options: { [ICC_OPTION]: 'false', [BRIDGE_OPTION]: newInterfaceName() },
    Labels: labels,
  };
  const request = { method: 'POST', path: '/networks/create', body, subject: 'network', signal } as const;
  return asText(asRecord(await client.json(request)).Id);
}

/** Random and not made of the network's name: two that create the same one at once must not be told of a taken interface. */
function newInterfaceName(): string {
  const random = randomBytes(MAX_INTERFACE_NAME - bridgePrefix.length);
  return bridgePrefix + [...random].map((byte) => base32[byte % base32.length]).join('');
}

/** Docker: "networks have same bridge name"; Podman: "bridge name … already in use". */
function isInterfaceTaken(error: unknown): boolean {
  return BerthError.is(error) && /bridge name/i.test(String(error.details.engineMessage ?? ''));
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
  const found = await networksNamed(client, name, signal);
  const isClosed = (network: JsonRecord) =>
    network.Driver === 'bridge' &&
    asRecord(network.Options)[ICC_OPTION] === 'false' &&
    network.EnableIPv6 !== true;
  if (found.every(isClosed)) return found.length > 0;
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
  const [oldest] = (await networksNamed(client, name, signal))
    .map((network) => ({ id: asText(network.Id), created: asText(network.Created) }))
    .sort((a, b) => (a.created < b.created || (a.created === b.created && a.id < b.id) ? -1 : 1));
  if (oldest && oldest.id !== ours) await removeNetwork(client, ours, signal);
}

/** By the list: asking for one by its name fails while there are two. The filter finds parts of names too. */
async function networksNamed(
  client: EngineClient,
  name: string,
  signal: AbortSignal | undefined,
): Promise<JsonRecord[]> {
  const query = { filters: JSON.stringify({ name: [name] }) };
  const list = await client.json({ method: 'GET', path: '/networks', query, subject: 'network', signal });
  return asList(list)
    .map(asRecord)
    .filter((network) => network.Name === name);
}
