/** Who is calling: decided when the connection opened, never by a field of a message. */
import type { UserId } from '#contract/ids.ts';
import type { Scope } from '#contract/scopes.ts';

export interface Caller {
  readonly userId: UserId;
  readonly userName: string;
  readonly scopes: ReadonlySet<Scope>;
  readonly mode: 'desktop' | 'served';
}
