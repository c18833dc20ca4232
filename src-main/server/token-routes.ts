/**
 * `/token`: an access token and a refresh token for a password or a refresh token (RFC 6749, 4.3 and 6), with the form
 * that FastAPI's OAuth2PasswordRequestForm takes; `/token/revoke` (RFC 7009). Clients are public: `client_id` and
 * `client_secret` may be sent and prove nothing. Gives no cookie and takes none.
 */
import type { Context, Hono } from 'hono';
import { BerthError } from '#contract/berth-error.ts';
import type { ErrorCode } from '#contract/error-codes.ts';
import { type Scope, scopes as allScopes } from '#contract/scopes.ts';
import type { AccountDoor, OpenedSession } from '../control-plane/account-door.ts';
import { accessTokenLifeS, type AccessTokens, knownScopes } from './access-tokens.ts';
import type { RefreshTokens } from './refresh-tokens.ts';
import { shownError } from './rest/problem.ts';
import type { ApiEnvironment } from './rest-routes.ts';
import type { SignInGate } from './sign-in-gate.ts';

export interface TokenRouteOptions {
  readonly accounts: AccountDoor;
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
  readonly gate: SignInGate;
}

type TokenContext = Context<ApiEnvironment>;
type Form = Readonly<Record<string, string>>;

/** Characters of a one-time code; see the contract's OneTimeCode. */
const maxCodeCharacters = 32;
const maxPasswordCharacters = 256;
const maxAddressCharacters = 254;

export function addTokenRoutes(app: Hono<ApiEnvironment>, options: TokenRouteOptions): void {
  const { accounts, accessTokens, refreshTokens, gate } = options;

  async function answer(
    context: TokenContext,
    session: OpenedSession,
    narrowed: readonly Scope[] | null,
  ): Promise<Response> {
    const { address } = gate.originOf(context);
    const caller = accounts.callerOfSession(session.id, address);
    if (caller === undefined) throw invalidGrant();
    const granted = [...caller.scopes].filter((scope) => narrowed === null || narrowed.includes(scope));
    if (granted.length === 0) {
      await accounts.endSession(session.id);
      throw new TokenError('invalid_scope', 'None of these scopes can be had by this account.');
    }
    const { id: sessionId, userId } = session;
    return context.json({
      access_token: await accessTokens.issue({ userId, sessionId, scopes: narrowed }),
      token_type: 'bearer',
      expires_in: accessTokenLifeS,
      refresh_token: refreshTokens.seal({ token: session.token, scopes: narrowed }),
      scope: granted.join(' '),
    });
  }

  async function withPassword(context: TokenContext, form: Form): Promise<Response> {
    await gate.count(context, 'signIn');
    const { username = '', password = '' } = form;
    const code = (form.otp ?? form.code ?? '').trim();
    if (username === '' || password === '')
      throw new TokenError('invalid_request', 'The form needs username and password.');
    const scopes = scopesOf(form);
    const isPossible =
      username.length <= maxAddressCharacters &&
      password.length <= maxPasswordCharacters &&
      code.length <= maxCodeCharacters;
    if (!isPossible) throw new TokenError('invalid_request', 'A field of the form is too long.');
    const origin = gate.originOf(context);
    const typed = { email: username.trim().toLowerCase(), password, code: code === '' ? null : code };
    const userId = await accounts.signIn(typed, origin);
    return answer(context, await accounts.openSession(userId, 'token', origin), scopes);
  }

  async function withRefreshToken(context: TokenContext, form: Form): Promise<Response> {
    await gate.count(context, 'refresh');
    if (form.refresh_token === undefined)
      throw new TokenError('invalid_request', 'The form needs refresh_token.');
    const asked = scopesOf(form);
    const grant = refreshTokens.open(form.refresh_token);
    if (grant === undefined) throw invalidGrant();
    const before = grant.scopes;
    if (asked !== null && before !== null && asked.some((scope) => !before.includes(scope)))
      throw new TokenError('invalid_scope', 'A refresh token cannot give more than it was given with.');
    const session = await accounts.refresh(grant.token, gate.originOf(context));
    return answer(context, session, asked ?? before);
  }

  async function give(context: TokenContext): Promise<Response> {
    const form = await gate.readForm(context);
    if (form.grant_type === 'refresh_token') return withRefreshToken(context, form);
    if (form.grant_type === undefined || form.grant_type === '' || form.grant_type === 'password')
      return withPassword(context, form);
    await gate.count(context, 'signIn');
    throw new TokenError('unsupported_grant_type', 'Only password and refresh_token are granted here.');
  }

  /** Ends the whole session of a token; one that is not good has ended already (RFC 7009, 2.2). */
  async function revoke(context: TokenContext): Promise<Response> {
    await gate.count(context, 'refresh');
    const { token } = await gate.readForm(context);
    if (token === undefined) throw new TokenError('invalid_request', 'The form needs token.');
    const refresh = refreshTokens.open(token);
    const access = refresh === undefined ? await accessTokens.verify(token) : undefined;
    if (access !== undefined) await accounts.endSession(access.sessionId);
    if (refresh !== undefined)
      try {
        // To be used is what ends this one; its session is known by that.
        await accounts.endSession((await accounts.refresh(refresh.token, gate.originOf(context))).id);
      } catch (error) {
        if (!BerthError.is(error, 'not-signed-in')) throw error;
      }
    return context.json({});
  }

  const routes = [
    ['/token', give],
    ['/token/revoke', revoke],
  ] as const;
  for (const [path, work] of routes)
    app.post(path, async (context) => {
      try {
        return await work(context);
      } catch (error) {
        return tokenFailure(context, error);
      }
    });
}

