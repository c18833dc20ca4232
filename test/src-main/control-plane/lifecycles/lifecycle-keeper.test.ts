/** When workspaces end by themselves, and when they must not: hours of it, on a clock that moves by hand. */
import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { LifecyclePolicy } from '#contract/lifecycles.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { lifecycleWorlds, type LifecycleWorld, minute, stopped, otherUserId } from './lifecycle-world.ts';

const world = lifecycleWorlds();

describe('a quiet workspace', () => {
  it('is stopped in its owner’s name, after a warning, and its timeline says why', async () => {
    const it = await world().begin({ idleMinutes: 30 });
    await it.clock.advance(19 * minute);
    expect(it.lifecycle).toMatchObject({
      judgement: 'quiet',
      next: { why: 'idle', action: 'stop', isWarned: false },
    });
    await it.clock.advance(3 * minute);
    expect(it.lifecycle.next).toMatchObject({ isWarned: true });
    await it.clock.advance(7 * minute);
    expect(it.begun).toEqual([]);
    await it.clock.advance(2.5 * minute);
    expect(it.begun).toEqual(stopped);
    expect(it.expected).toEqual(['stopped Stopped: no work for 30 minutes']);
    expect(it.lifecycle).toMatchObject({ judgement: 'off', next: null, seen: [], quietSinceAt: null });
    expect(await it.told()).toEqual(['warned: Stops in 10 minutes: no work for 30 minutes']);
  });

  it('says with its end what goes on costing', async () => {
    const it = await world().begin({ idleMinutes: 10 });
    it.costRemark = '. Its machine “atlas” goes on costing, and nothing ends that by itself';
    await it.clock.advance(13 * minute);
    expect(it.expected).toEqual([
      'stopped Stopped: no work for 10 minutes. Its machine “atlas” goes on costing, and nothing ends that by itself',
    ]);
  });

  it('shows the same second at each look', async () => {
    const it = await world().begin({ idleMinutes: 30 });
    await it.clock.advance(5 * minute);
    const { next, quietSinceAt } = it.lifecycle;
    await it.clock.advance(5 * minute);
    expect(it.lifecycle).toMatchObject({ next: { at: next?.at }, quietSinceAt });
  });

  it('is one whose prompt redraws a clock, with its window open', async () => {
    const it = await world().begin({ idleMinutes: 10 });
    for (let passed = 0; passed < 13 && it.begun.length === 0; passed++) {
      it.print();
      await it.clock.advance(minute);
    }
    expect(it.begun).toEqual(stopped);
  });

  it('is one with an open connection that says nothing', async () => {
    const it = await world().begin({ idleMinutes: 10 });
    it.connections = [{ port: 3000, bytes: 5_000_000 }];
    await it.clock.advance(13 * minute);
    expect(it.begun).toEqual(stopped);
  });
});

describe('is no work for long, after work that was', () => {
  /** What it does in each half minute after somebody typed; it stops all the same. */
  it.each<[string, (it: LifecycleWorld, round: number) => void | Promise<void>]>([
    [
      'a clock that is printed each second, in a terminal that is shown',
      (it) => {
        it.cpus = 0.01;
        it.print();
      },
    ],
    [
      'a job that runs each five minutes, for one',
      (it, round) => {
        it.cpus = round % 10 === 0 ? 0.03 : 0;
      },
    ],
    [
      'a blip of ten seconds now and then, also where looks are near to each other',
      async (it, round) => {
        if (round % 7 !== 0) return;
        it.cpus = 1;
        await it.clock.advance(minute / 6);
        it.cpus = 0;
      },
    ],
    [
      'a page that was left open and polls: its bytes are the container’s, too, and count once',
      (it) => {
        it.cpus = 0.01;
        it.connections = [it.connection(8888, 600)];
        it.networkBytesPerSecond = 620;
      },
    ],
    [
      'web sockets of a screen and a reloader that ping',
      (it) => {
        it.connections = [it.connection(6080, 100), it.connection(5173, 100)];
      },
    ],
  ])('%s', async (_, happen) => {
    const it = await world().begin({ idleMinutes: 10 });
    it.type();
    await it.clock.advance(minute / 2);
    expect(it.lifecycle.judgement).toBe('busy');
    for (let round = 1; round <= 60 && it.begun.length === 0; round++) {
      await happen(it, round);
      await it.clock.advance(minute / 2);
    }
    expect(it.begun).toEqual(stopped);
  });
});

