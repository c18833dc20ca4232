/** Which terminal's sharing is being looked at. Commands ask for it; the overlay draws it. One window has one of these. */
import { createStore } from 'zustand/vanilla';
import type { TerminalId } from '#contract/ids.ts';

const store = createStore<{ readonly terminalId: TerminalId | null }>(() => ({ terminalId: null }));

export const shareDialogs = {
  store,
  open: (terminalId: TerminalId): void => store.setState({ terminalId }),
  close: (): void => store.setState({ terminalId: null }),
};
