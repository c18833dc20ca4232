import { describe, expect, it } from 'vitest';
import {
  consistencyWords,
  diskShare,
  isDiskFilling,
  snapshotInWords,
} from '#renderer/features/snapshots/snapshot-words.ts';
import { snapshot } from '../../snapshot-scenes.ts';

describe('consistency', () => {
  const words = (more: object) => {
    const { word, detail } = consistencyWords(snapshot(1, 0, more));
    return [word, detail];
  };
  it('says for how long the workspace stood still, and whether files changed', () => {
    expect(words({ consistency: 'paused', frozenMs: 240 })).toEqual(['paused', '240\u00a0ms']);
    expect(words({ consistency: 'paused', frozenMs: 4200 })).toEqual(['paused', '4.2\u00a0s']);
    expect(words({ consistency: 'paused', frozenMs: 90_000 })).toEqual(['paused', '1\u00a0min 30\u00a0s']);
    expect(words({ consistency: 'paused', frozenMs: null })).toEqual(['paused', null]);
    expect(words({ consistency: 'stopped', frozenMs: null })).toEqual(['stopped', null]);
    expect(words({ consistency: 'live', frozenMs: null })).toEqual(['live', null]);
    expect(words({ consistency: 'live', isChangedWhileRead: true })).toEqual(['live', 'files changed']);
  });
});

describe('a snapshot in a sentence', () => {
  it('is its name, else its time', () => {
    expect(snapshotInWords(snapshot(1, 0, { name: 'a' }))).toBe('a of api-server');
    const createdAt = new Date(2026, 10, 5, 9, 4).toISOString();
    expect(snapshotInWords(snapshot(1, 0, { createdAt }))).toBe('5 Nov 2026, 09:04 of api-server');
  });
});

describe('a disk', () => {
  it('fills from the share on that the settings name, and is unknown while nothing was read', () => {
    expect(diskShare({ freeBytes: 25, totalBytes: 100 })).toBe(0.75);
    expect(diskShare({ freeBytes: null, totalBytes: 100 })).toBeNull();
    expect(diskShare({ freeBytes: 0, totalBytes: 0 })).toBeNull();
    expect(isDiskFilling({ freeBytes: 15, totalBytes: 100 }, 85)).toBe(true);
    expect(isDiskFilling({ freeBytes: 16, totalBytes: 100 }, 85)).toBe(false);
    expect(isDiskFilling({ freeBytes: null, totalBytes: null }, 85)).toBe(false);
  });
});