describe('is kept awake', () => {
  it('by somebody who reads in a page: little of each, and much of it together', async () => {
    const it = await world().begin({ idleMinutes: 10 });
    for (let round = 0; round < 60; round++) {
      it.connections = [it.connection(8888, 5_000)];
      it.networkBytesPerSecond = 5_100;
      await it.clock.advance(minute / 2);
    }
    expect(it.begun).toEqual([]);
    expect(it.lifecycle.seen).toEqual([
      expect.objectContaining({ signal: 'connection', weight: 1 }),
      expect.objectContaining({ signal: 'network' }),
    ]);
  });

  it('by a compile without a keystroke, and stops when that is done', async () => {
    const it = await world().begin({ idleMinutes: 10 });
    it.cpus = 0.9;
    await it.clock.advance(3 * 60 * minute);
    expect(it.begun).toEqual([]);
    expect(it.lifecycle).toMatchObject({
      judgement: 'busy',
      seen: [{ signal: 'cpu', detail: '0.9 processors' }],
    });
    it.cpus = 0;
    await it.clock.advance(8 * minute);
    expect(it.begun).toEqual([]);
    await it.clock.advance(4 * minute);
    expect(it.begun).toEqual(stopped);
    expect(await it.told()).toEqual([
      'busy: At work: 0.9 processors',
      expect.stringMatching(/^quiet: Kept awake by work \(0.9 processors\) for 3 hours; quiet now$/),
      'warned: Stops in 5 minutes: no work for 10 minutes',
    ]);
  });

  it('by a key, a command of a client, a connection with much to say', async () => {
    for (const work of [
      (it: LifecycleWorld) => it.type(),
      (it: LifecycleWorld) => (it.commands = 1),
      (it: LifecycleWorld) => (it.connections = [{ port: 80, bytes: it.clock.monotonicMs() * 10 }]),
    ]) {
      const it = await world().begin({ idleMinutes: 10 });
      for (let passed = 0; passed < 60; passed++) {
        work(it);
        await it.clock.advance(minute / 2);
      }
      expect(it.begun).toEqual([]);
      expect(it.lifecycle.judgement).toBe('busy');
    }
  });

  it('by a program that a rule names, and not while nobody can tell what runs', async () => {
    const it = await world().begin({ idleMinutes: 10, keepAwake: [{ kind: 'process', name: 'cargo' }] });
    it.programs = [{ name: 'cargo', program: 'cargo' }];
    await it.clock.advance(60 * minute);
    expect(it.lifecycle.seen[0]?.detail).toBe('cargo runs');
    it.programs = new BerthError('engine.unreachable', 'No answer.');
    await it.clock.advance(60 * minute);
    expect(it.lifecycle.judgement).toBe('unknown');
    expect(it.begun).toEqual([]);
    it.programs = [];
    await it.clock.advance(13 * minute);
    expect(it.begun).toEqual(stopped);
  });

  it('by nothing that is not seen: it is never taken for idle', async () => {
    const it = world();
    it.isMeasured = false;
    await it.begin({ idleMinutes: 10 });
    await it.clock.advance(5 * 60 * minute);
    expect(it.lifecycle).toMatchObject({ judgement: 'unknown', next: null });
    expect(it.begun).toEqual([]);
  });

  it('by work that comes and goes, which is one line in ten minutes', async () => {
    const it = await world().begin({ idleMinutes: 60 });
    for (let passed = 0; passed < 60; passed++) {
      it.cpus = passed % 4 < 2 ? 0.9 : 0;
      await it.clock.advance(minute);
    }
    const lines = (await it.told()).filter((line) => /^(busy|quiet)/.test(line));
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.length).toBeLessThanOrEqual(7);
  });
});

