/** What providers call their machines, until that is known and after. Pure. */
import type { CloudProviderInfo } from '#contract/clouds.ts';

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
