/** A request that was let in: whose, to which app, and how it is shown. */
import type { AppTarget } from '../../control-plane/forwards/app-door.ts';
import type { AppSession } from './app-sessions.ts';
import type { AppSide } from './request-headers.ts';
import type { ShownAs } from './response-headers.ts';

export interface Visit {
  readonly session: AppSession;
  readonly target: AppTarget;
  readonly side: AppSide;
  readonly shown: ShownAs;
  /** Of the browser. */
  readonly address: string;
}
