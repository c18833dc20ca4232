/** What is said of snapshots: their names in a sentence, how they were made, and whether they are sound. Pure. */
import type { Consistency, Snapshot } from '#contract/snapshots.ts';
import { formatDuration, formatLatency } from '../../components/format.ts';

const time = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
const clock = new Intl.DateTimeFormat('en-GB', time);
const dayAndClock = new Intl.DateTimeFormat('en-GB', {
  ...time,
  ...{ day: 'numeric', month: 'short', year: 'numeric' },
});

/** "14:05". */
export function timeOfDay(at: string): string {
  return clock.format(new Date(at));
}

/** "25 Nov 2026, 14:05". */
export function dayAndTime(at: string): string {
  return dayAndClock.format(new Date(at));
}

/** Its name, else when it was made. */
export function snapshotLabel({ name, createdAt }: Pick<Snapshot, 'name' | 'createdAt'>): string {
  return name ?? dayAndTime(createdAt);
}

/** As it stands in a sentence: "before the upgrade", “25 Nov 2026, 14:05 of api-server”. */
export function snapshotInWords(snapshot: Pick<Snapshot, 'name' | 'createdAt' | 'workspaceName'>): string {
  return `${snapshotLabel(snapshot)} of ${snapshot.workspaceName}`;
}

const consistencyWord: Readonly<Record<Consistency, string>> = {
  paused: 'paused',
  stopped: 'stopped',
  live: 'live',
};

/** A word and a sentence for it. `paused` also says for how long. */
export function consistencyWords(
  snapshot: Pick<Snapshot, 'consistency' | 'frozenMs' | 'isChangedWhileRead'>,
): { readonly word: string; readonly detail: string | null; readonly sentence: string } {
  const { consistency, frozenMs, isChangedWhileRead } = snapshot;
  const stoodStill = frozenMs === null ? null : stillText(frozenMs);
  switch (consistency) {
    case 'paused':
      return {
        word: consistencyWord.paused,
        detail: stoodStill,
        sentence: `The workspace stood still${stoodStill === null ? '' : ` for ${stoodStill}`} while its files were read: they fit together as after a power cut.`,
      };
    case 'stopped':
      return {
        word: consistencyWord.stopped,
        detail: null,
        sentence: 'Its programs had ended: every file is as they left it.',
      };
    case 'live':
      return {
        word: consistencyWord.live,
        detail: isChangedWhileRead ? 'files changed' : null,
        sentence: isChangedWhileRead
          ? 'The workspace went on, and files changed while they were read. They may not fit together.'
          : 'The workspace went on while its files were read. None of them changed meanwhile.',
      };
    default:
      return consistency satisfies never;
  }
}

function stillText(ms: number): string {
  return ms < 60_000 ? formatLatency(ms) : formatDuration(ms);
}

export const reasonWords: Readonly<Record<Snapshot['reason'], string>> = {
  person: 'made by hand',
  schedule: 'by schedule',
  safety: 'before a restore',
  move: 'for a move',
  import: 'imported',
};

/** What to do about a damaged snapshot, after what is wrong with it was said. */
export const damagedAdvice =
  'Do not restore from it. If it is still damaged when it is verified again, delete it and make a new one.';

/** How much of the disk is used, 0 to 1. Null: not known. */
export function diskShare(use: { freeBytes: number | null; totalBytes: number | null }): number | null {
  const { freeBytes, totalBytes } = use;
  return freeBytes === null || totalBytes === null || totalBytes === 0
    ? null
    : Math.min(1, Math.max(0, (totalBytes - freeBytes) / totalBytes));
}

export function isDiskFilling(
  use: { freeBytes: number | null; totalBytes: number | null },
  warningPercent: number,
): boolean {
  const share = diskShare(use);
  return share !== null && share * 100 >= warningPercent;
}
