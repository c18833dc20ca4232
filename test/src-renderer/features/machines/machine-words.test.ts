/** Sizes, places and ends as they are said; what fits of an offer; what is about to be lost. */
import { describe, expect, it } from 'vitest';
import { onMachineLines } from '#renderer/features/machines/lost-lines.ts';
import {
  accessWords,
  endWords,
  isNameTyped,
  placeKey,
  placeWords,
  sizeWords,
} from '#renderer/features/machines/machine-words.ts';
import {
  imageChoices,
  regionName,
  resizeChoices,
  sizesIn,
} from '#renderer/features/machines/offer-choices.ts';
import { readAddresses } from '#renderer/features/machines/ssh-access-dialog.tsx';
import { machine, machineOffer } from '../../machine-fixtures.ts';

const plain = (text: string) => text.replaceAll('\u00a0', ' ');
const gib = 1024 ** 3;
const one = machine(1, 'do-fra1');

describe('words', () => {
  it('leave out of a size what is not known', () => {
    expect(plain(sizeWords(one))).toBe('2 CPUs, 4.0 GiB memory, 80.0 GiB disk');
    expect(plain(sizeWords({ cpus: 1, memoryBytes: null, diskBytes: null }))).toBe('1 CPU');
    expect(sizeWords({ cpus: null, memoryBytes: null, diskBytes: null })).toBe('');
  });

  it('say both rules of an end, and that there is none', () => {
    const end = { at: 'soon', atAction: 'destroy', idleMinutes: 90, idleAction: 'hibernate' } as const;
    expect(endWords(end, (at) => at).map(plain)).toEqual([
      'On soon: destroy it.',
      'After 1 h 30 min without work: put it to sleep.',
    ]);
    expect(endWords({ ...end, at: null, idleMinutes: null }, (at) => at)).toHaveLength(1);
  });

  it('name where files sleep, also where that host was removed', () => {
    const place = { kind: 'host', hostId: 'host_00000000000000000009' } as const;
    expect(placeWords(place, undefined, () => 'atlas')).toContain('on atlas');
    expect(placeWords(place, undefined, () => undefined)).toContain('a host that was removed');
    expect(placeWords({ kind: 'machine-snapshot' }, { name: 'Somewhere' }, () => undefined)).toContain(
      'Somewhere',
    );
    expect(placeKey(place)).not.toBe(placeKey({ ...place, hostId: 'host_00000000000000000008' }));
  });

  it('say who may reach it', () => {
    expect(accessWords(null)).toContain('no firewall');
    expect(accessWords({ from: 'addresses', addresses: ['203.0.113.7', '2001:db8::/32'] })).toContain(
      '203.0.113.7, 2001:db8::/32',
    );
  });

  it('take a typed name only as it is written', () => {
    expect(isNameTyped(' do-fra1 ', 'do-fra1')).toBe(true);
    expect(isNameTyped('Do-fra1', 'do-fra1')).toBe(false);
    expect(isNameTyped('', 'do-fra1')).toBe(false);
  });

  it('read addresses between lines, commas and spaces', () => {
    expect(readAddresses(' 203.0.113.7,\n2001:db8::/32 198.51.100.0/24;')).toEqual([
      '203.0.113.7',
      '2001:db8::/32',
      '198.51.100.0/24',
    ]);
  });
});

describe('an offer', () => {
  it('has the sizes of a region, the cheapest first', () => {
    const ids = sizesIn(machineOffer, 'fra1').map(({ id }) => id);
    expect(ids[0]).toBe('s-1vcpu-1gb');
    expect(ids).not.toContain('s-8vcpu-16gb');
    expect(sizesIn(machineOffer, 'sfo1')).toEqual([]);
  });

  it('has no size to change to whose disk is smaller than the one that is there, nor the same', () => {
    const ids = resizeChoices(machineOffer, one).map(({ id }) => id);
    expect(ids).toEqual(['s-4vcpu-8gb']);
    expect(resizeChoices(machineOffer, { ...one, diskBytes: 25 * gib }).length).toBeGreaterThan(1);
  });

  it('has systems that fit the disk, those that Berth’s set-up works on first', () => {
    const small = imageChoices(machineOffer, { region: 'fra1', diskBytes: 25 * gib });
    expect(small.map(({ id }) => id)).toEqual(['debian-12-x64', 'ubuntu-24-04-x64', 'fedora-42-x64']);
    expect(imageChoices(machineOffer, one)).toHaveLength(4);
  });

  it('gives names, and ids where it does not know one', () => {
    expect(regionName(machineOffer, 'fra1')).toBe('Frankfurt 1');
    expect(regionName(machineOffer, 'gone9')).toBe('gone9');
    expect(regionName(null, 'fra1')).toBe('fra1');
  });
});

describe('what is about to be lost', () => {
  const workspace = (n: number, isRunning = false) => ({
    ...{ id: `ws_${String(n).padStart(20, '0')}` as const, name: `work-${n}`, isRunning },
  });
  const text = (plan: Parameters<typeof onMachineLines>[0]) =>
    onMachineLines(plan).map((line) => plain(line.text));

  it('is named, and counted where the names are not one’s own or too many', () => {
    const many = Array.from({ length: 11 }, (_, index) => workspace(index, index === 0));
    const lines = text({ workspaces: many, otherWorkspaces: 1, snapshots: 2 });
    expect(lines[0]).toBe('The workspace work-0, with its files');
    expect(lines.slice(-3)).toEqual([
      '3 more workspaces of yours, with files',
      '1 workspace of somebody else, with files',
      '2 snapshots of workspaces that lie nowhere else',
    ]);
    expect(onMachineLines({ workspaces: many, otherWorkspaces: 0, snapshots: 0 })[0]?.detail).toContain(
      'running',
    );
  });

  it('is nothing where nothing is there', () => {
    expect(text({ workspaces: [], otherWorkspaces: 0, snapshots: 0 })).toEqual([]);
  });
});
