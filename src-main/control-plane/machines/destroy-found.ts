/**
 * The operation that destroys what was found, and follows it until the provider does not have it any more. Outlives outages and
 * tokens, and its own end at any point: what is gone is gone, and what is not is asked for again.
 */
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import { FoundKind } from '#contract/clouds.ts';
import { CloudId, FoundId } from '#contract/ids.ts';
import { delay } from '../delay.ts';
import type { CloudInventory } from '../interfaces/cloud-provider.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { OperationDefinition, StepContext } from '../operations/operation-definition.ts';
import { askCloud } from './ask-cloud.ts';
import type { CloudClients } from './cloud-clients.ts';
import { endHardware } from './end-hardware.ts';
import type { FoundDirectory } from './found-directory.ts';
import type { Ledger } from './ledger.ts';
import type { LedgerKeeper } from './ledger-keeper.ts';
import { berthTag } from './machine.ts';
import type { MachineDirectory } from './machine-directory.ts';
import type { Waiting } from './patience.ts';

/** Milliseconds between two looks at what is being destroyed; a look reads whole lists. */
const LOOK_MS = 5_000;
/** Milliseconds after which the order is given anew. */
const ORDER_AGAIN_MS = 60_000;
/** Milliseconds after which it is given up. */
const GIVE_UP_MS = 15 * 60_000;

const Input = z.object({
  id: FoundId,
  cloudId: CloudId,
  kind: FoundKind,
  providerId: z.string(),
  name: z.string(),
});
export type DestroyFoundInput = z.infer<typeof Input>;

export interface DestroyFoundDeps {
  readonly clients: CloudClients;
  readonly directory: MachineDirectory;
  readonly finds: FoundDirectory;
  readonly ledger: Ledger;
  readonly keeper: LedgerKeeper;
  readonly clock: Clock;
  /** What was of it may have been left behind. */
  readonly lookSoon: (cloudId: CloudId) => void;
}

export function destroyFoundDefinition(deps: DestroyFoundDeps): OperationDefinition<DestroyFoundInput> {
  const { clients, clock, finds, keeper, ledger } = deps;
  const waitingOf = (context: StepContext<DestroyFoundInput>): Waiting => ({
    clock,
    signal: context.signal,
    note: (text) => context.note(text),
  });
  return {
    kind: 'found.destroy',
    parseInput: (value) => Input.parse(value),
    recover: 'finish',
    waitsForSecrets: true,
    onFailure: 'keep',
    canCancel: false,
    steps: [
      {
        id: 'destroy',
        title: 'Destroy it at the provider',
        async run(context) {
          const { input } = context;
          const { cloudId, kind, providerId } = input;
          requireStrange(input, deps.directory);
          const waiting = waitingOf(context);
          if (kind !== 'machine') return await endResource(input, kind, waiting, clients);
          await askCloud(waiting, clients, cloudId, (client) =>
            endHardware({ ...waiting, client, providerId, leftovers: [] }),
          );
        },
      },
      {
        id: 'forget',
        title: 'Note that it is gone',
        async run({ input }) {
          ledger.end(input, keeper.nowMs(input.cloudId));
          await ledger.settled();
          await finds.remove(input.id);
        },
      },
    ],
    onEnd: (_operation, { cloudId }) => {
      deps.lookSoon(cloudId);
      return Promise.resolve();
    },
  };
}

/** Throws conflict where it is this Berth's own by now. */
function requireStrange({ cloudId, kind, providerId }: DestroyFoundInput, directory: MachineDirectory): void {
  const owner = directory
    .ofCloud(cloudId)
    .find((record) =>
      kind === 'machine'
        ? record.providerId === providerId
        : kind === 'snapshot' && record.sleep?.snapshotId === providerId,
    );
  if (owner === undefined) return;
  throw new BerthError(
    'conflict',
    kind === 'machine'
      ? `It is “${owner.name}” now, one of Berth’s machines. Destroy that.`
      : `“${owner.name}” sleeps in it. Destroy that machine, or wake it first.`,
  );
}

const lists = {
  snapshot: 'snapshots',
  'volume-snapshot': 'snapshots',
  volume: 'volumes',
  address: 'addresses',
} as const satisfies Record<Exclude<DestroyFoundInput['kind'], 'machine'>, keyof CloudInventory>;

async function endResource(
  { cloudId, providerId }: DestroyFoundInput,
  kind: keyof typeof lists,
  waiting: Waiting,
  clients: CloudClients,
): Promise<void> {
  const { clock, signal } = waiting;
  const order = () =>
    askCloud(waiting, clients, cloudId, (client) => client.destroyResource({ kind, id: providerId }, signal));
  await order();
  const beganMs = clock.monotonicMs();
  let orderedMs = beganMs;
  for (;;) {
    const inventory = await askCloud(waiting, clients, cloudId, (client) =>
      client.inventory(berthTag, signal),
    );
    // A list that may not be seen cannot deny what the provider has confirmed.
    if (inventory.unseen.includes(lists[kind])) return;
    if (!inventory[lists[kind]].some(({ id }) => id === providerId)) return;
    const nowMs = clock.monotonicMs();
    if (nowMs - beganMs > GIVE_UP_MS)
      throw new BerthError(
        'machine.overdue',
        'The provider has not destroyed it within 15 minutes. It may still cost: look there, and try again.',
      );
    if (nowMs - orderedMs > ORDER_AGAIN_MS) {
      orderedMs = nowMs;
      await order();
    }
    await delay(clock, LOOK_MS, signal);
    signal.throwIfAborted();
  }
}
