/** What an app's tab shows: the app itself, or why there is nothing to show and what to do. Pure. */
import type { Forward } from '#contract/forwards.ts';
import type { Workspace } from '#contract/workspaces.ts';

export type AppShow =
  /** `isCut`: the way is cut; its page says so by itself and comes back. */
  | { readonly kind: 'app'; readonly isCut: boolean }
  /** A person stopped the forward. */
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed' }
  /** Its workspace does not run: `canStart` where a person can change that. */
  | { readonly kind: 'asleep'; readonly words: string; readonly canStart: boolean };

export function appShow(
  forward: Pick<Forward, 'state' | 'isWanted'>,
  workspace: Pick<Workspace, 'state' | 'name'> | undefined,
): AppShow {
  if (!forward.isWanted || forward.state === 'stopped') return { kind: 'stopped' };
  if (workspace === undefined) return { kind: 'asleep', words: 'Its workspace is gone', canStart: false };
  const { name, state } = workspace;
  switch (state) {
    case 'stopped':
    case 'failed':
      return { kind: 'asleep', words: `${name} does not run`, canStart: true };
    case 'missing':
      return { kind: 'asleep', words: `The container of ${name} is gone`, canStart: true };
    case 'creating':
      return { kind: 'asleep', words: `${name} is being made`, canStart: false };
    case 'starting':
      return { kind: 'asleep', words: `${name} is starting`, canStart: false };
    case 'stopping':
      return { kind: 'asleep', words: `${name} is stopping`, canStart: false };
    case 'destroying':
      return { kind: 'asleep', words: `${name} is being destroyed`, canStart: false };
    // Frozen for a moment, or its host is away: what the app shows stays where it is.
    case 'paused':
    case 'unknown':
    case 'running':
      break;
    default:
      state satisfies never;
  }
  if (forward.state === 'failed') return { kind: 'failed' };
  return { kind: 'app', isCut: forward.state === 'waiting' };
}
