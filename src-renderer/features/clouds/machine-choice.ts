/**
 * What can be chosen of an account's offer, what cannot and why, what is chosen at first, and what it costs. Pure.
 */
import type { CloudImage, CloudOffer, CloudRegion, CloudSize } from '#contract/clouds.ts';

/** Less than this and an engine with a workspace has no room to work. */
const comfortableMemoryBytes = 2 * 1024 ** 3;
const byName = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

export interface Row<T> {
  readonly item: T;
  /** Why it cannot be chosen; null: it can. */
  readonly problem: string | null;
}

const offeredFirst = <T>(a: Row<T>, b: Row<T>) => Number(a.problem !== null) - Number(b.problem !== null);

export function regionRows({ regions }: Pick<CloudOffer, 'regions'>): Row<CloudRegion>[] {
  return regions
    .map((item) => ({ item, problem: item.isOpen ? null : 'takes nothing new now' }))
    .toSorted((a, b) => offeredFirst(a, b) || byName.compare(a.item.name, b.item.name));
}

export function sizeProblem(
  size: CloudSize,
  region: CloudRegion | undefined,
  image: CloudImage | undefined,
): string | null {
  if (size.regions.length === 0) return 'not on offer anywhere now';
  if (region !== undefined && !size.regions.includes(region.id)) return `not on offer in ${region.name}`;
  if (image !== undefined && size.diskBytes < image.minDiskBytes)
    return 'its disk is too small for the image';
  return null;
}

/** Those that can be had first, then by price. `family` null: all. */
export function sizeRows(
  { sizes }: Pick<CloudOffer, 'sizes'>,
  chosen: { readonly region?: CloudRegion | undefined; readonly image?: CloudImage | undefined },
  family: string | null,
): Row<CloudSize>[] {
  return sizes
    .filter((size) => family === null || size.family === family)
    .map((item) => ({ item, problem: sizeProblem(item, chosen.region, chosen.image) }))
    .toSorted((a, b) => offeredFirst(a, b) || byPrice(a.item, b.item));
}

function byPrice(a: CloudSize, b: CloudSize): number {
  return a.hourlyUsd - b.hourlyUsd || a.memoryBytes - b.memoryBytes || byName.compare(a.id, b.id);
}

const kindOrder: readonly CloudImage['kind'][] = ['distribution', 'snapshot', 'backup'];

/** Name and version apart, so that the newest of a name comes first. */
function compareImages(a: CloudImage, b: CloudImage): number {
  const parts = ({ name }: CloudImage) => /^(\D*)(.*)$/.exec(name) ?? [name, name, ''];
  const [, nameA = '', versionA = ''] = parts(a);
  const [, nameB = '', versionB = ''] = parts(b);
  return (
    Number(b.isSupported) - Number(a.isSupported) ||
    kindOrder.indexOf(a.kind) - kindOrder.indexOf(b.kind) ||
    byName.compare(nameA, nameB) ||
    byName.compare(versionB, versionA)
  );
}

/** Those that can be had first; of these the ones that the set-up is known to work on, the newest of each. */
export function imageRows(
  { images }: Pick<CloudOffer, 'images'>,
  region: CloudRegion | undefined,
): Row<CloudImage>[] {
  return images
    .map((item) => ({
      item,
      problem: region === undefined || item.regions.includes(region.id) ? null : `not in ${region.name}`,
    }))
    .toSorted((a, b) => offeredFirst(a, b) || compareImages(a.item, b.item));
}

export function familiesOf({ sizes }: Pick<CloudOffer, 'sizes'>): string[] {
  return [...new Set(sizes.toSorted(byPrice).map(({ family }) => family))];
}

/** `lastRegion`: of the machine that was made last. */
export function firstRegion(offer: CloudOffer, lastRegion: string | undefined): CloudRegion | undefined {
  const usable = regionRows(offer)
    .filter(({ problem }) => problem === null)
    .map(({ item }) => item);
  return usable.find(({ id }) => id === lastRegion) ?? usable[0];
}

export function firstImage(offer: CloudOffer, region: CloudRegion | undefined): CloudImage | undefined {
  return imageRows(offer, region).find(({ problem }) => problem === null)?.item;
}

/** The cheapest in which work has room; where there is none, the cheapest. */
export function firstSize(
  offer: CloudOffer,
  chosen: { readonly region?: CloudRegion | undefined; readonly image?: CloudImage | undefined },
): CloudSize | undefined {
  const usable = sizeRows(offer, chosen, null)
    .filter(({ problem }) => problem === null)
    .map(({ item }) => item);
  return usable.find(({ memoryBytes }) => memoryBytes >= comfortableMemoryBytes) ?? usable[0];
}

export interface NextChoice {
  readonly region: CloudRegion;
  readonly size: CloudSize;
}

/** What comes nearest to what cannot be had: the same size elsewhere, or as much as that here. At most four. */
export function nextChoices(
  offer: CloudOffer,
  wished: NextChoice,
  image: CloudImage | undefined,
): NextChoice[] {
  const elsewhere = regionRows(offer)
    .filter(
      ({ item, problem }) =>
        problem === null &&
        item.id !== wished.region.id &&
        sizeProblem(wished.size, item, image) === null &&
        (image === undefined || image.regions.includes(item.id)),
    )
    .map(({ item }) => ({ region: item, size: wished.size }));
  const here = sizeRows(offer, { region: wished.region, image }, null)
    .filter(
      ({ item, problem }) =>
        problem === null &&
        item.id !== wished.size.id &&
        item.memoryBytes >= wished.size.memoryBytes &&
        item.cpus >= wished.size.cpus,
    )
    .map(({ item }) => ({ region: wished.region, size: item }));
  return [...here.slice(0, 2), ...elsewhere.slice(0, 4 - Math.min(2, here.length))];
}

/** "berth-fra1", "berth-fra1-2" … */
export function freeMachineName(region: string | undefined, taken: ReadonlySet<string>): string {
  const base = region === undefined ? 'berth' : `berth-${region}`;
  for (let n = 1; ; n += 1) {
    const name = n === 1 ? base : `${base}-${n}`;
    if (!taken.has(name)) return name;
  }
}
