/**
 * The one place where failures of the API and of the network become Berth's codes: by table, first match wins. Each says
 * what happened and what to do, and keeps the provider's own sentence, bounded and printable, never the token.
 * Most failures of making a Droplet are 422, which the API's document does not declare; they differ by their text alone.
 */
import { BerthError, type ErrorDetails } from '#contract/berth-error.ts';
import type { ErrorCode } from '#contract/error-codes.ts';
import { type Route, routes } from './api-routes.ts';

/** An answer from 400 on, but for 429. */
export interface Refusal {
  readonly route: Route;
  readonly status: number;
  /** The provider's `message`; empty where it gave none. */
  readonly message: string;
  readonly requestId: string | null;
}

interface Row {
  readonly status: readonly number[];
  readonly pattern?: RegExp;
  readonly code: ErrorCode;
  readonly says: string;
  /** The field of a wish that is not accepted. */
  readonly field?: string;
  /** Passes by itself, within seconds or minutes. */
  readonly isBusy?: true;
}

const unprocessable = [400, 422];

/** Order matters: what names the cause stands above what names only a part of the request. */
const rows: readonly Row[] = [
  {
    status: [401],
    code: 'cloud.token-refused',
    says: 'DigitalOcean does not accept the token: it is wrong, expired or was revoked. Make a new one there, and put it in here.',
  },
  {
    status: unprocessable,
    pattern: /too large to fit|restricted/i,
    code: 'cloud.not-offered',
    says: 'DigitalOcean does not give this size to the account, or not here. Choose another size, or look at the account there.',
    field: 'size',
  },
  {
    status: [403, 422],
    pattern: /\b(account|team)\b.*\b(lock|suspend|verif|deactivat)|billing|payment/i,
    code: 'cloud.refused',
    says: 'DigitalOcean does not let the account do this for now. Look at the account there.',
  },
  {
    status: [409],
    pattern: /duplicate|already (exists|in use)|not unique/i,
    code: 'cloud.refused',
    says: 'There is one of this name at DigitalOcean already.',
    field: 'name',
  },
  {
    status: [409],
    code: 'cloud.refused',
    says: 'DigitalOcean is busy with it, or it is in use. Try again in a minute.',
    isBusy: true,
  },
  {
    status: unprocessable,
    pattern: /pending event|in progress|is (currently )?locked/i,
    code: 'cloud.refused',
    says: 'DigitalOcean is busy with it. Try again in a minute.',
    isBusy: true,
  },
  {
    status: unprocessable,
    pattern: /exceed\w* .*limit|limit .*(exceed|reach)|reached .*(limit|maximum)|too many/i,
    code: 'cloud.limit-reached',
    says: 'The limit of the DigitalOcean account is reached. Destroy something there, or ask DigitalOcean to raise it.',
  },
  {
    status: unprocessable,
    pattern: /disk .*(too small|larger|smaller|downsiz|decreas|shrink|resiz)|(larger|smaller|bigger) disk/i,
    code: 'cloud.not-offered',
    says: 'The disk of this size is too small: a disk can grow, never shrink. Choose a larger size.',
    field: 'size',
  },
  {
    status: unprocessable,
    pattern: /\bimage\b.*(not available|unavailable|invalid|does not exist|not found)|invalid .*\bimage\b/i,
    code: 'cloud.not-offered',
    says: 'DigitalOcean does not have this image there. Choose another image or region.',
    field: 'image',
  },
  {
    status: unprocessable,
    pattern: /\bsize\b.*(not available|unavailable|invalid|does not exist|not found)|invalid .*\bsize\b/i,
    code: 'cloud.not-offered',
    says: 'DigitalOcean does not offer this size there now. Choose another size or region.',
    field: 'size',
  },
  {
    status: unprocessable,
    pattern:
      /\bregion\b.*(not available|unavailable|invalid|does not exist|disabled|closed|not found)|(invalid|disabled) .*\bregion\b/i,
    code: 'cloud.not-offered',
    says: 'DigitalOcean makes nothing new in this region now. Choose another region.',
    field: 'region',
  },
  {
    status: unprocessable,
    pattern: /ssh.?keys?\b|key identifier|\bkey\b.*(invalid|malformed|in use)|(invalid|malformed) .*\bkey\b/i,
    code: 'cloud.refused',
    says: 'DigitalOcean did not take the SSH key.',
    field: 'key',
  },
  {
    status: unprocessable,
    pattern: /\btags?\b/i,
    code: 'cloud.refused',
    says: 'DigitalOcean did not take a tag: it may have letters, digits, colons, dashes and underscores.',
    field: 'tags',
  },
  {
    status: unprocessable,
    pattern: /hostname|\bname\b/i,
    code: 'cloud.refused',
    says: 'DigitalOcean did not take the name: it may have letters, digits, dots and dashes. Choose another name.',
    field: 'name',
  },
  {
    status: unprocessable,
    pattern: /user.?data/i,
    code: 'cloud.refused',
    says: 'DigitalOcean did not take the set-up text of the droplet.',
    field: 'userData',
  },
  {
    status: [404],
    code: 'cloud.refused',
    says: 'It is not there at DigitalOcean any more.',
  },
];

