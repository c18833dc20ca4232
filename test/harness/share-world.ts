/** Shares over terminals of a test's own making: a collection that it changes, and a screen that each attachment gets. */
import type { TerminalId } from '#contract/ids.ts';
import { localOwnerId } from '#contract/ids.ts';
import { scopes } from '#contract/scopes.ts';
import type { Terminal } from '#contract/terminals.ts';
import { createSystemRandom } from '#main/adapters/system/random.ts';
import type { Caller } from '#main/control-plane/caller.ts';
import { Collection } from '#main/control-plane/changes.ts';
import type { ByteChannel } from '#main/control-plane/handler.ts';
import { TerminalShares } from '#main/control-plane/terminals/terminal-shares.ts';
import { ManualClock } from './manual-clock.ts';
import { MemoryLog } from './memory-log.ts';
import { MemoryRecordStore } from './memory-record-store.ts';

export const terminalId: TerminalId = 'term_00000000000000000001';
export const otherId: TerminalId = 'term_00000000000000000002';
export const owner: Caller = {
  userId: localOwnerId,
  userName: 'Owner',
  scopes: new Set(scopes),
  mode: 'served',
};

export function liveTerminal(id: TerminalId, more: Partial<Terminal> = {}): Terminal {
  return {
    id,
    target: { kind: 'host', hostId: 'host_00000000000000000000' },
    name: null,
    programTitle: 'bash',
    size: { cols: 80, rows: 24 },
    state: { phase: 'live', reattachedAt: null },
    lifetime: 'multiplexer',
    lifetimeNote: 'the secret note of atlas',
    attachCommand: 'ssh atlas tmux attach',
    isFound: false,
    openedAt: '2026-01-02T03:00:00.000Z',
    ...more,
  };
}

export async function shareWorld(store = new MemoryRecordStore(), clock = new ManualClock()) {
  const terminals = new Collection<Terminal>();
  terminals.put(liveTerminal(terminalId));
  terminals.put(liveTerminal(otherId));
  const log = new MemoryLog();
  const typed: string[] = [];
  const channels: ByteChannel[] = [];
  const shares = new TerminalShares({
    store,
    watchTerminals: (signal) => terminals.watch(signal),
    attach: async (_input, channel, { signal }) => {
      channels.push(channel);
      channel.onReceive((bytes) => void typed.push(Buffer.from(bytes).toString()));
      void channel.send(Buffer.from('the screen'));
      if (!signal.aborted)
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    },
    clock,
    random: createSystemRandom(),
    log,
  });
  await shares.load();
  return { shares, store, clock, terminals, log, typed, channels };
}
