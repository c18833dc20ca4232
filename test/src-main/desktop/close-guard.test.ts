/** A window closes over nothing unsaved without a word, and over nothing at all when there is nothing to lose. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeWindow } from './fake-window.ts';

const asked: { message: string; detail: string; buttons: string[] }[] = [];
let answer = '';
vi.mock('electron', () => ({
  dialog: {
    showMessageBox: async (_owner: unknown, options: (typeof asked)[number]) => {
      asked.push(options);
      return { response: options.buttons.indexOf(answer), checkboxChecked: false };
    },
  },
}));
const { createCloseGuard } = await import('#main/desktop/close-guard.ts');

const settled = () => new Promise((resolve) => setImmediate(resolve));
let window: FakeWindow;
let log: string[] = [];
let isQuitting = false;
let downloads = 0;
let views: 'none' | 'leave' | 'stay' = 'none';

function guarded() {
  return createCloseGuard({
    window: window.asWindow,
    isQuitting: () => isQuitting,
    quit: () => {
      log.push('quit');
      window.close();
    },
    onStay: () => log.push('stays'),
    tellToSave: () => log.push('save'),
    runningDownloads: () => downloads,
    hasAppViews: () => views !== 'none',
    leaveAppViews: async () => {
      log.push('leave');
      return views !== 'stay';
    },
  });
}
const text = { texts: ['notes.txt'], transferCount: 0 };
const close = async () => {
  window.close();
  await settled();
};

beforeEach(() => {
  asked.length = 0;
  log = [];
  isQuitting = false;
  downloads = 0;
  views = 'none';
  window = new FakeWindow();
});

describe('a window', () => {
  it('closes at once with nothing to lose', () => {
    guarded();
    window.close();
    expect([window.isGone, asked]).toEqual([true, []]);
  });

  it('stays with what was changed when the person cancels, and asks again the next time', async () => {
    guarded().setWork(text);
    answer = 'Cancel';
    await close();
    await close();
    expect(window.isGone).toBe(false);
    expect(asked.map(({ message }) => message)).toEqual([
      'Save what you changed in notes.txt?',
      'Save what you changed in notes.txt?',
    ]);
    expect(asked[0]?.buttons).toEqual(['Save', 'Discard', 'Cancel']);
    expect(log).toEqual(['stays', 'stays']);
  });

  it('goes when it may be thrown away, and names what it is', async () => {
    const names = Array.from({ length: 8 }, (_none, n) => `${n}.txt`);
    guarded().setWork({ texts: names, transferCount: 2 });
    answer = 'Discard';
    await close();
    expect(window.isGone).toBe(true);
    expect(asked[0]?.message).toBe('Save what you changed in 8 files?');
    expect(asked[0]?.detail.split('\n')).toEqual([
      ...names.slice(0, 6),
      'and 2 more',
      'What is not saved is in this window alone, and is lost.',
      '2 files are still on their way, and would end with the window.',
    ]);
  });

  it('waits until it was saved, and stays where that did not work', async () => {
    const guard = guarded();
    guard.setWork(text);
    answer = 'Save';
    await close();
    expect([log, window.isGone]).toEqual([['save'], false]);
    // Once more while it is being saved.
    await close();
    expect(asked).toHaveLength(1);
    guard.saved(false);
    await settled();
    expect([log, window.isGone]).toEqual([['save', 'stays'], false]);
    await close();
    guard.saved(true);
    await settled();
    expect(window.isGone).toBe(true);
  });

  it('does not wait for a page that is gone', async () => {
    const guard = guarded();
    guard.setWork(text);
    answer = 'Save';
    await close();
    window.webContents.emit('render-process-gone', {}, { reason: 'crashed' });
    await settled();
    await close();
    expect(window.isGone).toBe(true);
  });

  it('asks about files that are on their way, those that apps save included', async () => {
    const guard = guarded();
    guard.setWork({ texts: [], transferCount: 1 });
    downloads = 1;
    answer = 'Cancel';
    await close();
    answer = 'Close anyway';
    await close();
    expect(asked[0]?.message).toBe('2 files are still on their way');
    expect(window.isGone).toBe(true);
  });

  it('goes on quitting once nothing is in the way, and is not quit by who stays', async () => {
    guarded().setWork(text);
    isQuitting = true;
    answer = 'Cancel';
    await close();
    expect(log).toEqual(['stays']);
    answer = 'Discard';
    await close();
    expect(log).toEqual(['stays', 'leave', 'quit']);
    expect(window.isGone).toBe(true);
  });

  it('asks the apps in it after itself, and stays where one does', async () => {
    guarded();
    views = 'stay';
    await close();
    expect([window.isGone, log]).toEqual([false, ['leave', 'stays']]);
    views = 'leave';
    await close();
    expect(window.isGone).toBe(true);
  });

  it('objects when Windows ends while there is something to lose, and only then', async () => {
    const guard = guarded();
    const end = () => {
      let isPrevented = false;
      window.emit('query-session-end', { preventDefault: () => (isPrevented = true) });
      return isPrevented;
    };
    expect(end()).toBe(false);
    guard.setWork(text);
    answer = 'Cancel';
    expect(end()).toBe(true);
    await settled();
    expect(asked).toHaveLength(1);
  });
});
