/**
 * What happens to a droplet: created, ordered about, destroyed. Each order is an action that takes its time, locks the
 * droplet meanwhile, and has its effect at the end; with machines behind, the effect is the machine's.
 */
import { type Account, type Action, type Droplet, type Image, regionOf } from './account.ts';
import { ApiError, notFound, unprocessable } from './api-error.ts';
import { regions, type Size, sizes } from './catalogue.ts';
import { type Faults, refusals } from './faults.ts';
import type { Hardware, MachinePlan, PowerVerb } from './hardware.ts';
import type { Pace, Speeds } from './pace.ts';

export interface DropletWish {
  readonly name: string;
  readonly size: string;
  readonly image: string | number;
  readonly region?: string;
  readonly ssh_keys?: readonly (string | number)[] | null;
  readonly user_data?: string | null;
  readonly tags?: readonly string[] | null;
  readonly ipv6?: boolean;
  readonly backups?: boolean;
  readonly monitoring?: boolean;
}

export interface DropletOrder {
  readonly type: string;
  readonly size?: string;
  readonly disk?: boolean;
  readonly image?: string | number;
  readonly name?: string;
}

/** The document's limit for user data: 64 KiB. */
const MAX_USER_DATA_BYTES = 65_536;
const BUSY = 'Droplet already has a pending event.';
const POWER: Readonly<Record<string, PowerVerb>> = {
  power_on: 'power-on',
  power_off: 'power-off',
  shutdown: 'shutdown',
  reboot: 'reboot',
  power_cycle: 'power-cycle',
};

export interface DropletLifeParts {
  readonly hardware: Hardware;
  readonly pace: Pace;
  readonly speeds: Speeds;
  readonly faults: Faults;
}

export class DropletLife {
  readonly #parts: DropletLifeParts;

  constructor(parts: DropletLifeParts) {
    this.#parts = parts;
  }

  create(account: Account, wish: DropletWish): { droplet: Droplet; action: Action } {
    const { size, image, keys } = this.#checked(account, wish);
    const { faults, hardware, pace, speeds } = this.#parts;
    const oddity = faults.takeDroplet();
    const droplet = account.plantDroplet({
      name: wish.name,
      size: size.slug,
      region: wish.region ?? 'nyc3',
      tags: wish.tags ?? [],
      status: 'new',
      hasBackups: wish.backups ?? false,
    });
    Object.assign(droplet, {
      ...{ image, keys, oddity, isLocked: true, address: undefined },
      userData: wish.user_data ?? '',
      hasIpv6: wish.ipv6 ?? false,
      hasMonitoring: wish.monitoring ?? false,
      deletesIgnored: oddity.ignoresDeletes ?? 0,
    });
    const action = this.#start(account, droplet, 'create');
    if (oddity.neverActive) return { droplet, action };
    if (oddity.createErrors) {
      const errored = () => {
        droplet.isLocked = false;
        account.endAction(action, 'errored');
      };
      pace.after(speeds.create, errored);
      return { droplet, action };
    }
    const work = hardware.make(planOf(droplet)).then((address) => {
      droplet.address = address;
    });
    const done = () => {
      droplet.status = 'active';
      droplet.isLocked = false;
      account.endAction(action);
      if (oddity.neverGetsAddress) return;
      const tell = () => {
        droplet.isAddressTold = true;
      };
      pace.after(speeds.address, tell);
    };
    pace.after(speeds.create, done, { work, failed: () => account.endAction(action, 'errored') });
    return { droplet, action };
  }

  order(account: Account, droplet: Droplet, order: DropletOrder): Action {
    if (droplet.isGoing) throw notFound();
    if (droplet.isLocked) throw unprocessable(BUSY);
    const { faults, pace, speeds } = this.#parts;
    const { work, effect } = this.#effectOf(account, droplet, order);
    const action = this.#start(account, droplet, order.type);
    const unlock = (status: 'completed' | 'errored') => {
      droplet.isLocked = false;
      account.endAction(action, status);
    };
    if (faults.takeAction(order.type)) {
      pace.after(speeds.action, () => unlock('errored'));
      return action;
    }
    const done = () => {
      effect();
      unlock('completed');
    };
    pace.after(speeds.action, done, { work: work(), failed: () => unlock('errored') });
    return action;
  }

