/** What an engine remembers of an end, in every order that counts. */
import { expect, test } from 'vitest';
import type { EngineEvent } from '#main/control-plane/interfaces/container-engine.ts';
import { wasStoppedUnseen } from '#main/control-plane/workspaces/past-end.ts';

const noSignal = new AbortController().signal;
const finishedAt = '2026-11-20T18:00:00.000Z';
const endMs = Date.parse(finishedAt);
/** Seconds before the end. */
const event = (action: string, secondsBefore = 1, signal?: string, id = 'c1'): EngineEvent => ({
  type: 'container',
  action,
  id,
  labels: signal === undefined ? {} : { signal },
  atMs: endMs - secondsBefore * 1000,
});

async function verdict(events: EngineEvent[], end: string | null = finishedAt) {
  const asked: number[] = [];
  const engine = {
    pastEvents: async (untilMs: number) => {
      asked.push(untilMs);
      return events;
    },
  };
  return { was: await wasStoppedUnseen(engine, { id: 'c1', finishedAt: end }, noSignal), asked };
}

const old = event('start', 3600);
test.each([
  ['docker stop', true, [old, event('kill', 2, '15'), event('die', 0), event('stop', 0)]],
  [
    'docker stop of what does not listen',
    true,
    [old, event('kill', 11, '15'), event('kill', 1, '9'), event('die', 0)],
  ],
  ['docker kill', true, [old, event('kill', 0, '9'), event('die', 0)]],
  ['docker kill right after a start', true, [event('start', 3), event('kill', 0, '9'), event('die', 0)]],
  ['docker stop, its start long forgotten', true, [event('die', 60, undefined, 'c2'), event('stop', 0)]],
  ['a word to the program, and an end of its own', false, [old, event('kill', 1, '1'), event('die', 0)]],
  ['a stop of another one', false, [old, event('stop', 1, undefined, 'c2'), event('die', 0)]],
  ['a signal long before', false, [old, event('kill', 60, '15'), event('die', 0)]],
  ['an end of its own', false, [old, event('die', 0)]],
  ['an end by memory', false, [old, event('oom', 1), event('die', 0)]],
  ['a stop before its last start', false, [event('stop', 10), event('start', 9), event('die', 0)]],
  [
    'an engine that came up and ended what was left',
    false,
    [event('kill', 1, '9'), event('die', 0), event('stop', 0)],
  ],
  ['an engine that remembers nothing', false, []],
])('%s: stopped %s', async (_name, expected, events) => {
  expect((await verdict(events)).was).toBe(expected);
});

test('the engine is asked until the stop’s own word has come, and not at all where there was no end', async () => {
  expect((await verdict([])).asked).toEqual([endMs + 1_500]);
  expect(await verdict([old, event('stop')], null)).toEqual({ was: false, asked: [] });
});
