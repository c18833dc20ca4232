/** Why a run began and why it ended, from all that Berth sees of it: on a clock moved by hand, with hosts in memory. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HostId, OperationId, WorkspaceId } from '#contract/ids.ts';
import { TimelineEntry } from '#contract/lifecycles.ts';
import type { Operation } from '#contract/operations.ts';
import type { Workspace } from '#contract/workspaces.ts';
import type { ContainerEngine, EngineEvent } from '#main/control-plane/interfaces/container-engine.ts';
import { type LeaseStop, RunHistory } from '#main/control-plane/lifecycles/run-history.ts';
import { Timeline } from '#main/control-plane/lifecycles/timeline.ts';
import { label } from '#main/control-plane/workspaces/labels.ts';
import { endCause } from '#main/control-plane/workspaces/workspace.ts';
import type { WorkspaceDirectory } from '#main/control-plane/workspaces/workspace-directory.ts';
import { FakeLinks } from '#test/harness/fake-links.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { MemoryRecordStore } from '#test/harness/memory-record-store.ts';

const hostId = 'host_00000000000000000001' as HostId;
const workspaceId = 'ws_00000000000000000001' as WorkspaceId;
const second = 1_000;
const minute = 60 * second;

class World {
  readonly clock = new ManualClock();
  readonly links = new FakeLinks();
  readonly log = new MemoryLog();
  readonly timeline: Timeline;
  readonly history: RunHistory;
  readonly operations: Operation[] = [];
  readonly startedMs = this.clock.nowMs();
  past: EngineEvent[] | Error | 'silent' = [];
  stops: LeaseStop[] = [];
  workspace: Workspace | undefined;
  readonly #listeners = new Set<(workspace: Workspace) => void>();
  readonly #rows = new MemoryRecordStore().rowLog('timelines', (value) => TimelineEntry.parse(value), 500);
  #tellOperation: ((operation: Operation) => void) | undefined;

  constructor() {
    const { clock, log, links } = this;
    this.workspace = {
      id: workspaceId,
      hostId,
      state: 'running',
      desired: 'running',
      startedAt: this.at(0),
      problem: null,
      operationId: null,
    } as unknown as Workspace;
    this.timeline = new Timeline({ rows: this.#rows, clock, log });
    this.history = new RunHistory({
      directory: {
        record: (id: WorkspaceId) => (id === workspaceId && this.workspace ? { id, hostId } : undefined),
        collection: { get: () => this.workspace },
        onHost: (id: HostId) => (id === hostId ? [{ id: workspaceId }] : []),
        onChange: (listener: (workspace: Workspace) => void) => {
          this.#listeners.add(listener);
          return () => this.#listeners.delete(listener);
        },
      } as unknown as WorkspaceDirectory,
      operations: {
        all: () => this.operations,
        ownerOf: () => 'user_00000000000000000002',
        watch: (signal) => this.#watched(signal),
      },
      links,
      timeline: this.timeline,
      leaseStops: async () => this.stops,
      nameOf: () => 'Ada',
      clock,
      log,
    });
  }

  async *#watched(signal: AbortSignal) {
    yield { type: 'all' as const, revision: 0, items: [...this.operations] };
    while (!signal.aborted) {
      const next = Promise.withResolvers<Operation | undefined>();
      this.#tellOperation = next.resolve;
      signal.addEventListener('abort', () => next.resolve(undefined), { once: true });
      const operation = await next.promise;
      if (operation !== undefined)
        yield { type: 'change' as const, revision: 1, upserted: [operation], removed: [] };
    }
  }

  at(offsetMs: number): string {
    return new Date(this.clock.nowMs() + offsetMs).toISOString();
  }
  /** Its host comes, with what its engine remembers. */
  async connect(): Promise<void> {
    const engine = {
      pastEvents: () => {
        if (this.past === 'silent') return new Promise<never>(() => undefined);
        return this.past instanceof Error ? Promise.reject(this.past) : Promise.resolve(this.past);
      },
    } as unknown as ContainerEngine;
    this.links.ready(hostId, { engine });
    await this.settle();
  }
  /** As its host and its records show it now. */
  async see(change: Partial<Workspace>): Promise<void> {
    if (this.workspace === undefined) throw new Error('it is gone');
    this.workspace = { ...this.workspace, ...change };
    for (const listener of this.#listeners) listener(this.workspace);
    await this.settle();
  }
  async settle(): Promise<void> {
    await this.clock.advance(0);
  }
  event(action: string, afterStartMs: number, labels: Record<string, string> = {}): EngineEvent {
    const own = { [label.workspace]: workspaceId, ...labels };
    return { type: 'container', action, id: 'c1', labels: own, atMs: this.startedMs + afterStartMs };
  }
  operation(kind: Operation['kind'], change: Partial<Operation> = {}): Operation {
    const made = {
      id: `op_${String(this.operations.length).padStart(20, '0')}` as OperationId,
      kind,
      subject: { kind: 'workspace', id: workspaceId },
      state: 'running',
      startedAt: this.at(0),
      endedAt: null,
      error: null,
      ...change,
    } as Operation;
    this.operations.push(made);
    this.#tellOperation?.(made);
    return made;
  }
  async end(operation: Operation, change: Partial<Operation> = {}): Promise<void> {
    const ended = { ...operation, state: 'succeeded', endedAt: this.at(0), ...change } as Operation;
    this.operations.splice(this.operations.indexOf(operation), 1, ended);
    this.#tellOperation?.(ended);
    await this.settle();
  }

  /** What its timeline says: minutes since its first start, what happened, why, and who did it. */
  async told(): Promise<string[]> {
    await this.settle();
    await this.timeline.close();
    const rows = await this.#rows.read(workspaceId);
    return rows.map(({ at, event, text, by }) => {
      const minutes = (Date.parse(at) - this.startedMs) / minute;
      return `${Math.round(minutes * 10) / 10} ${event}: ${text}${by === null ? '' : ` (${by})`}`;
    });
  }
}

