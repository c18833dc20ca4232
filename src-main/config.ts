/**
 * Flags, environment and the file of settings, read once into a frozen value; its parts are in config/. Owns the order in
 * which they are read; nothing else reads `process.env` or `process.argv`. Makes the data folder (0700), because its
 * permissions belong to the decision where it is. Everything that is wrong is told at once.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { noQuota, type Quota } from '#contract/users.ts';
import { parseApiUrl } from './config/cloud-api.ts';
import { ConfigError, Findings } from './config/config-error.ts';
import { checkDataFolder, defaultDataFolder, makeDataFolder, servedBefore } from './config/data-folder.ts';
import { type EnvFile, readEnvFile } from './config/env-file.ts';
import { readListening } from './config/listening.ts';
import { defaultCallsPerMinute, readServed, readStored } from './config/served.ts';
import { Settings } from './config/settings.ts';
import { warnOfStrangeNames } from './config/strange-names.ts';
import { type Variable, variableOf, variables } from './config/variables.ts';
import type { Secret } from './control-plane/interfaces/secret.ts';

export { ConfigError } from './config/config-error.ts';
export { markServed } from './config/data-folder.ts';
export { describeConfig } from './config/describe-config.ts';
export { serveUsage } from './config/serve-usage.ts';

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
  /**
   * The address in the browser: `https://name[:port]`, or http with a loopback name, where a port on loopback leads here
   * from outside of a container. Null: the loopback names at the port.
   */
  readonly publicOrigin: string | null;
  readonly isBrowserOpened: boolean;
  /** The built renderer. */
  readonly uiFolder: string;
  /** POSIX sh scripts that run on hosts. */
  readonly remoteScriptsFolder: string;
  /** A JSON file {name, definition, hostKey?} with a host to add when it is absent. */
  readonly addHostFile: string | null;
  /** `https://…`, or http on loopback; null: DigitalOcean's own. */
  readonly digitalOceanApiUrl: string | null;
  readonly served: ServedConfig;
  /** For whoever starts it; they stop nothing. */
  readonly warnings: readonly string[];
  /** The settings that somebody made, and where. The text of a secret is not in it. */
  readonly said: readonly SaidSetting[];
  /** Read everything, print it, and end. */
  readonly isCheckOnly: boolean;
}

export interface SaidSetting {
  readonly name: string;
  readonly place: string;
  readonly isSecret: boolean;
  /** Empty for a secret. */
  readonly text: string;
  /** The variables of the environment that say it. */
  readonly environmentNames: readonly string[];
}

/** How e-mail leaves; see nodemailer's SMTP transport. */
export interface SmtpConfig {
  readonly host: string;
  readonly port: number;
  /** `tls`: from the first byte (465). `starttls`: required after the greeting. `none`: with a password on loopback only. */
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
  /** `https://*.apps.example.org`: where web apps of workspaces are; null: below localhost, or nowhere. */
  readonly appsOrigin: string | null;
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
  /** Calls of the API by one person; 0: no limit. */
  readonly callsPerMinute: number;
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
  appsOrigin: null,
  corsOrigins: [],
  smtp: null,
  oidc: [],
  registration: 'invited',
  deleteKey: null,
  idleTimeoutMs: null,
  callsPerMinute: defaultCallsPerMinute,
  tls: null,
  trustedProxies: [],
  firstWorkspace: null,
  defaultQuota: noQuota,
};

export interface ConfigSource {
  readonly mode: Config['mode'];
  /**
   * `serve`: everything is read. `command`: only where the data and the records are; `NAME` then counts in the environment
   * where `berth serve` has run on the folder, since the shell of a command may mean something else by it. `health`: only
   * where `berth serve` with the same settings listens; the folder is left alone. `data`: as a command, but for the data
   * itself, also before anything was ever served from it.
   */
  readonly purpose?: 'serve' | 'command' | 'health' | 'data';
  /** Without program and script: `process.argv.slice(2)`. */
  readonly argv: readonly string[];
  readonly env: Environment;
  /** Where `.env` is looked for; absent: nowhere. */
  readonly workingFolder?: string;
  /** For certificates. Default: now. */
  readonly now?: Date;
}

type Environment = Readonly<Record<string, string | undefined>>;

