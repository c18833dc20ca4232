/** What `berth serve --check-config` prints: what would hold, and where each setting came from. Secrets are only named. */
import type { Config } from '../config.ts';

export function describeConfig(config: Config): string {
  const { served } = config;
  const effective: readonly (readonly [string, string])[] = [
    ['Data folder', config.dataFolder],
    ['Records', served.databaseUrl === null ? 'SQLite, in the data folder' : 'PostgreSQL'],
    [
      'Listens on',
      `${config.host}, port ${config.port === 0 ? '(any free one)' : config.port}, ${served.tls === null ? 'plain HTTP' : 'TLS'}`,
    ],
    ['Answers to', config.publicOrigin ?? 'loopback names'],
    ['Proxies believed', served.trustedProxies.join(', ') || 'none'],
    ['Other sites', served.corsOrigins.join(', ') || 'none'],
    ['Signing key', served.secretKey === null ? 'made and kept in the data folder' : 'given'],
    ['Registration', served.registration],
    [
      'E-mail',
      served.smtp === null
        ? 'none'
        : `${served.smtp.host}:${served.smtp.port}, ${served.smtp.security}, from ${served.smtp.from}`,
    ],
    ...served.oidc.map(
      ({ id, issuer, makesUsers }) =>
        [`Provider ${id}`, `${issuer}, ${makesUsers ? 'makes accounts' : 'for existing accounts'}`] as const,
    ),
    [
      'Silent terminals',
      served.idleTimeoutMs === null ? 'stay' : `are closed after ${served.idleTimeoutMs / 1000} s`,
    ],
    [
      'First workspace',
      served.firstWorkspace === null
        ? 'none'
        : `${served.firstWorkspace.image} on ${served.firstWorkspace.hostName ?? 'any host'}`,
    ],
    ['Limits', limitsOf(config)],
  ];
  const width = Math.max(...effective.map(([name]) => name.length));
  const lines = effective.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`);
  const said = config.said.map(
    ({ name, place, isSecret, text }) => `  ${name}=${isSecret ? '(secret)' : text}  from ${place}`,
  );
  return `This is how Berth would start:\n${lines.join('\n')}\nWhat was said:\n${said.join('\n') || '  nothing; all of it are defaults'}\n`;
}

function limitsOf({ served: { defaultQuota } }: Config): string {
  const said = Object.entries(defaultQuota).filter(([, value]) => value !== null);
  return said.map(([name, value]) => `${name} ${value}`).join(', ') || 'none';
}
