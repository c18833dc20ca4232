/** Destroys one thing that costs without a Droplet. */
import { isIP } from 'node:net';
import { BerthError } from '#contract/berth-error.ts';
import type { LeftoverRef } from '../../control-plane/interfaces/cloud-provider.ts';
import type { ApiClient } from './api-client.ts';
import type { ChangeRoute } from './api-routes.ts';
import { isBusy, isGone } from './digitalocean-error.ts';
import { pause } from './pause.ts';
import { Nothing } from './shapes.ts';

/** Milliseconds before each further try: a volume says for seconds that it belongs to the Droplet that is gone. */
const AGAIN_AFTER_MS = [1_000, 2_000, 4_000, 8_000, 8_000] as const;

const routes = {
  // Floating addresses are reserved ones under their old name.
  address: { route: 'DELETE /v2/reserved_ips/{address}', part: 'address' },
  snapshot: { route: 'DELETE /v2/snapshots/{snapshot}', part: 'snapshot' },
  volume: { route: 'DELETE /v2/volumes/{volume}', part: 'volume' },
  'volume-snapshot': { route: 'DELETE /v2/volumes/snapshots/{snapshot}', part: 'snapshot' },
} as const satisfies Record<LeftoverRef['kind'], { route: ChangeRoute; part: string }>;

/** It is no error where it is gone. Asked again for a while where it is still in use. */
export async function destroyResource(
  api: ApiClient,
  { kind, id }: LeftoverRef,
  signal: AbortSignal,
): Promise<void> {
  if (kind === 'address' && isIP(id) === 0)
    throw BerthError.atField('leftovers', 'A reserved address is named by itself, as 192.0.2.10.');
  const { part, route } = routes[kind];
  for (let tries = 0; ; tries += 1) {
    try {
      await api.change(route, Nothing, signal, { parts: { [part]: id } });
      return;
    } catch (error) {
      if (isGone(error)) return;
      const waitMs = AGAIN_AFTER_MS[tries];
      if (!isBusy(error) || waitMs === undefined) throw error;
      await pause(api.clock, waitMs, signal);
    }
  }
}
