import { describe, expect, it } from 'vitest';
import type { Snapshot } from '#contract/snapshots.ts';
import {
  dayLabel,
  isFiltering,
  listedSnapshots,
  noFilter,
  timelineRows,
  workspacesOf,
} from '#renderer/features/snapshots/snapshot-list.ts';
import { snapshot } from '../../snapshot-scenes.ts';

const at = (n: number, iso: string, more: Partial<Snapshot> = {}) =>
  snapshot(n, 0, { createdAt: new Date(iso).toISOString(), ...more });
const hosts = new Map([['host_00000000000000000001', { name: 'atlas' }]]);

describe('the timeline', () => {
  const now = new Date('2026-11-25T12:00:00');

  it('has a heading for each day of this clock, the newest first, and counts them', () => {
    const listed = listedSnapshots(
      [
        at(1, '2026-11-24T23:59:59'),
        at(2, '2026-11-25T00:00:00'),
        at(3, '2026-11-23T10:00:00'),
        at(4, '2026-11-25T11:00:00'),
      ],
      noFilter,
      hosts,
    );
    const rows = timelineRows(listed, now);
    expect(rows.map((row) => (row.kind === 'day' ? `${row.label} ${row.count}` : row.key.at(-1)))).toEqual([
      'Today 2',
      '4',
      '2',
      'Yesterday 1',
      '1',
      'Monday 23 November 1',
      '3',
    ]);
  });

  it('says the year of another year, and knows yesterday over the end of a year', () => {
    expect(dayLabel(new Date('2025-12-31T10:00:00'), new Date('2026-01-01T00:10:00'))).toBe('Yesterday');
    expect(dayLabel(new Date('2025-12-30T10:00:00'), new Date('2026-01-01T00:10:00'))).toContain('2025');
  });

  it('is quick with 1,000 snapshots', () => {
    const many = Array.from({ length: 1000 }, (_, index) => snapshot(index + 1, index * 1.7));
    const beganMs = performance.now();
    timelineRows(listedSnapshots(many, { ...noFilter, text: 'api' }, hosts), now);
    expect(performance.now() - beganMs).toBeLessThan(1000);
  });
});

describe('the filter', () => {
  const all = [
    at(1, '2026-11-25T10:00:00', { name: 'Before the Upgrade', isPinned: true }),
    at(2, '2026-11-25T11:00:00', { note: 'while the tests ran', workspaceId: 'ws_00000000000000000009' }),
    at(3, '2026-11-25T12:00:00', {
      problem: { code: 'snapshot.corrupt', message: 'x', details: {} },
      hostId: 'host_00000000000000000002',
    }),
  ];
  const found = (change: Partial<typeof noFilter>) =>
    listedSnapshots(all, { ...noFilter, ...change }, hosts).map(({ id }) => id.at(-1));

  it.each([
    ['upgrade before', ['1']],
    ['TESTS', ['2']],
    ['damaged', ['3']],
    ['pinned atlas', ['1']],
    ['atlas', ['2', '1']],
    ['by schedule', ['3', '2', '1']],
    ['nowhere', []],
  ])('finds %s', (text, expected) => expect(found({ text })).toEqual(expected));

  it('narrows to a workspace and a host', () => {
    expect(found({ workspaceId: 'ws_00000000000000000009' })).toEqual(['2']);
    expect(found({ hostId: 'host_00000000000000000002' })).toEqual(['3']);
    expect([isFiltering(noFilter), isFiltering({ ...noFilter, text: ' ' })]).toEqual([false, false]);
    expect(isFiltering({ ...noFilter, hostId: 'host_00000000000000000002' })).toBe(true);
  });

  it('offers workspaces by name, also those that were destroyed, under the name they had last', () => {
    const owners = workspacesOf(
      [
        at(1, '2026-11-01T10:00:00', { workspaceName: 'old name' }),
        at(2, '2026-11-02T10:00:00', { workspaceName: 'zebra' }),
        at(3, '2026-11-03T10:00:00', { workspaceId: 'ws_00000000000000000009', workspaceName: 'gone' }),
      ],
      new Map([['ws_00000000000000000001', { name: 'api-server' }]]),
    );
    expect(owners).toEqual([
      { id: 'ws_00000000000000000001', name: 'api-server', isGone: false },
      { id: 'ws_00000000000000000009', name: 'gone', isGone: true },
    ]);
  });
});