  /** It lingers, and is gone a while later. False: it was ignored. */
  destroy(account: Account, droplet: Droplet): boolean {
    if (droplet.deletesIgnored > 0) {
      droplet.deletesIgnored--;
      return false;
    }
    if (droplet.isGoing) return true;
    droplet.isGoing = true;
    const { hardware, pace, speeds } = this.#parts;
    const gone = () => {
      account.droplets.delete(droplet.id);
      for (const action of account.actions.values())
        if (action.resourceId === droplet.id && action.status === 'in-progress') account.endAction(action);
      for (const volume of account.volumes.values())
        if (volume.dropletId === droplet.id) volume.dropletId = null;
      for (const reserved of account.reservedIps.values())
        if (reserved.dropletId === droplet.id) reserved.dropletId = null;
      for (const firewall of account.firewalls.values())
        firewall.dropletIds = firewall.dropletIds.filter((id) => id !== droplet.id);
    };
    pace.after(speeds.delete, gone, { work: hardware.destroy(droplet.id) });
    return true;
  }

  transfer(account: Account, image: Image, regionSlug: string): Action {
    const region = regions.find(({ slug }) => slug === regionSlug);
    if (!region) throw unprocessable('You specified an invalid region.');
    if (image.regions.includes(regionSlug)) throw unprocessable('Image is already in this region.');
    const action = account.startAction('transfer', {
      resourceId: image.id,
      resourceType: 'image',
      region,
    });
    const { faults, pace, speeds } = this.#parts;
    const fails = faults.takeAction('transfer');
    const done = () => {
      if (!fails) image.regions.push(regionSlug);
      account.endAction(action, fails ? 'errored' : 'completed');
    };
    pace.after(speeds.action, done);
    return action;
  }

