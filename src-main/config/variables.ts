/**
 * Every setting of a served Berth in one table: parsing, `berth serve --help`, `.env.example` and the tests read it. A
 * setting is `NAME` or, to keep it apart from what other programs mean by that name, `BERTH_NAME`, which wins. A secret
 * can also come from a file (`NAME_FILE`) and is never a flag: everybody on a computer can read argument lists.
 */

export interface Variable {
  readonly name: string;
  readonly group: Group;
  /** One or two sentences for a person who decides on it. */
  readonly what: string;
  /** In words; where there is none, what happens then. */
  readonly without: string;
  /** A good value. Of a secret: one that is refused where it guards something. */
  readonly example: string;
  readonly isSecret?: true;
  /** Without the dashes. */
  readonly flag?: string;
  /** How the flag's value is called in the help. */
  readonly argument?: string;
  /** Names from before; they mean the same. */
  readonly earlierNames?: readonly string[];
  readonly earlierFlag?: string;
}

export const groups = [
  'Where it listens and what it keeps',
  'Keys',
  'Who may come in',
  'E-mail',
  'Identity provider (OpenID Connect)',
  'Workspaces and limits',
  'Machines of providers',
] as const;
export type Group = (typeof groups)[number];

const [listening, keys, people, mail, provider, limits, machines] = groups;

