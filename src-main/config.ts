/**
 * Flags and environment, read once into a frozen value. Owns every default of a start; nothing else reads `process.env`
 * or `process.argv`. Makes the data folder (0700), because its permissions belong to the decision where it is.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve, win32 } from 'node:path';
import { parseArgs } from 'node:util';
import { noQuota, type Quota } from '#contract/users.ts';
import type { Secret } from './control-plane/interfaces/secret.ts';

export interface Config {
  /** `desktop`: one local owner in a window. `served`: in a browser. */
  readonly mode: 'desktop' | 'served';
  readonly version: string;
  /** Absolute; holds database, log, known hosts. Mode 0700. */
  readonly dataFolder: string;
  /** Address that the server listens on. Served mode only. */
  readonly host: string;
  /** 0: any free one. Served mode only. */
  readonly port: number;
  /** `https://name[:port]` under which a proxy with TLS shows this server; null: reached directly on loopback. */
  readonly publicOrigin: string | null;
  readonly isBrowserOpened: boolean;
  /** The built renderer. */
  readonly uiFolder: string;
  /** POSIX sh scripts that run on hosts. */
  readonly remoteScriptsFolder: string;
  /** A JSON file {name, definition, hostKey?} with a host to add when it is absent. */
  readonly addHostFile: string | null;
  readonly served: ServedConfig;
}

/** How e-mail leaves; see nodemailer's SMTP transport. */
export interface SmtpConfig {
  readonly host: string;
  readonly port: number;
  /** `tls`: from the first byte (465). `starttls`: required after the greeting. `none`: on loopback only. */
  readonly security: 'tls' | 'starttls' | 'none';
  readonly user: string | null;
  readonly password: Secret | null;
  /** As `Berth <berth@example.org>`. */
  readonly from: string;
}

/** One identity provider (OpenID Connect Discovery 1.0). */
export interface OidcConfig {
  /** In paths and on the button's place, as `keycloak`. */
  readonly id: string;
  /** On the button. */
  readonly name: string;
  /** https, or http on loopback. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: Secret | null;
  /** `aud` that API calls' tokens must have one of; the client's id where nothing else is said. */
  readonly audiences: readonly string[];
  /** Accepted signatures; never `none`, never symmetric. */
  readonly algorithms: readonly string[];
  /** The claim by which a person is known again, as `sub`. */
  readonly userClaim: string;
  readonly scopes: readonly string[];
  /** Whether somebody new gets an account. */
  readonly makesUsers: boolean;
}

/** What a served Berth is told beyond where its data is. The desktop has the defaults, and uses none of it. */
export interface ServedConfig {
  /** `postgres://…`; null: SQLite in the data folder. */
  readonly databaseUrl: Secret | null;
  /** At least 32 characters; null: made at the first start and kept in the data folder. Signs access tokens. */
  readonly secretKey: Secret | null;
  /** Origins of other sites whose pages may call the API with a token; never with a cookie. */
  readonly corsOrigins: readonly string[];
  readonly smtp: SmtpConfig | null;
  readonly oidc: readonly OidcConfig[];
  /** `open`: anybody with an address registers. `invited`: only who was invited. */
  readonly registration: 'open' | 'invited';
  /** For `DELETE /container/{name}`; null: that route needs a signed-in person. */
  readonly deleteKey: Secret | null;
  /** A terminal that nobody watches and that is silent for so long is closed; null: never. Milliseconds. */
  readonly idleTimeoutMs: number | null;
  readonly tls: { readonly certificateFile: string; readonly keyFile: string } | null;
  /** Addresses or CIDR blocks whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  /** What a person's first workspace is made of where a program asks for one that is not there; null: it is refused. */
  readonly firstWorkspace: { readonly image: string; readonly hostName: string | null } | null;
  /** What everybody who registers may have. */
  readonly defaultQuota: Quota;
}

export const servedDefaults: ServedConfig = {
  databaseUrl: null,
  secretKey: null,
  corsOrigins: [],
  smtp: null,
  oidc: [],
  registration: 'invited',
  deleteKey: null,
  idleTimeoutMs: null,
  tls: null,
  trustedProxies: [],
  firstWorkspace: null,
  defaultQuota: noQuota,
};

