/** What the fixture plane answers about accounts at providers, what was found there, and machines that are made. */
import { BerthError } from '#contract/berth-error.ts';
import type { Cloud, CloudOffer, CloudProviderInfo, CostReport, FoundResource } from '#contract/clouds.ts';
import type { Machine } from '#contract/machines.ts';
import type { Operation } from '#contract/operations.ts';
import type { FixtureCollection, Replies } from './fixture-plane.ts';

/** The one text that is a token on fixtures. */
export const rightToken = 'ocean_v1_a6f1';

/** A machine of this name is asked for, and the provider has not answered yet. */
export const unansweredName = 'no-answer-yet';

export const oceanProvider: CloudProviderInfo = {
  id: 'ocean',
  name: 'DigitalOcean',
  machineWord: 'droplet',
  machinesWord: 'droplets',
  tokenUrl: 'https://cloud.example/account/api/tokens',
  tokenHelp: 'A personal access token; it begins with “ocean_v1_”.',
  priceNote:
    'Prices of snapshots, volumes, reserved addresses and backups: as docs.ocean.example published them in November 2026.',
  permissions: [
    'account:read',
    'regions:read',
    'sizes:read',
    'image:read',
    'ssh_key:create',
    'droplet:create',
    'droplet:read',
    'droplet:update',
    'droplet:delete',
    'firewall:create',
    'tag:create',
    'snapshot:read',
  ],
};

export const noCosts: CostReport = {
  at: '2026-11-20T09:00:00.000Z',
  monthBeganAt: '2026-11-01T00:00:00.000Z',
  perHourUsd: 0,
  monthUsd: 0,
  hosts: [],
  stored: [],
  budgets: [],
  blind: [],
};

const emptyOffer: CloudOffer = {
  readAt: '2026-11-20T09:00:00.000Z',
  regions: [],
  sizes: [],
  images: [],
  snapshotUsdPerGibMonth: 0.06,
  backupShare: 0.2,
};

interface CloudWorld {
  readonly clouds: FixtureCollection<Cloud>;
  readonly machines: FixtureCollection<Machine>;
  readonly found: FixtureCollection<FoundResource>;
  readonly operations: FixtureCollection<Operation>;
}

const madeAt = () => new Date().toISOString();
const newId = (prefix: string, count: number) => `${prefix}_${String(count + 50).padStart(20, '0')}`;

export function cloudReplies(
  offer: () => CloudOffer | undefined,
  { clouds, machines, found, operations }: CloudWorld,
  present: <T>(value: T | undefined) => T,
): Replies {
  const check = (token: string) => {
    if (!token.startsWith('ocean_v1_'))
      throw BerthError.atField('token', 'must begin with “ocean_v1_”: this is no token of DigitalOcean');
    if (token !== rightToken)
      throw new BerthError(
        'cloud.token-refused',
        'DigitalOcean does not accept this token: it was revoked, or it has expired. Make another one there.',
      );
  };
  const aCloud = (id: Cloud['id']) => present(clouds.items.get(id));
  const keep = <T extends { id: string }>(into: FixtureCollection<T>, item: T): T => {
    into.put(item);
    return item;
  };
  const operation = () => present([...operations.items.values()][0]);
  return {
    'clouds.providers': () => ({ providers: [oceanProvider] }),
    'clouds.connect': ({ provider, label, token }) => {
      check(token);
      return keep(clouds, {
        id: newId('cloud', clouds.items.size) as Cloud['id'],
        ...{ provider, label, owner: 'ada@example.org', standing: 'active', standingMessage: '' },
        state: { phase: 'ready', checkedAt: madeAt() },
        ...{ machineLimit: 25, machineCount: 3, balance: null },
        permissions: [
          {
            name: 'block_storage:read',
            isGranted: false,
            isNeeded: false,
            without: 'Volumes are not seen: they may cost something that is not in these figures.',
          },
        ],
        budget: { monthlyUsd: null, warnAtPercent: 80 },
        ...{ reconciledAt: madeAt(), clockAheadMs: null, addedAt: madeAt() },
      });
    },
    'clouds.replaceToken': ({ id, token }) => {
      check(token);
      return keep(clouds, { ...aCloud(id), state: { phase: 'ready', checkedAt: madeAt() } });
    },
    'clouds.edit': ({ id, label, budget }) =>
      keep(clouds, { ...aCloud(id), ...(label && { label }), ...(budget && { budget }) }),
    'clouds.check': ({ id }) =>
      keep(clouds, {
        ...aCloud(id),
        state: { phase: 'ready', checkedAt: madeAt() },
        reconciledAt: madeAt(),
      }),
    'clouds.disconnect': ({ id, leavesMachines }) => {
      if (!leavesMachines && [...machines.items.values()].some(({ cloudId }) => cloudId === id))
        throw new BerthError('conflict', 'It still has machines.');
      clouds.delete(id);
      return {};
    },
    'clouds.offer': () => offer() ?? emptyOffer,
    'clouds.adoptFound': ({ id }) => {
      const one = present(found.items.get(id));
      found.delete(id);
      const model = present([...machines.items.values()][0]);
      return keep(machines, {
        ...model,
        id: newId('mach', machines.items.size) as Machine['id'],
        ...{ name: one.name, life: 'made', trouble: null, gate: null },
      });
    },
    'clouds.destroyFound': ({ id, name }) => {
      if (present(found.items.get(id)).name !== name)
        throw new BerthError('conflict', 'Its name is another one.');
      found.delete(id);
      return operation();
    },
    'clouds.dismissFound': ({ id, isDismissed }) =>
      keep(found, { ...present(found.items.get(id)), isDismissed }),
    'machines.create': (wish) => {
      const model = present([...machines.items.values()][0]);
      const machine = keep(machines, {
        ...model,
        id: newId('mach', machines.items.size) as Machine['id'],
        ...{ cloudId: wish.cloudId, name: wish.name, region: wish.region, size: wish.size, life: 'creating' },
        ...{ trouble: null, sleep: null, hourlyUsd: wish.hourlyUsd },
        ...(wish.name === unansweredName ? { providerId: null } : {}),
      });
      if (wish.name !== unansweredName) return { machine, operation: operation() };
      const making = keep(operations, {
        ...{ id: newId('op', operations.items.size) as Operation['id'], kind: 'machine.create' },
        title: `Make “${wish.name}”`,
        subject: { kind: 'machine', id: machine.id, name: wish.name },
        ...{ hostId: null, state: 'running', error: null, canCancel: true },
        steps: [
          {
            ...{ id: 'rent', title: 'Ask for the machine', state: 'running', note: '', progress: null },
            ...{ startedAt: madeAt(), endedAt: null },
          },
        ],
        ...{ startedAt: madeAt(), endedAt: null },
      } satisfies Operation);
      return { machine, operation: making };
    },
  };
}
