/**
 * `/auth/…`: the way of a browser to an identity provider and back. What fails ends on the sign-in page with a code in the
 * fragment; nothing that a provider wrote is ever shown.
 */
import type { Context, Hono } from 'hono';
import { getCookie } from 'hono/cookie';
import { BerthError } from '#contract/berth-error.ts';
import type { AccountDoor, RequestOrigin } from '../../control-plane/account-door.ts';
import { notFound } from '../../control-plane/dispatcher.ts';
import type { Log } from '../../control-plane/interfaces/log.ts';
import { defaultRandomToken } from '../authenticate.ts';
import type { BrowserCookies } from '../browser-cookies.ts';
import { type ClientAddress, incomingOf, networkOf, requestOrigin } from '../client-address.ts';
import type { RateLimits } from '../rate-limits.ts';
import type { ApiEnvironment } from '../rest-routes.ts';
import type { Provider } from './provider.ts';
import type { ProviderSignIn } from './provider-sign-in.ts';

export interface ProviderRouteOptions {
  readonly providers: readonly Provider[];
  readonly signIn: ProviderSignIn;
  readonly accounts: AccountDoor;
  readonly cookies: BrowserCookies;
  readonly limits: RateLimits;
  readonly clientAddress: ClientAddress;
  readonly origin: string;
  readonly log: Log;
}

export function addProviderRoutes(app: Hono<ApiEnvironment>, options: ProviderRouteOptions): void {
  const { providers, signIn, accounts, cookies, limits, clientAddress, origin, log } = options;

  function providerOf(id: string): Provider {
    const provider = providers.find(({ config }) => config.id === id);
    if (provider === undefined) throw notFound();
    return provider;
  }

  app.get('/auth/providers', (context) => context.json({ providers: namesOf(providers) }));

  app.get('/auth/:id/start', async (context) => {
    const provider = providerOf(context.req.param('id'));
    const incoming = incomingOf(context);
    // The cookie belongs to one name of this server, and the provider knows only one to come back to.
    if (incoming.headers.host?.toLowerCase() !== new URL(origin).host)
      return context.redirect(`${origin}${incoming.url ?? '/'}`, 302);
    try {
      await limits.spend('signIn', networkOf(clientAddress(incoming)), (name, value) =>
        context.header(name, value),
      );
      const known = getCookie(context, cookies.attemptName);
      // Two tabs may be on their way at once: they share the browser's value.
      const browser = known !== undefined && /^[\w-]{43}$/.test(known) ? known : defaultRandomToken();
      const target = await signIn.begin(provider, browser, context.req.query('next') ?? '/');
      context.header('Set-Cookie', cookies.attempt(browser));
      return context.redirect(target.href, 302);
    } catch (error) {
      return context.redirect(failurePlace(error), 303);
    }
  });

  app.get('/auth/:id/callback', async (context) => {
    const provider = providerOf(context.req.param('id'));
    const from = requestOrigin(incomingOf(context), clientAddress);
    try {
      const { identity, next } = await finish(provider, context, from);
      const userId = await accounts.signInWithProvider(identity, from);
      const session = await accounts.openSession(userId, 'browser', from);
      log.info('A browser signed in at an identity provider', { provider: provider.config.id });
      context.header('Set-Cookie', cookies.session(session.token));
      return context.redirect(next, 303);
    } catch (error) {
      log.warn('A sign-in at an identity provider failed', { provider: provider.config.id, cause: error });
      return context.redirect(failurePlace(error), 303);
    }
  });

  /** What fails before the accounts hear of it is written down here. */
  async function finish(provider: Provider, context: Context<ApiEnvironment>, from: RequestOrigin) {
    try {
      const answer = new URL(context.req.url).searchParams;
      return await signIn.finish(provider, answer, getCookie(context, cookies.attemptName));
    } catch (error) {
      accounts.audit({
        userId: null,
        by: 'none',
        action: 'account.sign-in',
        subject: provider.config.id,
        outcome: BerthError.is(error) ? error.code : 'internal',
        address: from.address,
      });
      throw error;
    }
  }
}

export function namesOf(providers: readonly Provider[]): { id: string; name: string }[] {
  return providers.map(({ config: { id, name } }) => ({ id, name }));
}

/** A code alone, which the page knows a sentence for. */
function failurePlace(error: unknown): string {
  return `/sign-in#error=${BerthError.is(error) ? error.code : 'internal'}`;
}
