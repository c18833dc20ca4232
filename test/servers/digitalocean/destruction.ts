/** Destroying a droplet together with what belongs to it: what there is and costs, the work over time, failures, retries. */
import type { Account, Droplet, VolumeSnapshot } from './account.ts';
import { type Json, type JsonObject, textOf } from './api-document.ts';
import { ApiError, notFound } from './api-error.ts';
import { RESERVED_IP_USD, SNAPSHOT_USD_PER_GIB, VOLUME_USD_PER_GIB } from './catalogue.ts';
import type { DropletLife, DropletLifeParts } from './droplet-life.ts';
import type { ResourceKind } from './faults.ts';

type Kind = Exclude<ResourceKind, 'droplet'>;
const KINDS: readonly Kind[] = ['reserved_ips', 'snapshots', 'volumes', 'volume_snapshots'];
interface Item {
  readonly kind: ResourceKind;
  readonly id: string;
  readonly name: string;
  destroyedAt: string | null;
  error: string | null;
}
interface Ongoing {
  readonly droplet: Item;
  items: Item[];
  completedAt: string | null;
  isRunning: boolean;
}

export type Selection = Readonly<Partial<Record<Kind | 'floating_ips', readonly string[]>>>;

export class Destructions {
  readonly #records = new Map<number, Ongoing>();
  readonly #life: DropletLife;
  readonly #parts: DropletLifeParts;

  constructor(life: DropletLife, parts: DropletLifeParts) {
    this.#life = life;
    this.#parts = parts;
  }

  /** With what each costs in a month if kept. A token is shown what its scopes let it see. */
  associated(account: Account, droplet: Droplet): JsonObject {
    const lists = listsOf(account, droplet);
    // Floating IPs are the same thing under its old name, and stand in both lists.
    return { ...lists, floating_ips: lists.reserved_ips };
  }

  /** `everything`: as the document's "dangerous". */
  begin(account: Account, droplet: Droplet, selection: Selection | 'everything'): void {
    const lists = listsOf(account, droplet);
    const isChosen = (kind: Kind, id: string) => {
      if (selection === 'everything') return true;
      const floating = kind === 'reserved_ips' ? (selection.floating_ips ?? []) : [];
      return [...(selection[kind] ?? []), ...floating].includes(id);
    };
    const items = KINDS.flatMap((kind) =>
      lists[kind]
        .map(({ id, name }) => ({ id: textOf(id), name: textOf(name) }))
        .filter(({ id }) => isChosen(kind, id))
        .map(({ id, name }): Item => ({ kind, id, name, destroyedAt: null, error: null })),
    );
    const own: Item = {
      kind: 'droplet',
      id: String(droplet.id),
      name: droplet.name,
      destroyedAt: null,
      error: null,
    };
    const record: Ongoing = { droplet: own, items, completedAt: null, isRunning: true };
    this.#records.set(droplet.id, record);
    this.#work(account, droplet.id, record);
  }

  retry(account: Account, dropletId: number): void {
    const record = this.#records.get(dropletId);
    if (!record) throw notFound();
    if (record.isRunning)
      throw new ApiError(409, 'conflict', 'A destroy is already in progress for this Droplet.');
    record.isRunning = true;
    record.completedAt = null;
    this.#work(account, dropletId, record);
  }

  status(dropletId: number): JsonObject {
    const record = this.#records.get(dropletId);
    if (!record) throw notFound();
    const of = (kind: Kind) => record.items.filter((item) => item.kind === kind).map(itemView);
    const failures = [record.droplet, ...record.items].filter(({ error }) => error !== null).length;
    return {
      droplet: itemView(record.droplet),
      resources: {
        reserved_ips: of('reserved_ips'),
        floating_ips: [],
        snapshots: of('snapshots'),
        volumes: of('volumes'),
        volume_snapshots: of('volume_snapshots'),
      },
      ...(record.completedAt === null ? {} : { completed_at: record.completedAt }),
      failures,
    };
  }

  /** What belongs to it first, one after the other, the droplet in the end; what fails does not stop the rest. */
  #work(account: Account, dropletId: number, record: Ongoing): void {
    const { faults, pace, speeds } = this.#parts;
    const step = () => {
      for (const item of record.items) {
        if (item.destroyedAt !== null) continue;
        item.error = faults.takeKept(item.kind) ?? null;
        if (item.error !== null) continue;
        this.#remove(account, item);
        item.destroyedAt = account.now();
      }
      const droplet = account.droplets.get(dropletId);
      record.droplet.error = droplet ? (faults.takeKept('droplet') ?? null) : null;
      if (droplet && record.droplet.error === null) this.#life.destroy(account, droplet);
      const end = () => {
        if (record.droplet.error === null) record.droplet.destroyedAt = account.now();
        record.completedAt = account.now();
        record.isRunning = false;
      };
      const isMet = () => record.droplet.error !== null || !account.droplets.get(dropletId)?.isGoing;
      pace.after({ looks: 0, ms: 0 }, end, { isMet });
    };
    pace.after(speeds.destroy, step);
  }

  #remove(account: Account, { kind, id }: Item): void {
    switch (kind) {
      case 'reserved_ips':
        account.reservedIps.delete(id);
        break;
      case 'snapshots':
        account.images.delete(Number(id));
        void this.#parts.hardware.forgetSnapshot(Number(id));
        break;
      case 'volumes':
        account.volumes.delete(id);
        break;
      case 'volume_snapshots':
        account.volumeSnapshots.delete(id);
        break;
      case 'droplet':
        break;
    }
  }
}

const itemView = ({ id, name, destroyedAt, error }: Item): JsonObject => ({
  id,
  name,
  ...(destroyedAt === null ? {} : { destroyed_at: destroyedAt }),
  ...(error === null ? {} : { error_message: error }),
});

type Row = { [name: string]: Json };
function listsOf(account: Account, droplet: Droplet): Record<Kind, Row[]> {
  const volumes = [...account.volumes.values()].filter(({ dropletId }) => dropletId === droplet.id);
  const isOfOne = ({ volumeId }: VolumeSnapshot) => volumes.some(({ id }) => id === volumeId);
  const row = (id: string, name: string, cost: number): Row => ({ id, name, cost: cost.toFixed(2) });
  return {
    reserved_ips: [...account.reservedIps.values()]
      .filter(({ dropletId }) => dropletId === droplet.id)
      .map(({ ip }) => row(ip, ip, RESERVED_IP_USD)),
    snapshots: account
      .snapshotsOf(droplet)
      .map(({ id, name, sizeGigabytes }) => row(String(id), name, sizeGigabytes * SNAPSHOT_USD_PER_GIB)),
    volumes: volumes.map(({ id, name, sizeGigabytes }) => row(id, name, sizeGigabytes * VOLUME_USD_PER_GIB)),
    volume_snapshots: [...account.volumeSnapshots.values()]
      .filter(isOfOne)
      .map(({ id, name, sizeGigabytes }) => row(id, name, sizeGigabytes * SNAPSHOT_USD_PER_GIB)),
  };
}
