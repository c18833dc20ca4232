/**
 * Sleep of machines, as it is asked for: where the files could be and what that costs, going to sleep, waking. Short checks
 * at once, so that what cannot be is said before anything is begun; the rest is operations.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { CloudOffer, CloudSize } from '#contract/clouds.ts';
import type { HostId, MachineId, UserId } from '#contract/ids.ts';
import type { ParsedInputOf } from '#contract/index.ts';
import type { HibernatePlan, SleepPlace } from '#contract/machines.ts';
import type { Operation } from '#contract/operations.ts';
import type {
  OperationDefinition,
  OperationStarter,
  StepContext,
} from '../../operations/operation-definition.ts';
import { askCloud } from '../ask-cloud.ts';
import type { MachineRecord } from '../machine.ts';
import { defineHibernate, type HibernateInput, keptOf, waitingOf } from './hibernate-operation.ts';
import type { FilesSummary } from './kept-files.ts';
import { defineWake, type WakeDeps, type WakeInput } from './wake-operation.ts';

export interface SleepServiceDeps extends WakeDeps {
  readonly operations: OperationStarter;
  /** Every host that is connected, in the order in which people see them. */
  readonly readyHosts: () => readonly { readonly id: HostId; readonly name: string }[];
}

const GIB = 1024 ** 3;

export class SleepService {
  readonly #deps: SleepServiceDeps;
  readonly #hibernate: OperationDefinition<HibernateInput>;
  readonly #wake: OperationDefinition<WakeInput>;

  constructor(deps: SleepServiceDeps) {
    this.#deps = deps;
    this.#hibernate = defineHibernate(deps);
    this.#wake = defineWake(deps);
    deps.operations.define(this.#hibernate);
    deps.operations.define(this.#wake);
  }

  /** Throws conflict, not-found, and cloud.*; a place that cannot be used says why. */
  async hibernatePlan(id: MachineId, userId: UserId, signal: AbortSignal): Promise<HibernatePlan> {
    const { clouds, directory, files, readyHosts } = this.#deps;
    const record = directory.require(id);
    const hostId = this.#requireHost(record);
    const client = await clouds.client(record.cloudId);
    const [summary, offer] = await Promise.all([files.summary(hostId, signal), client.offer(signal)]);
    const own = summary.workspaces.filter(({ ownerId }) => ownerId === userId);
    const others = readyHosts().filter((host) => host.id !== hostId);
    const forFiles = await Promise.all([
      ...others.map((host) =>
        this.#planFiles({ kind: 'host', hostId: host.id }, host.name, summary, record, signal),
      ),
      this.#planFiles({ kind: 'computer' }, 'The computer that Berth runs on', summary, record, signal),
    ]);
    return {
      awakeMonthlyUsd: directory.view(id).monthlyUsd,
      places: [this.#planWhole(record, summary, offer), ...forFiles],
      workspaces: own.map(({ id: workspaceId, name, isRunning }) => ({ id: workspaceId, name, isRunning })),
      otherWorkspaces: summary.workspaces.length - own.length,
      snapshots: summary.snapshots,
      images: [...summary.images],
    };
  }

  /** Throws conflict, host.not-connected, and what `CloudClients.client` throws. */
  async hibernate(id: MachineId, place: SleepPlace, userId: UserId): Promise<Operation> {
    const { clouds, directory, links, operations } = this.#deps;
    const record = directory.require(id);
    const isUnderWay = operations.current({ kind: 'machine', id }) !== undefined;
    const isKept = keptOf(record) !== undefined && record.life === 'hibernating';
    if (!isKept && !isUnderWay) {
      const hostId = this.#requireHost(record);
      directory.requireNoSleepers(record);
      if (place.kind === 'host' && place.hostId === hostId)
        throw new BerthError('conflict', 'Its files cannot sleep on itself. Choose another host.');
      const needed: HostId[] = place.kind === 'host' ? [place.hostId] : [];
      const isOff = place.kind === 'machine-snapshot' && record.power?.state === 'off';
      if (!isOff) needed.push(hostId);
      for (const needs of needed) requireEngine(links, needs);
    }
    await clouds.client(record.cloudId);
    return await operations.start(this.#hibernate, {
      title: `Put “${record.name}” to sleep`,
      subject: { kind: 'machine', id, name: record.name },
      hostId: null,
      userId,
      input: { id, userId, place: isKept ? (record.sleep?.place ?? place) : place },
    });
  }

  /** Goes on with one that has kept everything. Throws as `hibernate`. */
  async resume(id: MachineId, userId: UserId): Promise<Operation> {
    const { sleep } = this.#deps.directory.require(id);
    if (sleep === null) throw new BerthError('conflict', 'There is no hibernation to go on with.');
    return await this.hibernate(id, sleep.place, userId);
  }

  /** Throws conflict, host.not-connected, cloud.not-offered, cloud.price-changed, and what a provider's client throws. */
  async wake(input: ParsedInputOf<'machines.wake'>, userId: UserId, signal: AbortSignal): Promise<Operation> {
    const { clouds, directory, operations } = this.#deps;
    const record = directory.require(input.id);
    const kept = keptOf(record);
    const isUnderWay = operations.current({ kind: 'machine', id: record.id })?.kind === 'machine.wake';
    const mayWake = record.life === 'asleep' || record.life === 'incomplete' || isUnderWay;
    if (kept === undefined || !mayWake) throw new BerthError('conflict', `“${record.name}” does not sleep.`);
    const place = record.sleep?.place;
    if (place?.kind === 'host') requireEngine(this.#deps.links, place.hostId);
    const client = await clouds.client(record.cloudId);
    const region = input.region ?? kept.was.region;
    const size = sizeIn(await client.offer(signal), region, input.size ?? kept.was.size);
    if (size.diskBytes < kept.minDiskBytes)
      throw new BerthError(
        'cloud.not-offered',
        `Its snapshot needs a disk of ${gibibytes(kept.minDiskBytes)}, and “${size.id}” has ${gibibytes(size.diskBytes)}. Choose a larger size.`,
      );
    if (size.hourlyUsd > input.hourlyUsd)
      throw new BerthError(
        'cloud.price-changed',
        `It costs $${size.hourlyUsd} an hour now, not $${input.hourlyUsd}. Look at the price again.`,
        { details: { hourlyUsd: size.hourlyUsd } },
      );
    return await operations.start(this.#wake, {
      title: `Wake “${record.name}”`,
      subject: { kind: 'machine', id: record.id, name: record.name },
      hostId: null,
      userId,
      input: { machineId: record.id, userId, region, size, keepsSnapshot: input.keepsSnapshot },
    });
  }

  /** Removes what a machine sleeps in, as the last of a machine that is destroyed while it sleeps. May be repeated. */
  async discard(context: StepContext<unknown>, id: MachineId): Promise<void> {
    const { clouds, clock, directory, files } = this.#deps;
    const record = directory.record(id);
    if (record?.sleep == null) return;
    const { place, snapshotId } = record.sleep;
    if (snapshotId !== null)
      await askCloud(waitingOf(clock, context), clouds, record.cloudId, (client) =>
        client.destroyResource({ kind: 'snapshot', id: snapshotId }, context.signal),
      );
    const copyIds = keptOf(record)?.snapshots.map(({ copyId }) => copyId) ?? [];
    await files.drop(context, copyIds, place);
    await directory.change(id, { sleep: null });
  }

  #requireHost(record: MachineRecord): HostId {
    if (record.life === 'made' && record.hostId !== null) return record.hostId;
    throw new BerthError('conflict', `“${record.name}” cannot go to sleep as it is now.`);
  }

  #planWhole(
    record: MachineRecord,
    { diskBytes }: FilesSummary,
    { snapshotUsdPerGibMonth: perGib }: CloudOffer,
  ): HibernatePlan['places'][number] {
    const isReady = this.#deps.links.current(record.hostId as HostId) !== undefined;
    return {
      place: { kind: 'machine-snapshot' },
      label: 'A snapshot of the whole machine',
      sizeBytes: diskBytes,
      monthlyUsd: diskBytes === null ? null : cents((diskBytes / GIB) * perGib),
      problem:
        isReady || record.power?.state === 'off'
          ? null
          : 'The machine is not connected: its workspaces could not be stopped.',
      loses: ['Its address: it gets another one.'],
    };
  }