export const variables = [
  {
    name: 'DATA_DIR',
    group: listening,
    what: 'Folder for the database, the log, known hosts and sealed secrets. Made at the first start, for its user alone.',
    without: '~/.local/share/berth (or what XDG_DATA_HOME says)',
    example: '/srv/berth',
    flag: 'data-dir',
    argument: 'FOLDER',
  },
  {
    name: 'HOST',
    group: listening,
    what: 'Address to listen on. Beyond loopback it needs TLS_CERT and TLS_KEY, or PUBLIC_URL with https and a proxy in front.',
    without: '127.0.0.1',
    example: '127.0.0.1',
    flag: 'host',
    argument: 'ADDRESS',
  },
  {
    name: 'PORT',
    group: listening,
    what: 'TCP port to listen on; 0 takes any free one.',
    without: '7474',
    example: '7474',
    flag: 'port',
    argument: 'N',
  },
  {
    name: 'PUBLIC_URL',
    group: listening,
    what: 'The address in the browser. Only requests for this name are answered. http is for loopback names alone, as for a container whose port is published on 127.0.0.1.',
    without: 'the loopback names at PORT',
    example: 'https://berth.example.org',
    flag: 'public-url',
    argument: 'URL',
    earlierNames: ['PUBLIC_ORIGIN'],
    earlierFlag: 'public-origin',
  },
  {
    name: 'APPS_ORIGIN',
    group: listening,
    what: 'Where web apps of workspaces are, each at a name of its own in place of the *. DNS and the certificate for all these names are yours to set up; a domain apart from PUBLIC_URL’s keeps their cookies apart, too. Needs PUBLIC_URL.',
    without: 'names below localhost where Berth is reached on loopback; elsewhere web apps have no address',
    example: 'https://*.apps.example.org',
    flag: 'apps-origin',
    argument: 'PATTERN',
  },
  {
    name: 'TLS_CERT',
    group: listening,
    what: 'PEM file with the certificate and its chain. Goes with TLS_KEY and PUBLIC_URL.',
    without: 'plain HTTP, for loopback or a proxy with TLS in front',
    example: '/etc/berth/tls/fullchain.pem',
    flag: 'tls-cert',
    argument: 'FILE',
  },
  {
    name: 'TLS_KEY',
    group: listening,
    what: 'PEM file with the key of TLS_CERT, without a passphrase, unreadable for others.',
    without: 'see TLS_CERT',
    example: '/etc/berth/tls/privkey.pem',
    flag: 'tls-key',
    argument: 'FILE',
  },
  {
    name: 'TRUSTED_PROXIES',
    group: listening,
    what: 'Addresses or CIDR blocks of proxies whose X-Forwarded-For is believed, separated by commas.',
    without: 'nobody is believed; behind a proxy all clients then count as one',
    example: '127.0.0.1,172.18.0.0/16',
    flag: 'trusted-proxies',
    argument: 'LIST',
  },
  {
    name: 'CORS_ORIGINS',
    group: listening,
    what: 'Origins of other sites whose pages may call the API with a token (never with a cookie), separated by commas.',
    without: 'none',
    example: 'https://dashboard.example.org',
    flag: 'cors-origins',
    argument: 'LIST',
  },
  {
    name: 'DB_URL',
    group: listening,
    what: 'PostgreSQL database for the records. Over a network it needs an sslmode: verify-full, verify-ca or require; disable has to be said.',
    without: 'SQLite in DATA_DIR',
    example: 'postgresql://berth:PASSWORD@db.example.org/berth?sslmode=verify-full',
    isSecret: true,
  },
  {
    name: 'SECRET_KEY',
    group: keys,
    what: 'At least 32 random characters (openssl rand -base64 48). Signs access tokens; where no keychain works, also opens the vault of kept passwords by itself.',
    without: 'one is made at the first start and kept in DATA_DIR',
    example: 'your-secret-key-from-openssl-rand-base64-48',
    isSecret: true,
  },
  {
    name: 'DELETE_KEY',
    group: keys,
    what: 'Key for DELETE /container/{name} without an account, at least 16 random characters.',
    without: 'that route needs a signed-in person',
    example: 'your-delete-key',
    isSecret: true,
  },
  {
    name: 'REGISTRATION',
    group: people,
    what: 'invited: only people who were invited get an account. open: everybody with an e-mail address; needs SMTP.',
    without: 'invited',
    example: 'invited',
    flag: 'registration',
    argument: 'open|invited',
  },
  {
    name: 'IDLE_TIMEOUT',
    group: people,
    what: 'A terminal that nobody watches and that is silent for so long is closed: seconds, or 30m, 2h, 1d; 0 is never.',
    without: 'never',
    example: '2h',
    flag: 'idle-timeout',
    argument: 'TIME',
  },
  {
    name: 'RATE_LIMIT',
    group: people,
    what: 'Calls of the API that one person may make in a minute; 0 is no limit. Sign-ins have limits of their own.',
    without: '6000',
    example: '600',
    flag: 'rate-limit',
    argument: 'N',
  },
  {
    name: 'SMTP_HOST',
    group: mail,
    what: 'Mail server for invitations, confirmations and password resets. Or all of it in SMTP_URL.',
    without: 'no e-mail is sent',
    example: 'smtp.example.org',
  },
  {
    name: 'SMTP_PORT',
    group: mail,
    what: 'Port of the mail server.',
    without: '465 with tls, 587 with starttls, 25 with none',
    example: '587',
  },
  {
    name: 'SMTP_SECURITY',
    group: mail,
    what: 'tls: encrypted from the first byte. starttls: encrypted after the greeting, or not sent. none: for this computer or a network of your own, without a password.',
    without: 'tls on port 465, none on loopback, otherwise starttls',
    example: 'starttls',
  },
  {
    name: 'SMTP_USER',
    group: mail,
    what: 'User name at the mail server.',
    without: 'no sign-in there',
    example: 'berth@example.org',
  },
  {
    name: 'SMTP_PASSWORD',
    group: mail,
    what: 'Password at the mail server.',
    without: 'no sign-in there',
    example: 'PASSWORD',
    isSecret: true,
  },
  {
    name: 'SMTP_FROM',
    group: mail,
    what: 'Sender of the mails.',
    without: 'SMTP_USER, where that is an address',
    example: 'Berth <berth@example.org>',
  },
  {
    name: 'SMTP_URL',
    group: mail,
    what: 'Host, port, user and password in one: smtps:// is tls, smtp:// is as SMTP_SECURITY says.',
    without: 'see SMTP_HOST',
    example: 'smtps://USER:PASSWORD@smtp.example.org:465',
    isSecret: true,
  },
  {
    name: 'OIDC_ISSUER',
    group: provider,
    what: 'Address of the identity provider; its /.well-known/openid-configuration is read. Several providers: OIDC_<ID>_ISSUER and so on, as OIDC_KEYCLOAK_ISSUER.',
    without: 'people sign in with a password',
    example: 'https://login.example.org/realms/berth',
  },
  {
    name: 'OIDC_CLIENT_ID',
    group: provider,
    what: 'Berth’s name at the provider. The redirect address to enter there: PUBLIC_URL/auth/oidc/callback; of OIDC_<ID>_… it is /auth/<id>/callback, in small letters, - for _.',
    without: 'has to be said with OIDC_ISSUER',
    example: 'berth',
  },
  {
    name: 'OIDC_CLIENT_SECRET',
    group: provider,
    what: 'Berth’s secret at the provider.',
    without: 'a public client, with PKCE alone',
    example: 'CLIENT-SECRET',
    isSecret: true,
  },
  {
    name: 'OIDC_AUDIENCE',
    group: provider,
    what: 'Audiences that tokens for the API may be made for, separated by commas.',
    without: 'OIDC_CLIENT_ID',
    example: 'berth-api',
  },
  {
    name: 'OIDC_ALGORITHMS',
    group: provider,
    what: 'Accepted signatures, separated by commas; asymmetric ones alone.',
    without: 'RS256,PS256,ES256,EdDSA',
    example: 'RS256',
  },
  {
    name: 'OIDC_USER_CLAIM',
    group: provider,
    what: 'The claim by which a person is known again. One that the person can change at the provider lets them be somebody else.',
    without: 'sub',
    example: 'sub',
  },
  {
    name: 'OIDC_SCOPES',
    group: provider,
    what: 'Scopes to ask for, separated by spaces; openid is one of them.',
    without: 'openid profile email',
    example: 'openid profile email',
  },
  {
    name: 'OIDC_NAME',
    group: provider,
    what: 'Name on the button.',
    without: 'the host of OIDC_ISSUER',
    example: 'Company login',
  },
  {
    name: 'OIDC_MAKE_USERS',
    group: provider,
    what: 'true: whoever signs in there for the first time gets an account. false: only people who have one already.',
    without: 'false',
    example: 'true',
  },
  {
    name: 'FIRST_IMAGE',
    group: limits,
    what: 'Image of the workspace that somebody gets who asks by program for one that is not there.',
    without: 'such a request is refused',
    example: 'debian:13',
    flag: 'first-image',
    argument: 'IMAGE',
  },
  {
    name: 'FIRST_HOST',
    group: limits,
    what: 'Name of the host that such a workspace is made on.',
    without: 'the one that Berth chooses',
    example: 'big-server',
    flag: 'first-host',
    argument: 'NAME',
  },
  {
    name: 'QUOTA_WORKSPACES',
    group: limits,
    what: 'How many workspaces one person may have.',
    without: 'no limit',
    example: '5',
  },
  {
    name: 'QUOTA_CPUS',
    group: limits,
    what: 'Sum of the processor limits of one person’s workspaces.',
    without: 'no limit',
    example: '4',
  },
  {
    name: 'QUOTA_MEMORY',
    group: limits,
    what: 'Sum of the memory limits of one person’s workspaces.',
    without: 'no limit',
    example: '8GiB',
  },
  {
    name: 'QUOTA_DISK',
    group: limits,
    what: 'Volumes and snapshots of one person together.',
    without: 'no limit',
    example: '50GiB',
  },
  {
    name: 'QUOTA_SNAPSHOTS',
    group: limits,
    what: 'How many snapshots one person may have.',
    without: 'no limit',
    example: '100',
  },
  {
    name: 'DIGITALOCEAN_API_URL',
    group: machines,
    what: 'Another address of DigitalOcean’s API, as of a gateway that records what is asked. Tokens are sent there: https, or http on loopback. The desktop reads it from the environment.',
    without: 'https://api.digitalocean.com',
    example: 'https://cloud-gateway.example.org',
    flag: 'digitalocean-api-url',
    argument: 'URL',
  },
] as const satisfies readonly Variable[];

