/** What a terminal is, what is kept of it on disk, and how it ends. Pure. */
import { BerthError } from '#contract/berth-error.ts';
import { z } from 'zod';
import { HostId, localOwnerId, UserId } from '#contract/ids.ts';
import { Terminal, type TerminalState } from '#contract/terminals.ts';

/**
 * What is remembered, so that a window can show its tabs again after a restart. `attachedTo` is what it was attached to,
 * in words, since the workspace or host may be gone by then.
 */
const RecordShape = Terminal.pick({
  id: true,
  target: true,
  name: true,
  size: true,
  state: true,
  lifetime: true,
  openedAt: true,
}).extend({
  attachedTo: Terminal.shape.programTitle,
  // Absent in what an older Berth wrote.
  lifetimeNote: Terminal.shape.lifetimeNote.default(null),
  attachCommand: Terminal.shape.attachCommand.default(null),
  isFound: Terminal.shape.isFound.default(false),
  /** Its host, for one that outlives its connection. */
  hostId: HostId.nullable().default(null),
  /** Absent in what an older Berth wrote, which had one person. Null: found, in a workspace that is not known (yet). */
  ownerId: UserId.nullable().default(localOwnerId),
  /** Closed while its host was away: its shell is ended when the host is back, and it is shown to nobody. */
  isClosing: z.boolean().default(false),
});
export type TerminalRecord = ReturnType<typeof RecordShape.parse>;
export function parseTerminalRecord(value: unknown): TerminalRecord {
  return RecordShape.parse(value);
}

export type TerminalEnd = Extract<TerminalState, { phase: 'ended' }>;

export function toTerminal(record: TerminalRecord, programTitle: string): Terminal {
  const {
    attachedTo: _attachedTo,
    hostId: _hostId,
    ownerId: _ownerId,
    isClosing: _isClosing,
    ...shown
  } = record;
  return { ...shown, programTitle };
}

/** A program that ended by itself has an exit code and no error; everything else has an error that says what happened. */
export function endOf(
  end: { exitCode: number | null; error?: unknown },
  attachedTo: string,
  at: string,
): TerminalEnd {
  const error =
    end.error === undefined
      ? null
      : BerthError.is(end.error)
        ? end.error.toShape()
        : new BerthError('connection-lost', `The connection to ${attachedTo} was lost.`).toShape();
  return { phase: 'ended', at, exitCode: end.exitCode, error };
}

/** Nobody used it for so long that Berth closed it. */
export function closedIdle(attachedTo: string, silence: string): BerthError {
  return new BerthError(
    'terminal.ended',
    `Nobody watched the shell in ${attachedTo}, and it was silent for ${silence}: Berth closed it. Open a new one.`,
    { details: { attachedTo, reason: 'idle' } },
  );
}

/** It runs under the host's multiplexer and has not ended: it will be looked for. */
export function isKept({ lifetime, state }: TerminalRecord): boolean {
  return lifetime === 'multiplexer' && state.phase !== 'ended';
}

/** What a terminal that was open when Berth ended is at the next start. */
export function afterRestart(record: TerminalRecord, at: string): TerminalRecord {
  if (record.state.phase === 'ended') return record;
  if (isKept(record)) return { ...record, state: { phase: 'lost', at, unconfirmedBytes: 0 } };
  const error = new BerthError(
    'connection-lost',
    `Berth was restarted; the shell in ${record.attachedTo} ended with it.`,
    { details: { attachedTo: record.attachedTo, reason: 'restarted' } },
  );
  return { ...record, state: { phase: 'ended', at, exitCode: null, error: error.toShape() } };
}

/** Its session is not there any more, and nobody knows how it ended. */
export function goneFor(record: TerminalRecord, reason: string, at: string): TerminalRecord {
  const error = new BerthError('terminal.ended', `The shell in ${record.attachedTo} is gone. ${reason}`, {
    details: { attachedTo: record.attachedTo, reason: 'gone' },
  });
  return { ...record, state: { phase: 'ended', at, exitCode: null, error: error.toShape() } };
}

/** -u: a login over SSH often has no locale, and tmux would show underscores in place of what is not ASCII. */
export function attachCommandOf(id: string): string {
  return `tmux -u -L berth attach -t =${id}`;
}
