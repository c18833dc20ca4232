/** Accounts, prices and finds on the command line, through the socket, at a plane that keeps them in memory. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { CostReport } from '#contract/clouds.ts';
import { CommandPlane, cloudOf, foundOf, machineOf } from '#test/harness/command-plane.ts';
import { fakeOffer, fakeProviderInfo } from '#test/harness/fake-cloud.ts';

let plane: CommandPlane;
const token = 'fake_token-that-nobody-may-see';

const report: CostReport = {
  at: '2026-01-15T00:00:00.000Z',
  monthBeganAt: '2026-01-01T00:00:00.000Z',
  perHourUsd: 0.01786,
  monthUsd: 4.2,
  hosts: [
    {
      machineId: machineOf(1).id,
      hostId: null,
      cloudId: cloudOf(1).id,
      name: 'box1',
      state: 'off',
      perHourUsd: 0.00893,
      monthUsd: 3,
    },
  ],
  stored: [{ cloudId: cloudOf(1).id, kind: 'snapshot', name: 'old', monthlyUsd: 0.12, machineId: null }],
  budgets: [
    { cloudId: cloudOf(1).id, monthlyUsd: 10, spentUsd: 4.2, forecastUsd: 12.5, level: 'over' },
    { cloudId: cloudOf(2).id, monthlyUsd: null, spentUsd: 0, forecastUsd: 0, level: 'none' },
  ],
  blind: ['The token may not see volumes.'],
};

beforeEach(async () => {
  plane = await CommandPlane.start((self) => ({
    'clouds.providers': () => ({ providers: [fakeProviderInfo] }),
    'clouds.connect': (input) => {
      if (input.token === 'short') throw BerthError.atField('token', 'A token is longer. Copy it anew.');
      self.note('clouds.connect', input);
      return cloudOf(7, {
        label: input.label,
        permissions: [
          { name: 'machine:create', isGranted: false, isNeeded: true, without: 'No machine can be made.' },
          { name: 'volume:read', isGranted: false, isNeeded: false, without: 'Volumes stay unseen.' },
          { name: 'machine:read', isGranted: true, isNeeded: true, without: 'Nothing is seen.' },
        ],
      });
    },
    'clouds.replaceToken': (input) => {
      self.note('clouds.replaceToken', input);
      return cloudOf(1);
    },
    'clouds.check': (input) => {
      self.note('clouds.check', input);
      return self.clouds.items.get(input.id) ?? cloudOf(1);
    },
    'clouds.disconnect': (input) => {
      self.note('clouds.disconnect', input);
      return {};
    },
    'clouds.edit': (input) => {
      self.note('clouds.edit', input);
      const { label = 'main', budget = { monthlyUsd: null, warnAtPercent: 80 } } = input;
      return cloudOf(1, { label, budget });
    },
    'clouds.offer': () => fakeOffer,
    'clouds.costs': async function* () {
      yield report;
    },
    'clouds.adoptFound': (input) => {
      self.note('clouds.adoptFound', input);
      return machineOf(5, { name: input.name ?? 'stray1' });
    },
    'clouds.destroyFound': (input) => {
      self.note('clouds.destroyFound', input);
      return self.begin('found.destroy', 'Destroy');
    },
    'clouds.dismissFound': (input) => {
      self.note('clouds.dismissFound', input);
      return foundOf(1, { isDismissed: input.isDismissed });
    },
  }));
  plane.clouds.put(cloudOf(1, { label: 'main' }));
});
afterEach(async () => {
  await plane.close();
});

describe('an account', () => {
  it('is connected with a token from the input, which is printed nowhere', async () => {
    const ran = await plane.call(['cloud', 'connect', 'work'], {
      input: Readable.from([Buffer.from(`${token}\n`)]),
    });
    expect([ran.code, ran.error]).toEqual([0, '']);
    expect(plane.asked).toEqual([
      { method: 'clouds.connect', input: { provider: 'fake-cloud', label: 'work', token } },
    ]);
    expect(ran.text.split('\n').slice(0, 6)).toEqual([
      'Connected "work": cloud_00000000000000000007',
      '"work" is Team One at fake-cloud: ready.',
      'Machines there: 2 of 10.',
      'The token may not do all:',
      '  needed: machine:create. No machine can be made.',
      '  missing: volume:read. Volumes stay unseen.',
    ]);
    expect(ran.text).not.toContain(token);
  });

  it('is connected with a token from a file, and says when that cannot be read', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'berth-token-'));
    try {
      const path = join(folder, 'token');
      await writeFile(path, `${token}\n`);
      const ran = await plane.call(['cloud', 'connect', 'work', '--cloud-token-file', path, '--json']);
      expect(ran.code).toBe(0);
      expect(JSON.parse(ran.text)).toMatchObject({ label: 'work' });
      expect(plane.asked[0]?.input).toMatchObject({ token });
      const missing = await plane.call(['cloud', 'connect', 'x', '--cloud-token-file', join(folder, 'no')]);
      expect(missing.code).toBe(1);
      expect(missing.error).toContain('cannot be read');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('needs a token, a name that can be used, and a provider that is there', async () => {
    expect((await plane.call(['cloud', 'connect', 'work'])).error).toContain('Nothing came on the input');
    expect((await plane.call(['cloud', 'connect', ''])).code).toBe(2);
    const other = await plane.call(['cloud', 'connect', 'work', '--provider', 'elsewhere']);
    expect(other.code).toBe(1);
    expect(other.error).toContain('There is no provider "elsewhere".\n');
    expect(other.error).toContain('fake-cloud  (Fake Cloud)');
    expect(plane.asked).toEqual([]);
  });

  it('says once what is wrong with a token', async () => {
    const ran = await plane.call(['cloud', 'connect', 'work'], {
      input: Readable.from([Buffer.from('short')]),
    });
    expect([ran.code, ran.error]).toEqual([1, 'A token is longer. Copy it anew.\n']);
  });

  it('gets another token', async () => {
    const ran = await plane.call(['cloud', 'token', 'main'], { input: Readable.from([Buffer.from(token)]) });
    expect(ran.code).toBe(0);
    expect(plane.asked).toEqual([{ method: 'clouds.replaceToken', input: { id: cloudOf(1).id, token } }]);
  });

  it('is listed with its state', async () => {
    const error = { code: 'cloud.token-refused' as const, message: 'It was revoked.', details: {} };
    plane.clouds.put(
      cloudOf(2, { label: 'old', state: { phase: 'refused', sinceAt: '2026-01-01T00:00:00.000Z', error } }),
      cloudOf(3, { label: 'shut', standing: 'locked', standingMessage: 'Please pay.', machineLimit: null }),
    );
    const { text } = await plane.call(['cloud', 'ls']);
    const [heading = '', ...rows] = text.trimEnd().split('\n');
    expect(heading.split(/ {2,}/)).toEqual([
      'NAME',
      'ID',
      'PROVIDER',
      'ACCOUNT',
      'STATE',
      'MACHINES',
      'NOTE',
    ]);
    expect(
      rows.map((row) => row.split(/ {2,}/).filter((_cell, index) => index !== 1 && index !== 3)),
    ).toEqual([
      ['main', 'fake-cloud', 'ready', '2 of 10'],
      ['old', 'fake-cloud', 'token refused', '2 of 10', 'It was revoked.'],
      ['shut', 'fake-cloud', 'locked', '2', 'Please pay.'],
    ]);
  });

  it('is listed once it has been looked at', async () => {
    plane.clouds.put(cloudOf(1, { label: 'main', state: { phase: 'checking' } }));
    const listing = plane.call(['cloud', 'ls']);
    plane.clouds.put(cloudOf(1, { label: 'main' }));
    expect((await listing).text).toMatch(/^main .* ready /m);
  });

  it('is checked: exits with 1 where no machine can be made', async () => {
    expect((await plane.call(['cloud', 'check', 'main'])).code).toBe(0);
    plane.clouds.put(cloudOf(1, { label: 'main', standing: 'locked' }));
    expect((await plane.call(['cloud', 'check', 'main'])).code).toBe(1);
    expect((await plane.call(['cloud', 'check', 'nobody'])).error).toContain(
      'There is no account "nobody". These are there: berth cloud list',
    );
  });

  it('gets another name, and a budget that leaves alone what was not said', async () => {
    const { id } = cloudOf(1);
    plane.clouds.put(cloudOf(1, { label: 'main', budget: { monthlyUsd: 40, warnAtPercent: 70 } }));
    const renamed = await plane.call(['cloud', 'rename', 'main', 'team']);
    expect(renamed.text).toBe('"main" is called "team" now.\n');
    const shown = await plane.call(['cloud', 'budget', 'main']);
    expect(shown.text).toBe('The budget of "main": $40.00 a month; Berth warns from 70 % on.\n');
    await plane.call(['cloud', 'budget', 'main', '12.50']);
    await plane.call(['cloud', 'budget', 'main', '--warn-at', '90%']);
    const none = await plane.call(['cloud', 'budget', 'main', 'none', '--json']);
    expect(JSON.parse(none.text)).toMatchObject({ budget: { monthlyUsd: null, warnAtPercent: 70 } });
    expect(plane.asked).toEqual([
      { method: 'clouds.edit', input: { id, label: 'team' } },
      { method: 'clouds.edit', input: { id, budget: { monthlyUsd: 12.5, warnAtPercent: 70 } } },
      { method: 'clouds.edit', input: { id, budget: { monthlyUsd: 40, warnAtPercent: 90 } } },
      { method: 'clouds.edit', input: { id, budget: { monthlyUsd: null, warnAtPercent: 70 } } },
    ]);
  });

  it.each([
    ['budget', 'main', 'much'],
    ['budget', 'main', '-5'],
    ['budget', 'main', '1.234'],
    ['budget', 'main', '--warn-at', '5'],
    ['rename', 'main', ''],
  ])('cloud %s %s %s %s is typed wrong, and nothing is asked', async (...words) => {
    expect((await plane.call(['cloud', ...words])).code).toBe(2);
    expect(plane.asked).toEqual([]);
  });

  it('is forgotten after what stays there was shown', async () => {
    plane.machines.put(machineOf(1), machineOf(2, { cloudId: cloudOf(9).id }));
    const asked = await plane.call(['cloud', 'disconnect', 'main']);
    expect(asked.code).toBe(2);
    expect(asked.error).toContain('Say --yes to go on unasked');
    expect(plane.asked).toEqual([]);
    const ran = await plane.call(['cloud', 'disconnect', 'main', '--leave-machines', '--yes']);
    expect(ran.error).toContain('The machine "box1" costs $0.00893/h and stays there.');
    expect(ran.error).not.toContain('box2');
    expect(plane.asked).toEqual([
      { method: 'clouds.disconnect', input: { id: cloudOf(1).id, leavesMachines: true } },
    ]);
  });
});

describe('prices', () => {
  it('of what can be rented are shown, the cheapest first', async () => {
    const { text } = await plane.call(['cloud', 'offer']);
    const lines = text.split('\n');
    expect(lines[0]?.split(/ {2,}/)).toEqual(['SIZE', 'CPUS', 'MEMORY', 'DISK', 'HOUR', 'MONTH', 'KIND']);
    expect(lines[1]?.split(/ {2,}/)).toEqual([
      'small',
      '1',
      '1.0 GiB',
      '25.0 GiB',
      '$0.01/h',
      '$6.00',
      'Basic',
    ]);
    expect(lines[3]).toBe('Regions: ams (Amsterdam), fra (Frankfurt)');
    expect(lines[4]).toBe('Images: debian-12 (Debian 12)');
    const there = await plane.call(['cloud', 'offer', 'main', '--region', 'fra']);
    expect(there.text).not.toContain('large');
  });

  it('of what runs are counted, with what could not be', async () => {
    const { text } = await plane.call(['cloud', 'costs']);
    expect(text).toContain('Now $0.01786/h. This month until now: $4.20.');
    expect(text).toMatch(/box1 +off, still costs +\$0\.00893\/h +\$3\.00/);
    expect(text).toMatch(/snapshot +old +\$0\.12/);
    expect(text).toContain('Budget: $4.20 of $10.00 spent, $12.50 by the end of the month: OVER.');
    expect(text.match(/Budget:/g)).toHaveLength(1);
    expect(text).toContain('Not counted: The token may not see volumes.');
    expect(text).toContain('Prices of snapshots: as published in January 2026.');
  });
});

describe('what was found', () => {
  beforeEach(() => {
    plane.found.put(
      foundOf(1),
      foundOf(2, { kind: 'volume', hourlyUsd: null, name: 'evil\u001b[2J' }),
      foundOf(3, { isDismissed: true }),
    );
  });

  it('is listed with what it costs, and cannot steer the terminal', async () => {
    const { text } = await plane.call(['cloud', 'finds']);
    expect(text).toMatch(/^stray1 +found_0+1 +machine +ams +\$0\.02\/h +\$14\.00/m);
    expect(text).toMatch(/volume +ams +– +\$14\.00/);
    expect(text).not.toContain('\u001b');
    expect(text).not.toContain('stray3');
    expect((await plane.call(['cloud', 'finds', '--all'])).text).toContain('stray3');
  });

  it('is adopted, destroyed after a question, or dismissed', async () => {
    expect((await plane.call(['cloud', 'adopt', 'stray1', '--name', 'mine'])).text).toContain(
      '"mine" is one',
    );
    expect((await plane.call(['cloud', 'destroy', 'stray1'])).code).toBe(2);
    const ran = await plane.call(['cloud', 'destroy', 'stray1', '--yes']);
    expect(ran.error).toContain('Destroys for good the machine "stray1", $0.02/h.');
    expect(ran.text).toBe('Destroyed the machine "stray1", $0.02/h.\n');
    await plane.call(['cloud', 'dismiss', 'stray1']);
    await plane.call(['cloud', 'dismiss', 'stray3', '--undo']);
    const { id } = foundOf(1);
    expect(plane.asked).toEqual([
      { method: 'clouds.adoptFound', input: { id, name: 'mine' } },
      { method: 'clouds.destroyFound', input: { id, name: 'stray1' } },
      { method: 'clouds.dismissFound', input: { id, isDismissed: true } },
      { method: 'clouds.dismissFound', input: { id: foundOf(3).id, isDismissed: false } },
    ]);
  });

  it('is never guessed between two of a name', async () => {
    plane.found.put(foundOf(4, { name: 'stray1' }));
    const ran = await plane.call(['cloud', 'destroy', 'stray1', '--yes']);
    expect(ran.code).toBe(1);
    expect(ran.error).toContain(`  ${foundOf(4).id}`);
    expect(plane.asked).toEqual([]);
  });
});
