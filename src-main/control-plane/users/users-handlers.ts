/** Contract line → service call. */
import { BerthError } from '#contract/berth-error.ts';
import type { HandlersOf } from '../handler.ts';

type UsersHandlers = HandlersOf<'users'> &
  HandlersOf<'audit'> &
  HandlersOf<'account'> &
  HandlersOf<'apiKeys'>;

export function usersHandlers(): UsersHandlers {
  const none = (): never => {
    throw new BerthError('not-found', 'There are no accounts yet.');
  };
  return {
    'users.watch': none,
    'users.invite': none,
    'users.change': none,
    'users.signOut': none,
    'users.remove': none,
    'audit.list': none,
    'account.watch': none,
    'account.change': none,
    'account.setUp': none,
    'account.changePassword': none,
    'account.beginSecondFactor': none,
    'account.confirmSecondFactor': none,
    'account.removeSecondFactor': none,
    'account.sessions': none,
    'account.endSession': none,
    'account.signOutEverywhere': none,
    'apiKeys.watch': none,
    'apiKeys.create': none,
    'apiKeys.remove': none,
  };
}