const rows: readonly Variable[] = variables;
const ownFlags = {
  'data-dir': { type: 'string' },
  host: { type: 'string' },
  port: { type: 'string' },
  'env-file': { type: 'string' },
  'add-host': { type: 'string' },
  open: { type: 'boolean' },
  'check-config': { type: 'boolean' },
} as const;
const flags: Readonly<Record<string, { readonly type: 'string' | 'boolean' }>> = {
  ...Object.fromEntries(
    rows
      .flatMap(({ flag, earlierFlag }) => [flag, earlierFlag])
      .filter((flag) => flag !== undefined)
      .map((flag) => [flag, { type: 'string' as const }]),
  ),
  ...ownFlags,
};
/** What the desktop takes of them. */
const desktopFlags = ['data-dir', 'add-host'];

type FlagValues = Readonly<Record<string, string | boolean | undefined>>;

/** @throws ConfigError with a line for everything that cannot be used. */
export function readConfig(source: ConfigSource): Config {
  return source.mode === 'desktop' ? readDesktopConfig(source) : readServedConfig(source);
}

/** Chromium has flags of its own, and a link is no flag: the desktop takes only what it knows. */
function readDesktopConfig({ argv, env }: ConfigSource): Config {
  const values = parseKnownFlags(argv);
  const findings = new Findings();
  const dataFolder = resolve(textOf(values['data-dir']) ?? env.BERTH_DATA_DIR ?? defaultDataFolder(env));
  const said = new Settings({ flags: {}, env, arePlainNamesOurs: true, file: undefined, findings });
  const digitalOceanApiUrl = readApiUrl(said);
  findings.throwErrors();
  takeDataFolder(dataFolder, '--data-dir', findings);
  return frozen(values, {
    mode: 'desktop',
    dataFolder,
    digitalOceanApiUrl,
    host: '127.0.0.1',
    port: 0,
    publicOrigin: null,
    served: servedDefaults,
    warnings: findings.warnings,
    said: [],
  });
}

function readServedConfig(source: ConfigSource): Config {
  const { argv, env, purpose = 'serve' } = source;
  const values = parseFlags(argv);
  const findings = new Findings();
  const file = readEnvFile(textOf(values['env-file']), source.workingFolder, findings);
  const folder = placeOfData({ ...source, purpose }, values, file);
  const arePlainNamesOurs = purpose !== 'command' || servedBefore(folder.path) !== undefined;
  const settings = new Settings({ flags: values, env, arePlainNamesOurs, file, findings });
  const read = readFor[purpose](settings, source);
  if (purpose === 'serve') warnOfStrangeNames(env, file, findings);
  const isCheckOnly = values['check-config'] === true;
  if (purpose !== 'health') checkStored(folder, read.served, findings);
  findings.throwErrors();
  if (purpose !== 'health' && !isCheckOnly) makeDataFolder(folder.path, folder.place, findings);
  findings.throwErrors();
  return frozen(values, {
    mode: 'served',
    dataFolder: folder.path,
    ...read,
    warnings: findings.warnings,
    said: settings.all.map(({ name, place, text, environmentNames }) => {
      const isSecret = variableOf(name)?.isSecret === true;
      return { name, place, isSecret, text: isSecret ? '' : text, environmentNames };
    }),
  });
}

interface Folder {
  readonly path: string;
  /** Who says so. */
  readonly place: string;
}

/** What is there already decides, too. */
function checkStored(folder: Folder, { databaseUrl }: ServedConfig, findings: Findings): void {
  if (databaseUrl === null && servedBefore(folder.path)?.database === 'postgresql')
    findings.error(
      `${folder.path} belongs to a Berth with its records in PostgreSQL, and DB_URL is not given. Give it as its berth serve has it; or delete served.json there, to begin with an empty database of its own.`,
    );
  checkDataFolder(folder.path, folder.place, findings);
}

type Read = Pick<Config, 'host' | 'port' | 'publicOrigin' | 'digitalOceanApiUrl' | 'served'>;

function readApiUrl(settings: Settings): string | null {
  return settings.read('DIGITALOCEAN_API_URL', parseApiUrl, null);
}

const readFor: Readonly<
  Record<NonNullable<ConfigSource['purpose']>, (settings: Settings, source: ConfigSource) => Read>
> = {
  serve: (settings, { now = new Date() }) => {
    settings.said('DATA_DIR');
    const listening = readListening(settings, now);
    const { host, port, publicOrigin } = listening;
    const digitalOceanApiUrl = readApiUrl(settings);
    return { host, port, publicOrigin, digitalOceanApiUrl, served: readServed(settings, listening) };
  },
  command: readForCommand,
  data: readForCommand,
  health: (settings, { now = new Date() }) => {
    const { host, port, publicOrigin, tls } = readListening(settings, now);
    const served = { ...servedDefaults, tls };
    return { host, port, publicOrigin, digitalOceanApiUrl: null, served };
  },
};