export interface ConfigSource {
  readonly mode: Config['mode'];
  /** Without program and script: `process.argv.slice(2)`. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What a person typed wrong; its message is for the terminal. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const loopback = new Set(['127.0.0.1', 'localhost', '::1']);
const defaultPort = 7474;

export const configFlags = {
  'data-dir': { type: 'string' },
  host: { type: 'string' },
  port: { type: 'string' },
  'public-origin': { type: 'string' },
  'add-host': { type: 'string' },
  open: { type: 'boolean' },
} as const;

/** @throws ConfigError for an unknown flag or a value that cannot be used. */
export function readConfig({ mode, argv, env }: ConfigSource): Config {
  // Chromium has flags of its own, and a link is no flag: the desktop takes only what it knows.
  const values = mode === 'desktop' ? parseKnownFlags(argv) : parseFlags(argv);
  const root = packageRoot(import.meta.dirname);
  const dataFolder = dataFolderIn(values['data-dir'], env);
  const host = values.host ?? '127.0.0.1';
  const publicOrigin = parseOrigin(values['public-origin'] ?? env.BERTH_PUBLIC_ORIGIN);
  if (mode === 'served' && !loopback.has(host) && publicOrigin === null)
    throw new ConfigError(
      `Listening on ${host} would send the sign-in over the network unencrypted. Put a proxy with TLS in front and say --public-origin https://its.name, or leave --host out.`,
    );
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  chmodSync(dataFolder, 0o700);
  return Object.freeze({
    mode,
    version: readVersion(root),
    dataFolder,
    host,
    port: parsePort(values.port ?? env.BERTH_PORT),
    publicOrigin,
    isBrowserOpened: values.open ?? false,
    uiFolder: join(root, 'out', 'renderer'),
    remoteScriptsFolder: join(root, 'resources', 'remote'),
    addHostFile: values['add-host'] === undefined ? null : resolve(values['add-host']),
    served: servedDefaults,
  });
}

function parseFlags(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: configFlags, strict: true }).values;
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error));
  }
}

type FlagValues = ReturnType<typeof parseFlags>;

function parseKnownFlags(argv: readonly string[]): FlagValues {
  const known = Object.keys(configFlags);
  const picked = argv.flatMap((argument, index) => {
    const name = known.find((one) => argument === `--${one}` || argument.startsWith(`--${one}=`));
    if (name === undefined) return [];
    const takesValue =
      argument === `--${name}` && configFlags[name as keyof typeof configFlags].type === 'string';
    const value = argv[index + 1];
    return takesValue && value !== undefined ? [argument, value] : [argument];
  });
  return parseFlags(picked);
}

function parsePort(text: string | undefined): number {
  if (text === undefined) return defaultPort;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    throw new ConfigError('--port must be 0 to 65535 (0: any free one).');
  return port;
}

function parseOrigin(text: string | undefined): string | null {
  if (text === undefined || text === '') return null;
  const url = URL.parse(text);
  if (url === null || url.protocol !== 'https:' || url.origin !== text.replace(/\/$/, ''))
    throw new ConfigError('--public-origin must look like https://berth.example.org or https://name:8443.');
  return url.origin;
}

/** Where the data is, said or not. Makes nothing. */
export function dataFolderIn(typed: string | undefined, env: ConfigSource['env']): string {
  return resolve(typed ?? env.BERTH_DATA_DIR ?? defaultDataFolder(env));
}

/** XDG on Linux, the usual places elsewhere. */
export function defaultDataFolder(env: ConfigSource['env'], platform: string = process.platform): string {
  const home = homedir();
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Berth');
  // Not the roaming folder: a database and the addresses of this computer's servers are not for copying at each sign-in.
  if (platform === 'win32') {
    const local = env.LOCALAPPDATA;
    return win32.join(
      local !== undefined && win32.isAbsolute(local) ? local : win32.join(home, 'AppData', 'Local'),
      'Berth',
    );
  }
  const xdg = env.XDG_DATA_HOME;
  // The specification says that a relative path must be ignored.
  return join(xdg !== undefined && isAbsolute(xdg) ? xdg : join(home, '.local', 'share'), 'berth');
}

/** The folder with package.json: the same for the sources, for out/main and inside the packaged archive. */
function packageRoot(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (dirname(folder) === folder) return start;
  }
}

function readVersion(root: string): string {
  const parsed: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const isVersioned = typeof parsed === 'object' && parsed !== null && 'version' in parsed;
  return isVersioned && typeof parsed.version === 'string' ? parsed.version : '0.0.0';
}
