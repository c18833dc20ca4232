/** What a token may do, found by asking for what cannot be there. Changes nothing. */
import type { CloudPermission } from '#contract/clouds.ts';
import { BerthError } from '#contract/berth-error.ts';
import type { ApiClient } from './api-client.ts';
import { type KnownPermission, permissionList, type Probe } from './permission-list.ts';

/** At once: a handful keeps it short, and far from the limit of 250 in a minute. */
const AT_ONCE = 4;

/** Statuses of somebody who may: it is there, it is not there, or it cannot be made. */
const granted = new Set([200, 400, 404, 409, 412, 422]);

/** In the order of the list. Throws cloud.token-refused, cloud.unreachable, cloud.rate-limited, cancelled. */
export async function probePermissions(api: ApiClient, signal: AbortSignal): Promise<CloudPermission[]> {
  const statuses = new Map<string, number | null>();
  const waiting = [...permissionList];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      statuses.set(next.name, next.probe === null ? null : await ask(api, next.probe, signal));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return permissionList.map((permission) => ({
    name: permission.name,
    isGranted: judge(permission, statuses),
    isNeeded: permission.isNeeded,
    without: permission.without,
  }));
}

/** Null: the provider failed at it, which says nothing. */
async function ask(
  api: ApiClient,
  { route, parts, query, body }: Probe,
  signal: AbortSignal,
): Promise<number | null> {
  const status = await api.statusOf(route, signal, {
    ...(parts && { parts }),
    ...(query && { query }),
    ...(body === undefined ? {} : { body }),
  });
  if (status === 401)
    throw new BerthError(
      'cloud.token-refused',
      'DigitalOcean does not accept the token: it is wrong, expired or was revoked. Make a new one there, and put it in here.',
    );
  return status >= 500 ? null : status;
}

function judge(
  { name, probe }: KnownPermission,
  statuses: ReadonlyMap<string, number | null>,
): boolean | null {
  const status = statuses.get(name) ?? null;
  if (probe === null || status === null) return null;
  const isGrantedToo = (other: string) => granted.has(statuses.get(other) ?? 0);
  if (status === 403) return (probe.after ?? []).every(isGrantedToo) ? false : null;
  if (!granted.has(status)) return null;
  return probe.isProofOfRefusalOnly === true ? null : true;
}