let world: World;
/** It runs, and its timeline says so. */
beforeEach(async () => {
  world = new World();
  world.history.start();
  await world.connect();
  await world.see({});
});
afterEach(() => world.history.close());
const began = '0 started: Started';

describe('a start', () => {
  it('is told once, however often it is seen', async () => {
    await world.see({});
    await world.see({ startedAt: `${world.at(0).slice(0, -1)}999Z` });
    expect(await world.told()).toEqual([began]);
  });

  it('that its engine told is the one that is seen, whose time is a moment earlier', async () => {
    world.past = [world.event('die', minute, { exitCode: '1' }), world.event('start', minute + 1_500)];
    await world.connect();
    await world.see({ startedAt: world.at(minute + 200) });
    expect(await world.told()).toHaveLength(3);
  });

  it('right after another is another: both, and what was between them, are told', async () => {
    world.past = [
      world.event('die', 150, { exitCode: '137' }),
      world.event('start', 300),
      world.event('kill', 500, { signal: '9' }),
      world.event('die', 600, { exitCode: '137' }),
      world.event('start', 800),
    ];
    await world.see({ startedAt: world.at(780) });
    expect(await world.told()).toEqual([
      began,
      '0 stopped: Ended by itself with exit code 137',
      '0 started: Started again by its engine',
      '0 stopped: Stopped outside Berth',
      '0 started: Started outside Berth',
    ]);
  });

  it.each([
    ['workspace.start', 'Started'],
    ['workspace.move', 'Started after its move'],
    ['snapshot.restore', 'Started with the files of a snapshot'],
  ] as const)('by %s says so, and whose it was', async (kind, text) => {
    await world.see({ state: 'stopped', desired: 'stopped' });
    await world.clock.advance(10 * minute);
    world.operation(kind);
    await world.see({ state: 'starting', desired: 'running' });
    await world.see({ state: 'running', startedAt: world.at(0) });
    expect((await world.told()).at(-1)).toBe(`10 started: ${text} (Ada)`);
  });

  it('by an operation that failed, or was long ago, is not that operation’s', async () => {
    const failed = world.operation('workspace.start');
    await world.end(failed, { state: 'failed' });
    const old = world.operation('workspace.restart');
    await world.end(old);
    await world.see({ state: 'stopped', desired: 'stopped' });
    await world.clock.advance(10 * minute);
    await world.see({ state: 'running', desired: 'running', startedAt: world.at(0) });
    expect((await world.told()).at(-1)).toBe('10 started: Started');
  });

  it('that Berth means has Berth’s own words, once', async () => {
    await world.see({ state: 'stopped', desired: 'stopped' });
    world.history.expect(workspaceId, 'started', 'Its hours began');
    await world.clock.advance(minute);
    await world.see({ state: 'running', desired: 'running', startedAt: world.at(0) });
    await world.see({ state: 'stopped', desired: 'stopped' });
    await world.clock.advance(minute);
    await world.see({ state: 'running', desired: 'running', startedAt: world.at(0) });
    const starts = (await world.told()).filter((line) => line.includes('started'));
    expect(starts).toEqual([began, '1 started: Its hours began', '2 started: Started']);
  });

  it('that Berth meant and gave up is whatever it is then', async () => {
    await world.see({ state: 'stopped', desired: 'stopped' });
    world.history.expect(workspaceId, 'started', 'Its hours began');
    world.history.expect(workspaceId, 'started', null);
    await world.clock.advance(minute);
    await world.see({ state: 'running', desired: 'running', startedAt: world.at(0) });
    expect((await world.told()).at(-1)).toBe('1 started: Started');
  });

  it('on the host, and one of the engine itself, say so', async () => {
    await world.clock.advance(minute);
    await world.see({ startedAt: world.at(0) });
    await world.see({ state: 'stopped', desired: 'stopped' });
    await world.clock.advance(minute);
    const note = 'Started on the host, outside Berth.';
    await world.see({ state: 'running', desired: 'running', startedAt: world.at(0), note });
    expect(await world.told()).toEqual([
      began,
      '1 started: Started again: it, its engine or its host was restarted',
      '1 stopped: Stopped',
      '2 started: Started on the host, outside Berth',
    ]);
  });
});

