/** The account, its SSH keys, what is on offer, tags and firewalls. */
import { randomUUID } from 'node:crypto';
import { type Firewall, md5Fingerprint, type SshKey } from './account.ts';
import { type Json, textOf } from './api-document.ts';
import { ApiError, notFound, unprocessable } from './api-error.ts';
import { regions, sizes } from './catalogue.ts';
import { empty, ok, page, type RouteParts, type RouteRequest, type Routes } from './route.ts';
import { firewallView, keyView, regionView, sizeView, tagView } from './views.ts';

const keyOf = ({ account, params }: RouteRequest): SshKey => {
  const key = account.key(params.ssh_key_identifier ?? '');
  if (!key) throw notFound();
  return key;
};
const firewallOf = ({ account, params }: RouteRequest): Firewall => {
  const firewall = account.firewalls.get(params.firewall_id ?? '');
  if (!firewall) throw notFound();
  return firewall;
};
const tagOf = ({ account, params }: RouteRequest): string => {
  const tag = account.tags.get((params.tag_id ?? '').toLowerCase());
  if (tag === undefined) throw notFound();
  return tag;
};

interface FirewallWish {
  readonly name: string;
  readonly inbound_rules?: readonly { readonly sources?: { readonly addresses?: readonly string[] } }[];
  readonly outbound_rules?: readonly unknown[];
  readonly droplet_ids?: readonly number[] | null;
  readonly tags?: readonly string[] | null;
}
interface TaggedResource {
  readonly resource_id: string;
  readonly resource_type: 'droplet' | 'image' | 'volume' | 'volume_snapshot';
}

function taggable(request: RouteRequest): { tags: string[] }[] {
  const { account, scopes } = request;
  const resources = request.body.resources as unknown as TaggedResource[];
  return resources.map(({ resource_id: id, resource_type: type }) => {
    const noun = { droplet: 'droplet', image: 'image', volume: 'block_storage' }[type as 'droplet'];
    if (!scopes.has(`${noun ?? 'block_storage_snapshot'}:update`))
      throw new ApiError(403, 'forbidden', 'You are not authorized to perform this operation');
    const lists = {
      droplet: account.droplets.get(Number(id)),
      image: account.images.get(Number(id)),
      volume: account.volumes.get(id),
      volume_snapshot: account.volumeSnapshots.get(id),
    };
    const found = lists[type];
    if (!found) throw notFound();
    return found;
  });
}

