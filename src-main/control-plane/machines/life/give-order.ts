/**
 * Gives one order to a machine and follows it to its end. Guarantees: the order is written down before it is sent, so that a
 * lost reply, an outage and a killed Berth lead to a look among the machine's actions, and never to a second order. A machine
 * that is busy with something else is waited for.
 */
import { BerthError } from '#contract/berth-error.ts';
import { delay } from '../../delay.ts';
import type { CloudAction, MachineOrder } from '../../interfaces/cloud-provider.ts';
import type { GivenOrder } from '../machine.ts';
import { followAction, isPassing, OUTAGE_MS } from '../patience.ts';
import { type OrderWork, readMachine } from './machine-work.ts';

/**
 * Milliseconds before each look for an order whose reply was lost; after the last one it counts as not given. A request that
 * the provider still works on must not be overtaken by its repetition.
 */
const LOOK_FOR_IT_MS = [1_000, 4_000, 10_000] as const;
/** Milliseconds that clocks may differ by: the provider tells its own in whole seconds. */
const CLOCK_SLACK_MS = 2_000;
/** Milliseconds between two looks at a busy machine. */
const BUSY_LOOK_MS = 5_000;
/** Milliseconds for which a busy machine is waited for: a backup may take an hour. */
const BUSY_LIMIT_MS = 90 * 60_000;

export interface Order {
  /** Tells the operation's orders apart. */
  readonly key: string;
  readonly order: MachineOrder;
  /** In words, for messages: “switch it off”. */
  readonly what: string;
  readonly limitMs: number;
}

/**
 * Throws machine.action-failed where the provider gave it up, machine.overdue, not-found where the machine is gone, and
 * whatever the provider refuses with.
 */
export async function giveOrder(work: OrderWork, order: Order): Promise<void> {
  const { context, deps, record, signal } = work;
  let given = givenOrder(work, order.key);
  if (given === undefined) {
    await awaitFree(work);
    const before = await work.ask((client) => client.actionsOf(work.providerId, signal));
    given = {
      operationId: context.operationId,
      key: order.key,
      askedAt: await providerNow(work),
      before: before.map(({ id }) => id),
      actionId: null,
    };
    await deps.directory.change(record.id, { order: given });
  }
  if (given.actionId === null) {
    const action = (await findGiven(work, order, given)) ?? (await send(work, order, given));
    given = { ...given, actionId: action.id };
    await deps.directory.change(record.id, { order: given });
  }
  const { actionId } = given;
  await followAction(work, order.what, order.limitMs, () =>
    work.ask((client) => client.action(work.providerId, actionId as string, signal)),
  );
}

/** What this operation has asked for already, under this key. */
export function givenOrder({ context, record }: OrderWork, key: string): GivenOrder | undefined {
  const { order } = record;
  return order?.operationId === context.operationId && order.key === key ? order : undefined;
}

async function send(work: OrderWork, order: Order, given: GivenOrder): Promise<CloudAction> {
  const { clock, signal } = work;
  const beganMs = clock.monotonicMs();
  for (;;) {
    try {
      return await work.once((client) => client.order(work.providerId, order.order, signal));
    } catch (error) {
      signal.throwIfAborted();
      if (isPassing(error)) {
        if (clock.monotonicMs() - beganMs > OUTAGE_MS) throw error;
        work.note(`${error.message} Looking whether it was asked.`);
        const told = error.details.retryAfterMs;
        if (typeof told === 'number') await pause(work, told);
      } else if (!(await isRefusedAsBusy(work, error))) throw error;
    }
    for (const waitMs of LOOK_FOR_IT_MS) {
      await pause(work, waitMs);
      const found = await findGiven(work, order, given);
      if (found !== undefined) return found;
    }
    await awaitFree(work);
  }
}

async function isRefusedAsBusy(work: OrderWork, error: unknown): Promise<boolean> {
  if (!BerthError.is(error, 'cloud.refused')) return false;
  return error.details.isBusy === true || (await readMachine(work)).isBusy;
}

async function findGiven(
  work: OrderWork,
  { order }: Order,
  { askedAt, before }: GivenOrder,
): Promise<CloudAction | undefined> {
  const actions = await work.ask((client) => client.actionsOf(work.providerId, work.signal));
  const earliestMs = Date.parse(askedAt) - CLOCK_SLACK_MS;
  return actions.find(
    ({ id, startedAt, type }) =>
      type === order.type && !before.includes(id) && Date.parse(startedAt) >= earliestMs,
  );
}

/** Waits until the machine takes orders. */
async function awaitFree(work: OrderWork): Promise<void> {
  const beganMs = work.clock.monotonicMs();
  for (;;) {
    const { isBusy } = await readMachine(work);
    if (!isBusy) return;
    if (work.clock.monotonicMs() - beganMs > BUSY_LIMIT_MS)
      throw new BerthError(
        'machine.overdue',
        'The provider has been working on the machine for more than 90 minutes. Look there what it does.',
      );
    work.note('The provider is working on the machine; waiting until it is done');
    await pause(work, BUSY_LOOK_MS);
  }
}

async function providerNow(work: OrderWork): Promise<string> {
  const aheadMs = await work.once((client) => Promise.resolve(client.clockAheadMs()));
  return new Date(work.clock.nowMs() - (aheadMs ?? 0)).toISOString();
}

export async function pause({ clock, signal }: Pick<OrderWork, 'clock' | 'signal'>, ms: number) {
  await delay(clock, ms, signal);
  signal.throwIfAborted();
}