describe('an end', () => {
  const observed = { id: 'c1', state: 'exited', startedAt: null, error: '' } as const;
  const crash = endCause({ ...observed, exitCode: 139, isOutOfMemory: false } as never, false, null);
  const memory = endCause({ ...observed, exitCode: 137, isOutOfMemory: true } as never, false, 268_435_456);

  it.each([
    ['a crash', crash, 'ended with exit code 139 (it crashed: SIGSEGV)'],
    ['a want of memory', memory, 'it reached its memory limit of 256 MiB'],
  ])('by %s after which Berth starts it again is one end and one start', async (_, cause, words) => {
    await world.clock.advance(5 * minute);
    // It is to run: what ended it is told when it runs again.
    await world.see({ state: 'stopped' });
    expect(await world.told()).toEqual([began]);
    await world.see({
      state: 'running',
      startedAt: world.at(0),
      note: `Berth started it again. ${cause.message}`,
    });
    const told = await world.told();
    expect(told).toHaveLength(3);
    expect(told[1]).toMatch(/^5 stopped: /);
    expect(told[1]).toContain(words);
    expect(told[2]).toBe('5 started: Started again by Berth');
  });

  it.each([
    [
      'its engine',
      { exitCode: '139' },
      [],
      ['stopped: Ended by itself with exit code 139', 'started: Started again by its engine'],
    ],
    [
      'somebody else',
      { exitCode: '137' },
      [['kill', { signal: '15' }]],
      ['stopped: Stopped outside Berth', 'started: Started outside Berth'],
    ],
  ] as const)(
    'after which %s starts it again is told as the engine remembers it',
    async (_, end, before, told) => {
      // That Berth mended an earlier one says nothing of this: what was noted then is not shown any more.
      const at = 5 * minute;
      world.past = [
        ...before.map(([action, labels]) => world.event(action, at - 10, labels)),
        world.event('die', at, end),
        world.event('start', at + 200),
      ];
      await world.clock.advance(at + second);
      await world.see({ startedAt: new Date(world.startedMs + at + 200).toISOString() });
      expect((await world.told()).slice(1)).toEqual(told.map((line) => `5 ${line}`));
      // Its host comes again, and its engine tells the same.
      await world.connect();
      expect(await world.told()).toHaveLength(3);
    },
  );

  it('that a person’s restart by Berth brought is not asked of the engine', async () => {
    world.past = [world.event('die', minute, { exitCode: '143' }), world.event('start', minute + 200)];
    await world.clock.advance(minute);
    world.operation('workspace.restart');
    await world.see({ startedAt: world.at(200) });
    expect(await world.told()).toEqual([began, '1 started: Restarted (Ada)']);
  });

  it('soon after a person started it, or stopped it, is not that person’s', async () => {
    // The start of a moment ago explains one start, and not that of its engine after a crash.
    await world.see({ state: 'stopped', desired: 'stopped' });
    await world.end(world.operation('workspace.start'));
    await world.see({ state: 'running', desired: 'running', startedAt: world.at(minute) });
    await world.clock.advance(minute + 5 * second);
    world.past = [
      world.event('die', minute + 4 * second, { exitCode: '1' }),
      world.event('start', minute + 5 * second),
    ];
    await world.see({ startedAt: world.at(0) });
    // Nor does a stop of a moment ago explain the next end.
    await world.end(world.operation('workspace.stop'));
    await world.see({ state: 'stopped', desired: 'stopped' });
    await world.see({ state: 'running', desired: 'running', startedAt: world.at(3 * second) });
    await world.see({ state: 'stopped', desired: 'stopped' });
    expect((await world.told()).slice(2)).toEqual([
      '1 started: Started (Ada)',
      '1.1 stopped: Ended by itself with exit code 1',
      '1.1 started: Started again by its engine',
      '1.1 stopped: Stopped (Ada)',
      '1.1 started: Started',
      '1.1 stopped: Stopped',
    ]);
  });

  it('after which Berth gives up says why it ended, once', async () => {
    await world.clock.advance(minute);
    await world.see({ state: 'failed', problem: crash.toShape() });
    await world.see({});
    expect(await world.told()).toEqual([began, `1 stopped: ${crash.message}`]);
  });

  it('is none where it could not be started at all: that is told as a failure', async () => {
    await world.see({ state: 'stopped', desired: 'stopped' });
    await world.see({ state: 'failed', desired: 'running', problem: crash.toShape() });
    expect((await world.told()).slice(2)).toEqual([`0 failed: ${crash.message}`]);
  });

  it('that only one process of it met, for want of memory, is told while it goes on', async () => {
    await world.clock.advance(minute);
    await world.see({ problem: memory.toShape() });
    await world.see({});
    expect(await world.told()).toEqual([began, `1 failed: ${memory.message}`]);
  });

  it('by a person’s operation is told when that is over, with whose it was', async () => {
    await world.clock.advance(minute);
    const stop = world.operation('workspace.stop');
    await world.see({ state: 'stopped', desired: 'stopped', operationId: stop.id });
    expect(await world.told()).toEqual([began]);
    await world.end(stop);
    await world.see({ operationId: null });
    expect(await world.told()).toEqual([began, '1 stopped: Stopped (Ada)']);
  });

  it('on the host, of its container, and by Berth itself, each say so', async () => {
    const again = async () => {
      await world.clock.advance(minute);
      await world.see({ state: 'running', desired: 'running', startedAt: world.at(0), note: undefined });
    };
    await world.see({ state: 'stopped', desired: 'stopped', note: 'Stopped on the host, outside Berth.' });
    await again();
    await world.see({ state: 'missing' });
    await again();
    world.history.expect(workspaceId, 'stopped', 'Nobody worked in it for an hour');
    await world.see({ state: 'stopped', desired: 'stopped' });
    const stops = (await world.told()).filter((line) => line.includes(' stopped: '));
    expect(stops).toEqual([
      '0 stopped: Stopped on the host, outside Berth',
      '1 stopped: Its container was taken away on the host',
      '2 stopped: Nobody worked in it for an hour',
    ]);
  });

  it('is not told of a workspace that was never seen to run, nor of one that is gone', async () => {
    world.workspace = undefined;
    await world.connect();
    world.past = [world.event('die', minute, { exitCode: '1' })];
    await world.connect();
    const other = new World();
    other.history.start();
    await other.see({ state: 'stopped', desired: 'stopped' });
    expect(await other.told()).toEqual([]);
    await other.history.close();
  });
});

