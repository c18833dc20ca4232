/** What counts as work, and how much of it: the table's rules, whatever is seen. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KeepAwake } from '#contract/lifecycles.ts';
import { WorkSeen } from '#contract/lifecycles.ts';
import { movedBetween } from '#main/control-plane/lifecycles/work-look.ts';
import { isComplete, weigh, type WorkFacts } from '#main/control-plane/lifecycles/work-signals.ts';

const silent: WorkFacts = {
  sinceMs: 30_000,
  wasTyped: false,
  wasPrinted: false,
  shownTerminals: 0,
  load: { cpus: 0.003, networkBytesPerSecond: 20, diskBytesPerSecond: 500 },
  connections: [],
  operations: [],
  commands: 0,
  transfers: 0,
  programs: null,
};
const sum = (change: Partial<WorkFacts>, rules: KeepAwake[] = []) =>
  weigh({ ...silent, ...change }, rules).sum;
const load = (change: Partial<NonNullable<WorkFacts['load']>>) => ({ load: { ...silent.load!, ...change } });

describe('what is work', () => {
  it.each<[string, Partial<WorkFacts>, KeepAwake[]]>([
    ['a key', { wasTyped: true }, []],
    ['a compile', load({ cpus: 0.9 }), []],
    ['a download', load({ networkBytesPerSecond: 50_000 }), []],
    ['a copy on the disk', load({ diskBytesPerSecond: 1_000_000 }), []],
    ['an operation', { operations: ['Take a snapshot'] }, []],
    ['a command of a client', { commands: 1 }, []],
    ['a transfer of files', { transfers: 1 }, []],
    ['a connection that moves much', { connections: [{ port: 80, movedBytes: 1_000_000 }] }, []],
    [
      'a program that a rule names, by its own name',
      { programs: [{ name: 'cargo', program: 'x' }] },
      [{ kind: 'process', name: 'cargo' }],
    ],
    [
      'a program that a rule names, by how it was called',
      { programs: [{ name: 'node', program: 'vite' }] },
      [{ kind: 'process', name: 'vite' }],
    ],
    [
      'a program whose name the kernel cuts',
      { programs: [{ name: 'a-very-long-nam', program: 'x' }] },
      [{ kind: 'process', name: 'a-very-long-name' }],
    ],
    [
      'a silent connection of the port of a rule',
      { connections: [{ port: 80, movedBytes: 0 }] },
      [{ kind: 'connection', port: 80 }],
    ],
    [
      'a silent connection, where a rule says any',
      { connections: [{ port: 80, movedBytes: 0 }] },
      [{ kind: 'connection', port: null }],
    ],
    ['a terminal that is shown, where a rule says so', { shownTerminals: 1 }, [{ kind: 'shown-terminal' }]],
    ['little of several', { wasPrinted: true, shownTerminals: 1, ...load({ cpus: 0.03 }) }, []],
  ])('%s', (_, change, rules) => expect(sum(change, rules)).toBeGreaterThanOrEqual(1));
});

it('what forwards moved is not counted as network once more', () => {
  const facts = { ...silent, ...load({ networkBytesPerSecond: 900 }) };
  const connections = [{ port: 80, movedBytes: 800 * 30 }];
  const weights = new Map(
    weigh({ ...facts, connections }, []).seen.map(({ signal, weight }) => [signal, weight]),
  );
  expect(weights.get('network')).toBeCloseTo(100 / 1_024, 3);
  expect(weights.get('connection')).toBeCloseTo(0.2 + 0.8 * (800 / 4_096), 3);
});

describe('what is no work by itself', () => {
  it.each<[string, Partial<WorkFacts>, KeepAwake[]]>([
    ['nothing', {}, []],
    ['a prompt that redraws its clock', { wasPrinted: true }, []],
    ['an open connection that says nothing', { connections: [{ port: 80, movedBytes: 0 }] }, []],
    ['ten of them', { connections: Array.from({ length: 10 }, () => ({ port: 80, movedBytes: 40 })) }, []],
    ['a terminal that is shown', { shownTerminals: 3 }, []],
    ['a program that no rule names', { programs: [{ name: 'cargo', program: 'cargo' }] }, []],
    [
      'a program of another name',
      { programs: [{ name: 'cargo-watch', program: 'cargo-watch' }] },
      [{ kind: 'process', name: 'cargo' }],
    ],
    [
      'a connection of another port than the rule’s',
      { connections: [{ port: 81, movedBytes: 0 }] },
      [{ kind: 'connection', port: 80 }],
    ],
    ['a shell that waits', load({ cpus: 0.004 }), []],
  ])('%s', (_, change, rules) => expect(sum(change, rules)).toBeLessThan(0.4));
});

it('says what it saw in words, the heaviest first', () => {
  const { seen } = weigh(
    {
      ...silent,
      wasPrinted: true,
      ...load({ cpus: 0.4 }),
      connections: [
        { port: 3000, movedBytes: 0 },
        { port: 3000, movedBytes: 0 },
      ],
      programs: [{ name: 'cargo', program: 'cargo' }],
    },
    [{ kind: 'process', name: 'cargo' }],
  );
  expect(seen.map(({ detail }) => detail)).toEqual([
    '0.4 processors',
    'cargo runs',
    'a terminal prints',
    '2 connections on 3000',
  ]);
});

it('misses what was not measured, and what a rule asks for and nobody told', () => {
  expect(isComplete(silent, [])).toBe(true);
  expect(isComplete({ ...silent, load: null }, [])).toBe(false);
  expect(isComplete(silent, [{ kind: 'process', name: 'cargo' }])).toBe(false);
  expect(isComplete({ ...silent, programs: [] }, [{ kind: 'process', name: 'cargo' }])).toBe(true);
});

const amount = fc.double({ min: 0, max: 1e9, noNaN: true });
const anyFacts: fc.Arbitrary<WorkFacts> = fc.record({
  sinceMs: fc.integer({ min: 0, max: 60_000 }),
  wasTyped: fc.boolean(),
  wasPrinted: fc.boolean(),
  shownTerminals: fc.nat(50),
  load: fc.option(fc.record({ cpus: amount, networkBytesPerSecond: amount, diskBytesPerSecond: amount })),
  connections: fc.array(fc.record({ port: fc.integer({ min: 1, max: 65_535 }), movedBytes: fc.nat(1e6) }), {
    maxLength: 60,
  }),
  operations: fc.array(fc.string(), { maxLength: 3 }),
  commands: fc.nat(9),
  transfers: fc.nat(9),
  programs: fc.option(fc.constant([{ name: 'cargo', program: 'cargo' }])),
});

it('is within the contract’s bounds whatever is seen', () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const { isCertain, seen, sum: total } = weigh(facts, [{ kind: 'process', name: 'cargo' }]);
      expect(seen.length).toBeLessThanOrEqual(32);
      for (const one of seen) WorkSeen.parse(one);
      if (isCertain) expect(total).toBeGreaterThanOrEqual(1);
    }),
  );
});

it('never weighs less for more of it', () => {
  const more: fc.Arbitrary<(facts: WorkFacts) => WorkFacts> = fc.constantFrom(
    (facts) => ({ ...facts, wasTyped: true }),
    (facts) => ({ ...facts, wasPrinted: true }),
    (facts) => ({ ...facts, shownTerminals: facts.shownTerminals + 1 }),
    (facts) => ({ ...facts, commands: facts.commands + 1 }),
    (facts) => ({ ...facts, transfers: facts.transfers + 1 }),
    (facts) => ({ ...facts, connections: [...facts.connections, { port: 80, movedBytes: 9 }] }),
    (facts) => ({ ...facts, load: facts.load && { ...facts.load, cpus: facts.load.cpus * 2 } }),
  );
  fc.assert(
    fc.property(anyFacts, more, (facts, change) => {
      expect(weigh(change(facts), []).sum).toBeGreaterThanOrEqual(weigh(facts, []).sum - 1e-9);
    }),
  );
});

describe('bytes of connections that have no names', () => {
  it.each<[number[], number[], number[]]>([
    [[], [5], [5]],
    [[5], [5], [0]],
    [[10_000_000, 5], [10_000_000], [0]],
    [[10_000_000, 5], [5], [0]],
    [[100], [150, 3], [50, 3]],
  ])('from %j to %j: %j', (before, now, moved) => expect(movedBetween(before, now)).toEqual(moved));
});
