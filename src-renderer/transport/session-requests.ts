/**
 * What is asked over HTTP before there is a session, and the end of one. Passwords and tokens travel in bodies alone,
 * never in an address; answers are never kept (RFC 9111 `no-store`).
 */
import { z } from 'zod';
import { BerthError, ErrorShape } from '#contract/berth-error.ts';

const SignInOptions = z.object({
  passwords: z.boolean(),
  registration: z.enum(['open', 'invited']),
  providers: z.array(z.object({ id: z.string(), name: z.string() })),
  /** Whether the owner has an address to sign in with; until then only a link does. */
  isOwnerSetUp: z.boolean(),
});
export type SignInOptions = z.infer<typeof SignInOptions>;

export interface TypedSignIn {
  readonly email: string;
  readonly password: string;
  readonly code?: string;
}

export interface Registration {
  readonly email: string;
  readonly password: string;
  readonly name?: string;
  /** Of the one-time link: the account becomes the owner's. */
  readonly ticket?: string;
}

/**
 * Each throws the plane's own BerthError; `too-many` has `retryAfterSeconds` in its details (RFC 9110, section 10.2.3).
 * No answer at all is `connection-lost`.
 */
export interface SessionRequests {
  options(): Promise<SignInOptions>;
  signIn(by: { readonly ticket: string } | TypedSignIn): Promise<void>;
  register(wish: Registration): Promise<void>;
  resend(email: string): Promise<void>;
  verify(token: string): Promise<void>;
  forgot(email: string): Promise<void>;
  reset(token: string, password: string): Promise<void>;
}

export const sessionRequests: SessionRequests = {
  options: async () => {
    const parsed = SignInOptions.safeParse(await ask('GET', '/sign-in-options'));
    if (!parsed.success)
      throw new BerthError('internal', 'Berth did not say how to sign in. Load the page again.');
    return parsed.data;
  },
  signIn: async (by) => void (await ask('POST', '/session', by)),
  register: async (wish) => void (await ask('POST', '/register', wish)),
  resend: async (email) => void (await ask('POST', '/register/resend', { email })),
  verify: async (token) => void (await ask('POST', '/verify', { token })),
  forgot: async (email) => void (await ask('POST', '/password/forgot', { email })),
  reset: async (token, password) => void (await ask('POST', '/password/reset', { token, password })),
};

/** Resolves also when there was no session left to end. */
export async function endSession(): Promise<void> {
  try {
    await ask('DELETE', '/session');
  } catch (error) {
    if (!BerthError.is(error, 'not-signed-in')) throw error;
  }
}

/** Where a person is sent to sign in at an identity provider. */
export function providerPath(id: string, next: string): string {
  return `/auth/${encodeURIComponent(id)}/start?next=${encodeURIComponent(next)}`;
}

async function ask(method: 'GET' | 'POST' | 'DELETE', path: string, input?: object): Promise<unknown> {
  const response = await fetch(`/api/v1${path}`, {
    method,
    headers: {
      'X-Berth': '1',
      ...(input === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
    ...(input === undefined ? {} : { body: JSON.stringify(input) }),
    credentials: 'same-origin',
    cache: 'no-store',
  }).catch(() => undefined);
  const body: unknown = await response?.json().catch(() => undefined);
  if (response?.ok) return body;
  const failure = ErrorShape.safeParse((body as { error?: unknown } | undefined)?.error);
  if (!failure.success)
    throw new BerthError('connection-lost', 'Berth does not answer. Is it still running?');
  const { code, message, details } = failure.data;
  const retryAfterSeconds = Number(response?.headers.get('Retry-After') ?? Number.NaN);
  throw new BerthError(code, message, {
    details: Number.isFinite(retryAfterSeconds) ? { ...details, retryAfterSeconds } : details,
  });
}