describe('an end at its time', () => {
  it('comes whatever it does, after a warning', async () => {
    const it = world();
    it.cpus = 1;
    await it.begin({ endAt: it.at(60 * minute) });
    await it.clock.advance(49 * minute);
    expect(it.lifecycle.next).toMatchObject({ why: 'time', isWarned: false });
    await it.clock.advance(10 * minute);
    expect(it.lifecycle.next).toMatchObject({ isWarned: true });
    expect(it.begun).toEqual([]);
    await it.clock.advance(1.5 * minute);
    expect(it.begun).toEqual(stopped);
    // It has come and is over: whoever starts it again has it.
    it.set({ state: 'running', desired: 'running', startedAt: it.at(0) });
    await it.clock.advance(3 * 60 * minute);
    expect(it.begun).toEqual(stopped);
  });

  it.each([
    ['stopped', 'stopped'],
    ['given up', 'failed'],
    ['without a container', 'missing'],
  ] as const)('is over where it was %s by then, and is not shown any more', async (_, state) => {
    const it = world();
    await it.begin({ endAt: it.at(60 * minute), endAfterMinutes: 6_000 });
    it.set({ state, desired: state === 'stopped' ? 'stopped' : 'running', startedAt: null });
    expect(it.lifecycle.policy.endAt).not.toBeNull();
    await it.clock.advance(61 * minute);
    it.set({ state: 'running', desired: 'running', startedAt: it.at(0) });
    await it.clock.advance(3 * 60 * minute);
    expect(it.begun).toEqual([]);
    expect(it.lifecycle.policy).toMatchObject({ endAt: null, endAfterMinutes: 6_000 });
  });

  it('comes after an uptime, which a restart of Berth does not begin anew', async () => {
    const it = await world().begin({ endAfterMinutes: 120 });
    await it.clock.advance(100 * minute);
    await it.close();
    await it.begin();
    await it.clock.advance(19 * minute);
    expect(it.begun).toEqual([]);
    await it.clock.advance(2 * minute);
    expect(it.begun).toEqual(stopped);
  });

  it.each(['restart', 'sleep'])('that passed unseen is shown first: after a %s', async (how) => {
    const it = world();
    await it.begin({ endAt: it.at(60 * minute) });
    if (how === 'restart') {
      await it.close();
      it.clock.sleep(8 * 60 * minute);
      await it.begin();
    } else {
      it.clock.sleep(8 * 60 * minute);
      await it.clock.advance(minute);
    }
    expect(it.begun).toEqual([]);
    expect(it.lifecycle.next).toMatchObject({ isWarned: true });
    await it.clock.advance(8 * minute);
    expect(it.begun).toEqual([]);
    await it.clock.advance(3 * minute);
    expect(it.begun).toEqual(stopped);
  });

  it('is moved while it is shown: the first does not come, and the second is shown anew', async () => {
    const it = world();
    await it.begin({ endAt: it.at(30 * minute) });
    await it.clock.advance(25 * minute);
    expect(it.lifecycle.next).toMatchObject({ isWarned: true });
    const policy = { endAt: it.at(30 * minute) };
    await it.setPolicy(policy);
    expect(it.lifecycle.next).toMatchObject({ isWarned: false, at: policy.endAt });
    await it.clock.advance(29 * minute);
    expect(it.begun).toEqual([]);
    expect((await it.told()).filter((line) => line.startsWith('warned: '))).toHaveLength(2);
    await it.clock.advance(2 * minute);
    expect(it.begun).toEqual(stopped);
  });

  it('is taken away while it is shown', async () => {
    const it = await world().begin({ endAfterMinutes: 30 });
    await it.clock.advance(25 * minute);
    expect(it.lifecycle.next).toMatchObject({ isWarned: true });
    await it.setPolicy({});
    expect(it.lifecycle.next).toBeNull();
    await it.clock.advance(60 * minute);
    expect(it.begun).toEqual([]);
  });

  it('that a step of the clock makes due is shown first; a step back moves it with the clock', async () => {
    const it = await world().begin({ endAfterMinutes: 120 });
    it.clock.setWallClock(24 * 60 * minute);
    await it.clock.advance(9 * minute);
    expect(it.begun).toEqual([]);
    expect(it.lifecycle.next).toMatchObject({ why: 'uptime', isWarned: true });
    it.clock.setWallClock(-24 * 60 * minute);
    await it.clock.advance(20 * minute);
    expect(it.begun).toEqual([]);
    await it.clock.advance(95 * minute);
    expect(it.begun).toEqual(stopped);
  });

  it('cannot be set to what is over', async () => {
    const it = await world().begin();
    await expect(it.setPolicy({ endAt: it.at(-minute) })).rejects.toMatchObject({ code: 'invalid-input' });
  });
});

