/** What the window shows of one transfer: files that go up to a folder, or a file or an archive that comes down. Pure. */
import type { BerthError } from '#contract/berth-error.ts';
import type { PlaceId } from '#contract/files.ts';
import type { RateSample } from './transfer-rate.ts';

/**
 * `asking`: something of the name is there, and the person decides. `offline`: it goes on by itself when the way is back.
 */
export type TransferPhase = 'running' | 'asking' | 'paused' | 'offline' | 'done' | 'failed' | 'cancelled';

export interface TransferFailure {
  /** Within what is transferred. */
  readonly name: string;
  readonly error: BerthError;
}

export interface Transfer {
  readonly id: number;
  readonly kind: 'upload' | 'download';
  /** "notes.txt", "3 files", "photos". */
  readonly title: string;
  readonly placeId: PlaceId;
  /** Where to, or where from. */
  readonly folder: string;
  readonly phase: TransferPhase;
  readonly filesDone: number;
  readonly filesSkipped: number;
  readonly filesTotal: number;
  readonly bytesDone: number;
  /** Null: nobody knows before the end. */
  readonly bytesTotal: number | null;
  readonly currentName: string | null;
  /** The first `shownFailures`. */
  readonly failures: readonly TransferFailure[];
  readonly failureCount: number;
  /** The name that is there already. */
  readonly conflict: string | null;
  readonly samples: readonly RateSample[];
  readonly canPause: boolean;
}

export const shownFailures = 50;

export type ConflictChoice = 'replace' | 'both' | 'skip';
export interface ConflictAnswer {
  readonly choice: ConflictChoice;
  readonly isForAll: boolean;
}

export function isOver({ phase }: Pick<Transfer, 'phase'>): boolean {
  return phase === 'done' || phase === 'failed' || phase === 'cancelled';
}

/** 0 to 1; null: not known. */
export function transferPart({
  phase,
  bytesDone,
  bytesTotal,
  filesDone,
  filesTotal,
}: Transfer): number | null {
  if (phase === 'done') return 1;
  if (bytesTotal === null) return null;
  if (bytesTotal === 0) return filesTotal === 0 ? null : filesDone / filesTotal;
  return Math.min(1, bytesDone / bytesTotal);
}
