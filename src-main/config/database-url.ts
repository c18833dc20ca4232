/**
 * The address of a PostgreSQL database. Over a network the connection is encrypted unless `sslmode=disable` says that it
 * shall not be: without an sslmode, libpq's default would take an unencrypted one without a word (libpq, 34.19.1).
 */
import type { Secret } from '../control-plane/interfaces/secret.ts';
import { WrongValue } from './config-error.ts';
import type { Settings } from './settings.ts';
import { isLoopback } from './values.ts';

const encrypted = ['require', 'verify-ca', 'verify-full'];

export function readDatabaseUrl(settings: Settings): Secret | null {
  return settings.readSecret('DB_URL', (text) => {
    const { isLocal, sslMode } = parseDatabaseUrl(text);
    if (isLocal || sslMode === 'verify-full' || sslMode === 'verify-ca') return;
    if (sslMode === 'disable')
      settings.findings.warn(
        'DB_URL says sslmode=disable: all records go to the database unencrypted. Right only in a network of your own, as between two containers.',
      );
    else if (sslMode === 'require')
      settings.findings.warn(
        'DB_URL says sslmode=require, which does not say whether the server’s certificate is looked at. Say verify-full.',
      );
    else
      throw new WrongValue(
        'would go over the network without saying that it is encrypted. Add ?sslmode=verify-full; or, in a network of your own, ?sslmode=disable',
      );
  });
}

/** @throws WrongValue */
export function parseDatabaseUrl(text: string): {
  readonly isLocal: boolean;
  readonly sslMode: string | null;
} {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:'))
    throw new WrongValue(
      'must look like postgresql://USER:PASSWORD@HOST:5432/DATABASE?sslmode=verify-full, with what is no letter or digit in the password percent-encoded (@ is %40)',
    );
  // As libpq, a host may stand among the parameters; a path there is a socket of this computer.
  const host = url.searchParams.get('host') ?? url.hostname;
  if (host === '' && !url.searchParams.has('host')) throw new WrongValue('names no host');
  if (!/^\/[^/]+$/.test(url.pathname))
    throw new WrongValue('names no database: it stands behind the host, as HOST/berth');
  const sslMode = url.searchParams.get('sslmode');
  if (sslMode !== null && ![...encrypted, 'disable', 'allow', 'prefer'].includes(sslMode))
    throw new WrongValue('has an sslmode that is none: verify-full, verify-ca, require or disable');
  return { isLocal: host.startsWith('/') || isLoopback(host), sslMode };
}
