/** An account at a provider as Berth keeps it, and the view that people see: pure. The token itself is a credential. */
import { z } from 'zod';
import type { BerthError } from '#contract/berth-error.ts';
import { Cloud, type CloudState } from '#contract/clouds.ts';
import { CredentialId } from '#contract/ids.ts';

/** A difference of clocks below this, in milliseconds, is normal and harmless (the time of a request is in it). */
const CLOCK_SKEW_MS = 60_000;

const Stored = Cloud.omit({ state: true, clockAheadMs: true }).extend({
  /** The provider's own id of the account: the same for each of its tokens. */
  accountKey: z.string(),
  tokenId: CredentialId,
});
export type CloudRecord = z.infer<typeof Stored>;

export function parseCloudRecord(value: unknown): CloudRecord {
  return Stored.parse(value);
}

/** `clockAheadMs`: as the client measured it. */
export function toCloud(record: CloudRecord, state: CloudState, clockAheadMs: number | null): Cloud {
  const isSkewed = clockAheadMs !== null && Math.abs(clockAheadMs) > CLOCK_SKEW_MS;
  return Cloud.parse({ ...record, state, clockAheadMs: isSkewed ? Math.round(clockAheadMs) : null });
}

/** Whether only a person can help: another token, an open keychain. Everything else passes. */
export function waitsForPerson({ code }: Pick<BerthError, 'code'>): boolean {
  return code === 'cloud.token-refused' || code.startsWith('credential.');
}

/** The state after a failure. A trouble that goes on began when it first did. */
export function stateAfter(before: CloudState, error: BerthError, at: string): CloudState {
  const phase = waitsForPerson(error) ? 'refused' : 'unreachable';
  return { phase, sinceAt: before.phase === phase ? before.sinceAt : at, error: error.toShape() };
}