export function accountRoutes({ pace, speeds }: RouteParts): Routes {
  const settle = (firewall: Firewall) => {
    firewall.status = 'waiting';
    const succeed = () => {
      firewall.status = 'succeeded';
    };
    pace.after(speeds.firewall, succeed);
  };
  const rulesOf = (request: RouteRequest) => {
    const wish = request.body as unknown as FirewallWish;
    for (const tag of wish.tags ?? [])
      if (!request.account.tags.has(tag.toLowerCase())) throw unprocessable(`tag ${tag} does not exist`);
    return {
      name: wish.name,
      inboundRules: wish.inbound_rules ?? [],
      outboundRules: wish.outbound_rules ?? [],
      dropletIds: [...(wish.droplet_ids ?? [])],
      tags: [...(wish.tags ?? [])],
    };
  };
  return {
    'GET /v2/account': ({ account }) =>
      ok({
        account: {
          droplet_limit: account.dropletLimit,
          floating_ip_limit: 3,
          email: `${account.name}@example.com`,
          name: account.name,
          uuid: account.uuid,
          email_verified: true,
          status: account.status,
          status_message: account.statusMessage,
          team: { uuid: account.teamUuid, name: `Team ${account.name}` },
        },
      }),
    'GET /v2/customers/my/balance': ({ account }) => {
      const { balance } = account;
      return ok({
        month_to_date_balance: balance.monthToDateBalance,
        account_balance: balance.accountBalance,
        month_to_date_usage: balance.monthToDateUsage,
        generated_at: account.now(),
      });
    },
    'GET /v2/account/keys': (request) =>
      page(request, 'ssh_keys', [...request.account.keys.values()].map(keyView)),
    'POST /v2/account/keys': ({ account, body }) => {
      const publicKey = textOf(body.public_key).trim();
      const blob = Buffer.from(publicKey.split(/\s+/)[1] ?? '', 'base64');
      const type = publicKey.split(/\s+/)[0] ?? '';
      if (blob.length < 32 || !blob.includes(type))
        throw unprocessable('Key invalid, key should be of SSH type');
      if (account.key(md5Fingerprint(publicKey)))
        throw unprocessable('SSH Key is already in use on your account');
      const key = account.plantKey(publicKey, textOf(body.name));
      return { status: 201, body: { ssh_key: keyView(key) } };
    },
    'GET /v2/account/keys/{ssh_key_identifier}': (request) => ok({ ssh_key: keyView(keyOf(request)) }),
    'PUT /v2/account/keys/{ssh_key_identifier}': (request) => {
      const key = keyOf(request);
      if (typeof request.body.name === 'string') key.name = request.body.name;
      return ok({ ssh_key: keyView(key) });
    },
    'DELETE /v2/account/keys/{ssh_key_identifier}': (request) => {
      request.account.keys.delete(keyOf(request).id);
      return empty();
    },

    'GET /v2/regions': (request) => page(request, 'regions', regions.map(regionView)),
    'GET /v2/sizes': (request) => page(request, 'sizes', sizes.map(sizeView)),
    'GET /v2/vpcs': (request) => {
      const { account } = request;
      const vpc = {
        id: account.vpcId,
        urn: `do:vpc:${account.vpcId}`,
        name: 'default-nyc1',
        description: '',
        region: 'nyc1',
        ip_range: '10.116.0.0/20',
        created_at: '2026-01-01T00:00:00Z',
        default: true,
      };
      return page(request, 'vpcs', [vpc]);
    },

    'GET /v2/tags': (request) => {
      const views: Json[] = [...request.account.tags.values()].map((tag) => tagView(request.account, tag));
      return page(request, 'tags', views);
    },
    'POST /v2/tags': ({ account, body }) => {
      const tag = account.useTag(textOf(body.name));
      return { status: 201, body: { tag: tagView(account, tag) } };
    },
    'GET /v2/tags/{tag_id}': (request) => ok({ tag: tagView(request.account, tagOf(request)) }),
    'DELETE /v2/tags/{tag_id}': (request) => {
      const { account } = request;
      const tag = tagOf(request);
      account.tags.delete(tag.toLowerCase());
      const all = [
        account.droplets,
        account.images,
        account.volumes,
        account.volumeSnapshots,
        account.firewalls,
      ];
      for (const list of all)
        for (const one of list.values()) one.tags = one.tags.filter((name) => name !== tag);
      return empty();
    },
    'POST /v2/tags/{tag_id}/resources': (request) => {
      const tag = tagOf(request);
      for (const one of taggable(request)) if (!one.tags.includes(tag)) one.tags.push(tag);
      return empty();
    },
    'DELETE /v2/tags/{tag_id}/resources': (request) => {
      const tag = tagOf(request);
      for (const one of taggable(request)) one.tags = one.tags.filter((name) => name !== tag);
      return empty();
    },

    'GET /v2/firewalls': (request) =>
      page(request, 'firewalls', [...request.account.firewalls.values()].map(firewallView)),
    'POST /v2/firewalls': (request) => {
      const { account } = request;
      const rules = rulesOf(request);
      if ([...account.firewalls.values()].some(({ name }) => name === rules.name))
        throw new ApiError(409, 'conflict', 'duplicate name');
      const firewall: Firewall = { ...rules, id: randomUUID(), status: 'waiting', createdAt: account.now() };
      account.firewalls.set(firewall.id, firewall);
      settle(firewall);
      return { status: 202, body: { firewall: firewallView(firewall) } };
    },
    'GET /v2/firewalls/{firewall_id}': (request) => ok({ firewall: firewallView(firewallOf(request)) }),
    'PUT /v2/firewalls/{firewall_id}': (request) => {
      const firewall = Object.assign(firewallOf(request), rulesOf(request));
      settle(firewall);
      return ok({ firewall: firewallView(firewall) });
    },
    'DELETE /v2/firewalls/{firewall_id}': (request) => {
      request.account.firewalls.delete(firewallOf(request).id);
      return empty();
    },
    'POST /v2/firewalls/{firewall_id}/tags': (request) => {
      const firewall = firewallOf(request);
      for (const tag of request.body.tags as string[]) {
        if (!request.account.tags.has(tag.toLowerCase())) throw unprocessable(`tag ${tag} does not exist`);
        if (!firewall.tags.includes(tag)) firewall.tags.push(tag);
      }
      return empty();
    },
    'DELETE /v2/firewalls/{firewall_id}/tags': (request) => {
      const firewall = firewallOf(request);
      const gone = request.body.tags as string[];
      firewall.tags = firewall.tags.filter((tag) => !gone.includes(tag));
      return empty();
    },
    'POST /v2/firewalls/{firewall_id}/droplets': (request) => {
      const firewall = firewallOf(request);
      for (const id of request.body.droplet_ids as number[]) {
        if (!request.account.droplets.has(id)) throw notFound();
        if (!firewall.dropletIds.includes(id)) firewall.dropletIds.push(id);
      }
      return empty();
    },
    'DELETE /v2/firewalls/{firewall_id}/droplets': (request) => {
      const firewall = firewallOf(request);
      const gone = request.body.droplet_ids as number[];
      firewall.dropletIds = firewall.dropletIds.filter((id) => !gone.includes(id));
      return empty();
    },
  };
}
