/** What a terminal is, what is kept of it on disk, and how it ends. Pure. */
import { BerthError } from '#contract/berth-error.ts';
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
});
export type TerminalRecord = ReturnType<typeof RecordShape.parse>;
export function parseTerminalRecord(value: unknown): TerminalRecord {
  return RecordShape.parse(value);
}

export type TerminalEnd = Extract<TerminalState, { phase: 'ended' }>;

export function toTerminal(record: TerminalRecord, programTitle: string): Terminal {
  const { attachedTo: _attachedTo, ...shown } = record;
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

/** What a terminal that was open when Berth ended is at the next start. */
export function endedByRestart(record: TerminalRecord, at: string): TerminalRecord {
  if (record.state.phase === 'ended') return record;
  const error = new BerthError(
    'connection-lost',
    `Berth was restarted; the shell in ${record.attachedTo} ended with it.`,
    { details: { attachedTo: record.attachedTo, reason: 'restarted' } },
  );
  return { ...record, state: { phase: 'ended', at, exitCode: null, error: error.toShape() } };
}
