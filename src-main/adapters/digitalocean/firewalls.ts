/**
 * Firewalls by tag: there before the Droplet is, so that no port of it is ever open but SSH. What Docker publishes passes
 * by a firewall on the Droplet; this one stands before it.
 */
import { isIP } from 'node:net';
import { BerthError } from '#contract/berth-error.ts';
import type { SshAccess } from '#contract/machines.ts';
import { readAllPages } from './all-pages.ts';
import type { ApiClient } from './api-client.ts';
import { isGone } from './digitalocean-error.ts';
import { pause } from './pause.ts';
import { Firewall, type FirewallRule, Nothing } from './shapes.ts';
import { z } from 'zod';

const Framed = z.object({ firewall: Firewall });
const everywhere = ['0.0.0.0/0', '::/0'] as const;
/** All ports, as the API writes it. */
const ALL = '0';
const SSH = '22';
/** Milliseconds until a tag that was just made is known to firewalls; and how often it is tried. */
const TAG_LAG_MS = 1_000;
const TAG_TRIES = 5;

export interface FirewallWish {
  readonly name: string;
  readonly tag: string;
  readonly access: SshAccess;
}

export async function ensureFirewall(
  api: ApiClient,
  wish: FirewallWish,
  signal: AbortSignal,
): Promise<{ firewallId: string }> {
  const addresses = addressesOf(wish.access);
  const known = await findByName(api, wish.name, signal);
  if (known !== undefined) {
    const isSame = known.tags.includes(wish.tag) && sshAddressesOf(known).join() === addresses.join();
    if (!isSame) await put(api, known, { tags: union(known.tags, wish.tag), addresses }, signal);
    return { firewallId: known.id };
  }
  await ensureTag(api, wish.tag, signal);
  const body = {
    name: wish.name,
    inbound_rules: [sshRule(addresses)],
    outbound_rules: ['tcp', 'udp', 'icmp'].map((protocol) => ({
      protocol,
      ports: ALL,
      destinations: { addresses: everywhere },
    })),
    tags: [wish.tag],
  };
  for (let tries = 1; ; tries += 1) {
    try {
      const { firewall } = await api.change('POST /v2/firewalls', Framed, signal, { body });
      return { firewallId: firewall.id };
    } catch (error) {
      if (!BerthError.is(error, 'cloud.refused', 'cloud.unreachable', 'cloud.failed')) throw error;
      // The name is taken once only: somebody was faster, or it was us and the answer was lost.
      const made = await findByName(api, wish.name, signal);
      if (made !== undefined) return { firewallId: made.id };
      const isTagUnknown = error.code === 'cloud.refused' && error.details.field === 'tags';
      if (!isTagUnknown || tries === TAG_TRIES) throw error;
      await pause(api.clock, TAG_LAG_MS, signal);
    }
  }
}

/** All but who may reach the SSH server stays as it is. Throws cloud.refused where the firewall is gone. */
export async function changeFirewall(
  api: ApiClient,
  firewallId: string,
  access: SshAccess,
  signal: AbortSignal,
): Promise<void> {
  const addresses = addressesOf(access);
  const parts = { firewall: firewallId };
  const { firewall } = await api.read('GET /v2/firewalls/{firewall}', Framed, signal, { parts });
  await put(api, firewall, { tags: firewall.tags, addresses }, signal);
}

export async function removeFirewall(api: ApiClient, firewallId: string, signal: AbortSignal): Promise<void> {
  try {
    const parts = { firewall: firewallId };
    await api.change('DELETE /v2/firewalls/{firewall}', Nothing, signal, { parts });
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** A firewall can only be told to hold for a tag that exists. To make one that does is no error. */
async function ensureTag(api: ApiClient, name: string, signal: AbortSignal): Promise<void> {
  try {
    await api.change('POST /v2/tags', Nothing, signal, { body: { name } });
  } catch (error) {
    const isThere = BerthError.is(error, 'cloud.refused') && /exist|taken|in use/i.test(error.message);
    if (!isThere) throw error;
  }
}

async function findByName(api: ApiClient, name: string, signal: AbortSignal): Promise<Firewall | undefined> {
  const all = await readAllPages(api, 'GET /v2/firewalls', 'firewalls', Firewall, signal);
  return all.find((firewall) => firewall.name === name);
}

/** The call replaces the whole: what is not said is gone. */
async function put(
  api: ApiClient,
  firewall: Firewall,
  { tags, addresses }: { readonly tags: readonly string[]; readonly addresses: readonly string[] },
  signal: AbortSignal,
): Promise<void> {
  await api.change('PUT /v2/firewalls/{firewall}', Nothing, signal, {
    parts: { firewall: firewall.id },
    body: {
      name: firewall.name,
      inbound_rules: [...(firewall.inbound_rules ?? []).filter((rule) => !isSsh(rule)), sshRule(addresses)],
      outbound_rules: firewall.outbound_rules ?? [],
      droplet_ids: firewall.droplet_ids ?? [],
      tags,
    },
  });
}

function sshRule(addresses: readonly string[]): object {
  return { protocol: 'tcp', ports: SSH, sources: { addresses } };
}

function isSsh({ protocol, ports }: FirewallRule): boolean {
  return protocol === 'tcp' && ports === SSH;
}

function sshAddressesOf(firewall: Firewall): string[] {
  const sources = firewall.inbound_rules?.find(isSsh)?.sources as { addresses?: unknown } | undefined;
  return Array.isArray(sources?.addresses) ? sources.addresses.map(String).sort() : [];
}

/** Sorted. Throws invalid-input for `mine`: only who asks knows where it comes from. */
function addressesOf(access: SshAccess): string[] {
  switch (access.from) {
    case 'anywhere':
      return [...everywhere].sort();
    case 'addresses':
      return access.addresses.map(toBlock).sort();
    case 'mine':
      throw BerthError.atField('sshAccess', 'The address that this Berth comes from is not known yet.');
    default:
      return access satisfies never;
  }
}

function toBlock(address: string): string {
  const family = isIP(address);
  return family === 0 ? address : `${address}/${family === 4 ? 32 : 128}`;
}

function union(tags: readonly string[], tag: string): string[] {
  return tags.includes(tag) ? [...tags] : [...tags, tag];
}
