/** What the fixture plane answers about accounts. */
import type { Account, ApiKey } from '#contract/account.ts';
import { BerthError } from '#contract/berth-error.ts';
import type { User } from '#contract/users.ts';
import type { FixtureCollection, FixtureValue, Replies } from './fixture-plane.ts';
import type { Scene } from './scenes.ts';

/** The password and the code that are right on fixtures. */
export const rightPassword = 'correct horse battery';
export const rightCode = '123456';

/** A picture of the shape of a QR code: nothing reads it. */
const picture = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 21 21" shape-rendering="crispEdges"><rect width="21" height="21" fill="#fff"/>${Array.from(
  { length: 441 },
  (_, index) => {
    const [x, y] = [index % 21, Math.floor(index / 21)];
    const inCorner = (cx: number, cy: number) => x >= cx && x < cx + 7 && y >= cy && y < cy + 7;
    const ring = (cx: number, cy: number) => Math.max(Math.abs(x - cx - 3), Math.abs(y - cy - 3)) !== 2;
    const corner = (
      [
        [0, 0],
        [14, 0],
        [0, 14],
      ] as const
    ).find(([cx, cy]) => inCorner(cx, cy));
    const isDark = corner ? ring(corner[0], corner[1]) : (x * 7 + y * 13 + x * y) % 5 < 2;
    return isDark ? `<rect x="${x}" y="${y}" width="1" height="1"/>` : '';
  },
).join('')}</svg>`;

export interface UserWorld {
  readonly account: FixtureValue<Account>;
  readonly users: FixtureCollection<User>;
  readonly apiKeys: FixtureCollection<ApiKey>;
}

function wrong(): BerthError {
  return new BerthError('account.sign-in-failed', 'The password or the code is not right.');
}

export function userReplies(scene: Scene, world: UserWorld, found: <T>(value: T | undefined) => T): Replies {
  const { account, users, apiKeys } = world;
  let sessions = [...(scene.sessions ?? [])];
  const check = (password: string) => {
    if (password !== rightPassword) throw wrong();
  };
  const checkCode = (code: string) => {
    if (code !== rightCode) throw wrong();
  };
  const checkNew = (password: string) => {
    if (password.toLowerCase().includes('password'))
      throw new BerthError(
        'account.password-unfit',
        'This is among the passwords that are tried first. Choose one that nobody else has.',
      );
  };
  return {
    'account.change': ({ name }) => account.set({ ...account.value, name }),
    'account.setUp': ({ email, password }) => {
      checkNew(password);
      return account.set({ ...account.value, email, hasPassword: true });
    },
    'account.changePassword': ({ current, next }) => {
      check(current);
      checkNew(next);
      return {};
    },
    'account.beginSecondFactor': ({ password }) => {
      check(password);
      return {
        secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
        uri: 'otpauth://totp/Berth:ada@example.org?secret=JBSWY3DPEHPK3PXP&issuer=Berth',
        image: picture,
      };
    },
    'account.confirmSecondFactor': ({ code }) => {
      checkCode(code);
      account.set({ ...account.value, hasSecondFactor: true, recoveryCodes: 10 });
      return { recoveryCodes: Array.from({ length: 10 }, (_, n) => `k${n}x2-9fq${n}-ab${n}m`) };
    },
    'account.removeSecondFactor': ({ password, code }) => {
      check(password);
      checkCode(code);
      account.set({ ...account.value, hasSecondFactor: false, recoveryCodes: 0 });
      return {};
    },
    'account.sessions': () => ({ sessions }),
    'account.endSession': ({ id }) => {
      sessions = sessions.filter((session) => session.id !== id);
      return {};
    },
    'account.signOutEverywhere': () => ({}),
    'apiKeys.create': ({ name, scopes, expiresInDays }) => {
      const apiKey: ApiKey = {
        id: `key_${String(apiKeys.items.size + 50).padStart(20, '0')}`,
        ...{ name, scopes, hint: 'berth_7q…', usedAt: null },
        createdAt: new Date().toISOString(),
        expiresAt:
          expiresInDays === null ? null : new Date(Date.now() + expiresInDays * 86_400_000).toISOString(),
      };
      apiKeys.put(apiKey);
      return { apiKey, key: `berth_7q${'Yx3k9QzL0aB7'.repeat(3)}` };
    },
    'apiKeys.remove': ({ id }) => {
      apiKeys.delete(id);
      return {};
    },
    'users.invite': ({ email, name, role }) => {
      if ([...users.items.values()].some((one) => one.email === email))
        throw new BerthError('user.email-taken', `${email} has an account here already.`);
      const model = found([...users.items.values()][0]);
      const user: User = {
        ...model,
        id: `user_${String(users.items.size + 50).padStart(20, '0')}`,
        ...{ email, name: name ?? email, role: role ?? 'member', state: 'invited', hasSecondFactor: false },
        usage: { workspaces: 0, cpus: 0, memoryBytes: 0, diskBytes: null, snapshots: 0 },
        lastSeenAt: null,
      };
      users.put(user);
      return { user, link: scene.hasNoMail ? `https://berth.example/invite#${'Zq8'.repeat(14)}` : null };
    },
    'users.change': ({ id, role, quota, isDisabled }) => {
      const before = found(users.items.get(id));
      const user: User = {
        ...before,
        ...(role === undefined ? {} : { role }),
        ...(quota === undefined ? {} : { quota: { ...before.quota, ...(quota as Partial<User['quota']>) } }),
        ...(isDisabled === undefined ? {} : { state: isDisabled ? 'disabled' : 'active' }),
      };
      users.put(user);
      return user;
    },
    'users.signOut': () => ({}),
    'users.remove': ({ id }) => {
      const { usage } = found(users.items.get(id));
      users.delete(id);
      return { projects: 1, workspaces: usage.workspaces, snapshots: usage.snapshots };
    },
    'audit.list': ({ userId = null, action = null, before = null, limit = 100 }) => {
      const all = (scene.audit ?? []).filter(
        (entry) =>
          (userId === null || entry.userId === userId) &&
          (action === null || entry.action.startsWith(action)) &&
          (before === null || entry.number < before),
      );
      return { entries: all.slice(0, limit), hasMore: all.length > limit };
    },
  };
}
