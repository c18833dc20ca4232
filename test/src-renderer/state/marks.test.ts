/** Words of things that rest with their machine: not unknown, and no failure. */
import { expect, it } from 'vitest';
import type { Machine } from '#contract/machines.ts';
import type { Terminal } from '#contract/terminals.ts';
import { terminalMark, workspaceMark } from '#renderer/state/marks.ts';

const machine = (life: Machine['life'], state: 'on' | 'off' = 'on') =>
  ({ life, trouble: null, retry: null, power: { state, isBusy: false } }) as Machine;

it.each([
  ['asleep', { signal: 'stopped', word: 'asleep' }],
  ['hibernating', { signal: 'busy', word: 'going to sleep' }],
  ['waking', { signal: 'busy', word: 'waking' }],
] as const)('a workspace on a machine that is %s', (life, mark) => {
  expect(workspaceMark({ state: 'unknown' }, machine(life))).toEqual(mark);
  // What is known is said.
  expect(workspaceMark({ state: 'stopping' }, machine(life)).word).toBe('stopping');
});
it('a workspace on a machine that is off, at work, or none', () => {
  expect(workspaceMark({ state: 'unknown' }, machine('made', 'off')).word).toBe('switched off');
  expect(workspaceMark({ state: 'unknown' }, machine('made')).word).toBe('unknown');
  expect(workspaceMark({ state: 'unknown' }).word).toBe('unknown');
});
it('a terminal that ended with what was stopped is no failure, and one that was lost is', () => {
  const ended = (reason: string) =>
    terminalMark({
      state: { phase: 'ended', exitCode: null, error: { code: 'terminal.ended', details: { reason } } },
    } as unknown as Terminal);
  expect(ended('stopped')).toEqual({ signal: 'stopped', word: 'ended' });
  expect(ended('gone').signal).toBe('failed');
});
