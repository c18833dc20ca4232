/**
 * Every scope that Berth has a use for: what it is needed for, and how to find out whether a token has it without changing
 * anything. A probe asks for what cannot be there, or to make what cannot be made: who may not is answered 403, everybody
 * else 404 or 422. Where no such question is surely harmless there is none, and the answer is "unknown".
 */
import type { Route } from './api-routes.ts';

export interface Probe {
  readonly route: Route;
  readonly parts?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Granted scopes without which a refusal does not tell which scope is missing. */
  readonly after?: readonly string[];
  /** An answer of "not there" proves nothing: it may be given before the scope is looked at. */
  readonly isProofOfRefusalOnly?: true;
}

export interface KnownPermission {
  readonly name: string;
  readonly isNeeded: boolean;
  readonly without: string;
  readonly probe: Probe | null;
}

/** Ids of Droplets and images count up from 1 and stand near 10^9, some 10^8 a year: this one is never reached. */
const NO_NUMBER = '999999999999';
/** The nil UUID (RFC 9562, 5.9): no thing has it. */
const NO_UUID = '00000000-0000-0000-0000-000000000000';
/** No known key has an MD5 of zeros, and nobody can make one that has. */
const NO_FINGERPRINT = Array.from({ length: 16 }, () => '00').join(':');
/** TEST-NET-1 (RFC 5737): nobody can have reserved it. */
const NO_ADDRESS = '192.0.2.1';
const NO_SLUG = 'berth-asks-what-it-may';

const one = { per_page: '1' } as const;

