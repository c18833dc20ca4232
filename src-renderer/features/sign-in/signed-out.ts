/** What a page for who is not signed in is handed: its address, what it may ask for, and the ways on. */
import type { SessionRequests } from '../../transport/session-requests.ts';

export interface SignedOut {
  readonly path: string;
  /** From behind `#` in the address; empty: there was none. Held in this page's memory alone. */
  readonly token: string;
  readonly requests: SessionRequests;
  /** The address of another of these pages that keeps the way back. */
  readonly hrefOf: (path: string) => string;
  readonly providerHref: (id: string) => string;
  /** Leaves for the window. */
  readonly enter: () => void;
}
