/** Contract line → service call. */
import type { HandlersOf, ShareHandlers } from '../handler.ts';
import type { Ownership } from '../ownership.ts';
import type { TerminalService } from './terminal-service.ts';

export function terminalsHandlers(
  terminals: TerminalService,
  ownership: Ownership,
): Omit<HandlersOf<'terminals'>, keyof ShareHandlers> {
  return {
    'terminals.watch': (_input, { caller, signal }) => terminals.watch(signal, ownership.shownTo(caller)),
    'terminals.open': (wish, { caller, signal }) => terminals.open(wish, caller.userId, signal),
    'terminals.attach': ({ id }, channel, { signal }) => terminals.attach(id, channel, signal),
    'terminals.measure': ({ id }) => terminals.measure(id),
    'terminals.resize': ({ id, size }) => {
      terminals.resize(id, size);
      return {};
    },
    'terminals.rename': ({ id, name }) => terminals.rename(id, name),
    'terminals.dropBacklog': async ({ id }) => ({ droppedBytes: await terminals.dropBacklog(id) }),
    'terminals.close': async ({ id }) => {
      await terminals.closeTerminal(id);
      return {};
    },
  };
}
