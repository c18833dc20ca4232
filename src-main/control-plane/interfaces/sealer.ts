/** Makes texts unreadable without the server's secret key, for what must be kept and may not lie about in clear. */
import type { Secret } from './secret.ts';

export interface Sealer {
  /** `context` ties the result to its place: what was sealed for one opens for no other. */
  seal(plain: Secret, context: string): string;
  /** Undefined: sealed with another key, for another place, or damaged. */
  open(sealed: string, context: string): Secret | undefined;
}
