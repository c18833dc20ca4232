/** How the services of machines come to an account at a provider. */
import type { CloudId } from '#contract/ids.ts';
import type { CloudClient } from '../interfaces/cloud-provider.ts';

export interface CloudClients {
  /** Throws not-found, credential.*, cloud.token-refused where the account waits for another token. */
  client(id: CloudId): Promise<CloudClient>;
  ids(): CloudId[];
  labelOf(id: CloudId): string;
  /** What was found out on the way: a token that is refused, a provider that answers again. */
  noteFailure(id: CloudId, error: unknown): void;
  noteSuccess(id: CloudId): void;
  /** After an account was connected, checked, or got another token. */
  onUsable(listener: (id: CloudId) => void): () => void;
  onRemoved(listener: (id: CloudId) => void): () => void;
}
