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

/** Exit codes above are of programs that a signal ended (sh(1), docker-run(1)): this and its number. */
const signalCodes = 128;

/**
 * A program that ended by itself has an exit code and no error; everything else has an error that says what happened.
 * `purpose`: why Berth stopped what it ran in, as a sentence; null: it did not.
 */
export function endOf(
  end: { exitCode: number | null; error?: unknown },
  { attachedTo }: Pick<TerminalRecord, 'attachedTo'>,
  purpose: string | null,
  at: string,
): TerminalEnd {
  const isKilled = end.exitCode === null || end.exitCode > signalCodes;
  if (purpose !== null && isKilled) return stopped(attachedTo, purpose, at);
  const error =
    end.error === undefined
      ? null
      : BerthError.is(end.error)
        ? end.error.toShape()
        : new BerthError('connection-lost', `The connection to ${attachedTo} was lost.`).toShape();
  return { phase: 'ended', at, exitCode: end.exitCode, error };
}

/** Not with which signal, which tells nobody anything. */
function stopped(attachedTo: string, purpose: string, at: string): TerminalEnd {
  const error = new BerthError(
    'terminal.ended',
    `The shell in ${attachedTo} ended with its programs. ${purpose}`,
    { details: { attachedTo, reason: 'stopped' } },
  );
  return { phase: 'ended', at, exitCode: null, error: error.toShape() };
}

type Named = Pick<TerminalRecord, 'id' | 'target' | 'size' | 'hostId' | 'ownerId'>;

/** One that was just opened. */
export function openedTerminal(
  named: Named & Pick<TerminalRecord, 'name'>,
  opened: { readonly attachedTo: string; readonly lifetimeNote: string | null; readonly kept: unknown },
  at: string,
): TerminalRecord {
  const isKeptOne = opened.kept !== undefined;
  return {
    ...named,
    state: { phase: 'live', reattachedAt: null },
    lifetime: isKeptOne ? 'multiplexer' : 'connection',
    lifetimeNote: opened.lifetimeNote?.slice(0, 300) ?? null,
    attachCommand: isKeptOne ? attachCommandOf(named.id) : null,
    isFound: false,
    openedAt: at,
    attachedTo: opened.attachedTo.slice(0, 256),
    isClosing: false,
  };
}

/** One that runs on its host and that nobody remembers. */
export function foundTerminal(named: Named, hostName: string, at: string): TerminalRecord {
  return {
    ...named,
    name: null,
    state: { phase: 'lost', at, unconfirmedBytes: 0 },
    lifetime: 'multiplexer',
    lifetimeNote: null,
    attachCommand: attachCommandOf(named.id),
    isFound: true,
    openedAt: at,
    attachedTo: `“${hostName}”`,
    isClosing: false,
  };
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

/** Its session is not there any more, and nobody saw how it ended. `purpose` as for `endOf`. */
export function goneFor(
  record: TerminalRecord,
  purpose: string | null,
  reason: string,
  at: string,
): TerminalRecord {
  if (purpose !== null) return { ...record, state: stopped(record.attachedTo, purpose, at) };
  const error = new BerthError('terminal.ended', `The shell in ${record.attachedTo} is gone. ${reason}`, {
    details: { attachedTo: record.attachedTo, reason: 'gone' },
  });
  return { ...record, state: { phase: 'ended', at, exitCode: null, error: error.toShape() } };
}

/** -u: a login over SSH often has no locale, and tmux would show underscores in place of what is not ASCII. */
export function attachCommandOf(id: string): string {
  return `tmux -u -L berth attach -t =${id}`;
}

export function hasEnded({ attachedTo }: TerminalRecord): BerthError {
  return new BerthError('terminal.ended', `The shell in ${attachedTo} has ended. Open a new one.`, {
    details: { attachedTo },
  });
}