it('the hours for which the computer slept are not counted as quiet', async () => {
  const it = await world().begin({ idleMinutes: 60 });
  await it.clock.advance(20 * minute);
  it.clock.sleep(8 * 60 * minute);
  await it.clock.advance(30 * minute);
  expect(it.begun).toEqual([]);
  await it.clock.advance(15 * minute);
  expect(it.begun).toEqual(stopped);
});

it('a quiet count begins anew with a restart of Berth', async () => {
  const it = await world().begin({ idleMinutes: 30 });
  await it.clock.advance(25 * minute);
  await it.close();
  await it.begin();
  await it.clock.advance(25 * minute);
  expect(it.begun).toEqual([]);
});

describe('a person’s word', () => {
  it('puts it off by an hour, once, also over a restart', async () => {
    const it = await world().begin({ idleMinutes: 10 });
    await it.clock.advance(8 * minute);
    await it.putOff(60);
    expect(it.lifecycle.next).toMatchObject({ isWarned: false });
    await it.clock.advance(30 * minute);
    await it.close();
    await it.begin();
    await it.clock.advance(29 * minute);
    expect(it.begun).toEqual([]);
    await it.clock.advance(3 * minute);
    expect(it.begun).toEqual(stopped);
    expect(await it.told()).toContain('put-off: Its end is put off by 60 minutes (Ada)');
  });

  it('puts it off as often as it is said, an hour from then each time', async () => {
    const it = await world().begin({ endAfterMinutes: 30 });
    await it.clock.advance(25 * minute);
    for (let time = 0; time < 5; time++) {
      await it.putOff(60);
      expect(it.lifecycle.next).toMatchObject({ isWarned: false });
      await it.clock.advance(55 * minute);
      expect(it.lifecycle.next).toMatchObject({ isWarned: true });
    }
    // Twice in a row is not two hours.
    await it.putOff(60);
    await it.putOff(60);
    expect(it.lifecycle.putOffUntil).toBe(it.at(60 * minute));
    expect(it.begun).toEqual([]);
    await it.clock.advance(61 * minute);
    expect(it.begun).toEqual(stopped);
  });

  it('begins the count anew with another policy, and says so', async () => {
    const it = await world().begin({ idleMinutes: 10 });
    await it.clock.advance(9 * minute);
    await it.setPolicy({ idleMinutes: 10 });
    await it.clock.advance(9 * minute);
    expect(it.begun).toEqual([]);
    expect(await it.told()).toContain('policy: Stops after 10 minutes without work (Ada)');
  });

  it('that makes its time over already is shown first', async () => {
    const it = await world().begin({ idleMinutes: 600 });
    await it.clock.advance(5 * 60 * minute);
    await it.setPolicy({ endAfterMinutes: 60 });
    await it.clock.advance(9 * minute);
    expect(it.begun).toEqual([]);
    expect(it.lifecycle.next).toMatchObject({ why: 'uptime', isWarned: true });
    await it.clock.advance(2 * minute);
    expect(it.begun).toEqual(stopped);
  });

  it('is refused for a time zone that there is not, and for what does not run', async () => {
    const it = await world().begin();
    const hours = { timeZone: 'Mars/Olympus', days: [1], from: '09:00', to: '17:00', starts: false };
    await expect(it.setPolicy({ hours })).rejects.toMatchObject({
      details: { fields: [expect.stringMatching(/^policy\.hours\.timeZone: /)] },
    });
    it.set({ state: 'stopped', desired: 'stopped' });
    await expect(it.putOff(60)).rejects.toMatchObject({ code: 'workspace.not-running' });
  });
});

describe('is left alone', () => {
  it.each<[string, (it: LifecycleWorld) => void, (it: LifecycleWorld) => void]>([
    ['while it is worked on', (it) => (it.isWorkedOn = true), (it) => (it.isWorkedOn = false)],
    [
      'while its host is away',
      (it) => it.set({ state: 'unknown', startedAt: null }),
      (it) => it.set({ state: 'running', startedAt: it.at(-60 * minute) }),
    ],
    ['in a move', (it) => it.set({ move: { role: 'copy' } as never }), (it) => it.set({ move: null })],
  ])('%s', async (_, before, after) => {
    const it = world();
    await it.begin({ endAt: it.at(30 * minute) });
    before(it);
    await it.clock.advance(3 * 60 * minute);
    expect(it.begun).toEqual([]);
    after(it);
    await it.clock.advance(15 * minute);
    expect(it.begun).toEqual(stopped);
  });

  it('where what runs is not known any more: that is never idle', async () => {
    const it = await world().begin({ idleMinutes: 10 });
    await it.clock.advance(9 * minute);
    it.set({ state: 'unknown', startedAt: null });
    await it.clock.advance(60 * minute);
    expect(it.lifecycle.judgement).toBe('unknown');
    expect(it.begun).toEqual([]);
  });
});