export type VariableName = (typeof variables)[number]['name'];

/** What comes after `OIDC_` or `OIDC_<ID>_`. */
export const providerFields = variables
  .map(({ name }) => name)
  .filter((name) => name.startsWith('OIDC_'))
  .map((name) => name.slice('OIDC_'.length));

/** The row of a name; of `OIDC_KEYCLOAK_ISSUER` that of `OIDC_ISSUER`. Undefined: no such setting. */
export function variableOf(name: string): Variable | undefined {
  const rows: readonly Variable[] = variables;
  const exact = rows.find((row) => row.name === name);
  if (exact !== undefined) return exact;
  const field = providerFieldOf(name)?.field;
  return field === undefined ? undefined : rows.find((row) => row.name === `OIDC_${field}`);
}

/** `OIDC_MY_IDP_CLIENT_ID` is field CLIENT_ID of the provider `my-idp`. Undefined for a name of the one unnamed provider. */
export function providerFieldOf(name: string): { readonly key: string; readonly field: string } | undefined {
  if (!name.startsWith('OIDC_') || variables.some((row) => row.name === name)) return undefined;
  const rest = name.slice('OIDC_'.length);
  // The longest field wins: X_CLIENT_ID ends in no shorter one, but a later field might.
  const field = [...providerFields]
    .sort((a, b) => b.length - a.length)
    .find((one) => rest.endsWith(`_${one}`) && /^[A-Z0-9_]+$/.test(rest));
  if (field === undefined) return undefined;
  const key = rest.slice(0, -field.length - 1);
  return /^[A-Z][A-Z0-9_]{0,30}$/.test(key) ? { key, field } : undefined;
}
