/** What can be chosen of an offer and what not, what is chosen at first, what it costs, and what comes near. */
import { describe, expect, it } from 'vitest';
import {
  familiesOf,
  firstImage,
  firstRegion,
  firstSize,
  freeMachineName,
  imageRows,
  nextChoices,
  regionRows,
  sizeRows,
} from '#renderer/features/clouds/machine-choice.ts';
import { offer } from '../../cloud-scenes.ts';

const region = (id: string) => offer.regions.find((one) => one.id === id)!;
const size = (id: string) => offer.sizes.find((one) => one.id === id)!;
const image = (id: string) => offer.images.find((one) => one.id === id)!;

it('lists open regions first, by name', () => {
  expect(regionRows(offer).map(({ item, problem }) => [item.id, problem === null])).toEqual([
    ['ams3', true],
    ['fra1', true],
    ['nyc3', true],
    ['sgp1', true],
    ['sfo1', false],
  ]);
});

describe('sizes', () => {
  it('come by price, and those that cannot be had at the end with the reason', () => {
    const rows = sizeRows(offer, { region: region('fra1') }, 'Basic');
    const ids = rows.filter(({ problem }) => problem === null).map(({ item }) => item.id);
    expect(ids[0]).toBe('s-1vcpu-512mb-10gb');
    expect(ids).not.toContain('s-2vcpu-2gb');
    expect(rows.slice(-2).map(({ problem }) => problem)).toEqual([
      'not on offer in Frankfurt 1',
      'not on offer anywhere now',
    ]);
    const prices = ids.map((id) => size(id).hourlyUsd);
    expect(prices).toEqual(prices.toSorted((a, b) => a - b));
  });

  it('need room for the image', () => {
    const large = { ...image('debian-13-x64'), minDiskBytes: 60 * 1024 ** 3 };
    const rows = sizeRows(offer, { region: region('fra1'), image: large }, 'Basic');
    expect(rows.find(({ item }) => item.id === 's-1vcpu-2gb')?.problem).toMatch(/disk is too small/);
  });

  it('begin with the cheapest in which work has room', () => {
    expect(firstSize(offer, { region: region('fra1') })?.id).toBe('s-1vcpu-2gb');
    const small = { ...offer, sizes: [size('s-1vcpu-1gb'), size('s-1vcpu-512mb-10gb')] };
    expect(firstSize(small, { region: region('fra1') })?.id).toBe('s-1vcpu-512mb-10gb');
    expect(firstSize({ ...offer, sizes: [] }, {})).toBeUndefined();
  });

  it('have their classes by price', () => {
    expect(familiesOf(offer)).toEqual([
      'Basic',
      'CPU-Optimized',
      'General Purpose',
      'Memory-Optimized',
      'GPU',
    ]);
  });
});

it('lists images that the set-up works on first, the newest of each, and what is elsewhere last', () => {
  expect(imageRows(offer, region('fra1')).map(({ item }) => item.id)).toEqual([
    'debian-13-x64',
    'debian-12-x64',
    'ubuntu-24-04-x64',
    'alpine-3-21-x64',
    '170001',
  ]);
  expect(imageRows(offer, region('fra1')).at(-1)?.problem).toBe('not in Frankfurt 1');
  expect(firstImage(offer, region('fra1'))?.id).toBe('debian-13-x64');
});

it('begins with the region of the last machine where that is open', () => {
  expect(firstRegion(offer, 'sgp1')?.id).toBe('sgp1');
  expect(firstRegion(offer, 'sfo1')?.id).toBe('ams3');
  expect(firstRegion(offer, undefined)?.id).toBe('ams3');
});

describe('what comes near to what cannot be had', () => {
  const wished = { region: region('fra1'), size: size('s-1vcpu-2gb') };

  it('is as much as that here, and the same elsewhere', () => {
    const choices = nextChoices(offer, wished, image('debian-13-x64'));
    expect(choices.map((one) => [one.region.id, one.size.id])).toEqual([
      ['fra1', 's-2vcpu-4gb'],
      ['fra1', 'c-2'],
      ['ams3', 's-1vcpu-2gb'],
      ['nyc3', 's-1vcpu-2gb'],
    ]);
  });

  it('is never what has the same trouble', () => {
    const only = { ...image('debian-13-x64'), regions: ['fra1'] };
    expect(nextChoices(offer, wished, only).every((one) => one.region.id === 'fra1')).toBe(true);
    expect(nextChoices({ ...offer, regions: [region('fra1')], sizes: [wished.size] }, wished, only)).toEqual(
      [],
    );
  });
});

it('suggests a name that no machine has', () => {
  expect(freeMachineName('fra1', new Set())).toBe('berth-fra1');
  expect(freeMachineName('fra1', new Set(['berth-fra1', 'berth-fra1-2']))).toBe('berth-fra1-3');
  expect(freeMachineName(undefined, new Set())).toBe('berth');
});
