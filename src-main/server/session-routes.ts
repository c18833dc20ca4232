/**
 * The session of whoever is signed in: how a browser begins one, who one is, tickets for sockets, and the ways to end it.
 */
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { OneTimeCode, TypedPassword } from '#contract/account.ts';
import { localOwnerId } from '#contract/ids.ts';
import type { AccountDoor } from '../control-plane/account-door.ts';
import type { Dispatcher } from '../control-plane/dispatcher.ts';
import type { Log } from '../control-plane/interfaces/log.ts';
import type { Authenticator } from './authenticate.ts';
import type { BrowserCookies } from './browser-cookies.ts';
import type { ApiEnvironment } from './rest-routes.ts';
import type { SignInGate } from './sign-in-gate.ts';

export interface SessionRouteOptions {
  readonly accounts: AccountDoor;
  readonly authenticator: Authenticator;
  readonly cookies: BrowserCookies;
  readonly dispatcher: Dispatcher;
  readonly gate: SignInGate;
  readonly log: Log;
}

const SignIn = z.union([
  z.strictObject({ ticket: z.string().min(1).max(200) }),
  z.strictObject({
    email: z.string().min(1).max(254),
    password: TypedPassword,
    code: OneTimeCode.optional(),
  }),
]);

/** `POST /session`, under /api/v1 alone: it gives a cookie, so the guard wants our own page's header and Origin there. */
export function addBrowserSignIn(api: Hono<ApiEnvironment>, options: SessionRouteOptions): void {
  const { accounts, authenticator, cookies, gate, log } = options;
  api.post('/session', async (context) => {
    await gate.count(context, 'signIn');
    const typed = await gate.read(context, SignIn);
    const origin = gate.originOf(context);
    const session =
      'ticket' in typed
        ? await authenticator.withSignInTicket(typed.ticket, () =>
            accounts.openSession(localOwnerId, 'browser', origin),
          )
        : await accounts.openSession(
            await accounts.signIn({ ...typed, code: typed.code ?? null }, origin),
            'browser',
            origin,
          );
    log.info('A browser signed in', { user: session.userId });
    context.header('Set-Cookie', cookies.session(session.token));
    return context.json({});
  });
}

/** Routes for whoever is known: to be added behind the identification. */
export function addSessionRoutes(app: Hono<ApiEnvironment>, options: SessionRouteOptions): void {
  const { accounts, authenticator, cookies, dispatcher } = options;

  async function end(context: Context<ApiEnvironment>): Promise<Response> {
    const sessionId = context.get('caller').access?.sessionId ?? null;
    if (sessionId !== null) await accounts.endSession(sessionId);
    if (context.get('session') !== undefined) context.header('Set-Cookie', cookies.endSession());
    return context.json({});
  }

  app.delete('/session', end);
  app.post('/logout', end);
  app.post('/logout/everywhere', async (context) => {
    const caller = context.get('caller');
    const { signal } = context.req.raw;
    await dispatcher.call('account.signOutEverywhere', {}, { caller, signal });
    if (context.get('session') !== undefined) context.header('Set-Cookie', cookies.endSession());
    return context.json({});
  });
  app.post('/socket-ticket', (context) =>
    context.json({ ticket: authenticator.createSocketTicket(context.get('identity')) }),
  );
  app.get('/user', async (context) => {
    const caller = context.get('caller');
    const over = new AbortController();
    const signal = AbortSignal.any([context.req.raw.signal, over.signal]);
    try {
      for await (const account of dispatcher.stream('account.watch', {}, { caller, signal }))
        return context.json({ ...(account as object), scopes: [...caller.scopes] });
      throw new TypeError('the account said nothing of itself');
    } finally {
      over.abort();
    }
  });
}
