/**
 * Says by the system what the window says while nobody looks at it: what warns, as of a workspace that is about to end by
 * itself, and what failed. A click leads to the window, where the notice stands again with what can be done: it changes
 * nothing by itself. Once for each notice.
 */
import type { Notice, Notices } from './notices.ts';

export interface SystemNoticesOptions {
  readonly notices: Notices;
  /** Nobody sees or hears this window now. */
  readonly isAway: () => boolean;
  readonly notify: (notice: SystemNotice) => void;
  /** Brings the window before the person. */
  readonly showWindow: () => void;
}

export interface SystemNotice {
  readonly title: string;
  readonly body: string;
  readonly onClick: () => void;
}

const awayLevels: ReadonlySet<Notice['level']> = new Set(['warning', 'error']);

/** Returns what ends it. */
export function tellBySystem({ notices, isAway, notify, showWindow }: SystemNoticesOptions): () => void {
  /** The same notice says another thing once its work has ended. */
  const keyOf = ({ id, at }: Notice) => `${id} ${at}`;
  let known = new Set(notices.store.getState().notices.map(keyOf));
  return notices.store.subscribe((state) => {
    const ended = state.notices.filter(({ progress }) => progress === null);
    const fresh = ended.filter((one) => !known.has(keyOf(one))).reverse();
    known = new Set(ended.map(keyOf));
    for (const notice of fresh) {
      const { id, title, body, level, action, isForSystem } = notice;
      if (!isForSystem && !(awayLevels.has(level) && isAway())) continue;
      const act = isForSystem ? action?.run : undefined;
      notify({
        ...{ title, body },
        onClick: () => {
          showWindow();
          if (act === undefined) notices.showAgain(id);
          else act();
        },
      });
    }
  });
}