describe('a destruction', () => {
  const uptime = { endAfterMinutes: 60, endAction: 'destroy' } as const;
  it('has a snapshot first', async () => {
    const it = await world().begin(uptime);
    await it.clock.advance(62 * minute);
    expect(it.begun).toEqual([`snapshot as ${otherUserId}`, `destroy as ${otherUserId}`]);
  });

  it.each([
    [
      'fails',
      (it: LifecycleWorld) => (it.snapshotError = new BerthError('host.disk-full', 'The disk is full.')),
    ],
    [
      'has no repository to go to',
      (it: LifecycleWorld) =>
        (it.snapshotError = new BerthError('repository.unreachable', 'The repository does not answer.')),
    ],
    ['cannot be read back', (it: LifecycleWorld) => (it.isSnapshotGood = false)],
  ])('does not come where the snapshot %s: that is said, and tried again later', async (_, breakIt) => {
    const it = world();
    breakIt(it);
    await it.begin(uptime);
    await it.clock.advance(64 * minute);
    expect(it.begun).toEqual([`snapshot as ${otherUserId}`]);
    expect((await it.told()).at(-1)).toMatch(
      /^failed: It could not be destroyed: .* Tried again in 5 minutes\.$/,
    );
    await it.clock.advance(30 * minute);
    expect(it.begun.length).toBeGreaterThan(1);
    expect(it.begun).not.toContain(`destroy as ${otherUserId}`);
    it.snapshotError = undefined;
    it.isSnapshotGood = true;
    await it.clock.advance(61 * minute);
    expect(it.begun.at(-1)).toBe(`destroy as ${otherUserId}`);
  });

  it('waits for files that are on their way into it: they would be in no snapshot', async () => {
    const it = await world().begin(uptime);
    it.transfers = 1;
    await it.clock.advance(80 * minute);
    expect(it.begun).toEqual([]);
    it.transfers = 0;
    await it.clock.advance(minute);
    expect(it.begun).toEqual([`snapshot as ${otherUserId}`, `destroy as ${otherUserId}`]);
  });

  it.each<[string, (it: LifecycleWorld) => unknown]>([
    ['types', (it) => it.type()],
    ['sends files', (it) => (it.transfers = 1)],
    ['puts it off', (it) => it.putOff(60)],
    ['wants something else', (it) => it.setPolicy({ endAfterMinutes: 600 })],
  ])('does not come to whom somebody comes back meanwhile: %s', async (_, comeBack) => {
    const it = world();
    it.duringSnapshot = async () => void (await comeBack(it));
    await it.begin(uptime);
    await it.clock.advance(61.5 * minute);
    expect(it.begun).toEqual([`snapshot as ${otherUserId}`]);
    await it.clock.advance(8 * minute);
    expect(it.begun).toEqual([`snapshot as ${otherUserId}`]);
    expect(await it.told()).toContainEqual(expect.stringMatching(/^put-off: Not destroyed/));
  });

  it('that somebody came back to has another snapshot before it: what they did then is in it', async () => {
    const it = world();
    it.duringSnapshot = () => it.type();
    await it.begin(uptime);
    await it.clock.advance(62 * minute);
    it.duringSnapshot = () => {};
    await it.clock.advance(12 * minute);
    const snapshot = `snapshot as ${otherUserId}`;
    expect(it.begun).toEqual([snapshot, snapshot, `destroy as ${otherUserId}`]);
  });

  describe('at a time, of one that is stopped', () => {
    const rest = { state: 'stopped', desired: 'stopped', startedAt: null } as const;
    const begin = async (it: LifecycleWorld, change: Partial<LifecyclePolicy> = {}) => {
      Object.assign(it.workspace, rest);
      return it.begin({ endAt: it.at(60 * minute), endAction: 'destroy', ...change });
    };

    it('comes after a warning, with a snapshot first', async () => {
      const it = await begin(world());
      await it.clock.advance(49 * minute);
      expect(it.lifecycle).toMatchObject({ judgement: 'off', next: { action: 'destroy', isWarned: false } });
      await it.clock.advance(2 * minute);
      expect(it.lifecycle.next?.isWarned).toBe(true);
      expect(it.begun).toEqual([]);
      await it.clock.advance(10 * minute);
      expect(it.begun).toEqual([`snapshot as ${otherUserId}`, `destroy as ${otherUserId}`]);
      expect(await it.told()).toEqual([
        'warned: Is destroyed in 10 minutes: the time that was set for it has come',
        'warned: A snapshot, and then its end: the time that was set for it has come',
      ]);
    });

    it('waits for files that are sent into it', async () => {
      const it = await begin(world());
      it.transfers = 2;
      await it.clock.advance(90 * minute);
      expect(it.begun).toEqual([]);
      it.transfers = 0;
      await it.clock.advance(minute);
      expect(it.begun.at(-1)).toBe(`destroy as ${otherUserId}`);
    });

    it('is put off by an hour', async () => {
      const it = await begin(world());
      await it.clock.advance(55 * minute);
      await it.putOff(60);
      await it.clock.advance(50 * minute);
      expect(it.begun).toEqual([]);
      await it.clock.advance(12 * minute);
      expect(it.begun.at(-1)).toBe(`destroy as ${otherUserId}`);
    });

    it('does not come where somebody starts it while its snapshot is taken', async () => {
      const it = world();
      it.duringSnapshot = () => it.set({ state: 'running', desired: 'running', startedAt: it.at(0) });
      await begin(it);
      await it.clock.advance(61 * minute);
      expect(it.begun).toEqual([`snapshot as ${otherUserId}`]);
      expect(await it.told()).toContainEqual(expect.stringMatching(/^put-off: Not destroyed/));
    });

    it('whose time came while its host was away is shown first', async () => {
      const it = world();
      it.isHostThere = false;
      await begin(it);
      it.set({ state: 'unknown', lastKnown: { state: 'stopped', at: it.at(0) } });
      await it.clock.advance(90 * minute);
      expect(it.begun).toEqual([]);
      it.isHostThere = true;
      it.set({ state: 'stopped' });
      expect(it.lifecycle.next?.isWarned).toBe(true);
      await it.clock.advance(9 * minute);
      expect(it.begun).toEqual([]);
      await it.clock.advance(2 * minute);
      expect(it.begun.at(-1)).toBe(`destroy as ${otherUserId}`);
    });

    it.each<[string, Partial<LifecyclePolicy>, Partial<Workspace>]>([
      ['where it would only be stopped', { endAction: 'stop' }, {}],
      ['for its uptime', { endAt: null, endAfterMinutes: 60 }, {}],
      ['for want of work', { endAt: null, idleMinutes: 10 }, {}],
      ['while its container is gone', {}, { state: 'missing' }],
      ['while it is destroyed already', {}, { state: 'destroying' }],
    ])('does not come %s', async (_, policy, change) => {
      const it = await begin(world(), policy);
      it.set(change);
      await it.clock.advance(90 * minute);
      expect(it.begun).toEqual([]);
      expect(it.lifecycle.next).toBeNull();
      expect(await it.told()).toEqual([]);
    });
  });

  it('is never for want of work', async () => {
    const it = await world().begin({ idleMinutes: 10, endAction: 'destroy' });
    await it.clock.advance(13 * minute);
    expect(it.begun).toEqual(stopped);
  });
});

it('a stop that fails is tried again later and later', async () => {
  const it = world();
  it.stopError = new BerthError('engine.failed', 'The engine says no.');
  await it.begin({ endAfterMinutes: 60 });
  await it.clock.advance(61 * minute);
  expect(it.begun).toHaveLength(1);
  await it.clock.advance(6 * minute);
  expect(it.begun).toHaveLength(2);
  await it.clock.advance(10 * minute);
  expect(it.begun).toHaveLength(2);
  await it.clock.advance(7 * minute);
  expect(it.begun).toHaveLength(3);
});
