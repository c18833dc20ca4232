/** One look at an account: who it is, how it stands, what the token may do. What the token may not see is null. */
import { BerthError } from '#contract/berth-error.ts';
import type { CloudClient } from '../interfaces/cloud-provider.ts';
import type { CloudRecord } from './cloud-account.ts';

export type AccountLook = Pick<
  CloudRecord,
  'accountKey' | 'owner' | 'standing' | 'standingMessage' | 'machineLimit' | 'machineCount' | 'balance'
> & {
  /** Undefined: not asked. */
  readonly permissions: CloudRecord['permissions'] | undefined;
};

/** Throws cloud.*, where the account itself cannot be read. */
export async function lookAtAccount(
  client: CloudClient,
  signal: AbortSignal,
  asksPermissions = true,
): Promise<AccountLook> {
  // Alone first: a token that is refused is refused once, not once for each question.
  const { key, ...identity } = await client.identity(signal);
  const [machineCount, balance, permissions] = await Promise.all([
    allowed(() => client.machineCount(signal)),
    allowed(() => client.balance(signal)),
    asksPermissions ? client.permissions(signal) : undefined,
  ]);
  return { accountKey: key, ...identity, machineCount, balance, permissions };
}

async function allowed<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (BerthError.is(error, 'cloud.permission-missing')) return null;
    throw error;
  }
}
