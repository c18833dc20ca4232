/** What is on offer: open regions, sizes with prices, images. Kept for some minutes, since forms ask again and again. */
import type { CloudImage, CloudOffer } from '#contract/clouds.ts';
import type { z } from 'zod';
import { type Clock, instantOf } from '../../control-plane/interfaces/clock.ts';
import { readAllPages } from './all-pages.ts';
import type { ApiClient } from './api-client.ts';
import { BACKUP_SHARE, SNAPSHOT_USD_PER_GIB_MONTH } from './prices.ts';
import { gib, Image, mib, Region, Size } from './shapes.ts';

/** Milliseconds. What sells out within them is refused by the provider, in words. */
export const OFFER_KEPT_MS = 5 * 60_000;
/** A TB of transfer is 1,000 GiB in DigitalOcean's price list. */
const TRANSFER_BYTES_PER_TB = 1000 * gib;

export function createOffer(api: ApiClient, clock: Clock): (signal: AbortSignal) => Promise<CloudOffer> {
  let kept: { readonly offer: CloudOffer; readonly atMs: number } | undefined;
  return async (signal) => {
    if (kept === undefined || clock.monotonicMs() - kept.atMs > OFFER_KEPT_MS)
      kept = { offer: await readOffer(api, clock, signal), atMs: clock.monotonicMs() };
    return kept.offer;
  };
}

async function readOffer(api: ApiClient, clock: Clock, signal: AbortSignal): Promise<CloudOffer> {
  const [regions, sizes, distributions, own] = await Promise.all([
    readAllPages(api, 'GET /v2/regions', 'regions', Region, signal),
    readAllPages(api, 'GET /v2/sizes', 'sizes', Size, signal),
    readAllPages(api, 'GET /v2/images', 'images', Image, signal, { query: { type: 'distribution' } }),
    readAllPages(api, 'GET /v2/images', 'images', Image, signal, { query: { private: 'true' } }),
  ]);
  const open = new Set(regions.filter(isOpen).map(({ slug }) => slug));
  return {
    readAt: instantOf(clock),
    regions: regions.map(toRegion),
    sizes: sizes
      .filter(({ available }) => available !== false)
      .map((size) => toSize(size, open))
      .filter((size) => size.regions.length > 0),
    images: [
      ...distributions.filter(isUsable).map((image) => toImage(image, 'distribution')),
      ...own.filter(isUsable).map((image) => toImage(image, image.type === 'backup' ? 'backup' : 'snapshot')),
    ],
    snapshotUsdPerGibMonth: SNAPSHOT_USD_PER_GIB_MONTH,
    backupShare: BACKUP_SHARE,
  };
}

/** Without metadata cloud-init gets nothing, and a Droplet there would never be set up. */
function isOpen({ available, features }: z.output<typeof Region>): boolean {
  return available && (features === undefined || features.includes('metadata'));
}

function toRegion(region: z.output<typeof Region>): CloudOffer['regions'][number] {
  return { id: region.slug, name: region.name, isOpen: isOpen(region) };
}

function toSize(size: z.output<typeof Size>, open: ReadonlySet<string>): CloudOffer['sizes'][number] {
  const { gpu_info: gpu } = size;
  return {
    id: size.slug,
    family: size.description ?? 'Other',
    cpus: size.vcpus,
    memoryBytes: size.memory * mib,
    diskBytes: size.disk * gib,
    transferBytes: size.transfer === undefined ? null : Math.round(size.transfer * TRANSFER_BYTES_PER_TB),
    hourlyUsd: size.price_hourly,
    monthlyUsd: size.price_monthly,
    gpu: gpu?.model === undefined ? null : `${gpu.count ?? 1} × ${gpu.model}`,
    regions: size.regions.filter((slug) => open.has(slug)),
  };
}

function isUsable({ status, regions }: z.output<typeof Image>): boolean {
  return (status === undefined || status === 'available') && regions.length > 0;
}

function toImage(image: z.output<typeof Image>, kind: CloudImage['kind']): CloudImage {
  return {
    id: image.slug ?? image.id,
    name: kind === 'distribution' ? `${image.distribution ?? ''} ${image.name}`.trim() : image.name,
    kind,
    isSupported: kind === 'distribution' && isSupportedSlug(image.slug ?? ''),
    minDiskBytes: (image.min_disk_size ?? 0) * gib,
    regions: image.regions,
  };
}

/** Debian 12 and 13, Ubuntu 22.04 and from 24.04 on: those with Docker's own repository that Berth's set-up is made for. */
export function isSupportedSlug(slug: string): boolean {
  const debian = /^debian-(\d+)-x64$/.exec(slug);
  if (debian !== null) return debian[1] === '12' || debian[1] === '13';
  const ubuntu = /^ubuntu-(\d+)-(\d+)-x64$/.exec(slug);
  if (ubuntu === null) return false;
  const version = Number(ubuntu[1]) * 100 + Number(ubuntu[2]);
  return version === 2204 || version >= 2404;
}