export function refusalError(refusal: Refusal): BerthError {
  const { message, requestId, route, status } = refusal;
  const details: ErrorDetails = {
    status,
    ...(message === '' ? {} : { providerMessage: message }),
    ...(requestId === null ? {} : { requestId }),
  };
  // First, since a scope has words in its name that mean something else alone: `billing:read`.
  if (status === 403 && scopeIn(message) !== undefined) return permissionMissing(refusal, details);
  const row = rows.find(
    (one) => one.status.includes(status) && (one.pattern === undefined || one.pattern.test(message)),
  );
  if (row !== undefined)
    return new BerthError(row.code, withWords(row.says, message), {
      details: {
        ...details,
        ...(row.field === undefined ? {} : { field: row.field }),
        ...(row.isBusy === undefined ? {} : { isBusy: true }),
      },
    });
  if (status === 403) return permissionMissing(refusal, details);
  if (status >= 500)
    return new BerthError(
      'cloud.failed',
      withWords(`DigitalOcean failed (status ${status}). It may have done it all the same.`, message),
      { details },
    );
  return new BerthError('cloud.refused', withWords(`DigitalOcean refused (status ${status}).`, message), {
    details: { ...details, route },
  });
}

/** Whether it passes by itself: a volume that lets go of its Droplet, an action that still runs. */
export function isBusy(error: unknown): boolean {
  return BerthError.is(error, 'cloud.refused') && error.details.isBusy === true;
}

export function isGone(error: unknown): boolean {
  return BerthError.is(error, 'cloud.refused') && error.details.status === 404;
}

/** The answer names the scope only now and then; the table always does. */
function permissionMissing({ message, route }: Refusal, details: ErrorDetails): BerthError {
  const named = scopeIn(message);
  const permissions: readonly string[] = named === undefined ? routes[route] : [named];
  const [first = ''] = permissions;
  const list = permissions.length === 1 ? first : `one of ${permissions.join(', ')}`;
  return new BerthError(
    'cloud.permission-missing',
    withWords(
      `The token may not do this: it lacks ${list}. Make a token with that at DigitalOcean, and put it in here.`,
      message,
    ),
    { details: { ...details, permission: first, permissions } },
  );
}

function scopeIn(message: string): string | undefined {
  return /\b[a-z]+(?:_[a-z]+)*:[a-z]+\b/.exec(message)?.[0];
}

function withWords(says: string, message: string): string {
  return message === '' ? says : `${says} DigitalOcean says: “${message}”`;
}

const NAME_FAILURES = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA']);
const CERTIFICATE_FAILURES = /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO_/;

/** No answer, or none that came whole. `cause` of `fetch` says why. */
export function transportError(cause: unknown, host: string): BerthError {
  const code = codeOf(cause);
  const says = NAME_FAILURES.has(code)
    ? `The name ${host} cannot be looked up. Check the network.`
    : CERTIFICATE_FAILURES.test(code)
      ? `The certificate of ${host} is not trusted: something stands between. Check the network and this computer’s clock.`
      : code === 'ECONNREFUSED'
        ? `${host} refuses connections. Check the network.`
        : `DigitalOcean (${host}) cannot be reached, or the connection broke. Check the network.`;
  return new BerthError('cloud.unreachable', says, {
    cause,
    details: { host, ...(code === '' ? {} : { reason: code }) },
  });
}

export function overdueError(host: string, timeoutMs: number): BerthError {
  return new BerthError(
    'cloud.unreachable',
    `DigitalOcean (${host}) did not answer within ${timeoutMs / 1000} seconds.`,
    { details: { host, reason: 'timeout' } },
  );
}

/** An answer that is none of the API's: what it means for what was asked is unknown. */
export function strangeAnswer(what: string, requestId: string | null, cause?: unknown): BerthError {
  return new BerthError('cloud.failed', `DigitalOcean’s answer cannot be used: ${what}.`, {
    cause,
    details: requestId === null ? {} : { requestId },
  });
}

function codeOf(error: unknown): string {
  for (let one = error, depth = 0; one instanceof Error && depth < 5; one = one.cause, depth += 1)
    if ('code' in one && typeof one.code === 'string') return one.code;
  return '';
}
