/** Begins an operation and stays with it to its end. Ctrl+C asks the plane to cancel it, and waits until it is taken back. */
import { BerthError } from '#contract/berth-error.ts';
import type { OperationId } from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import { watchUntil } from './collections.ts';
import type { Context } from './command.ts';
import { CommandFailure, cancelled } from './failure.ts';
import { createOperationProgress } from './progress.ts';

/** Resolves with what `begin` did when its operation has succeeded. @throws CommandFailure when it has not. */
export async function followOperation<T>(
  { client, terminal, interrupts }: Context,
  begin: () => Promise<{ readonly operation: Operation; readonly result: T }>,
): Promise<T> {
  const progress = createOperationProgress(terminal);
  let id: OperationId | undefined;
  let isCancelAsked = false;
  const cancel = () => {
    // Before the plane has said which operation it is, there is none to cancel: the answer is waited for.
    isCancelAsked = true;
    terminal.note(
      'Cancelling. Press Ctrl+C again to leave at once; Berth then goes on cancelling without you.',
    );
    if (id !== undefined) void ask(id);
  };
  const ask = async (operationId: OperationId) => {
    await client.call('operations.cancel', { id: operationId }).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      terminal.note(`It could not be cancelled and goes on: ${why}`);
    });
  };
  const work = async () => {
    const { operation, result } = await begin();
    id = operation.id;
    progress.show(operation);
    if (isCancelAsked) void ask(id);
    return { ended: await end(operation), result };
  };
  const end = async (operation: Operation): Promise<Operation> => {
    if (operation.endedAt !== null) return operation;
    let isSeen = false;
    try {
      const ended = await watchUntil(client, 'operations.watch', (operations) => {
        const now = operations.find((one) => one.id === operation.id);
        if (now === undefined) {
          if (!isSeen) return undefined;
          throw new CommandFailure(
            `${operation.title}: Berth forgot how it ended. Look at what is there now.`,
          );
        }
        isSeen = true;
        progress.show(now);
        return now.endedAt === null ? undefined : now;
      });
      return ended ?? operation;
    } catch (error) {
      if (!BerthError.is(error, 'connection-lost')) throw error;
      throw new CommandFailure(
        `${operation.title}: Berth ended while it worked on this. When it runs again, it finishes that or takes it back.`,
        error.toShape(),
      );
    }
  };
  try {
    const { ended, result } = await interrupts.during(cancel, work);
    progress.end();
    if (ended.state === 'succeeded') return result;
    if (ended.state === 'cancelled') throw cancelled(`${ended.title}: cancelled, and taken back.`);
    const error = ended.error ?? { code: 'internal' as const, message: 'It failed.', details: {} };
    throw CommandFailure.of(ended.title, error);
  } finally {
    progress.end();
  }
}

/** For calls whose only answer is the operation. */
export async function followCall(context: Context, call: () => Promise<Operation>): Promise<Operation> {
  return followOperation(context, async () => {
    const operation = await call();
    return { operation, result: operation };
  });
}
