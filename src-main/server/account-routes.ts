/**
 * Accounts over HTTP, for who is not signed in yet: registering, the links of e-mails, and what a sign-in page must know.
 * Carries only: the accounts decide. An answer never says whether an address has an account.
 */
import type { Hono } from 'hono';
import { z } from 'zod';
import { NewPassword } from '#contract/account.ts';
import { DisplayName } from '#contract/text.ts';
import { EmailAddress } from '#contract/users.ts';
import type { AccountDoor } from '../control-plane/account-door.ts';
import type { Authenticator } from './authenticate.ts';
import type { ApiEnvironment } from './rest-routes.ts';
import type { SignInGate } from './sign-in-gate.ts';

export interface AccountRouteOptions {
  readonly accounts: AccountDoor;
  readonly authenticator: Authenticator;
  readonly gate: SignInGate;
  readonly providers: readonly { readonly id: string; readonly name: string }[];
}

const Token = z.string().trim().min(1).max(500);
/** A form has no null: an empty name is none. */
const Name = z.preprocess((value) => (value === '' ? null : value), DisplayName.nullish());
const Registration = z.object({
  email: EmailAddress,
  password: NewPassword,
  name: Name,
  ticket: Token.optional(),
});
const ByEmail = z.object({ email: EmailAddress });
const ByToken = z.object({ token: Token });
const Reset = z.object({ token: Token, password: NewPassword });

/** Where the one-time link's ticket may stand, beside the field `ticket`. */
const ticketHeader = 'x-berth-ticket';
const registered =
  'If this address can be registered, an e-mail with a link is on its way. Open the link to finish.';
const resetSent = 'If there is an account with this address, an e-mail with a link is on its way.';

export function addAccountRoutes(app: Hono<ApiEnvironment>, options: AccountRouteOptions): void {
  const { accounts, authenticator, gate, providers } = options;

  app.get('/sign-in-options', async (context) => {
    await gate.count(context, 'strangers');
    return context.json({
      passwords: true,
      registration: accounts.isRegistrationOpen ? 'open' : 'invited',
      providers,
      isOwnerSetUp: accounts.isOwnerSetUp,
    });
  });

  app.post('/register', async (context) => {
    await gate.count(context, 'mail');
    const { ticket: inBody, name, ...wish } = await gate.read(context, Registration);
    const ticket = inBody ?? context.req.header(ticketHeader);
    const origin = gate.originOf(context);
    if (ticket === undefined) {
      await accounts.register({ ...wish, name: name ?? null, isOwnerSetUp: false }, origin);
      return context.json({ message: registered }, 202);
    }
    // The link is used up by a good registration alone: a refused password must not cost it.
    await authenticator.withSignInTicket(ticket, () =>
      accounts.register({ ...wish, name: name ?? null, isOwnerSetUp: true }, origin),
    );
    return context.json({ message: 'The account of the owner is ready. Sign in with it.' }, 201);
  });

  app.post('/register/resend', async (context) => {
    await gate.count(context, 'mail');
    const { email } = await gate.read(context, ByEmail);
    await accounts.resend(email, gate.originOf(context));
    return context.json({ message: registered }, 202);
  });

  app.post('/verify', async (context) => {
    await gate.count(context, 'signIn');
    const { token } = await gate.read(context, ByToken);
    await accounts.verify(token, gate.originOf(context));
    return context.json({ message: 'The address is confirmed. Sign in now.' });
  });

  app.post('/password/forgot', async (context) => {
    await gate.count(context, 'mail');
    const { email } = await gate.read(context, ByEmail);
    await accounts.requestReset(email, gate.originOf(context));
    return context.json({ message: resetSent }, 202);
  });

  app.post('/password/reset', async (context) => {
    await gate.count(context, 'signIn');
    const { token, password } = await gate.read(context, Reset);
    await accounts.reset(token, password, gate.originOf(context));
    return context.json({ message: 'The password is set. Sign in with it.' });
  });
}
