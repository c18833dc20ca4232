/** Contract line → service call. */
import type { HandlersOf } from '../handler.ts';
import { requireServed } from './account-service.ts';
import type { Accounts } from './accounts.ts';

type UsersHandlers = HandlersOf<'users'> &
  HandlersOf<'audit'> &
  HandlersOf<'account'> &
  HandlersOf<'apiKeys'>;

export function usersHandlers({ people, users, own, sessions, keys, auditLog }: Accounts): UsersHandlers {
  return {
    'users.watch': (_input, { signal }) => people.collection.watch(signal),
    'users.invite': (wish, { caller }) => users.invite(wish, caller),
    'users.change': (wish, { caller }) => users.change(wish, caller),
    'users.signOut': async ({ id }, { caller }) => {
      await users.signOut(id, caller);
      return {};
    },
    'users.remove': ({ id }, { caller }) => users.remove(id, caller),
    'audit.list': (wish) => auditLog.list(wish),

    'account.watch': (_input, { caller, signal }) => own.watch(caller, signal),
    'account.change': ({ name }, { caller }) => own.changeName(name, caller),
    'account.setUp': (wish, { caller }) => own.setUp(wish, caller),
    'account.changePassword': async (typed, { caller }) => {
      await own.changePassword(typed, caller);
      return {};
    },
    'account.beginSecondFactor': ({ password }, { caller }) => own.beginSecondFactor(password, caller),
    'account.confirmSecondFactor': async ({ code }, { caller }) => ({
      recoveryCodes: await own.confirmSecondFactor(code, caller),
    }),
    'account.removeSecondFactor': async (typed, { caller }) => {
      await own.removeSecondFactor(typed, caller);
      return {};
    },
    'account.sessions': (_input, { caller }) => ({
      sessions: sessions.list(caller.userId, caller.access?.sessionId ?? null),
    }),
    'account.endSession': async ({ id }, { caller }) => {
      await sessions.endOwn(id, caller.userId);
      return {};
    },
    'account.signOutEverywhere': async (_input, { caller }) => {
      await sessions.endAllOf(caller.userId);
      return {};
    },

    'apiKeys.watch': (_input, { caller, signal }) => keys.watch(caller.userId, signal),
    'apiKeys.create': (wish, { caller }) => {
      requireServed(caller);
      return keys.create(wish, caller);
    },
    'apiKeys.remove': async ({ id }, { caller }) => {
      await keys.remove(id, caller.userId);
      return {};
    },
  };
}
