/**
 * Brings one app's view to where it is wanted, one request after the other: what is wanted last is what holds, however
 * quickly things open and close. Before a view hides for a moment its picture is put in its place.
 */
import type { ShellBridge } from '#contract/shell.ts';
import type { ViewPlace } from './view-place.ts';

export interface ViewPlacer {
  place(wanted: ViewPlace): void;
  /** Nothing is asked any more. */
  stop(): void;
}

export interface ViewPlacerOptions {
  readonly shell: Pick<ShellBridge, 'request'>;
  readonly tabId: string;
  /** Null: the view itself is there again, or there is nothing to show. Resolves when the picture is drawn. */
  readonly onPicture: (picture: string | null) => Promise<void>;
  readonly onShown: () => void;
  readonly onFailure: (cause: unknown) => void;
}

export function createViewPlacer(options: ViewPlacerOptions): ViewPlacer {
  const { shell, tabId, onPicture, onShown, onFailure } = options;
  let wanted: ViewPlace | null = null;
  let isWorking = false;
  let isStopped = false;
  // As it is opened.
  let isHidden = true;

  async function work(): Promise<void> {
    isWorking = true;
    let done: ViewPlace | null = null;
    while (wanted !== null && wanted !== done && !isStopped) {
      const now: ViewPlace = wanted;
      await bring(now);
      done = now;
    }
    isWorking = false;
  }

  async function bring(place: ViewPlace): Promise<void> {
    if (place.kind === 'shown') {
      await shell.request('appViewMove', { tabId, bounds: place.bounds });
      if (isHidden) {
        isHidden = false;
        await onPicture(null);
        onShown();
      }
      return;
    }
    if (isHidden) return;
    if (place.isCovered) {
      const { picture } = await shell.request('appViewPicture', { tabId });
      // Over before it began.
      if (wanted?.kind === 'shown') return;
      await onPicture(picture);
    }
    await shell.request('appViewHide', { tabId });
    isHidden = true;
  }

  return {
    place: (next) => {
      if (wanted !== null && isSame(wanted, next)) return;
      wanted = next;
      if (!isWorking)
        work().catch((cause: unknown) => {
          isWorking = false;
          onFailure(cause);
        });
    },
    stop: () => {
      isStopped = true;
    },
  };
}

function isSame(a: ViewPlace, b: ViewPlace): boolean {
  if (a.kind === 'hidden' || b.kind === 'hidden') return a.kind === b.kind;
  return (['x', 'y', 'width', 'height'] as const).every((side) => a.bounds[side] === b.bounds[side]);
}