export const permissionList: readonly KnownPermission[] = [
  {
    name: 'account:read',
    isNeeded: true,
    without: 'Berth cannot see whose account it is, whether it is locked, and how many droplets it may have.',
    probe: { route: 'GET /v2/account' },
  },
  {
    name: 'regions:read',
    isNeeded: true,
    without: 'Berth cannot see which regions are open.',
    probe: { route: 'GET /v2/regions', query: one },
  },
  {
    name: 'sizes:read',
    isNeeded: true,
    without: 'Berth cannot see sizes and prices.',
    probe: { route: 'GET /v2/sizes', query: one, after: ['regions:read'] },
  },
  {
    name: 'image:read',
    isNeeded: true,
    without: 'Berth cannot see images, and DigitalOcean makes no droplet of one.',
    probe: { route: 'GET /v2/images', query: one },
  },
  {
    name: 'ssh_key:read',
    isNeeded: true,
    without: 'Berth cannot find its SSH key, and DigitalOcean puts none on a new droplet.',
    probe: { route: 'GET /v2/account/keys/{key}', parts: { key: NO_FINGERPRINT } },
  },
  {
    name: 'ssh_key:create',
    isNeeded: true,
    without: 'Berth cannot give DigitalOcean the SSH key for a new droplet.',
    probe: { route: 'POST /v2/account/keys', body: { name: NO_SLUG, public_key: 'no key' } },
  },
  {
    name: 'ssh_key:delete',
    isNeeded: false,
    without: 'SSH keys of droplets that are gone stay at DigitalOcean.',
    probe: { route: 'DELETE /v2/account/keys/{key}', parts: { key: NO_FINGERPRINT } },
  },
  {
    name: 'droplet:create',
    isNeeded: true,
    without: 'Berth cannot make droplets.',
    // Neither its region nor its size nor its image exists: there is nothing that could be made.
    probe: {
      route: 'POST /v2/droplets',
      body: { name: NO_SLUG, region: NO_SLUG, size: NO_SLUG, image: NO_SLUG },
    },
  },
  {
    name: 'droplet:read',
    isNeeded: true,
    without: 'Berth cannot see droplets, nor what stays behind when one is destroyed.',
    probe: { route: 'GET /v2/droplets', query: one },
  },
  {
    name: 'droplet:update',
    isNeeded: false,
    without: 'Berth cannot switch droplets on and off, resize, rename, snapshot or rebuild them.',
    probe: {
      route: 'POST /v2/droplets/{droplet}/actions',
      parts: { droplet: NO_NUMBER },
      body: { type: 'power_on' },
    },
  },
  {
    name: 'droplet:delete',
    isNeeded: true,
    without: 'Berth cannot destroy what it makes: it would cost until somebody does so at DigitalOcean.',
    probe: {
      route: 'GET /v2/droplets/{droplet}/destroy_with_associated_resources/status',
      parts: { droplet: NO_NUMBER },
    },
  },
  {
    name: 'droplet:admin',
    isNeeded: false,
    without: 'Berth cannot rebuild droplets or put them back to a backup or snapshot.',
    probe: {
      route: 'POST /v2/droplets/{droplet}/actions',
      parts: { droplet: NO_NUMBER },
      body: { type: 'rebuild', image: NO_SLUG },
      after: ['droplet:update'],
      isProofOfRefusalOnly: true,
    },
  },
  {
    name: 'actions:read',
    isNeeded: false,
    without: 'DigitalOcean may not let Berth follow what it does to a droplet.',
    probe: { route: 'GET /v2/actions', query: one },
  },
  {
    name: 'vpc:read',
    isNeeded: false,
    without: 'DigitalOcean may refuse to put a droplet into the private network of its region.',
    probe: { route: 'GET /v2/vpcs', query: one },
  },
  {
    name: 'tag:read',
    isNeeded: true,
    without: 'DigitalOcean hides the tags by which Berth knows its own droplets again.',
    probe: { route: 'GET /v2/tags', query: one },
  },
  {
    name: 'tag:create',
    isNeeded: true,
    without: 'Berth cannot mark its droplets, and would lose one whose making was cut off.',
    probe: {
      route: 'POST /v2/tags/{tag}/resources',
      parts: { tag: NO_SLUG },
      body: { resources: [{ resource_id: NO_NUMBER, resource_type: 'droplet' }] },
    },
  },
  {
    name: 'firewall:read',
    isNeeded: true,
    without: 'Berth cannot find the firewall of a droplet again.',
    probe: { route: 'GET /v2/firewalls', query: one },
  },
  {
    name: 'firewall:create',
    isNeeded: true,
    without: 'Berth cannot close a new droplet to everybody but SSH.',
    // Its tag does not exist, and what it lets in is no address.
    probe: {
      route: 'POST /v2/firewalls',
      body: {
        name: NO_SLUG,
        inbound_rules: [{ protocol: 'tcp', ports: '22', sources: { addresses: ['nowhere'] } }],
        tags: [NO_SLUG],
      },
    },
  },
  {
    name: 'firewall:update',
    isNeeded: false,
    without: 'Berth cannot change who may reach the SSH server of a droplet.',
    probe: {
      route: 'PUT /v2/firewalls/{firewall}',
      parts: { firewall: NO_UUID },
      body: { name: NO_SLUG, inbound_rules: [], outbound_rules: [] },
    },
  },
  {
    name: 'firewall:delete',
    isNeeded: false,
    without: 'Firewalls of droplets that are gone stay at DigitalOcean. They cost nothing.',
    probe: { route: 'DELETE /v2/firewalls/{firewall}', parts: { firewall: NO_UUID } },
  },
  {
    name: 'snapshot:read',
    isNeeded: false,
    without: 'Snapshots that cost stay unseen, and a droplet cannot sleep as one.',
    probe: { route: 'GET /v2/snapshots', query: { ...one, resource_type: 'droplet' } },
  },
  {
    name: 'image:create',
    isNeeded: false,
    without: 'Berth cannot take snapshots of whole droplets.',
    // What takes one takes it of a Droplet, and what uploads an image begins to do so: neither can be tried.
    probe: null,
  },
  {
    name: 'image:update',
    isNeeded: false,
    without: 'A droplet that sleeps as a snapshot wakes in its own region only.',
    probe: {
      route: 'POST /v2/images/{image}/actions',
      parts: { image: NO_NUMBER },
      body: { type: 'transfer', region: 'nyc3' },
    },
  },
  {
    name: 'image:delete',
    isNeeded: false,
    without: 'Berth cannot destroy snapshots of droplets: they go on costing.',
    probe: { route: 'DELETE /v2/images/{image}', parts: { image: NO_NUMBER } },
  },
  {
    name: 'snapshot:delete',
    isNeeded: false,
    without: 'Berth cannot destroy snapshots: they go on costing.',
    probe: {
      route: 'DELETE /v2/snapshots/{snapshot}',
      parts: { snapshot: NO_NUMBER },
      after: ['image:delete'],
    },
  },
  {
    name: 'billing:read',
    isNeeded: false,
    without: 'Berth cannot show what the account owes by DigitalOcean’s own count.',
    probe: { route: 'GET /v2/customers/my/balance' },
  },
  {
    name: 'block_storage:read',
    isNeeded: false,
    without: 'Volumes that cost stay unseen, also those that a destroyed droplet leaves behind.',
    probe: { route: 'GET /v2/volumes', query: one },
  },
  {
    name: 'block_storage:delete',
    isNeeded: false,
    without: 'Berth cannot destroy volumes that a droplet leaves behind.',
    probe: { route: 'DELETE /v2/volumes/{volume}', parts: { volume: NO_UUID } },
  },
  {
    name: 'block_storage_snapshot:read',
    isNeeded: false,
    without: 'Snapshots of volumes that cost stay unseen.',
    probe: { route: 'GET /v2/volumes/snapshots/{snapshot}', parts: { snapshot: NO_UUID } },
  },
  {
    name: 'block_storage_snapshot:delete',
    isNeeded: false,
    without: 'Berth cannot destroy snapshots of volumes that a droplet leaves behind.',
    probe: { route: 'DELETE /v2/volumes/snapshots/{snapshot}', parts: { snapshot: NO_UUID } },
  },
  {
    name: 'reserved_ip:read',
    isNeeded: false,
    without: 'Reserved addresses that cost stay unseen, also those that a destroyed droplet leaves behind.',
    probe: { route: 'GET /v2/reserved_ips', query: one },
  },
  {
    name: 'reserved_ip:delete',
    isNeeded: false,
    without: 'Berth cannot give back reserved addresses that a droplet leaves behind.',
    probe: { route: 'DELETE /v2/reserved_ips/{address}', parts: { address: NO_ADDRESS } },
  },
];
