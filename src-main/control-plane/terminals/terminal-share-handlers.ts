/** Contract line → service call, for owners of shares and, in a table of their own, for guests. */
import { notFound } from '../dispatcher.ts';
import type { GuestHandlers, ShareHandlers } from '../handler.ts';
import type { Ownership } from '../ownership.ts';
import type { TerminalShares } from './terminal-shares.ts';

export function terminalShareHandlers(shares: TerminalShares, ownership: Ownership): ShareHandlers {
  return {
    'terminals.share': (wish, { caller }) => shares.share(wish, caller),
    'terminals.shares': (_input, { caller, signal }) => shares.watch(signal, ownership.shownTo(caller)),
    'terminals.unshare': async ({ shareId }) => {
      await shares.unshare(shareId);
      return {};
    },
    // There is nothing of it for whoever is no guest.
    'terminals.shared': () => {
      throw notFound();
    },
  };
}

export function guestHandlers(shares: TerminalShares): GuestHandlers {
  return {
    'terminals.shared': (_input, context) => shares.watchShared(context),
    'terminals.attach': (input, channel, context) => shares.attachShared(input, channel, context),
  };
}
