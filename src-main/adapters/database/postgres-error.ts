/**
 * PostgreSQL's failures in Berth's words, by SQLSTATE (PostgreSQL manual, appendix A) and by the names of errno(3) where
 * there is no answer at all. `cause` keeps the original for the log; no message holds the address, for it has the password.
 */
import { BerthError } from '#contract/berth-error.ts';

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}

/** The connection is gone or never was; the same on a new one may work. */
export function isConnectionLoss(error: unknown): boolean {
  const code = codeOf(error);
  // 08: connection exception; 57P01 to 57P03: shut down, crashed, starting up. Messages are node-postgres's own.
  if (/^(08...|57P0[1-3]|E[A-Z]+)$/.test(code)) return true;
  return (
    code === '' &&
    error instanceof Error &&
    /connection|timeout|not queryable|socket|closed/i.test(error.message)
  );
}

const tlsCodes = /^(CERT_|ERR_TLS|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_)/;

export function postgresError(cause: unknown): BerthError {
  if (BerthError.is(cause)) return cause;
  const unwritable = (message: string) => new BerthError('store.unwritable', message, { cause });
  const code = codeOf(cause);
  if (tlsCodes.test(code))
    return unwritable(
      'The certificate of the PostgreSQL server is not trusted. Name its authority in DB_URL: ?sslmode=verify-full&sslrootcert=FILE',
    );
  if (/^28/.test(code)) return unwritable('PostgreSQL refused user or password. Check DB_URL.');
  if (code === '3D000')
    return unwritable('PostgreSQL has no database of this name. Make it (createdb), or check DB_URL.');
  if (code === '42501')
    return unwritable(
      'PostgreSQL does not let this user make tables. Grant it CREATE on the schema, or use a database of its own.',
    );
  if (/^53/.test(code)) return unwritable('PostgreSQL is out of disk, memory or connections.');
  if (code === '25006')
    return unwritable('PostgreSQL is read-only there: this is a standby. Name the primary in DB_URL.');
  if (isConnectionLoss(cause))
    return unwritable(
      'The PostgreSQL server does not answer. Nothing was changed; Berth goes on when it is back.',
    );
  return new BerthError('internal', 'The database refused a statement.', { cause });
}
