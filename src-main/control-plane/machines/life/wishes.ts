/** What must hold before something is begun with a machine: pure, so that bad wishes fail before anything is asked. */
import { BerthError } from '#contract/berth-error.ts';
import type { CloudImage, CloudOffer, CloudSize } from '#contract/clouds.ts';
import type { MachineRecord } from '../machine.ts';

const lifeWords: Readonly<Record<MachineRecord['life'], string>> = {
  creating: 'is being made',
  incomplete: 'was not made to its end; finish its making, or destroy it',
  made: 'is there',
  hibernating: 'is going to sleep',
  asleep: 'sleeps; wake it first',
  waking: 'is waking up',
  destroying: 'is being destroyed',
  vanished: 'is not at the provider any more',
};

/** Throws conflict. */
export function requireMade({ life, name }: Pick<MachineRecord, 'life' | 'name'>): void {
  if (life !== 'made')
    throw new BerthError('conflict', `“${name}” ${lifeWords[life]}.`, { details: { life } });
}

/** Throws conflict while Berth may have hardware there, or expects it. */
export function requireForgettable({ life, name, providerId, requestedAt }: MachineRecord): void {
  if (life === 'vanished' || (life === 'incomplete' && providerId === null && !requestedAt)) return;
  throw new BerthError(
    'conflict',
    `“${name}” may still be at the provider and cost. Destroy it; Berth forgets it by itself then.`,
    { details: { life } },
  );
}

/** Throws invalid-input at the name: nothing is lost by a slip of the hand. */
export function requireSameName({ name }: Pick<MachineRecord, 'name'>, typed: string): void {
  if (typed !== name)
    throw BerthError.atField('name', `Type the machine’s name, “${name}”, to say that it is meant.`);
}

/** Throws cloud.not-offered, cloud.price-changed, conflict. */
export function requireSize(
  record: MachineRecord,
  offer: Pick<CloudOffer, 'sizes'>,
  wish: { readonly size: string; readonly hourlyUsd: number },
): CloudSize {
  if (record.size === wish.size) throw new BerthError('conflict', `“${record.name}” has this size already.`);
  const size = offer.sizes.find(({ id }) => id === wish.size);
  if (size === undefined || !size.regions.includes(record.region))
    throw new BerthError(
      'cloud.not-offered',
      'This size is not on offer in the machine’s region now. Choose another one.',
      { details: { size: wish.size, region: record.region } },
    );
  if (record.diskBytes !== null && size.diskBytes < record.diskBytes)
    throw new BerthError(
      'cloud.not-offered',
      'The disk of this size is smaller than the machine’s, and a disk cannot shrink. Choose a size whose disk is as large.',
      { details: { size: wish.size } },
    );
  requirePrice(size, wish.hourlyUsd);
  return size;
}

/** A lower price is no surprise. Amounts have up to five decimals. */
export function requirePrice({ hourlyUsd }: Pick<CloudSize, 'hourlyUsd'>, seenUsd: number): void {
  if (hourlyUsd <= seenUsd + 0.000_001) return;
  throw new BerthError(
    'cloud.price-changed',
    `It costs $${hourlyUsd} an hour now, and not $${seenUsd}. Look at the price again.`,
    { details: { hourlyUsd } },
  );
}

/** Throws cloud.not-offered. */
export function requireImage(
  { diskBytes, region }: Pick<MachineRecord, 'diskBytes' | 'region'>,
  offer: Pick<CloudOffer, 'images'>,
  image: string,
): CloudImage {
  const found = offer.images.find(({ id }) => id === image);
  if (found === undefined || !found.regions.includes(region))
    throw new BerthError('cloud.not-offered', 'This image is not on offer in the machine’s region now.', {
      details: { image, region },
    });
  if (diskBytes !== null && found.minDiskBytes > diskBytes)
    throw new BerthError('cloud.not-offered', 'This image needs a larger disk than the machine has.', {
      details: { image },
    });
  return found;
}