  #start(account: Account, droplet: Droplet, type: string): Action {
    droplet.isLocked = true;
    const { region } = droplet;
    return account.startAction(type, { resourceId: droplet.id, resourceType: 'droplet', region });
  }

  /** In the order in which the API finds faults with it. */
  #checked(account: Account, wish: DropletWish) {
    if (account.status === 'locked')
      throw new ApiError(403, 'forbidden', 'Your account is locked. Please contact support.');
    if (!/^[a-zA-Z0-9]?[a-z0-9A-Z.-]*[a-z0-9A-Z]$/.test(wish.name)) throw unprocessable(refusals.name);
    const region = regions.find(({ slug }) => slug === (wish.region ?? 'nyc3'));
    if (!region) throw unprocessable(refusals['unknown-region']);
    if (!region.available) throw unprocessable(refusals.region);
    const size = sizes.find(({ slug }) => slug === wish.size);
    if (!size) throw unprocessable(refusals['unknown-size']);
    if (!size.available || !size.regions.includes(region.slug)) throw unprocessable(refusals.size);
    const image = this.#imageFor(account, wish.image, size.disk);
    if (!image.regions.includes(region.slug)) throw unprocessable(refusals['image-region']);
    const wanted = wish.ssh_keys ?? [];
    const unknown = wanted.filter((identifier) => account.key(identifier) === undefined);
    if (unknown.length > 0)
      throw unprocessable(`${unknown.join(', ')} are invalid key identifiers for Droplet creation.`);
    if (Buffer.byteLength(wish.user_data ?? '') > MAX_USER_DATA_BYTES)
      throw unprocessable('User data is too long (maximum is 65536 bytes).');
    if (account.droplets.size >= account.dropletLimit) throw unprocessable(refusals.limit);
    const keys = wanted.flatMap((identifier) => account.key(identifier) ?? []);
    return { size, image, keys };
  }

  #imageFor(account: Account, identifier: string | number | undefined, diskGiB: number): Image {
    const image = identifier === undefined ? undefined : account.image(identifier);
    if (!image) throw unprocessable(refusals.image);
    if (image.minDisk > diskGiB)
      throw unprocessable('The image you specified requires a larger disk than the size has.');
    return image;
  }

  #effectOf(
    account: Account,
    droplet: Droplet,
    order: DropletOrder,
  ): { work: () => Promise<unknown>; effect: () => void } {
    const { hardware } = this.#parts;
    const nothing = () => Promise.resolve();
    const verb = POWER[order.type];
    if (verb) {
      const isOn = droplet.status === 'active';
      if (verb === 'power-on' && isOn) throw unprocessable('Droplet is already powered on.');
      if (verb !== 'power-on' && verb !== 'power-cycle' && !isOn)
        throw unprocessable('Droplet is already powered off.');
      const effect = () => {
        droplet.status = verb === 'power-off' || verb === 'shutdown' ? 'off' : 'active';
      };
      return { work: () => hardware.power(droplet.id, verb), effect };
    }
    switch (order.type) {
      case 'resize': {
        const size = this.#sizeFor(droplet, order);
        const effect = () => {
          droplet.size = size;
          if (order.disk) droplet.disk = size.disk;
        };
        return { work: nothing, effect };
      }
      case 'rebuild':
      case 'restore': {
        const image = this.#imageFor(account, order.image, droplet.disk);
        if (order.type === 'restore' && image.dropletId !== droplet.id)
          throw unprocessable('You can only restore from images of this Droplet.');
        const effect = () => {
          droplet.image = image;
          droplet.status = 'active';
        };
        const plan = { ...planOf(droplet), snapshotId: image.dropletId === null ? undefined : image.id };
        return { work: () => hardware.rebuild(droplet.id, plan), effect };
      }
      case 'rename':
        if (!order.name || !/^[a-zA-Z0-9]?[a-z0-9A-Z.-]*[a-z0-9A-Z]$/.test(order.name))
          throw unprocessable(refusals.name);
        return {
          work: nothing,
          effect: () => {
            droplet.name = order.name ?? droplet.name;
          },
        };
      case 'snapshot': {
        const id = account.nextId();
        let sizeGigabytes = 0;
        const work = async () => {
          sizeGigabytes = await hardware.snapshot(droplet.id, id);
        };
        const effect = () => {
          account.images.set(id, {
            ...{ id, sizeGigabytes, slug: null, kind: 'snapshot', tags: [], createdAt: account.now() },
            name: order.name ?? `${droplet.name}-${account.now()}`,
            distribution: droplet.image.distribution,
            regions: [droplet.region.slug],
            minDisk: droplet.disk,
            dropletId: droplet.id,
          });
        };
        return { work, effect };
      }
      case 'enable_backups':
      case 'disable_backups':
        return {
          work: nothing,
          effect: () => {
            droplet.hasBackups = order.type === 'enable_backups';
          },
        };
      default:
        throw unprocessable(`The double does not know the action ${order.type}.`);
    }
  }

  #sizeFor(droplet: Droplet, order: DropletOrder): Size {
    const size = sizes.find(({ slug }) => slug === order.size);
    if (!size) throw unprocessable('You specified an invalid size for Droplet resize.');
    if (droplet.status !== 'off')
      throw unprocessable('Droplet is currently on. Please power it off to run this event.');
    const { slug } = regionOf(droplet.region.slug);
    if (!size.available || !size.regions.includes(slug)) throw unprocessable(refusals.size);
    if (size.disk < droplet.disk)
      throw unprocessable('This size is not available because it has a smaller disk.');
    return size;
  }
}

function planOf(droplet: Droplet): MachinePlan {
  const { id, name, userData, keys, image, oddity } = droplet;
  return {
    ...{ id, name, userData },
    publicKeys: keys.map(({ publicKey }) => publicKey),
    snapshotId: image.dropletId === null ? undefined : image.id,
    oddity: oddity.machine ?? {},
  };
}
