/** The providers that this Berth can rent from, and that of one account, with the words that they use for their machines. */
import type { CloudProviderInfo } from '#contract/clouds.ts';
import { useClient, useCloud } from './app-context.tsx';
import { type Asked, useAsked } from './use-asked.ts';

/**
 * They do not change while a window lives: asked once for each part that speaks of them. `isWanted` false: nobody needs them
 * now, or may see them.
 */
export function useProviders(isWanted = true): Asked<readonly CloudProviderInfo[]> {
  const client = useClient();
  return useAsked(isWanted ? 'providers' : null, async (signal) => {
    const { providers } = await client.call('clouds.providers', {}, { signal });
    return providers;
  });
}

/** Undefined until it is known. */
export function useCloudProvider(cloudId: string | undefined): CloudProviderInfo | undefined {
  const cloud = useCloud(cloudId);
  return useProviders().answer?.find(({ id }) => id === cloud?.provider);
}
