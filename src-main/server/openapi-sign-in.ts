/**
 * Signing in, as the OpenAPI document tells it: the routes beside the contract's, for who is not known yet and for the
 * session of who is. Says what account-routes.ts, token-routes.ts, session-routes.ts and oidc/provider-routes.ts do.
 */
import type { ExtraRoutes } from './openapi-document.ts';
import type { JsonSchema } from './openapi-schemas.ts';
import { problemType } from './rest/problem.ts';

const text = { type: 'string' } as const;
const email = { type: 'string', maxLength: 254 } as const;
const newPassword = { type: 'string', minLength: 10, maxLength: 256 } as const;
const token = { type: 'string', minLength: 1, maxLength: 500 } as const;

function object(
  properties: Readonly<Record<string, unknown>>,
  required = Object.keys(properties),
): JsonSchema {
  return { type: 'object', properties: properties as Record<string, JsonSchema>, required };
}
const json = (description: string, schema: JsonSchema) => ({
  description,
  headers: { 'X-Request-Id': { $ref: '#/components/headers/RequestId' } },
  content: { 'application/json': { schema } },
});
const problem = (description: string) => ({
  description,
  content: { [problemType]: { schema: { $ref: '#/components/schemas/Problem' } } },
});
const common = {
  400: problem('`invalid-input`, `account.password-unfit`'),
  403: {
    description: '`account.registration-closed`, or a foreign page or host asks',
    content: { [problemType]: { schema: { $ref: '#/components/schemas/Problem' } }, 'text/plain': {} },
  },
  408: problem('the body stopped coming'),
  413: problem('the body is too large'),
  415: problem('the body has another type'),
  429: problem('`too-many`: wait as long as Retry-After says'),
  default: problem('Any other failure'),
};
const message = object({ message: text });

/** Forms and JSON alike. */
function bodyOf(schema: JsonSchema) {
  return {
    required: true,
    content: { 'application/json': { schema }, 'application/x-www-form-urlencoded': { schema } },
  };
}

interface Wish {
  readonly id: string;
  readonly summary: string;
  readonly body?: JsonSchema;
  readonly responses: Readonly<Record<string, unknown>>;
}
const open = ({ id, summary, body, responses }: Wish) => ({
  operationId: id,
  summary,
  tags: ['signIn'],
  security: [],
  ...(body === undefined ? {} : { requestBody: bodyOf(body) }),
  responses: { ...common, ...responses },
});
const known = ({ id, summary, responses }: Wish) => ({
  operationId: id,
  summary,
  tags: ['signIn'],
  responses: { ...common, 401: problem('`not-signed-in`'), ...responses },
});

const tokens = object({
  access_token: text,
  token_type: { const: 'bearer' },
  expires_in: { type: 'integer', description: 'Seconds' },
  refresh_token: text,
  scope: { type: 'string', description: 'What was granted, with blanks between' },
});
/** RFC 6749 §5.2; `detail` and `code` are beyond it. */
const tokenFailure = object({ error: text, error_description: text, detail: text, code: text }, [
  'error',
  'error_description',
  'detail',
]);
const providerName = object({ id: text, name: text });

export function signInRoutes(): ExtraRoutes {
  return {
    tags: [
      {
        name: 'signIn',
        description: 'Accounts and tokens. All but `/auth` are under `/v1` as well.',
      },
    ],
    schemas: { Tokens: tokens, TokenFailure: tokenFailure },
    paths: {
      '/sign-in-options': {
        get: open({
          id: 'signIn.options',
          summary: 'Which ways to sign in there are',
          responses: {
            200: json(
              'The ways',
              object({
                passwords: { type: 'boolean' },
                registration: { enum: ['open', 'invited'] },
                providers: { type: 'array', items: providerName },
                isOwnerSetUp: { type: 'boolean' },
              }),
            ),
          },
        }),
      },
      '/register': {
        post: open({
          id: 'signIn.register',
          summary: 'Asks for an account; answers alike whether or not the address has one',
          body: object(
            {
              email,
              password: newPassword,
              name: { type: ['string', 'null'], maxLength: 80 },
              ticket: token,
            },
            ['email', 'password'],
          ),
          responses: {
            201: json('With the one-time link: the account of the owner is ready', message),
            202: json('An e-mail is on its way if it can be', message),
          },
        }),
      },
      '/register/resend': {
        post: open({
          id: 'signIn.resend',
          summary: 'Sends the link of a registration again',
          body: object({ email }),
          responses: { 202: json('An e-mail is on its way if it can be', message) },
        }),
      },
      '/verify': {
        post: open({
          id: 'signIn.verify',
          summary: 'Confirms an address with the token of its e-mail',
          body: object({ token }),
          responses: {
            200: json('Confirmed; nobody is signed in by it', message),
            410: problem('`account.link-expired`'),
          },
        }),
      },
      '/password/forgot': {
        post: open({
          id: 'signIn.forgot',
          summary: 'Sends a link with which a new password is chosen',
          body: object({ email }),
          responses: { 202: json('An e-mail is on its way if it can be', message) },
        }),
      },
      '/password/reset': {
        post: open({
          id: 'signIn.reset',
          summary: 'Chooses a new password with the token of an e-mail; ends all sessions',
          body: object({ token, password: newPassword }),
          responses: { 200: json('Done', message), 410: problem('`account.link-expired`') },
        }),
      },
      '/token': {
        post: {
          ...open({
            id: 'signIn.token',
            summary: 'An access token and a refresh token, for a password or a refresh token (RFC 6749)',
            responses: {
              200: json('The tokens', { $ref: '#/components/schemas/Tokens' }),
              400: json('Not granted', { $ref: '#/components/schemas/TokenFailure' }),
              429: json('Too many tries', { $ref: '#/components/schemas/TokenFailure' }),
            },
          }),
          requestBody: {
            required: true,
            content: {
              'application/x-www-form-urlencoded': {
                schema: object(
                  {
                    grant_type: { enum: ['password', 'refresh_token'] },
                    username: email,
                    password: { type: 'string', maxLength: 256 },
                    otp: { type: 'string', maxLength: 32, description: 'Where a second factor is on' },
                    refresh_token: text,
                    scope: text,
                  },
                  [],
                ),
              },
            },
          },
        },
      },
      '/token/revoke': {
        post: {
          ...open({
            id: 'signIn.revoke',
            summary: 'Ends the session of a token (RFC 7009)',
            responses: {
              200: json('It is not good any more', object({})),
              400: json('The form is not good', { $ref: '#/components/schemas/TokenFailure' }),
            },
          }),
          requestBody: {
            required: true,
            content: { 'application/x-www-form-urlencoded': { schema: object({ token: text }) } },
          },
        },
      },
      '/user': {
        get: known({
          id: 'signIn.user',
          summary: 'Who asks, and what with',
          responses: {
            200: json(
              'One’s own account as `GET /v1/account` tells it, and the scopes of this request',
              object({ id: text, name: text, role: text, scopes: { type: 'array', items: text } }),
            ),
          },
        }),
      },
      '/logout': {
        post: known({
          id: 'signIn.logout',
          summary: 'Ends this session',
          responses: { 200: json('Ended', object({})) },
        }),
      },
      '/logout/everywhere': {
        post: known({
          id: 'signIn.logoutEverywhere',
          summary: 'Ends every session and token of one’s own',
          responses: { 200: json('Ended', object({})) },
        }),
      },
      '/auth/providers': {
        get: open({
          id: 'signIn.providers',
          summary: 'Identity providers that can be signed in with',
          responses: { 200: json('Them', object({ providers: { type: 'array', items: providerName } })) },
        }),
      },
    },
  };
}