describe('what happened while no Berth was there', () => {
  /** The host comes again, and its engine remembers. */
  async function recalled(...past: EngineEvent[]): Promise<string[]> {
    await world.clock.advance(10 * minute);
    world.past = past;
    await world.connect();
    return (await world.told()).slice(1);
  }

  it('is found with its own time: an end by itself, with its exit code', async () => {
    const end = world.event('die', 4 * minute, { exitCode: '3' });
    expect(await recalled(end)).toEqual(['4 stopped: Ended by itself with exit code 3']);
    // It is remembered again, and was told already.
    await world.connect();
    expect(await world.told()).toHaveLength(2);
  });

  it('is found, also of a run that did not last two seconds', async () => {
    const told = await recalled(
      world.event('die', second, { exitCode: '127' }),
      world.event('start', 2 * minute),
      world.event('die', 2 * minute + second, { exitCode: '1' }),
    );
    expect(told).toEqual([
      '0 stopped: Ended by itself with exit code 127',
      '2 started: Started outside Berth',
      '2 stopped: Ended by itself with exit code 1',
    ]);
  });

  it('is told of each life by what was in that life, however near they are to each other', async () => {
    const told = await recalled(
      world.event('die', 2 * minute, { exitCode: '137' }),
      world.event('start', 2 * minute + 300),
      world.event('kill', 2 * minute + 900, { signal: '15' }),
      world.event('die', 2 * minute + 1_000, { exitCode: '143' }),
      world.event('stop', 2 * minute + 1_010),
      world.event('start', 2 * minute + 1_400),
      world.event('die', 2 * minute + 3_000, { exitCode: '1' }),
    );
    expect(told).toEqual([
      '2 stopped: Ended by itself with exit code 137',
      '2 started: Started again by its engine',
      '2 stopped: Stopped outside Berth',
      '2 started: Started outside Berth',
      '2.1 stopped: Ended by itself with exit code 1',
    ]);
  });

  it('was the kernel where memory was used up', async () => {
    const told = await recalled(
      world.event('oom', 4 * minute),
      world.event('die', 4 * minute, { exitCode: '137' }),
    );
    expect(told).toEqual(['4 stopped: The kernel ended it: its memory was used up']);
  });

  it.each([
    ['a stop', 'stop', {}, 500, 'Stopped outside Berth'],
    ['a signal that ends', 'kill', { signal: '15' }, -9_000, 'Stopped outside Berth'],
    ['a word to a program', 'kill', { signal: 'HUP' }, -9_000, 'Ended by itself with exit code 0'],
    ['a stop of long before', 'kill', { signal: '15' }, -60_000, 'Ended by itself with exit code 0'],
  ] as const)('is told from %s', async (_, action, labels, offsetMs, text) => {
    const near = world.event(action, 4 * minute + offsetMs, labels);
    const end = world.event('die', 4 * minute, { exitCode: '0' });
    const told = await recalled(...[near, end].toSorted((a, b) => a.atMs - b.atMs));
    expect(told).toEqual([`4 stopped: ${text}`]);
  });

  it('was its lease where that says so, and a person where they had asked for it', async () => {
    world.stops = [{ workspaceId, atMs: world.startedMs + 4 * minute, text: 'Stopped by its lease: 22:00' }];
    const end = world.event('die', 4 * minute, { exitCode: '143' });
    expect(await recalled(end)).toEqual(['4 stopped: Stopped by its lease: 22:00']);
  });

  it('was an operation that outlived the connection', async () => {
    world.operation('workspace.stop');
    const end = world.event('die', 4 * minute, { exitCode: '143' });
    expect(await recalled(end)).toEqual(['4 stopped: Stopped (Ada)']);
  });

  it('is a start, too; and one that follows an end nobody saw', async () => {
    const told = await recalled(
      world.event('die', 2 * minute, { exitCode: '0' }),
      world.event('start', 4 * minute),
      world.event('start', 4 * minute + second),
    );
    expect(told).toEqual(['2 stopped: Ended by itself with exit code 0', '4 started: Started outside Berth']);
  });

  it('is nobody else’s: a neighbour’s container, and what has no label', async () => {
    const told = await recalled(
      world.event('die', minute, { [label.workspace]: 'ws_00000000000000000009', exitCode: '1' }),
      { ...world.event('die', minute), labels: {} },
    );
    expect(told).toEqual([]);
  });

  it('is left where the engine does not say, or not in time; and what comes then is told', async () => {
    world.past = new Error('the engine is old');
    await world.connect();
    world.past = 'silent';
    await world.connect();
    await world.see({ state: 'stopped', desired: 'stopped' });
    expect(await world.told()).toEqual([began]);
    await world.clock.advance(15 * second);
    expect((await world.told()).slice(1)).toEqual([expect.stringContaining('stopped: Stopped')]);
  });
});

