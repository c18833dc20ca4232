/**
 * Who is calling, decided in one place for every route and every socket. A token in the Authorization header is judged
 * alone: a bad one is refused and never makes way for a cookie. Without one the browser's cookie counts, for requests of
 * our own pages only. Knows no routes.
 */
import type { IncomingMessage } from 'node:http';
import type { MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { parse } from 'hono/utils/cookie';
import { BerthError } from '#contract/berth-error.ts';
import type { AccountDoor } from '../control-plane/account-door.ts';
import type { Caller } from '../control-plane/caller.ts';
import type { AccessTokens } from './access-tokens.ts';
import type { Authenticator, Session } from './authenticate.ts';
import { type ClientAddress, incomingOf, networkOf, requestOrigin } from './client-address.ts';
import type { ProviderTokens } from './oidc/provider-tokens.ts';
import type { RateLimits } from './rate-limits.ts';
import { type Allowed, cookieRefusalOf, factsOf } from './request-guard.ts';
import type { ApiEnvironment } from './rest-routes.ts';

/** As whom one request is served, and what can be asked about it later on. */
export interface Identity {
  readonly caller: Caller;
  /** Of a browser alone. */
  readonly session: Session | undefined;
  /** As whom the same proof would be let in now; undefined: not any more. Cheap. */
  readonly renew: () => Caller | undefined;
  /** When the proof itself ends; null: with its session, or with the key. Epoch milliseconds. */
  readonly endsAtMs: number | null;
}

/** How an upgrade may prove who asks. A route names those that it takes. */
export type UpgradeWay = 'bearer' | 'cookie' | 'protocol-ticket' | 'query-ticket';

export interface IdentifierOptions {
  readonly accounts: AccountDoor;
  readonly accessTokens: AccessTokens;
  readonly providerTokens: ProviderTokens;
  readonly authenticator: Authenticator;
  readonly limits: RateLimits;
  readonly allowed: Allowed;
  readonly cookieName: string;
  readonly clientAddress: ClientAddress;
}

export interface Identifier {
  /** @throws BerthError not-signed-in, account.provider-failed, account.provider-refused; HTTPException 403 */
  identify(request: IncomingMessage): Promise<Identity>;
  /**
   * For an upgrade whose Host and Origin were judged. A ticket may come as subprotocol `ticket.…` or as `?ticket=…`, and
   * is used up. @returns the status that refuses it otherwise
   */
  identifyUpgrade(request: IncomingMessage, ways: readonly UpgradeWay[]): Promise<Identity | number>;
  /** For routes that need to know: sets `caller`, `identity` and, for browsers, `session`; counts the call. */
  readonly required: MiddlewareHandler<ApiEnvironment>;
}

/** A key of ours, as a program holds it. */
const apiKeyPrefix = 'berth_';
/** Characters; what providers put into a token is far less, and a header holds 16 KiB. */
const maxTokenCharacters = 12_000;

export function createIdentifier(options: IdentifierOptions): Identifier {
  const { accounts, accessTokens, providerTokens, authenticator, limits, allowed, cookieName } = options;
  const { clientAddress } = options;

  async function byToken(token: string, request: IncomingMessage): Promise<Identity> {
    if (token.length > maxTokenCharacters) throw badToken();
    const address = clientAddress(request);
    if (token.startsWith(apiKeyPrefix))
      return identityFrom(() => accounts.callerOfApiKey(token, address), null);
    const grant = await accessTokens.verify(token);
    if (grant !== undefined)
      return identityFrom(() => {
        const caller = accounts.callerOfSession(grant.sessionId, address);
        return caller?.userId === grant.userId ? narrowed(caller, grant.scopes) : undefined;
      }, null);
    const found = await providerTokens.userOf(token, requestOrigin(request, clientAddress));
    if (found === undefined) throw badToken();
    return identityFrom(() => accounts.callerOfUser(found.userId, address), found.endsAtMs);
  }

  function identityFrom(renew: () => Caller | undefined, endsAtMs: number | null): Identity {
    const caller = renew();
    if (caller === undefined) throw badToken();
    return { caller, session: undefined, renew, endsAtMs };
  }

  function byCookie(request: IncomingMessage): Identity | undefined {
    const value = cookieOf(request, cookieName);
    if (value === undefined) return undefined;
    const address = clientAddress(request);
    const session = accounts.sessionOf(value, address);
    if (session === undefined) return undefined;
    const renew = () => accounts.sessionOf(value, address)?.caller;
    return { caller: session.caller, session, renew, endsAtMs: null };
  }

  async function identify(request: IncomingMessage): Promise<Identity> {
    const token = bearerOf(request);
    if (token !== undefined) return byToken(token, request);
    if (cookieOf(request, cookieName) === undefined) throw new BerthError('not-signed-in', 'Sign in first.');
    const facts = factsOf(request);
    if (cookieRefusalOf(facts, allowed) !== undefined) throw forbidden();
    const identity = byCookie(request);
    if (identity === undefined) throw new BerthError('not-signed-in', 'Sign in first.');
    return identity;
  }

  /** A cookie's authority in an upgrade, in itself or through a ticket that it bought: never without our own Origin. */
  function isOwnPage(request: IncomingMessage): boolean {
    const facts = factsOf(request);
    return facts.header('origin') !== undefined && cookieRefusalOf(facts, allowed) === undefined;
  }

  function byTicket(ticket: string, request: IncomingMessage): Identity | number {
    const holder = authenticator.ownerOfSocketTicket(ticket);
    if (holder === undefined) return 401;
    if (holder.session !== undefined && !isOwnPage(request)) return 403;
    const identity = authenticator.redeemSocketTicket(ticket);
    const caller = identity?.renew();
    return identity === undefined || caller === undefined ? 401 : { ...identity, caller };
  }

  return {
    identify,

    async identifyUpgrade(request, ways) {
      const token = bearerOf(request);
      if (token !== undefined) {
        if (!ways.includes('bearer')) return 401;
        try {
          return await byToken(token, request);
        } catch (error) {
          return statusOf(error);
        }
      }
      const ticket =
        (ways.includes('protocol-ticket') ? protocolTicketOf(request) : undefined) ??
        (ways.includes('query-ticket') ? queryTicketOf(request) : undefined);
      if (ticket !== undefined) return byTicket(ticket, request);
      if (!ways.includes('cookie') || cookieOf(request, cookieName) === undefined) return 401;
      return isOwnPage(request) ? (byCookie(request) ?? 401) : 403;
    },

    required: async (context, next) => {
      const incoming = incomingOf(context);
      const say = (header: string, value: string) => context.header(header, value);
      let identity: Identity;
      try {
        identity = await identify(incoming);
      } catch (error) {
        // Only who is not known is counted: a stranger behind the same address shuts out nobody who is.
        await limits.spend('strangers', networkOf(clientAddress(incoming)), say);
        throw error;
      }
      await limits.spend('calls', identity.caller.userId, say);
      context.set('identity', identity);
      context.set('caller', identity.caller);
      if (identity.session !== undefined) context.set('session', identity.session);
      await next();
    },
  };
}

/** The token of `Authorization: Bearer` (RFC 6750). Other schemes are for a proxy in front, and say nothing here. */
export function bearerOf(request: IncomingMessage): string | undefined {
  const [, token] = /^bearer(?:\s+(.*))?$/is.exec(request.headers.authorization?.trim() ?? '') ?? [];
  const isBearer = /^bearer\b/i.test(request.headers.authorization?.trim() ?? '');
  return isBearer ? (token ?? '').trim() : undefined;
}

export function protocolsOf(request: IncomingMessage): string[] {
  return (request.headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim());
}

export function protocolTicketOf(request: IncomingMessage): string | undefined {
  const prefix = 'ticket.';
  return protocolsOf(request)
    .find((one) => one.startsWith(prefix))
    ?.slice(prefix.length);
}

function queryTicketOf(request: IncomingMessage): string | undefined {
  return URL.parse(request.url ?? '', 'http://berth')?.searchParams.get('ticket') ?? undefined;
}

function cookieOf(request: IncomingMessage, name: string): string | undefined {
  return parse(request.headers.cookie ?? '', name)[name];
}

function narrowed(caller: Caller, scopes: readonly string[] | null): Caller {
  if (scopes === null) return caller;
  return { ...caller, scopes: new Set([...caller.scopes].filter((scope) => scopes.includes(scope))) };
}

function badToken(): BerthError {
  return new BerthError('not-signed-in', 'The token is not valid, or not any more. Get a new one.');
}

function forbidden(): HTTPException {
  return new HTTPException(403, {
    res: new Response('Forbidden\n', {
      status: 403,
      headers: { 'Content-Type': 'text/plain; charset=utf-8' },
    }),
  });
}

function statusOf(error: unknown): number {
  if (!BerthError.is(error)) throw error;
  return BerthError.is(error, 'account.provider-failed') ? 503 : 401;
}
