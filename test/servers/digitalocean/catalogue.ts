/** What the double has on offer: regions, sizes and images as DigitalOcean's lists showed them, with their prices. */

export interface Region {
  readonly slug: string;
  readonly name: string;
  readonly available: boolean;
  readonly features: readonly string[];
}

export interface Size {
  readonly slug: string;
  readonly description: string;
  /** MiB. */
  readonly memory: number;
  readonly vcpus: number;
  /** GiB. */
  readonly disk: number;
  /** TiB. */
  readonly transfer: number;
  readonly monthly: number;
  readonly hourly: number;
  readonly regions: readonly string[];
  readonly available: boolean;
  readonly gpu?: { readonly count: number; readonly model: string; readonly vram: number };
}

export interface CatalogueImage {
  readonly id: number;
  readonly slug: string;
  readonly name: string;
  readonly distribution: string;
  readonly kind: 'distribution' | 'application';
  /** GiB. */
  readonly minDisk: number;
}

const FEATURES = ['backups', 'ipv6', 'metadata', 'install_agent', 'storage', 'image_transfer'];
const region = (slug: string, name: string, available = true, features = FEATURES): Region => ({
  slug,
  name,
  available,
  features,
});

export const regions: readonly Region[] = [
  region('nyc1', 'New York 1'),
  region('nyc2', 'New York 2', false),
  region('nyc3', 'New York 3'),
  region('sfo2', 'San Francisco 2'),
  region('sfo3', 'San Francisco 3'),
  region('tor1', 'Toronto 1'),
  region('ams3', 'Amsterdam 3'),
  region('lon1', 'London 1'),
  region('fra1', 'Frankfurt 1'),
  region('blr1', 'Bangalore 1'),
  region('sgp1', 'Singapore 1'),
  region('syd1', 'Sydney 1'),
];

const EVERYWHERE = regions.filter(({ available }) => available).map(({ slug }) => slug);
type Row = readonly [string, string, number, number, number, number, number, number];
const size = (
  [slug, description, memory, vcpus, disk, transfer, monthly, hourly]: Row,
  more: Partial<Size> = {},
): Size => ({
  slug,
  description,
  memory,
  vcpus,
  disk,
  transfer,
  monthly,
  hourly,
  regions: EVERYWHERE,
  available: true,
  ...more,
});

export const sizes: readonly Size[] = [
  // The smallest one is often sold out.
  size(['s-1vcpu-512mb-10gb', 'Basic', 512, 1, 10, 0.5, 4, 0.00595], { regions: ['nyc1', 'sfo3', 'syd1'] }),
  size(['s-1vcpu-1gb', 'Basic', 1024, 1, 25, 1, 6, 0.00893]),
  size(['s-1vcpu-2gb', 'Basic', 2048, 1, 50, 2, 12, 0.01786]),
  size(['s-2vcpu-2gb', 'Basic', 2048, 2, 60, 3, 18, 0.02679]),
  size(['s-2vcpu-4gb', 'Basic', 4096, 2, 80, 4, 24, 0.03571]),
  size(['s-4vcpu-8gb', 'Basic', 8192, 4, 160, 5, 48, 0.07143]),
  size(['s-8vcpu-16gb', 'Basic', 16384, 8, 320, 6, 96, 0.14286]),
  size(['c-2', 'CPU-Optimized', 4096, 2, 25, 4, 42, 0.0625]),
  size(['g-2vcpu-8gb', 'General Purpose', 8192, 2, 25, 4, 63, 0.09375]),
  size(['m-2vcpu-16gb', 'Memory-Optimized', 16384, 2, 50, 4, 84, 0.125]),
  size(['s-1vcpu-3gb', 'Basic', 3072, 1, 60, 3, 15, 0.02232], { available: false, regions: [] }),
  size(['gpu-h100x1-80gb', 'H100 GPU', 245_760, 20, 720, 15, 2522.88, 3.39], {
    regions: ['nyc2', 'tor1'],
    gpu: { count: 1, model: 'nvidia_h100', vram: 80 },
  }),
];

const image = (
  id: number,
  slug: string,
  distribution: string,
  name: string,
  minDisk = 7,
  kind: CatalogueImage['kind'] = 'distribution',
): CatalogueImage => ({ id, slug, distribution, name, minDisk, kind });

export const images: readonly CatalogueImage[] = [
  image(195932981, 'debian-12-x64', 'Debian', '12 x64', 7),
  image(211214210, 'debian-13-x64', 'Debian', '13 x64', 10),
  image(189387465, 'ubuntu-22-04-x64', 'Ubuntu', '22.04 (LTS) x64', 7),
  image(193823422, 'ubuntu-24-04-x64', 'Ubuntu', '24.04 (LTS) x64', 10),
  image(197684402, 'fedora-42-x64', 'Fedora', '42 x64', 10),
  image(197000001, 'rockylinux-9-x64', 'Rocky Linux', '9 x64', 10),
  image(185204005, 'centos-stream-9-x64', 'CentOS', '9 Stream x64', 10),
  image(184914519, 'docker-20-04', 'Ubuntu', 'Docker 27.0.3 on Ubuntu 22.04', 25, 'application'),
];

/** US dollars for each GiB and month. */
export const SNAPSHOT_USD_PER_GIB = 0.06;
export const VOLUME_USD_PER_GIB = 0.1;
export const RESERVED_IP_USD = 5;
