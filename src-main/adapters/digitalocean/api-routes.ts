/**
 * Every call of the API that Berth makes, with the scopes that a token needs for it. What is not here cannot be called:
 * above all `DELETE /v2/droplets`, which destroys every Droplet of a tag, whoever made it.
 * Source: `security` of each operation in DigitalOcean's OpenAPI document (github.com/digitalocean/openapi, 2026-08-07);
 * of POST /v2/droplets also what its fields `image`, `ssh_keys` and `tags` say that they need.
 */

const destroysAll = [
  'droplet:delete',
  'block_storage:delete',
  'block_storage_snapshot:delete',
  'image:delete',
  'reserved_ip:delete',
] as const;

export const routes = {
  'GET /v2/account': ['account:read'],
  'GET /v2/customers/my/balance': ['billing:read'],
  'GET /v2/regions': ['regions:read'],
  'GET /v2/sizes': ['sizes:read', 'regions:read'],
  'GET /v2/vpcs': ['vpc:read'],
  'GET /v2/actions': ['actions:read'],

  // A key is looked up by its fingerprint: the list of keys may be asked for ten times a minute only.
  'POST /v2/account/keys': ['ssh_key:create'],
  'GET /v2/account/keys/{key}': ['ssh_key:read'],
  'DELETE /v2/account/keys/{key}': ['ssh_key:delete'],

  'GET /v2/tags': ['tag:read'],
  'POST /v2/tags': ['tag:create'],
  'POST /v2/tags/{tag}/resources': ['tag:create'],

  'GET /v2/firewalls': ['firewall:read'],
  'POST /v2/firewalls': ['firewall:create'],
  'GET /v2/firewalls/{firewall}': ['firewall:read'],
  'PUT /v2/firewalls/{firewall}': ['firewall:update'],
  'DELETE /v2/firewalls/{firewall}': ['firewall:delete'],

  'GET /v2/droplets': ['droplet:read'],
  'POST /v2/droplets': ['droplet:create', 'image:read', 'ssh_key:read', 'tag:create'],
  'GET /v2/droplets/{droplet}': ['droplet:read'],
  'DELETE /v2/droplets/{droplet}': ['droplet:delete'],
  'GET /v2/droplets/{droplet}/actions': ['droplet:read'],
  'POST /v2/droplets/{droplet}/actions': ['droplet:update'],
  'GET /v2/droplets/{droplet}/actions/{action}': ['droplet:read'],
  'GET /v2/droplets/{droplet}/snapshots': ['droplet:read'],
  'GET /v2/droplets/{droplet}/backups': ['droplet:read'],

  'GET /v2/droplets/{droplet}/destroy_with_associated_resources': ['droplet:read'],
  'GET /v2/droplets/{droplet}/destroy_with_associated_resources/status': ['droplet:delete'],
  'DELETE /v2/droplets/{droplet}/destroy_with_associated_resources/selective': destroysAll,
  'POST /v2/droplets/{droplet}/destroy_with_associated_resources/retry': destroysAll,

  'GET /v2/images': ['image:read'],
  'DELETE /v2/images/{image}': ['image:delete'],
  'GET /v2/images/{image}/actions': ['image:read'],
  'POST /v2/images/{image}/actions': ['image:update'],
  'GET /v2/images/{image}/actions/{action}': ['image:read'],

  'GET /v2/snapshots': ['snapshot:read'],
  'GET /v2/snapshots/{snapshot}': ['snapshot:read'],
  'DELETE /v2/snapshots/{snapshot}': ['image:delete', 'snapshot:delete'],

  'GET /v2/volumes': ['block_storage:read'],
  'GET /v2/volumes/{volume}': ['block_storage:read'],
  'DELETE /v2/volumes/{volume}': ['block_storage:delete'],
  'GET /v2/volumes/snapshots/{snapshot}': ['block_storage_snapshot:read'],
  'DELETE /v2/volumes/snapshots/{snapshot}': ['block_storage_snapshot:delete'],

  'GET /v2/reserved_ips': ['reserved_ip:read'],
  'GET /v2/reserved_ips/{address}': ['reserved_ip:read'],
  'DELETE /v2/reserved_ips/{address}': ['reserved_ip:delete'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type Route = keyof typeof routes;
export type ReadRoute = Extract<Route, `GET ${string}`>;
export type ChangeRoute = Exclude<Route, ReadRoute>;

export function methodOf(route: Route): string {
  return route.slice(0, route.indexOf(' '));
}

/** The path with its parts filled in. Throws a plain Error for a part that is missing: our bug. */
export function pathOf(route: Route, parts: Readonly<Record<string, string>> = {}): string {
  return route.slice(route.indexOf(' ') + 1).replace(/\{(\w+)\}/g, (_whole, name: string) => {
    const part = parts[name];
    if (part === undefined || part === '' || part === '.' || part === '..')
      throw new Error(`the path ${route} needs “${name}”`);
    // A fingerprint has colons, which a path may hold as they are (RFC 3986, section 3.3).
    return encodeURIComponent(part).replaceAll('%3A', ':');
  });
}
