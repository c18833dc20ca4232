/** The provider of an account, with the words that it uses for its machines. */
import type { CloudProviderInfo } from '#contract/clouds.ts';
import { useClient, useCloud } from './app-context.tsx';
import { useAsked } from './use-asked.ts';

/** Undefined until it is known. Providers do not change while a window lives: asked once for each part that speaks of one. */
export function useCloudProvider(cloudId: string | undefined): CloudProviderInfo | undefined {
  const client = useClient();
  const cloud = useCloud(cloudId);
  const { answer } = useAsked('providers', (signal) => client.call('clouds.providers', {}, { signal }));
  return answer?.providers.find(({ id }) => id === cloud?.provider);
}
