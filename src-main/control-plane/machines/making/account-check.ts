/** Whether an account can have this machine now, for the price that was seen: looked at before anything is made. */
import { BerthError } from '#contract/berth-error.ts';
import type { CloudOffer, CloudSize } from '#contract/clouds.ts';
import type { CloudClient } from '../../interfaces/cloud-provider.ts';
import type { MachineRecord } from '../machine.ts';

/** Prices have five decimals: less than this, in dollars, is a matter of how they are written. */
const SAME_USD = 0.000_005;

export type Wanted = Pick<MachineRecord, 'region' | 'size' | 'image' | 'hourlyUsd'>;

/**
 * The size as it is offered now. `isImageKnown`: an image that the offer does not name is refused (a snapshot that was just
 * made may be missing there). Throws cloud.* (limit-reached, not-offered, price-changed, refused for a locked account).
 */
export async function checkAccount(
  client: CloudClient,
  wanted: Wanted,
  isImageKnown: boolean,
  signal: AbortSignal,
): Promise<CloudSize> {
  const identity = await client.identity(signal);
  if (identity.standing === 'locked')
    throw new BerthError(
      'cloud.refused',
      `The provider has locked the account, and makes nothing in it. ${identity.standingMessage}`.trim(),
    );
  const size = checkOffer(await client.offer(signal), wanted, isImageKnown);
  const { machineLimit } = identity;
  if (machineLimit !== null) await checkLimit(client, machineLimit, signal);
  return size;
}

/** Throws cloud.not-offered, cloud.price-changed. */
export function checkOffer(offer: CloudOffer, wanted: Wanted, isImageKnown: boolean): CloudSize {
  const region = offer.regions.find(({ id }) => id === wanted.region);
  if (region === undefined || !region.isOpen)
    throw notOffered(
      'region',
      `No machines can be had in ${region?.name ?? wanted.region} now. Choose another region.`,
    );
  const size = offer.sizes.find(({ id }) => id === wanted.size);
  if (size === undefined || !size.regions.includes(region.id))
    throw notOffered(
      'size',
      `The size ${wanted.size} cannot be had in ${region.name} now. Choose another size or region.`,
    );
  const image = offer.images.find(({ id }) => id === wanted.image);
  if (image === undefined && isImageKnown)
    throw notOffered('image', `The image ${wanted.image} is not on offer any more. Choose another one.`);
  if (image !== undefined && !image.regions.includes(region.id))
    throw notOffered(
      'image',
      `The image ${image.name} is not there in ${region.name}. Choose another image or region.`,
    );
  if (image !== undefined && image.minDiskBytes > size.diskBytes)
    throw notOffered(
      'image',
      `The image ${image.name} does not fit on the disk of ${size.id}. Choose a larger size.`,
    );
  if (size.hourlyUsd > wanted.hourlyUsd + SAME_USD)
    throw new BerthError(
      'cloud.price-changed',
      `It costs $${size.hourlyUsd} an hour now, not $${wanted.hourlyUsd}. Look at the price, and say so again.`,
      { details: { hourlyUsd: size.hourlyUsd, was: wanted.hourlyUsd } },
    );
  return size;
}

async function checkLimit(client: CloudClient, limit: number, signal: AbortSignal): Promise<void> {
  let count: number;
  try {
    count = await client.machineCount(signal);
  } catch (error) {
    // A token that may not count: the provider says no itself.
    if (BerthError.is(error, 'cloud.permission-missing')) return;
    throw error;
  }
  if (count >= limit)
    throw new BerthError(
      'cloud.limit-reached',
      `The account may have ${limit} machines and has ${count}. Destroy one, or ask the provider for more.`,
      { details: { limit, count } },
    );
}

function notOffered(field: 'region' | 'size' | 'image', message: string): BerthError {
  return new BerthError('cloud.not-offered', message, {
    details: { field, fields: [`${field}: ${message}`] },
  });
}
