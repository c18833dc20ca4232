/**
 * What web apps save: where it goes the person says in Electron's own dialog, how far it is the page is told, and where it
 * went can be shown.
 *
 * Guarantees: nothing that was saved is ever opened; an app has at most `atOnce` under way, dialogs included; the page names
 * what it means by an id, never by a path.
 */
import { basename, dirname } from 'node:path';
import { type DownloadItem, shell } from 'electron';
import type { AppDownload } from '#contract/shell.ts';

export interface AppDownloads {
  /** False: too many of this app are under way. */
  begin(app: { readonly origin: string; readonly name: string }, item: DownloadItem): boolean;
  cancel(id: string): void;
  show(id: string): void;
  runningCount(): number;
}

/** Of one app: a person chooses no more places than this at a time. */
const atOnce = 3;
/** Of those that ended, how many can still be shown. */
const keptCount = 100;
/** Milliseconds between two words about the progress of one. */
const tellEveryMs = 250;

export function createAppDownloads(options: {
  readonly tell: (download: AppDownload) => void;
  readonly nowMs?: () => number;
}): AppDownloads {
  const nowMs = options.nowMs ?? (() => performance.now());
  const running = new Map<string, { readonly item: DownloadItem; readonly origin: string }>();
  const saved = new Map<string, string>();
  let lastId = 0;

  const keep = (id: string, path: string) => {
    saved.set(id, path);
    const [oldest] = saved.keys();
    if (saved.size > keptCount && oldest !== undefined) saved.delete(oldest);
  };

  return {
    begin: ({ origin, name }, item) => {
      if ([...running.values()].filter((one) => one.origin === origin).length >= atOnce) return false;
      lastId += 1;
      const id = `download-${lastId}`;
      running.set(id, { item, origin });
      item.setSaveDialogOptions({ title: `Save a file of ${name}` });
      let toldAtMs = Number.NEGATIVE_INFINITY;
      const tell = (phase: AppDownload['phase']) => {
        const path = item.getSavePath();
        // Before the person has said where, and when they said nowhere, there is nothing to tell.
        if (path === '') return;
        const totalBytes = item.getTotalBytes();
        options.tell({
          ...{ id, phase, from: name, fileName: basename(path), folder: dirname(path) },
          ...{ receivedBytes: item.getReceivedBytes(), totalBytes: totalBytes > 0 ? totalBytes : null },
        });
      };
      let isBroken = false;
      item.on('updated', (_event, state) => {
        if (state === 'interrupted') {
          // Its server would have to know it again, as after a restart of the app: the person begins anew.
          isBroken = true;
          item.cancel();
          return;
        }
        if (nowMs() - toldAtMs < tellEveryMs) return;
        toldAtMs = nowMs();
        tell('running');
      });
      item.once('done', (_event, state) => {
        running.delete(id);
        if (state === 'completed') keep(id, item.getSavePath());
        tell(state === 'completed' ? 'done' : state === 'interrupted' || isBroken ? 'failed' : 'cancelled');
      });
      return true;
    },
    cancel: (id) => running.get(id)?.item.cancel(),
    show: (id) => {
      const path = saved.get(id);
      if (path !== undefined) shell.showItemInFolder(path);
    },
    runningCount: () => running.size,
  };
}
