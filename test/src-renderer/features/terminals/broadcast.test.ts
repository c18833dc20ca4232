import { describe, expect, it } from 'vitest';
import { TerminalId } from '#contract/ids.ts';
import { Broadcast } from '#renderer/features/terminals/broadcast.ts';

const [a, b, c] = ['a', 'b', 'c'].map((id) => id as unknown as TerminalId) as [
  TerminalId,
  TerminalId,
  TerminalId,
];
void TerminalId;

describe('Broadcast', () => {
  it('relays to the others of the group alone', () => {
    const group = new Broadcast();
    expect(group.othersOf(a)).toEqual([]);
    expect(group.start([a, b, b])).toBe(true);
    expect(group.othersOf(a)).toEqual([b]);
    expect(group.othersOf(b)).toEqual([a]);
    expect(group.othersOf(c)).toEqual([]);
    group.stop();
    expect(group.othersOf(a)).toEqual([]);
  });

  it('is no group of one', () => {
    const group = new Broadcast();
    expect(group.start([a, a])).toBe(false);
    expect(group.isMember(a)).toBe(false);
  });

  it('ends as a whole when one member cannot take part', () => {
    const group = new Broadcast();
    group.start([a, b, c]);
    expect(group.endWithout(() => true)).toBeNull();
    expect(group.store.getState().members).toHaveLength(3);
    expect(group.endWithout((id) => id !== b)).toBe(b);
    expect(group.store.getState().members).toEqual([]);
    expect(group.endWithout(() => false)).toBeNull();
  });

  it('closes its dialog when it begins', () => {
    const group = new Broadcast();
    group.choose(a);
    expect(group.store.getState().choosingFor).toBe(a);
    group.start([a, b]);
    expect(group.store.getState().choosingFor).toBeNull();
  });
});
