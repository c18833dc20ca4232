/** The providers that this Berth can rent from: their words stand on every page about machines. */
import type { CloudProviderInfo } from '#contract/clouds.ts';
import { useClient } from '../../state/app-context.tsx';
import { type Asked, useAsked } from '../../state/use-asked.ts';

/** `isWanted` false: nobody needs them now, or may see them. */
export function useProviders(isWanted = true): Asked<readonly CloudProviderInfo[]> {
  const client = useClient();
  return useAsked(isWanted ? 'providers' : null, async (signal) => {
    const { providers } = await client.call('clouds.providers', {}, { signal });
    return providers;
  });
}

/** What a provider calls its machines, until that is known "machine". */
export function wordsOf(
  providers: readonly CloudProviderInfo[] | null,
  id: string | undefined,
): Pick<CloudProviderInfo, 'name' | 'machineWord' | 'machinesWord'> {
  return (
    providers?.find((one) => one.id === id) ?? {
      name: id ?? 'the provider',
      machineWord: 'machine',
      machinesWord: 'machines',
    }
  );
}

/** For what is not of one account: the word of the only provider, else "machine". */
export function commonWords(providers: readonly CloudProviderInfo[] | null) {
  return wordsOf(providers, providers?.length === 1 ? providers[0]?.id : undefined);
}

/** "a droplet", "an instance". */
export function withArticle(word: string): string {
  return `${/^[aeiou]/i.test(word) ? 'an' : 'a'} ${word}`;
}
