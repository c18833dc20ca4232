import { describe, expect, it } from 'vitest';
import type { LogLine, Operation } from '#contract/operations.ts';
import { endedSince } from '#renderer/features/operations/operation-announcer.tsx';
import { commandsOf, withLogLines } from '#renderer/components/log-lines.ts';
import { listedOperations } from '#renderer/features/operations/operations-list.ts';

const at = '2026-11-20T17:00:02.000Z';
const line = (level: LogLine['level'], text: string): LogLine => ({ at, step: null, level, text });

describe('an operation’s log', () => {
  it('shows commands with a prompt, and their text without one', () => {
    const log = [
      line('info', 'pulling'),
      line('command', 'docker pull debian:12'),
      line('command', 'docker ps'),
    ];
    expect(withLogLines([], log).map(({ text, tone }) => [text, tone])).toEqual([
      ['pulling', undefined],
      ['$ docker pull debian:12', 'command'],
      ['$ docker ps', 'command'],
    ]);
    expect(commandsOf(log)).toBe('docker pull debian:12\ndocker ps');
  });

  it('makes a text of several lines into as many, with one time', () => {
    const shown = withLogLines([], [line('error', 'first\nsecond')]);
    expect(shown.map((each) => each.text)).toEqual(['first', 'second']);
    expect(shown[1]?.prefix?.trim()).toBe('');
    expect(new Set(shown.map((each) => each.id)).size).toBe(2);
  });
});

function operation(n: number, state: Operation['state'], title = `Operation ${n}`): Operation {
  return {
    id: `op_${String(n).padStart(20, '0')}`,
    kind: 'workspace.start',
    title,
    subject: { kind: 'workspace', id: 'ws_1', name: 'api' },
    hostId: null,
    state,
    steps: [],
    error: null,
    canCancel: false,
    startedAt: `2026-11-20T17:00:${String(n).padStart(2, '0')}.000Z`,
    endedAt: null,
  };
}

describe('the list of operations', () => {
  const all = [operation(1, 'running'), operation(2, 'failed'), operation(3, 'succeeded', 'Stop “api”')];
  const numbers = (found: Operation[]) => found.map(({ id }) => Number(id.slice(3)));

  it('has those under way first, then the newest', () => {
    expect(numbers(listedOperations(all, 'all', ''))).toEqual([1, 3, 2]);
  });
  it('filters by state and by every word', () => {
    expect(numbers(listedOperations(all, 'failed', ''))).toEqual([2]);
    expect(numbers(listedOperations(all, 'ended', ''))).toEqual([3, 2]);
    expect(numbers(listedOperations(all, 'all', 'API stop'))).toEqual([3]);
  });
});

describe('what is announced', () => {
  const map = (...list: Operation[]) => new Map(list.map((each) => [each.id as string, each]));
  it('is what was under way and has ended since, and nothing of the past', () => {
    const before = map(operation(1, 'running'), operation(2, 'failed'));
    const now = map(operation(1, 'failed'), operation(2, 'failed'), operation(3, 'succeeded'));
    expect(endedSince(before, now).map(({ id }) => id)).toEqual([operation(1, 'failed').id]);
  });
});
