/** What of an account's offer fits a machine, in the order in which a person compares. Pure. */
import {
  type CloudImage,
  type CloudOffer,
  type CloudSize,
  type Price,
  withBackups,
} from '#contract/clouds.ts';
import type { Machine } from '#contract/machines.ts';
import { formatPerHour, formatPerMonth } from '../../components/money.ts';
import { sizeWords } from './machine-words.ts';

/** Sizes that can be had in a region now, the cheapest first. */
export function sizesIn(offer: Pick<CloudOffer, 'sizes'>, region: string): CloudSize[] {
  return offer.sizes
    .filter((size) => size.regions.includes(region))
    .sort((a, b) => a.hourlyUsd - b.hourlyUsd || a.memoryBytes - b.memoryBytes);
}

/** Sizes to change to: with a disk that is no smaller than the one that it has, for a disk cannot shrink. */
export function resizeChoices(offer: Pick<CloudOffer, 'sizes'>, machine: Machine): CloudSize[] {
  return sizesIn(offer, machine.region).filter(
    (size) => size.id !== machine.size && (machine.diskBytes === null || size.diskBytes >= machine.diskBytes),
  );
}

/** Systems to build it anew from: those that Berth's set-up works on first. */
export function imageChoices(
  offer: Pick<CloudOffer, 'images'>,
  machine: Pick<Machine, 'region' | 'diskBytes'>,
): CloudImage[] {
  return offer.images
    .filter(
      (image) =>
        image.regions.includes(machine.region) &&
        (machine.diskBytes === null || image.minDiskBytes <= machine.diskBytes),
    )
    .sort((a, b) => Number(b.isSupported) - Number(a.isSupported) || a.name.localeCompare(b.name));
}

/** "2 CPUs, 4.0 GiB memory, 80.0 GiB disk — $24.00 a month". */
export function sizeLabel(size: CloudSize): string {
  return `${size.family}: ${sizeWords(size)}${size.gpu === null ? '' : `, ${size.gpu}`}`;
}

export function priceWords({ hourlyUsd, monthlyUsd }: Price): string {
  return `${formatPerHour(hourlyUsd)}, ${formatPerMonth(monthlyUsd)}`;
}

/** What the machine costs in this size, with the backups that it has. */
export function sizePrice(
  size: CloudSize,
  { hasBackups }: Pick<Machine, 'hasBackups'>,
  { backupShare }: Pick<CloudOffer, 'backupShare'>,
): string {
  return hasBackups ? `${priceWords(withBackups(size, backupShare))}, with backups` : priceWords(size);
}

/** By its id where the offer is not known or does not have it any more. */
export function regionName(offer: Pick<CloudOffer, 'regions'> | null, id: string): string {
  return offer?.regions.find((region) => region.id === id)?.name ?? id;
}

export function imageName(offer: Pick<CloudOffer, 'images'> | null, id: string): string {
  return offer?.images.find((image) => image.id === id)?.name ?? id;
}
