/** What an account has on offer, asked for while a dialog or page needs it. */
import type { CloudOffer } from '#contract/clouds.ts';
import type { CloudId } from '#contract/ids.ts';
import { useClient } from '../../state/app-context.tsx';
import { type Asked, useAsked } from '../../state/use-asked.ts';

export function useOffer(cloudId: CloudId, isNeeded = true): Asked<CloudOffer> {
  const client = useClient();
  return useAsked(isNeeded ? cloudId : null, (signal) =>
    client.call('clouds.offer', { id: cloudId }, { signal }),
  );
}