/** Null: nothing was asked for in particular. @throws TokenError for a name that is no scope */
function scopesOf({ scope = '' }: Form): readonly Scope[] | null {
  const names = scope.split(' ').filter((name) => name !== '');
  if (names.length === 0) return null;
  const unknown = names.some((name) => !(allScopes as readonly string[]).includes(name));
  if (unknown) throw new TokenError('invalid_scope', 'There is no such scope.');
  return knownScopes(scope);
}

/** RFC 6749, 5.2. */
type TokenErrorName =
  | 'invalid_request'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'unsupported_grant_type'
  | 'temporarily_unavailable'
  | 'server_error';

class TokenError extends Error {
  override readonly name: TokenErrorName;
  constructor(name: TokenErrorName, message: string) {
    super(message);
    this.name = name;
  }
}

function invalidGrant(): TokenError {
  return new TokenError('invalid_grant', 'The refresh token is not valid, or not any more. Sign in again.');
}

/** Our codes in the words of RFC 6749; the rest is the server's fault. */
const errorNames: Partial<Record<ErrorCode, TokenErrorName>> = {
  'invalid-input': 'invalid_request',
  'timed-out': 'invalid_request',
  'account.sign-in-failed': 'invalid_grant',
  'account.second-factor-needed': 'invalid_grant',
  'not-signed-in': 'invalid_grant',
  'not-found': 'invalid_grant',
  'too-many': 'temporarily_unavailable',
};

/** `detail` is where FastAPI's clients look; `code` is ours, finer than the standard's names. */
function tokenFailure(context: TokenContext, error: unknown): Response {
  if (error instanceof TokenError)
    return context.json({ error: error.name, error_description: error.message, detail: error.message }, 400);
  const { error: shown, status } = shownError(error);
  const name = errorNames[shown.code];
  // What is not about this request is told and written down as everywhere else.
  if (name === undefined) throw error;
  return context.json(
    {
      error: name,
      error_description: shown.message,
      detail: shown.message,
      code: shown.code,
    },
    // 401 would be about the client's own credentials, which no client has here.
    name === 'invalid_grant' ? 400 : status,
  );
}
