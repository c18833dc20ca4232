/** Whose token it is, and what the account owes. */
import { BerthError } from '#contract/berth-error.ts';
import type { CloudIdentity } from '../../control-plane/interfaces/cloud-provider.ts';
import type { ApiClient } from './api-client.ts';
import { Account, Balance } from './shapes.ts';

/** Droplets and bills belong to a team; one person's tokens of two teams are two accounts. */
export async function readIdentity(api: ApiClient, signal: AbortSignal): Promise<CloudIdentity> {
  const { account } = await api.read('GET /v2/account', Account, signal);
  const { team } = account;
  return {
    key: team?.uuid ?? account.uuid,
    owner: named(team?.name) ?? named(account.email) ?? named(account.name) ?? account.uuid,
    standing: account.status === 'locked' || account.status === 'warning' ? account.status : 'active',
    standingMessage: named(account.status_message) ?? '',
    machineLimit: account.droplet_limit ?? null,
  };
}

export async function readBalance(
  api: ApiClient,
  signal: AbortSignal,
): Promise<{ monthToDateUsd: number; dueUsd: number; generatedAt: string } | null> {
  try {
    const balance = await api.read('GET /v2/customers/my/balance', Balance, signal);
    return {
      monthToDateUsd: balance.month_to_date_usage,
      dueUsd: balance.month_to_date_balance,
      generatedAt: balance.generated_at,
    };
  } catch (error) {
    if (BerthError.is(error, 'cloud.permission-missing')) return null;
    throw error;
  }
}

/** The API fills what is empty with a space. */
function named(text: string | undefined): string | undefined {
  const trimmed = text?.trim() ?? '';
  return trimmed === '' ? undefined : trimmed;
}
