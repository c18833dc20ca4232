/** What apps save: how many at once, what the page is told, and that nothing is opened. */
import { EventEmitter } from 'node:events';
import type { DownloadItem } from 'electron';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { AppDownload } from '#contract/shell.ts';

const shown: string[] = [];
vi.mock('electron', () => ({ shell: { showItemInFolder: (path: string) => shown.push(path) } }));
const { createAppDownloads } = await import('#main/desktop/app-downloads.ts');

class Item extends EventEmitter {
  path = '';
  receivedBytes = 0;
  totalBytes = 0;
  setSaveDialogOptions = () => undefined;
  getSavePath = () => this.path;
  getReceivedBytes = () => this.receivedBytes;
  getTotalBytes = () => this.totalBytes;
  cancel = () => void this.emit('done', {}, 'cancelled');
}

const shop = { origin: 'http://shop-3000.localhost:1', name: 'Shop' };
let told: AppDownload[] = [];
let nowMs = 0;
const made = () => createAppDownloads({ tell: (one) => told.push(one), nowMs: () => nowMs });
const begin = (downloads: ReturnType<typeof made>, app = shop) => {
  const item = new Item();
  return { item, isBegun: downloads.begin(app, item as unknown as DownloadItem) };
};

beforeEach(() => {
  told = [];
  shown.length = 0;
  nowMs = 0;
});

describe('what an app saves', () => {
  it('is told of from where the person said, now and then, to its end', () => {
    const downloads = made();
    const { item } = begin(downloads);
    item.emit('updated', {}, 'progressing');
    expect(told).toEqual([]);
    Object.assign(item, { path: '/home/dev/plan.pdf', receivedBytes: 10, totalBytes: 40 });
    nowMs = 250;
    item.emit('updated', {}, 'progressing');
    nowMs = 300;
    item.emit('updated', {}, 'progressing');
    expect(told).toEqual([
      {
        ...{ id: 'download-1', phase: 'running', from: 'Shop', fileName: 'plan.pdf', folder: '/home/dev' },
        ...{ receivedBytes: 10, totalBytes: 40 },
      },
    ]);
    expect(downloads.runningCount()).toBe(1);
    item.emit('done', {}, 'completed');
    expect(told.at(-1)?.phase).toBe('done');
    expect(downloads.runningCount()).toBe(0);
  });

  it('can be shown where it is once it is there, by its id alone', () => {
    const downloads = made();
    const { item } = begin(downloads);
    item.path = '/home/dev/plan.pdf';
    downloads.show('download-1');
    expect(shown).toEqual([]);
    item.emit('done', {}, 'completed');
    downloads.show('download-1');
    downloads.show('/etc/passwd');
    expect(shown).toEqual(['/home/dev/plan.pdf']);
  });

  it('can be cancelled, and fails with a word when its way breaks off', () => {
    const downloads = made();
    const [first, second] = [begin(downloads).item, begin(downloads).item];
    first.path = second.path = '/home/dev/a';
    downloads.cancel('download-1');
    second.emit('updated', {}, 'interrupted');
    expect(told.map(({ id, phase }) => [id, phase])).toEqual([
      ['download-1', 'cancelled'],
      ['download-2', 'failed'],
    ]);
    expect(downloads.runningCount()).toBe(0);
  });

  it('is nothing to tell of where the person chose no place', () => {
    const downloads = made();
    begin(downloads).item.emit('done', {}, 'cancelled');
    expect([told, downloads.runningCount()]).toEqual([[], 0]);
  });

  it('is three at a time of one app, and another app’s are its own', () => {
    const downloads = made();
    const items = [begin(downloads), begin(downloads), begin(downloads)];
    expect(items.map(({ isBegun }) => isBegun)).toEqual([true, true, true]);
    expect(begin(downloads).isBegun).toBe(false);
    expect(begin(downloads, { ...shop, origin: 'http://lab-1.localhost:1' }).isBegun).toBe(true);
    items[0]?.item.emit('done', {}, 'completed');
    expect(begin(downloads).isBegun).toBe(true);
  });
});
