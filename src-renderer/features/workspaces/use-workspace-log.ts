/**
 * Follows what a workspace's first process writes, while somebody looks. Bytes become lines at most once a frame, and
 * their credit goes back only then: a flood is held at its source and React sees one change a frame.
 */
import { useEffect, useState } from 'react';
import type { BerthError } from '#contract/berth-error.ts';
import type { WorkspaceId } from '#contract/ids.ts';
import { type OutputLine, OutputLines } from '../../components/output-lines.ts';
import { useClient, useConnection } from '../../state/app-context.tsx';
import { toBerthError } from '../../state/to-berth-error.ts';

export interface WorkspaceLog {
  readonly lines: readonly OutputLine[];
  readonly droppedLines: number;
  readonly phase: 'reading' | 'ended' | 'failed';
  readonly error: BerthError | null;
}

const nothing: WorkspaceLog = { lines: [], droppedLines: 0, phase: 'reading', error: null };
/** Lines asked for at first: some screens, and not a day. */
const tailLines = 1000;

/** `run`: another value reads the log anew, as after a start. */
export function useWorkspaceLog(id: WorkspaceId, isOn: boolean, run: string): WorkspaceLog {
  const client = useClient();
  const isOpen = useConnection().phase === 'open';
  const [log, setLog] = useState(nothing);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each run has a log of its own
  useEffect(() => {
    if (!isOn || !isOpen) return;
    const buffer = new OutputLines();
    const decoder = new TextDecoder();
    const stream = client.bytes('workspaces.logs', { id, tailLines });
    let waiting: { readonly bytes: Uint8Array; readonly done: () => void }[] = [];
    let frame = 0;
    let isOver = false;
    const drain = () => {
      cancelAnimationFrame(frame);
      frame = 0;
      for (const { bytes, done } of waiting) {
        buffer.push(decoder.decode(bytes, { stream: true }));
        done();
      }
      waiting = [];
    };
    const show = (phase: WorkspaceLog['phase'], error: BerthError | null = null) => {
      drain();
      if (!isOver) setLog({ lines: buffer.lines(), droppedLines: buffer.droppedLines, phase, error });
    };
    stream.onBytes((bytes, done) => {
      waiting.push({ bytes, done });
      if (frame === 0) frame = requestAnimationFrame(() => show('reading'));
    });
    stream.ended.then(
      () => show('ended'),
      (cause: unknown) => {
        const error = toBerthError(cause);
        // The banner says that the connection is away; the log is read again when it is back.
        if (error.code === 'connection-lost') show('reading');
        else show('failed', error);
      },
    );
    return () => {
      isOver = true;
      cancelAnimationFrame(frame);
      stream.close();
    };
  }, [client, id, isOn, isOpen, run]);
  return log;
}
