/** Machines on the command line, through the socket, at a plane that keeps them in memory. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  hostId,
  hostOf,
  CommandPlane,
  cloudOf,
  machineOf,
  workspaceOf,
} from '#test/harness/command-plane.ts';
import { fakeOffer } from '#test/harness/fake-cloud.ts';
import type { DestroyPlan, HibernatePlan, MachineTrouble } from '#contract/machines.ts';
import { waitUntil } from '#test/servers/wait-until.ts';

let plane: CommandPlane;
const { id } = machineOf(1);

const trouble: MachineTrouble = {
  gate: 'ssh',
  error: { code: 'machine.overdue', message: 'Its SSH server does not answer.', details: {} },
  choices: ['keep-waiting', 'destroy'],
  sinceAt: '2026-01-01T00:00:00.000Z',
};

const destroyPlan: DestroyPlan = {
  name: 'box1',
  perHourUsd: 0.00893,
  leftovers: [
    { kind: 'volume', id: 'v-1', name: 'data', monthlyUsd: 10 },
    { kind: 'address', id: '198.51.100.9', name: '198.51.100.9', monthlyUsd: 5 },
  ],
  blind: ['Snapshots are not seen.'],
  workspaces: [{ id: `ws_${'0'.repeat(20)}`, name: 'work', isRunning: true }],
  otherWorkspaces: 2,
  snapshots: 1,
};

const hibernatePlan: HibernatePlan = {
  awakeMonthlyUsd: 24,
  places: [
    {
      place: { kind: 'machine-snapshot' },
      label: 'Snapshot of the whole disk',
      sizeBytes: 5 * 2 ** 30,
      monthlyUsd: 0.3,
      problem: null,
      loses: [],
    },
    {
      place: { kind: 'host', hostId: hostId(1) },
      label: 'host 1',
      sizeBytes: 2 ** 30,
      monthlyUsd: null,
      problem: null,
      loses: ['Containers.'],
    },
    {
      place: { kind: 'computer' },
      label: 'This computer',
      sizeBytes: 2 ** 30,
      monthlyUsd: null,
      problem: 'Its disk is full.',
      loses: [],
    },
  ],
  workspaces: [{ id: `ws_${'0'.repeat(20)}`, name: 'work', isRunning: true }],
  otherWorkspaces: 0,
  snapshots: 0,
  images: [{ reference: 'own/tools:3', sizeBytes: 3 * 2 ** 30 }],
};

beforeEach(async () => {
  plane = await CommandPlane.start((self) => {
    const begins =
      (method: Parameters<CommandPlane['note']>[0], kind: Parameters<CommandPlane['begin']>[0]) =>
      (input: unknown) => {
        self.note(method, input);
        return self.begin(kind, method);
      };
    return {
      'clouds.offer': () => fakeOffer,
      'machines.create': (input) => {
        self.note('machines.create', input);
        const making = machineOf(7, { name: input.name, life: 'creating', power: null, ipv4: null });
        self.machines.put(making);
        const done = () => self.machines.put(machineOf(7, { name: input.name, hourlyUsd: 0.01 }));
        return { machine: making, operation: self.begin('machine.create', 'Make', done) };
      },
      'machines.decide': (input) => {
        self.note('machines.decide', input);
        return machineOf(1);
      },
      'machines.setEnd': (input) => {
        self.note('machines.setEnd', input);
        return machineOf(1, { end: input.end });
      },
      'machines.forget': (input) => {
        self.note('machines.forget', input);
        return {};
      },
      'machines.snapshots': () => ({
        snapshots: [
          {
            id: '6372321',
            name: 'before',
            kind: 'snapshot',
            createdAt: '2026-01-01T00:00:00.000Z',
            sizeBytes: 2 ** 30,
            minDiskBytes: 2 ** 30,
            monthlyUsd: 0.06,
            regions: ['ams'],
          },
          ...['1', '2'].map((n) => ({
            id: `777${n}`,
            name: 'twice',
            kind: 'backup' as const,
            createdAt: `2026-01-0${n}T00:00:00.000Z`,
            sizeBytes: 2 ** 30,
            minDiskBytes: 2 ** 30,
            monthlyUsd: null,
            regions: ['ams'],
          })),
        ],
      }),
      'machines.destroyPlan': () => destroyPlan,
      'machines.hibernatePlan': () => hibernatePlan,
      'machines.finish': begins('machines.finish', 'machine.finish'),
      'machines.power': begins('machines.power', 'machine.power'),
      'machines.resize': begins('machines.resize', 'machine.resize'),
      'machines.rename': begins('machines.rename', 'machine.rename'),
      'machines.setSshAccess': begins('machines.setSshAccess', 'machine.ssh-access'),
      'machines.takeSnapshot': begins('machines.takeSnapshot', 'machine.snapshot'),
      'machines.restoreSnapshot': begins('machines.restoreSnapshot', 'machine.restore'),
      'machines.rebuild': begins('machines.rebuild', 'machine.rebuild'),
      'machines.setBackups': begins('machines.setBackups', 'machine.backups'),
      'machines.destroySnapshot': begins('machines.destroySnapshot', 'machine.destroy-snapshot'),
      'machines.destroy': begins('machines.destroy', 'machine.destroy'),
      'machines.hibernate': begins('machines.hibernate', 'machine.hibernate'),
      'machines.wake': begins('machines.wake', 'machine.wake'),
    };
  });
  plane.clouds.put(cloudOf(1, { label: 'main' }));
  plane.machines.put(machineOf(1));
  plane.hosts.put(hostOf(1));
});
afterEach(async () => {
  await plane.close();
});

describe('machine create', () => {
  const wish = ['machine', 'create', 'new-box', '--region', 'ams', '--size', 'small'];

  it('shows the price before anything is rented, and rents nothing unasked', async () => {
    const asked = await plane.call([...wish, '--backups']);
    expect(asked.code).toBe(2);
    expect(asked.error).toContain('Rents "new-box" in ams from "main":');
    expect(asked.error).toContain(
      'small: 1 CPU, 1.0 GiB of memory, 25.0 GiB of disk, $0.01/h ($6.00 a month)',
    );
    expect(asked.error).toContain('Backups: $1.20 a month more.');
    expect(asked.error).toContain('It costs until it is destroyed, also while it is off.');
    expect(plane.asked).toEqual([]);
  });

  it('rents what was said at the price that was shown, and follows it to its end', async () => {
    const ran = await plane.call([
      ...wish,
      ...['--tag', 'team:a', '--tag', 'b', '--ipv6', '--ssh', '203.0.113.7,2001:db8::/64'],
      ...['--idle', '2h', '--idle-action', 'hibernate', '--expires', '2099-01-01T00:00Z', '--yes'],
    ]);
    expect([ran.code, ran.text]).toEqual([0, `Made "new-box", 192.0.2.9, $0.01/h: ${machineOf(7).id}\n`]);
    expect(plane.asked).toEqual([
      {
        method: 'machines.create',
        input: {
          cloudId: cloudOf(1).id,
          name: 'new-box',
          region: 'ams',
          size: 'small',
          image: 'debian-12',
          tags: ['team:a', 'b'],
          hasIpv6: true,
          hasBackups: false,
          hasMonitoring: false,
          sshAccess: { from: 'addresses', addresses: ['203.0.113.7', '2001:db8::/64'] },
          end: {
            at: '2099-01-01T00:00:00.000Z',
            atAction: 'destroy',
            idleMinutes: 120,
            idleAction: 'hibernate',
          },
          onTrouble: 'keep',
          hourlyUsd: 0.01,
        },
      },
    ]);
  });

  it('says what can be had instead', async () => {
    const none = await plane.call(['machine', 'create', 'x', '--yes']);
    expect([none.code, none.error]).toEqual([2, expect.stringContaining('Open regions: ams, fra')]);
    const size = await plane.call(['machine', 'create', 'x', '--region', 'fra', '--size', 'large', '--yes']);
    expect(size.code).toBe(1);
    expect(size.error).toContain('"large" is not on offer in "fra". These are:');
    expect(size.error).toContain('  small');
    expect(plane.asked).toEqual([]);
  });

  it.each([
    [['machine', 'create', 'no_underscores'], /must be letters, digits and dashes/],
    [[...wish, '--expires', '1h ago'], /no length of time/],
    [[...wish, '--expires', '2020-01-01T00:00Z'], /is over/],
    [[...wish, '--idle', '0m'], /no length of time/],
    [[...wish, '--ssh', 'my-house'], /must be mine, anywhere, or addresses/],
    [[...wish, '--on-trouble', 'panic'], /none of ask, keep and destroy/],
    [[...wish, '--idle-action', 'sleep'], /none of destroy and hibernate/],
  ])('%j is typed wrong, and nothing is asked', async (words, message) => {
    const ran = await plane.call(words);
    expect([ran.code, ran.error]).toEqual([2, expect.stringMatching(message)]);
    expect(plane.asked).toEqual([]);
  });

  it('tells when it waits for a decision, with what can be chosen', async () => {
    plane.nextEnd = 'never';
    const { ended, error } = plane.begun([...wish, '--on-trouble', 'ask', '--yes']);
    await waitUntil(() => plane.operations.items.size === 1, { what: 'the making' });
    plane.machines.put(machineOf(7, { name: 'new-box', life: 'creating', trouble }));
    const decide = 'berth machine decide new-box keep-waiting|destroy';
    await waitUntil(() => error().includes(decide), { what: 'the remark' });
    expect(error()).toContain('Its SSH server does not answer.');
    const [operation] = [...plane.operations.items.values()];
    if (operation === undefined) throw new Error('nothing was begun');
    plane.operations.put({ ...operation, state: 'cancelled', endedAt: '2026-01-01T00:01:00.000Z' });
    expect((await ended).code).toBe(1);
  });
});

describe('machine decide', () => {
  it('gives an answer that can be given', async () => {
    expect((await plane.call(['machine', 'decide', 'box1', 'destroy'])).error).toContain(
      'waits for no decision',
    );
    plane.machines.put(machineOf(1, { life: 'creating', trouble }));
    expect((await plane.call(['machine', 'decide', 'box1', 'retry'])).error).toContain(
      'keep-waiting, destroy',
    );
    expect((await plane.call(['machine', 'decide', 'box1', 'what'])).code).toBe(2);
    expect((await plane.call(['machine', 'decide', 'box1', 'destroy'])).code).toBe(0);
    expect(plane.asked).toEqual([{ method: 'machines.decide', input: { id, choice: 'destroy' } }]);
  });
});

describe('machine list', () => {
  it('shows what each costs, asleep and off too', async () => {
    const sleep = {
      place: { kind: 'machine-snapshot' as const },
      sinceAt: '2026-01-01T00:00:00.000Z',
      monthlyUsd: 0.3,
      sizeBytes: null,
      workspaces: 1,
    };
    plane.machines.put(
      machineOf(2, { power: { state: 'off', isBusy: false, readAt: '2026-01-01T00:00:00.000Z' } }),
      machineOf(3, { life: 'asleep', sleep, providerId: null, ipv4: null }),
      machineOf(4, { life: 'creating', trouble }),
      machineOf(5, { life: 'vanished' }),
      machineOf(6, {
        life: 'hibernating',
        retry: {
          ...{ why: 'sleep', action: 'hibernate', error: { ...trouble.error, message: 'It is locked.' } },
          ...{ failedAt: '2026-01-01T00:00:00.000Z', againAt: '2026-01-01T00:05:00.000Z' },
        },
      }),
    );
    const { text } = await plane.call(['machine', 'ls']);
    const rows = text.trimEnd().split('\n').slice(1);
    expect(rows.map((row) => row.split(/ {2,}/)).map((row) => [row[0], row[2], row[6]])).toEqual([
      ['box1', 'on', '$0.00893/h'],
      ['box2', 'off, still costs', '$0.00893/h'],
      ['box3', 'asleep', '$0.30/month'],
      ['box4', 'asks what to do', '$0.00893/h'],
      ['box5', 'vanished', '–'],
      ['box6', 'not asleep, still costs', '$0.00893/h'],
    ]);
    expect(rows[5]).toContain('It is locked. Tried again at 2026-01-01 ');
    expect(rows[3]).toContain('Its SSH server does not answer.');
  });
});

describe('workspace list', () => {
  it('says of what is on a machine that sleeps that it does, and how that is woken', async () => {
    plane.machines.put(machineOf(1, { life: 'asleep', hostId: hostId(1) }));
    plane.workspaces.put(workspaceOf(1, { state: 'unknown' }));
    const { text } = await plane.call(['workspace', 'list']);
    expect(text.trimEnd().split('\n')[1]).toMatch(/ asleep .* to wake its machine: berth machine wake box1$/);
  });
});

describe('machine destroy', () => {
  it('shows what goes and what stays, and takes what is chosen along', async () => {
    const asked = await plane.call(['machine', 'destroy', 'box1', '--with', 'data']);
    expect(asked.code).toBe(2);
    expect(asked.error.split('\n')).toEqual(
      expect.arrayContaining([
        'Destroys "box1" for good; it costs $0.00893/h until then.',
        '  The workspace "work" is on it, and runs.',
        '  2 workspaces of others, too.',
        '  1 snapshot is on it and nowhere else.',
        'With it goes:',
        '  volume v-1 "data", $10.00 a month',
        'This stays at the provider, and costs (--with ID destroys it, too):',
        '  address 198.51.100.9, $5.00 a month',
        'Not seen: Snapshots are not seen.',
      ]),
    );
    expect(plane.asked).toEqual([]);
    for (const flags of [['--with', 'v-1'], ['--with-all'], []])
      expect((await plane.call(['machine', 'destroy', 'box1', '--yes', ...flags])).code).toBe(0);
    const volume = { kind: 'volume', id: 'v-1' };
    const address = { kind: 'address', id: '198.51.100.9' };
    expect(plane.asked.map(({ input }) => input)).toEqual([
      { id, name: 'box1', leftovers: [volume] },
      { id, name: 'box1', leftovers: [volume, address] },
      { id, name: 'box1', leftovers: [] },
    ]);
  });

  it('destroys nothing where what is to go along is not there', async () => {
    const ran = await plane.call(['machine', 'destroy', 'box1', '--with', 'other', '--yes']);
    expect([ran.code, ran.error]).toEqual([1, expect.stringContaining('  volume v-1 "data"')]);
    expect(plane.asked).toEqual([]);
  });

  it('fails as the operation fails', async () => {
    plane.nextEnd = 'failed';
    const ran = await plane.call(['machine', 'destroy', 'box1', '--yes']);
    expect([ran.code, ran.error]).toEqual([1, expect.stringContaining('The disk is full.')]);
  });
});

describe('sleep', () => {
  it('is put off until somebody says where', async () => {
    const ran = await plane.call(['machine', 'hibernate', 'box1', '--yes']);
    expect(ran.code).toBe(2);
    expect(ran.error).toContain('  snapshot: Snapshot of the whole disk, $0.30 a month, 5.0 GiB');
    expect(ran.error).toContain('  host:host 1: host 1, costs nothing at the provider, 1.0 GiB');
    expect(ran.error).toContain('  computer: This computer, Its disk is full.');
  });

  it('shows what it costs and loses, and takes the place that was said', async () => {
    const asked = await plane.call(['machine', 'hibernate', 'box1', '--place', 'snapshot']);
    expect(asked.error).toContain('"box1" goes to sleep: $0.30 a month in place of $6.00.');
    expect(asked.error).toContain('The workspace "work" runs, and is stopped.');
    const full = await plane.call(['machine', 'hibernate', 'box1', '--place', 'computer', '--yes']);
    expect([full.code, full.error]).toEqual([1, expect.stringContaining('Its disk is full.')]);
    const host = await plane.call(['machine', 'hibernate', 'box1', '--place', 'host:host 1', '--yes']);
    expect(host.error).toContain('Not kept: Containers.');
    expect(host.error).toContain('The image own/tools:3 comes along, 3.0 GiB before it is compressed.');
    expect(asked.error).not.toContain('own/tools');
    await plane.call(['machine', 'hibernate', 'box1', '--place', 'snapshot', '--yes']);
    expect(plane.asked.map(({ input }) => input)).toEqual([
      { id, place: { kind: 'host', hostId: hostId(1) } },
      { id, place: { kind: 'machine-snapshot' } },
    ]);
  });

  it('ends at today’s price, and for one that sleeps alone', async () => {
    const awake = await plane.call(['machine', 'wake', 'box1', '--yes']);
    expect([awake.code, awake.error, plane.asked]).toEqual([1, '"box1" does not sleep.\n', []]);
    plane.machines.put(machineOf(1, { life: 'asleep', power: null, hasBackups: true }));
    const copied = await plane.call(['machine', 'wake', 'box1']);
    expect(copied.error).toContain(
      'Rents "box1" again, small in ams: $0.012/h ($7.20 a month), with backups.',
    );
    plane.machines.put(machineOf(1, { life: 'asleep', power: null }));
    const asked = await plane.call(['machine', 'wake', 'box1']);
    expect(asked.error).toContain('Rents "box1" again, small in ams: $0.01/h ($6.00 a month).');
    const ran = await plane.call(['machine', 'wake', 'box1', '--size', 'large', '--yes']);
    expect(ran.code).toBe(0);
    expect(plane.asked.map(({ input }) => input)).toEqual([
      { id, region: 'ams', size: 'large', keepsSnapshot: false, hourlyUsd: 0.07 },
    ]);
  });
});

describe('other orders', () => {
  it.each<[string[], string, object]>([
    [['power', 'box1', 'on'], 'machines.power', { id, action: 'on' }],
    [['power', 'box1', 'cut', '--yes'], 'machines.power', { id, action: 'cut' }],
    [
      ['resize', 'box1', 'large', '--grow-disk', '--yes'],
      'machines.resize',
      { id, size: 'large', growsDisk: true, hourlyUsd: 0.07 },
    ],
    [['rename', 'box1', 'other'], 'machines.rename', { id, name: 'other' }],
    [['finish', 'box1'], 'machines.finish', { id }],
    [['ssh-access', 'box1', 'anywhere'], 'machines.setSshAccess', { id, sshAccess: { from: 'anywhere' } }],
    [['snapshot', 'box1', 'now', '--live'], 'machines.takeSnapshot', { id, name: 'now', isOff: false }],
    [
      ['restore', 'box1', 'before', '--yes'],
      'machines.restoreSnapshot',
      { id, snapshot: '6372321', name: 'box1' },
    ],
    [['rebuild', 'box1', '--yes'], 'machines.rebuild', { id, image: 'debian-12', name: 'box1' }],
    [['backups', 'box1', 'on', '--yes'], 'machines.setBackups', { id, isOn: true }],
    [
      ['destroy-snapshot', 'box1', 'before', '--yes'],
      'machines.destroySnapshot',
      { id, snapshot: '6372321' },
    ],
    [['destroy-snapshot', 'box1', '7772', '--yes'], 'machines.destroySnapshot', { id, snapshot: '7772' }],
    [
      ['end', 'box1', '--idle', '45m'],
      'machines.setEnd',
      { id, end: { at: null, atAction: 'destroy', idleMinutes: 45, idleAction: 'destroy' } },
    ],
  ])('machine %j', async (words, method, input) => {
    const ran = await plane.call(['machine', ...words]);
    expect([ran.code, plane.asked]).toEqual([0, [{ method, input }]]);
  });

  it('that end what runs ask first, and say that off still costs', async () => {
    const off = await plane.call(['machine', 'power', 'box1', 'off']);
    expect([off.code, plane.asked]).toEqual([2, []]);
    expect(off.error).toContain('Off it still costs $0.00893/h. To stop that: berth machine hibernate box1');
    const grown = await plane.call(['machine', 'resize', 'box1', 'large', '--grow-disk']);
    expect(grown.error).toContain('can never shrink again');
    plane.machines.put(machineOf(1, { hasBackups: true }));
    const copied = await plane.call(['machine', 'resize', 'box1', 'large']);
    expect(copied.error).toContain('$0.084/h ($57.60 a month), with backups');
    expect((await plane.call(['machine', 'power', 'box1', 'sideways'])).code).toBe(2);
  });

  it('that lose files or cost more ask first, with what is lost and what it costs', async () => {
    const fresh = await plane.call(['machine', 'rebuild', 'box1']);
    expect(fresh.code).toBe(2);
    expect(fresh.error.split('\n')).toEqual(
      expect.arrayContaining([
        'Writes a fresh disk for "box1": Debian 12 (debian-12). All that is on it now is gone:',
        '  The workspace "work" is on it, and runs.',
        '  2 workspaces of others, too.',
        '  1 snapshot is on it and nowhere else.',
      ]),
    );
    const other = await plane.call(['machine', 'rebuild', 'box1', '--image', 'plan9', '--yes']);
    expect([other.code, other.error]).toEqual([1, expect.stringContaining('one of these:\n  debian-12')]);
    const copied = await plane.call(['machine', 'backups', 'box1', 'on']);
    expect([copied.code, copied.error]).toEqual([
      2,
      expect.stringContaining('Backups of "box1" cost $1.20 a month more.'),
    ]);
    plane.machines.put(machineOf(1, { hasBackups: true }));
    const ended = await plane.call(['machine', 'backups', 'box1', 'off']);
    expect(ended.error).toContain('may delete those that there are');
    for (const end of ['destroy', 'hibernate']) {
      const lost = await plane.call([
        'machine',
        end,
        'box1',
        ...(end === 'hibernate' ? ['--place', 'snapshot'] : []),
      ]);
      expect(lost.error).toContain('The provider’s backups of it end with it.');
    }
    plane.machines.put(machineOf(1, { hasBackups: true, hourlyUsd: 0.012, monthlyUsd: 7.2 }));
    expect((await plane.call(['machine', 'backups', 'box1', 'off'])).error).toContain('saves $1.20 a month');
    expect((await plane.call(['machine', 'backups', 'box1', 'maybe'])).code).toBe(2);
    const gone = await plane.call(['machine', 'destroy-snapshot', 'box1', 'before']);
    expect([gone.code, gone.error]).toEqual([2, expect.stringContaining('It costs $0.06 a month.')]);
    const twice = await plane.call(['machine', 'destroy-snapshot', 'box1', 'twice', '--yes']);
    expect([twice.code, twice.error]).toEqual([1, expect.stringContaining('  7772  (')]);
    expect(plane.asked).toEqual([]);
  });

  it('forget what the provider does not have, and nothing that may cost', async () => {
    const costs = await plane.call(['machine', 'forget', 'box1', '--yes']);
    expect([costs.code, costs.error, plane.asked]).toEqual([
      1,
      '"box1" may still be at the provider and cost. Destroy it: berth machine destroy box1\n',
      [],
    ]);
    plane.machines.put(machineOf(1, { life: 'vanished', power: null }));
    expect((await plane.call(['machine', 'forget', 'box1', '--yes'])).code).toBe(0);
    expect(plane.asked).toEqual([{ method: 'machines.forget', input: { id } }]);
  });

  it('put off what comes for want of work', async () => {
    const beganMs = Date.now();
    const ran = await plane.call(['machine', 'end', 'box1', '--idle', '45m', '--put-off', '2h']);
    expect(ran.text).toMatch(/After 45 minutes without work: destroy, not before \d{4}-/);
    const [{ input } = { input: {} }] = plane.asked;
    const { idleNotBefore } = (input as { end: { idleNotBefore: string } }).end;
    expect(Date.parse(idleNotBefore)).toBeGreaterThanOrEqual(beganMs + 2 * 3_600_000);
    expect((await plane.call(['machine', 'end', 'box1', '--put-off', 'later'])).code).toBe(2);
  });

  it('show snapshots and when it ends, and take none for another', async () => {
    expect((await plane.call(['machine', 'snapshots', 'box1'])).text).toMatch(
      /before +6372321 +snapshot .* 1\.0 GiB +\$0\.06/,
    );
    expect((await plane.call(['machine', 'end', 'box1'])).text).toContain('It does not expire.');
    const ran = await plane.call(['machine', 'restore', 'box1', 'nothing', '--yes']);
    expect([ran.code, ran.error]).toEqual([1, expect.stringContaining('berth machine snapshots box1')]);
    expect((await plane.call(['machine', 'rename', 'nobody', 'x'])).error).toContain(
      'There is no machine "nobody". These are there: berth machine list',
    );
    expect(plane.asked).toEqual([]);
  });
});
