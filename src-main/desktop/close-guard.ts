/**
 * Keeps a window, and with it the app, from closing over what would be lost: texts that were changed, files on their way,
 * apps that ask to stay. Asks in the system's own dialog, for the window may be closed from the menu, the icon beside the
 * clock or the system while the page is not looked at.
 *
 * Guarantees: nothing is thrown away without a word; a window with nothing to lose closes at once; a page that is gone, or
 * hangs, can still be closed.
 */
import { type BrowserWindow, dialog } from 'electron';
import type { UnsavedWork } from '#contract/shell.ts';

export interface CloseGuard {
  /** What the page says would be lost. */
  setWork(work: UnsavedWork): void;
  /** The page was asked to save, and did; or could not, and shows why. */
  saved(isSaved: boolean): void;
  /** The page is another by now, or none. */
  forgetPage(): void;
  /** Whether closing now would lose something that the page told of. */
  hasWork(): boolean;
}

export interface CloseGuardOptions {
  readonly window: BrowserWindow;
  /** The whole app ends, and goes on ending once nothing is in its way. */
  readonly isQuitting: () => boolean;
  readonly quit: () => void;
  /** The person stays: whatever wanted to end the app has to want it again. */
  readonly onStay: () => void;
  readonly tellToSave: () => void;
  /** Of apps, which are not the page's. */
  readonly runningDownloads: () => number;
  readonly hasAppViews: () => boolean;
  readonly leaveAppViews: () => Promise<boolean>;
}

const nothing: UnsavedWork = { texts: [], transferCount: 0 };
/** Names that a question lists. */
const listedNames = 6;

export function createCloseGuard(options: CloseGuardOptions): CloseGuard {
  const { window } = options;
  let work = nothing;
  let isAsking = false;
  let isLetGo = false;
  let onSaved: ((isSaved: boolean) => void) | null = null;

  const counts = () => work.transferCount + options.runningDownloads();
  const hasWork = () => work.texts.length > 0 || counts() > 0;

  const save = () =>
    new Promise<boolean>((resolve) => {
      onSaved = resolve;
      options.tellToSave();
    });

  /** Whether what the page holds may go. */
  const settle = async (): Promise<boolean> => {
    if (!hasWork()) return true;
    const { texts } = work;
    const verb = options.isQuitting() ? 'Quit' : 'Close';
    if (texts.length === 0) {
      const { response } = await dialog.showMessageBox(window, {
        ...{ type: 'warning', message: transferWords(counts()), noLink: true },
        detail: 'They end with the window, and have to be begun again.',
        ...{ buttons: [`${verb} anyway`, 'Cancel'], defaultId: 1, cancelId: 1 },
      });
      return response === 0;
    }
    const { response } = await dialog.showMessageBox(window, {
      ...{ type: 'warning', message: textWords(texts), noLink: true },
      detail: detailOf(texts, counts()),
      ...{ buttons: ['Save', 'Discard', 'Cancel'], defaultId: 0, cancelId: 2 },
    });
    if (response === 0) return await save();
    return response === 1;
  };

  const ask = async (): Promise<void> => {
    isAsking = true;
    try {
      isLetGo = (await settle()) && (await options.leaveAppViews());
    } finally {
      isAsking = false;
    }
    if (!isLetGo) return options.onStay();
    if (options.isQuitting()) options.quit();
    else if (!window.isDestroyed()) window.close();
  };

  window.on('close', (event) => {
    if (isLetGo || (!isAsking && !hasWork() && !options.hasAppViews())) return;
    event.preventDefault();
    // Somebody who closes once more while the question is open has not answered it.
    if (!isAsking) void ask();
  });
  // Windows ends what does not object at once; what objects is shown to the person with its question.
  window.on('query-session-end', (event) => {
    if (!hasWork() || isLetGo) return;
    event.preventDefault();
    window.close();
  });
  window.webContents.on('render-process-gone', () => forgetPage());

  function forgetPage(): void {
    work = nothing;
    onSaved?.(false);
    onSaved = null;
  }

  return {
    setWork: (next) => {
      work = next;
    },
    saved: (isSaved) => {
      onSaved?.(isSaved);
      onSaved = null;
    },
    forgetPage,
    hasWork,
  };
}

function transferWords(count: number): string {
  return count === 1 ? 'A file is still on its way' : `${count} files are still on their way`;
}

function textWords(texts: readonly string[]): string {
  const [first = ''] = texts;
  return texts.length === 1
    ? `Save what you changed in ${first}?`
    : `Save what you changed in ${texts.length} files?`;
}

function detailOf(texts: readonly string[], transferCount: number): string {
  const more = texts.length - listedNames;
  const names =
    texts.length === 1 ? [] : [...texts.slice(0, listedNames), ...(more > 0 ? [`and ${more} more`] : [])];
  const transfers =
    transferCount === 0 ? [] : [`${transferWords(transferCount)}, and would end with the window.`];
  return [...names, 'What is not saved is in this window alone, and is lost.', ...transfers].join('\n');
}
