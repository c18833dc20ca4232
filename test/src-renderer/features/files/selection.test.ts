import { describe, expect, it } from 'vitest';
import {
  chooseAll,
  chooseAlso,
  chooseOne,
  chooseTo,
  keepPresent,
  noSelection,
} from '#renderer/features/files/selection.ts';

const shown = ['a', 'b', 'c', 'd', 'e'];
const chosen = (selection: { names: ReadonlySet<string> }) => [...selection.names].sort();

describe('choosing', () => {
  it('goes from the anchor on, either way, and keeps the anchor', () => {
    const down = chooseTo(chooseOne('b'), shown, 'd');
    expect([chosen(down), down.current, down.anchor]).toEqual([['b', 'c', 'd'], 'd', 'b']);
    const up = chooseTo(down, shown, 'a');
    expect([chosen(up), up.anchor]).toEqual([['a', 'b'], 'b']);
  });
  it('adds one, and takes it away again', () => {
    const two = chooseAlso(chooseOne('a'), 'd');
    expect(chosen(two)).toEqual(['a', 'd']);
    expect(chosen(chooseAlso(two, 'a'))).toEqual(['d']);
  });
  it('begins where nothing was chosen, and where the anchor is not shown any more', () => {
    expect(chosen(chooseTo(noSelection, shown, 'c'))).toEqual(['c']);
    expect(chosen(chooseTo(chooseOne('gone'), shown, 'c'))).toEqual(['c']);
  });
  it('takes all, and keeps what is still there', () => {
    const all = chooseAll(noSelection, shown);
    expect(all.names.size).toBe(5);
    const kept = keepPresent({ ...all, current: 'e' }, (name) => name < 'c');
    expect([chosen(kept), kept.current, kept.anchor]).toEqual([['a', 'b'], null, 'a']);
  });
});
