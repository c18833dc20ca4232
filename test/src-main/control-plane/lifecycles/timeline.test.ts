/** What a timeline holds and tells to whoever follows it. */
import { describe, expect, it } from 'vitest';
import type { WorkspaceId } from '#contract/ids.ts';
import { TimelineEntry } from '#contract/lifecycles.ts';
import { Timeline } from '#main/control-plane/lifecycles/timeline.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { MemoryRecordStore } from '#test/harness/memory-record-store.ts';

const id = 'ws_00000000000000000001' as WorkspaceId;
const made = { event: 'created', at: '2020-01-01T00:00:00.000Z', text: 'Made' } as const;

function newTimeline(store = new MemoryRecordStore()): Timeline {
  const rows = store.rowLog('timelines', (value) => TimelineEntry.parse(value), 500);
  return new Timeline({ rows, clock: new ManualClock(), log: new MemoryLog() });
}
async function toldOf(timeline: Timeline): Promise<string[]> {
  const told: string[] = [];
  for await (const { text } of timeline.follow(id, false, new AbortController().signal)) told.push(text);
  return told;
}

describe('one that nothing was ever added to', () => {
  it('begins with what is known, once, so that whoever follows it hears something', async () => {
    const timeline = newTimeline();
    await Promise.all([timeline.beginWith(id, made), timeline.beginWith(id, made)]);
    const stop = new AbortController();
    for await (const entry of timeline.follow(id, true, stop.signal)) {
      expect(entry).toMatchObject(made);
      stop.abort();
    }
    expect(await toldOf(timeline)).toEqual(['Made']);
  });
});

describe('one that has entries', () => {
  it('is left as it is, in this run and in a later one', async () => {
    const store = new MemoryRecordStore();
    const timeline = newTimeline(store);
    timeline.add(id, { event: 'started', text: 'Started' });
    await timeline.beginWith(id, made);
    await timeline.close();
    const next = newTimeline(store);
    await next.beginWith(id, made);
    expect(await toldOf(next)).toEqual(['Started']);
  });
});
