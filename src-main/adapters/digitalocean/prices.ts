/**
 * Prices that the API does not tell, in US dollars. A bill is what counts; these are for what people are shown before.
 */
import type { BillingRule } from '../../control-plane/interfaces/cloud-provider.ts';

/** Of the constants below, for people: when each page was read. */
export const PRICE_NOTE =
  'Prices of snapshots, volumes, reserved addresses and backups: as docs.digitalocean.com published them in November 2026.';

/** For each GiB and month: docs.digitalocean.com/products/snapshots/details/pricing/. Of Droplets and of volumes. */
export const SNAPSHOT_USD_PER_GIB_MONTH = 0.06;
/** Weekly backups, as a share of the Droplet's price: docs.digitalocean.com/products/backups/details/pricing/. */
export const BACKUP_SHARE = 0.2;
/** For each GiB and month: docs.digitalocean.com/products/volumes/details/pricing/. */
export const VOLUME_USD_PER_GIB_MONTH = 0.1;
/** A reserved address that is at no Droplet, a month: docs.digitalocean.com/products/networking/reserved-ips/details/pricing/. */
export const IDLE_ADDRESS_USD_PER_MONTH = 5;

/**
 * Droplets cost by the second since January 2026, and at least 60 seconds or a cent, whichever is more; up to the monthly
 * price: DigitalOcean's answer at digitalocean.com/community/questions/how-billing-works-for-1-hour.
 */
export const BILLING = { leastSeconds: 60, leastUsd: 0.01 } as const satisfies BillingRule;

/** To a hundredth of a cent, which is finer than any bill. */
export function monthlyUsdOf(sizeGib: number, usdPerGibMonth: number): number {
  return Math.round(sizeGib * usdPerGibMonth * 10_000) / 10_000;
}