describe('a host that is away', () => {
  it('is told after two minutes, with since when, and again when it is back', async () => {
    await world.clock.advance(10 * minute);
    world.links.lose(hostId);
    await world.clock.advance(2 * minute - 1);
    expect(await world.told()).toEqual([began]);
    await world.clock.advance(1);
    expect((await world.told()).slice(1)).toEqual(['10 away: Its host is away']);
    await world.clock.advance(3 * minute);
    await world.connect();
    expect((await world.told()).slice(1)).toEqual(['10 away: Its host is away', '15 back: Its host is back']);
  });

  it('for less is not told, nor is it twice when it is lost again', async () => {
    world.links.lose(hostId);
    await world.clock.advance(minute);
    await world.connect();
    await world.clock.advance(5 * minute);
    expect(await world.told()).toEqual([began]);
    world.links.lose(hostId);
    await world.clock.advance(2 * minute);
    await world.connect();
    world.links.lose(hostId);
    await world.clock.advance(minute);
    await world.connect();
    expect((await world.told()).filter((line) => line.includes(' away: '))).toHaveLength(1);
  });

  it('matters not to what does not run', async () => {
    await world.see({ state: 'stopped', desired: 'stopped' });
    world.links.lose(hostId);
    await world.clock.advance(3 * minute);
    await world.connect();
    expect(await world.told()).toEqual([began, '0 stopped: Stopped']);
  });

  it('is not told any more once Berth has ended', async () => {
    world.links.lose(hostId);
    await world.history.close();
    await world.clock.advance(3 * minute);
    expect(await world.told()).toEqual([began]);
    expect(world.clock.pendingTimers).toBe(0);
  });
});

describe('a snapshot', () => {
  it('is told when it is taken, and why there is none', async () => {
    const good = world.operation('snapshot.create');
    await world.settle();
    expect(await world.told()).toEqual([began]);
    await world.end(good);
    const bad = world.operation('snapshot.create');
    await world.settle();
    await world.end(bad, {
      state: 'failed',
      error: { code: 'disk-full', message: 'The disk is full.' } as never,
    });
    expect((await world.told()).slice(1)).toEqual([
      '0 snapshot: Snapshot taken (Ada)',
      '0 snapshot: No snapshot: The disk is full. (Ada)',
    ]);
  });

  it('that was over before is old news', async () => {
    const other = new World();
    other.operation('snapshot.create', { state: 'succeeded', endedAt: other.at(0) });
    other.history.start();
    await other.settle();
    expect(await other.told()).toEqual([]);
    await other.history.close();
  });
});
