/** Droplets: made, found and read. A list is in two parts, since those with a GPU are in one of their own. */
import type { CloudMachine, MachineWish } from '../../control-plane/interfaces/cloud-provider.ts';
import { readAllPages } from './all-pages.ts';
import type { ApiClient } from './api-client.ts';
import { CreatedDroplet, Droplet, gib, mib, pageOf } from './shapes.ts';
import { z } from 'zod';

const Framed = z.object({ droplet: Droplet });

/** Sent once. Whoever gets cloud.unreachable or cloud.failed looks for a tag of the wish. */
export async function createMachine(
  api: ApiClient,
  wish: MachineWish,
  signal: AbortSignal,
): Promise<{ machine: CloudMachine; actionId: string | null }> {
  const body = {
    name: wish.name,
    // Never left out: a Droplet without one is made wherever there is room.
    region: wish.region,
    size: wish.size,
    image: numberOrSlug(wish.image),
    ssh_keys: wish.keyIds.map(numberOrSlug),
    backups: wish.hasBackups,
    ipv6: wish.hasIpv6,
    monitoring: wish.hasMonitoring,
    tags: wish.tags,
    user_data: wish.userData,
    // It would let whoever has the account in through the web console, past the firewall and the keys.
    with_droplet_agent: false,
  };
  const { droplet, links } = await api.change('POST /v2/droplets', CreatedDroplet, signal, { body });
  const actions = links?.actions ?? [];
  const action = actions.find(({ rel }) => rel === 'create') ?? actions[0];
  return { machine: toMachine(droplet), actionId: action?.id ?? null };
}

export async function machinesTagged(
  api: ApiClient,
  tag: string,
  signal: AbortSignal,
): Promise<CloudMachine[]> {
  const list = (query: Record<string, string>) =>
    readAllPages(api, 'GET /v2/droplets', 'droplets', Droplet, signal, { query });
  // A tag and a type cannot be asked for together.
  const [usual, gpu] = await Promise.all([list({ tag_name: tag }), list({ type: 'gpus' })]);
  // A token without `tag:read` is shown Droplets without their tags; that these have this one is then known all the same.
  const all = [
    ...usual.map((droplet) =>
      hasTag(droplet.tags, tag) ? droplet : { ...droplet, tags: [...droplet.tags, tag] },
    ),
    ...gpu.filter(({ tags }) => hasTag(tags, tag)),
  ];
  // A list that changes between two pages shows some twice.
  return [...new Map(all.map((droplet) => [droplet.id, toMachine(droplet)])).values()];
}

export async function findMachine(
  api: ApiClient,
  id: string,
  signal: AbortSignal,
): Promise<CloudMachine | undefined> {
  const parts = { droplet: id };
  const found = await api.find('GET /v2/droplets/{droplet}', Framed, signal, { parts });
  return found && toMachine(found.droplet);
}

export async function machineCount(api: ApiClient, signal: AbortSignal): Promise<number> {
  const count = async (query: Record<string, string>) => {
    const shape = pageOf('droplets', z.unknown());
    const page = await api.read('GET /v2/droplets', shape, signal, { query: { ...query, per_page: '1' } });
    return page.total ?? page.items.length;
  };
  const [usual, gpu] = await Promise.all([count({}), count({ type: 'gpus' })]);
  return usual + gpu;
}

/** Ids of images and keys are numbers; a name of digits alone would be no slug. */
export function numberOrSlug(id: string): number | string {
  return /^\d{1,15}$/.test(id) ? Number(id) : id;
}

/** Names of tags keep the letters of whoever made them first, and mean the same in any. */
function hasTag(tags: readonly string[], tag: string): boolean {
  return tags.some((one) => one.toLowerCase() === tag.toLowerCase());
}

function toMachine(droplet: Droplet): CloudMachine {
  const v4 = droplet.networks?.v4 ?? [];
  const v6 = droplet.networks?.v6 ?? [];
  const { image } = droplet;
  return {
    id: droplet.id,
    name: droplet.name,
    state: stateOf(droplet.status),
    isBusy: droplet.locked ?? false,
    region: droplet.region.slug,
    size: droplet.size_slug,
    image: image?.slug ?? image?.id ?? null,
    cpus: droplet.vcpus,
    memoryBytes: droplet.memory * mib,
    diskBytes: droplet.disk * gib,
    hourlyUsd: droplet.size.price_hourly,
    monthlyUsd: droplet.size.price_monthly,
    ipv4: addressOf(v4, 'public'),
    ipv6: addressOf(v6, 'public'),
    privateIpv4: addressOf(v4, 'private'),
    tags: droplet.tags,
    hasBackups: droplet.features?.includes('backups') ?? false,
    snapshotIds: droplet.snapshot_ids ?? [],
    createdAt: droplet.created_at,
  };
}

/** A word that is new is taken as "on": it costs, and what is there is looked at. */
function stateOf(status: string | false): CloudMachine['state'] {
  switch (status) {
    case 'new':
      return 'new';
    case 'off':
    case false:
      return 'off';
    case 'archive':
      return 'archived';
    default:
      return 'on';
  }
}

function addressOf(
  networks: readonly { readonly ip_address: string; readonly type?: string | undefined }[],
  type: string,
): string | null {
  return networks.find((network) => network.type === type)?.ip_address ?? null;
}
