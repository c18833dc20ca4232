/** Words about what apps save, in the desktop: one notice for each, with its way to be cancelled, then to be found. */
import type { AppDownload, ShellBridge } from '#contract/shell.ts';
import { formatBytes } from '../../components/format.ts';
import type { Notices, RunningNotice } from '../../state/notices.ts';

export interface DownloadsDeps {
  readonly shell: Pick<ShellBridge, 'request'> | null;
  readonly notices: Pick<Notices, 'begin'>;
}

/** What is told of a download, in any order of several. */
export function tellOfDownloads({ shell, notices }: DownloadsDeps): (download: AppDownload) => void {
  const running = new Map<string, RunningNotice>();
  return (download) => {
    const { id, fileName, from, phase, folder } = download;
    const notice =
      running.get(id) ??
      notices.begin({
        title: `Saving ${fileName}`,
        action: { label: 'Cancel', run: () => void shell?.request('downloadCancel', { id }) },
      });
    running.set(id, notice);
    if (phase === 'running') {
      notice.tell(`From ${from}: ${progressWords(download)}`, partOf(download));
      return;
    }
    running.delete(id);
    switch (phase) {
      case 'done':
        return notice.done({
          ...{ level: 'done', title: `${fileName} is saved`, body: `From ${from}, in ${folder}` },
          action: { label: 'Show in folder', run: () => void shell?.request('downloadShow', { id }) },
        });
      case 'cancelled':
        return notice.done({ title: `${fileName} was not saved`, body: `From ${from}: it was cancelled.` });
      case 'failed':
        return notice.done({
          ...{ level: 'error', title: `${fileName} was not saved` },
          body: `The way to ${from} broke off after ${formatBytes(download.receivedBytes)}. Begin it anew in the app.`,
        });
      default:
        phase satisfies never;
    }
  };
}

function progressWords({ receivedBytes, totalBytes }: AppDownload): string {
  return totalBytes === null
    ? formatBytes(receivedBytes)
    : `${formatBytes(receivedBytes)} of ${formatBytes(totalBytes)}`;
}

function partOf({ receivedBytes, totalBytes }: AppDownload): number | null {
  return totalBytes === null ? null : Math.min(1, receivedBytes / totalBytes);
}
