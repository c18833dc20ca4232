/** What a page for who is not signed in is handed: its address, what it may ask for, and the ways on. */
import { type ErrorCode, errorCodes } from '#contract/error-codes.ts';
import type { SessionRequests } from '../../transport/session-requests.ts';

/** What is behind `#` in the address: a token, or why an identity provider did not sign anybody in. Pure. */
export function readFragment(fragment: string): Pick<SignedOut, 'token' | 'providerFailure'> {
  if (!fragment.startsWith('error=')) return { token: fragment, providerFailure: null };
  const code = fragment.slice('error='.length);
  return { token: '', providerFailure: code in errorCodes ? (code as ErrorCode) : 'internal' };
}

export interface SignedOut {
  readonly path: string;
  /** From behind `#` in the address; empty: there was none. Held in this page's memory alone. */
  readonly token: string;
  /** The code alone comes by the address, so that nobody can put words into this page. */
  readonly providerFailure: ErrorCode | null;
  readonly requests: SessionRequests;
  /** The address of another of these pages that keeps the way back. */
  readonly hrefOf: (path: string) => string;
  readonly providerHref: (id: string) => string;
  /** Leaves for the window. */
  readonly enter: () => void;
}