  async #planFiles(
    place: SleepPlace,
    label: string,
    summary: FilesSummary,
    record: MachineRecord,
    signal: AbortSignal,
  ): Promise<HibernatePlan['places'][number]> {
    const { files, links } = this.#deps;
    const isReady = links.current(record.hostId as HostId)?.engine !== undefined;
    const free = isReady ? await files.freeBytes(place, signal).catch(() => undefined) : undefined;
    const needs = summary.archiveBytes ?? 0;
    const isTooSmall = free !== undefined && free < needs;
    return {
      place,
      label,
      sizeBytes: summary.archiveBytes,
      monthlyUsd: null,
      problem: !isReady
        ? 'The machine is not connected: its workspaces cannot be read.'
        : (summary.problem ??
          (isTooSmall ? `It has ${gibibytes(free)} free, and up to ${gibibytes(needs)} are needed.` : null)),
      loses: ['Its address: it gets another one.', ...summary.loses],
    };
  }
}

function requireEngine(links: WakeDeps['links'], hostId: HostId): void {
  try {
    links.requireEngine(hostId);
  } catch (error) {
    if (BerthError.is(error, 'not-found', 'host.not-connected')) throw error;
    throw new BerthError('host.not-connected', 'The container engine of the host does not answer.', {
      cause: error,
    });
  }
}

/** Throws cloud.not-offered. */
function sizeIn({ regions, sizes }: CloudOffer, region: string, id: string): CloudSize {
  const size = sizes.find((one) => one.id === id);
  const isOpen = regions.some((one) => one.id === region && one.isOpen);
  if (size !== undefined && isOpen && size.regions.includes(region)) return size;
  throw new BerthError(
    'cloud.not-offered',
    `“${id}” is not on offer in “${region}” now. Choose another size or region.`,
  );
}

function cents(usd: number): number {
  return Math.ceil(usd * 100) / 100;
}

function gibibytes(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}