/** A command listens nowhere; a mistake in what it does not need must not stop it. */
function readForCommand(settings: Settings): Read {
  const served = { ...servedDefaults, ...readStored(settings) };
  return {
    host: '127.0.0.1',
    port: 0,
    publicOrigin: null,
    digitalOceanApiUrl: readApiUrl(settings),
    served,
  };
}

/** Where a command finds the data; makes nothing. @throws ConfigError */
export function findDataFolder(source: Omit<ConfigSource, 'mode' | 'purpose'>): string {
  const values = parseFlags(source.argv);
  const file = readEnvFile(textOf(values['env-file']), source.workingFolder, new Findings());
  return placeOfData({ ...source, mode: 'served', purpose: 'command' }, values, file).path;
}

/** Where the data is, and who says so. */
function placeOfData({ env, purpose }: ConfigSource, values: FlagValues, file: EnvFile | undefined): Folder {
  const { DATA_DIR: plain } = env;
  // In a shell, DATA_DIR may be anybody's: a command believes it where a Berth is.
  const isPlainOurs = purpose !== 'command' || (plain && servedBefore(resolve(plain)) !== undefined);
  const candidates: readonly (readonly [text: string | boolean | undefined, place: string])[] = [
    [values['data-dir'], '--data-dir'],
    [env.BERTH_DATA_DIR, 'BERTH_DATA_DIR'],
    [isPlainOurs ? plain : undefined, 'DATA_DIR'],
    [file?.values.BERTH_DATA_DIR, `BERTH_DATA_DIR in ${file?.path}`],
    [file?.values.DATA_DIR, `DATA_DIR in ${file?.path}`],
  ];
  for (const [text, place] of candidates)
    if (typeof text === 'string' && text !== '') return { path: resolve(text), place };
  return { path: resolve(defaultDataFolder(env)), place: 'DATA_DIR' };
}

function takeDataFolder(folder: string, place: string, findings: Findings): void {
  checkDataFolder(folder, place, findings);
  findings.throwErrors();
  makeDataFolder(folder, place, findings);
  findings.throwErrors();
}

type Rest = Omit<
  Config,
  'version' | 'isBrowserOpened' | 'uiFolder' | 'remoteScriptsFolder' | 'addHostFile' | 'isCheckOnly'
>;

function frozen(values: FlagValues, rest: Rest): Config {
  const root = packageRoot(import.meta.dirname);
  const addHost = textOf(values['add-host']);
  return Object.freeze({
    ...rest,
    version: readVersion(root),
    isBrowserOpened: values.open === true,
    isCheckOnly: values['check-config'] === true,
    uiFolder: join(root, 'out', 'renderer'),
    remoteScriptsFolder: join(root, 'resources', 'remote'),
    addHostFile: addHost === undefined ? null : resolve(addHost),
  });
}

function textOf(value: string | boolean | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function parseFlags(argv: readonly string[]): FlagValues {
  const secret = rows.find(({ name, isSecret }) => {
    const flag = `--${name.toLowerCase().replaceAll('_', '-')}`;
    return isSecret && argv.some((argument) => argument === flag || argument.startsWith(`${flag}=`));
  });
  if (secret !== undefined)
    throw new ConfigError(
      `${secret.name} is no flag: every user of this computer can read what is typed behind a command. Give it as ${secret.name} in the environment or in .env, or name a file that holds it: ${secret.name}_FILE`,
    );
  try {
    return parseArgs({ args: [...argv], options: flags, strict: true }).values;
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error));
  }
}

function parseKnownFlags(argv: readonly string[]): FlagValues {
  const picked = argv.flatMap((argument, index) => {
    const name = desktopFlags.find((one) => argument === `--${one}` || argument.startsWith(`--${one}=`));
    if (name === undefined) return [];
    const value = argv[index + 1];
    return argument === `--${name}` && value !== undefined ? [argument, value] : [argument];
  });
  return parseFlags(picked);
}

/**
 * Takes what was read out of the environment: programs that Berth starts, as shells of this computer, inherit neither its
 * secrets nor a PORT that is meant for it. Where the data is stays, so that commands in such a shell find it.
 */
export function forgetSettings(config: Config, env: Record<string, string | undefined>): void {
  for (const { name, environmentNames } of config.said)
    if (name !== 'DATA_DIR') for (const key of environmentNames) delete env[key];
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
