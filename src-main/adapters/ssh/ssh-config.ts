/**
 * What the SSH configuration says of one name, as ssh(1) would see it (ssh_config(5); compared with `ssh -G` by a test).
 * The first value of a keyword wins; IdentityFile adds up. Must never run anything: a `Match exec` does not match and is
 * reported, and ProxyCommand is only noted.
 */
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { matchesPatternList } from './known-hosts.ts';
import { allDirectives, type ConfigDirective, readConfigFile } from './ssh-config-file.ts';

export interface SshConfig {
  /** `~/.ssh/config` first, then the system's: the first value wins. */
  readonly trees: readonly (readonly ConfigDirective[])[];
  readonly warnings: readonly string[];
  readonly homeFolder: string;
  readonly localUser: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface SourcedValue {
  readonly value: string;
  readonly source: string;
}

export interface ResolvedConfig {
  readonly originalHost: string;
  readonly address: SourcedValue;
  readonly port: SourcedValue & { readonly number: number };
  readonly user: SourcedValue;
  /** Absolute paths. Empty: none is named, so the defaults apply. */
  readonly identityFiles: readonly SourcedValue[];
  /** `none`, a path, or undefined: the environment's SSH_AUTH_SOCK. */
  readonly identityAgent: SourcedValue | undefined;
  readonly isIdentitiesOnly: boolean;
  /** As written; undefined or `none`: no jump host. */
  readonly proxyJump: SourcedValue | undefined;
  readonly proxyCommand: SourcedValue | undefined;
  readonly userKnownHostsFiles: readonly string[];
  readonly globalKnownHostsFiles: readonly string[];
  readonly hostKeyAlias: string | undefined;
  /** Only noted: Berth asks for an unknown key and refuses a changed one whatever it says. */
  readonly strictHostKeyChecking: SourcedValue | undefined;
  readonly addressFamily: 4 | 6 | undefined;
  /** A Host line other than `*`, or a Match on the host, is about this name. */
  readonly isNamed: boolean;
  readonly warnings: readonly string[];
}

export interface ConfigPaths {
  readonly homeFolder: string;
  readonly localUser: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Default /etc/ssh/ssh_config; undefined reads none. */
  readonly systemFile?: string | undefined;
}

export const SYSTEM_CONFIG = '/etc/ssh/ssh_config';

export async function loadSshConfig(paths: ConfigPaths): Promise<SshConfig> {
  const { homeFolder, localUser, env } = paths;
  const folder = join(homeFolder, '.ssh');
  const user = await readConfigFile({ path: join(folder, 'config'), includeFolder: folder, homeFolder, env });
  const system =
    paths.systemFile === undefined
      ? { directives: [], warnings: [] }
      : await readConfigFile({ path: paths.systemFile, includeFolder: '/etc/ssh', homeFolder, env });
  const trees = [user.directives, system.directives];
  return { trees, warnings: [...user.warnings, ...system.warnings], homeFolder, localUser, env };
}

/** Names that a person can pick: Host lines without patterns, in their order. */
export function configuredNames(config: SshConfig): { name: string; source: string }[] {
  const names = new Map<string, string>();
  for (const directive of allDirectives(config.trees.flat()))
    if (directive.keyword === 'host')
      for (const pattern of directive.args)
        if (!/[*?!]/.test(pattern) && !names.has(pattern)) names.set(pattern, directive.source);
  return [...names].map(([name, source]) => ({ name, source }));
}

/** Warnings about lines that Berth does not follow, wherever they stand. */
export function configWarnings(config: SshConfig): string[] {
  const warnings = [...config.warnings];
  for (const { keyword, args, source } of allDirectives(config.trees.flat())) {
    if (keyword === 'match' && args.some((arg) => /^!?exec$/i.test(arg)))
      warnings.push(
        `${source}: Match exec runs a command, which Berth never does; the lines under it are left out.`,
      );
    if (keyword === 'proxycommand' && args[0]?.toLowerCase() !== 'none')
      warnings.push(
        `${source}: ProxyCommand runs a command, which Berth never does; use ProxyJump for this host.`,
      );
  }
  return warnings;
}

interface Values {
  readonly first: Map<string, SourcedValue>;
  readonly identityFiles: SourcedValue[];
  isNamed: boolean;
  wantsFinalPass: boolean;
  readonly warnings: Set<string>;
}

/** Multi-valued keywords whose arguments are joined; the rest takes its first argument. */
const JOINED = new Set(['userknownhostsfile', 'globalknownhostsfile', 'proxycommand']);
const USED = new Set([
  ...['hostname', 'port', 'user', 'identityagent', 'identitiesonly', 'proxyjump', 'hostkeyalias'],
  ...['stricthostkeychecking', 'addressfamily', ...JOINED],
]);

/** `overrides` stand for the command line (`-l`, `-p`): they win, and `Match user` sees them. */
export function resolveSshConfig(
  config: SshConfig,
  originalHost: string,
  overrides: { user?: string; port?: number } = {},
): ResolvedConfig {
  const values: Values = {
    first: new Map(),
    identityFiles: [],
    isNamed: false,
    wantsFinalPass: false,
    warnings: new Set(),
  };
  if (overrides.user !== undefined) values.first.set('user', { value: overrides.user, source: 'given' });
  if (overrides.port !== undefined)
    values.first.set('port', { value: String(overrides.port), source: 'given' });
  const pass = (host: string, isFinal: boolean) => {
    for (const tree of config.trees) walk(tree, true, { config, values, originalHost, host, isFinal });
  };
  pass(originalHost, false);
  if (values.wantsFinalPass) pass(hostNameOf(values, originalHost), true);
  return finish(config, values, originalHost);
}

interface Walk {
  readonly config: SshConfig;
  readonly values: Values;
  readonly originalHost: string;
  /** What Host lines are compared with: the name as typed, in the final pass the one it resolved to. */
  readonly host: string;
  readonly isFinal: boolean;
}

function walk(directives: readonly ConfigDirective[], isActiveAtStart: boolean, at: Walk): void {
  let isActive = isActiveAtStart;
  for (const directive of directives) {
    const { keyword, args, source, included } = directive;
    if (keyword === 'host') {
      isActive = isActiveAtStart && matchesPatternList(at.host, args);
      if (isActive && args.some((pattern) => pattern !== '*' && !pattern.startsWith('!')))
        at.values.isNamed = true;
    } else if (keyword === 'match') isActive = matchApplies(args, source, at) && isActiveAtStart;
    else if (included) {
      if (isActive) walk(included, true, at);
    } else if (isActive) take(keyword, args, source, at.values);
  }
}

function take(keyword: string, args: readonly string[], source: string, values: Values): void {
  if (keyword === 'identityfile') {
    const value = args[0] as string;
    if (!values.identityFiles.some((known) => known.value === value))
      values.identityFiles.push({ value, source });
    return;
  }
  if (!USED.has(keyword) || values.first.has(keyword)) return;
  // Whichever of the two stands first turns the other off (ssh_config(5), ProxyJump).
  if (keyword === 'proxyjump' && values.first.has('proxycommand')) return;
  if (keyword === 'proxycommand' && values.first.has('proxyjump')) return;
  const value = JOINED.has(keyword) ? args.join(' ') : (args[0] as string);
  if (keyword === 'port' && !/^([1-9]\d{0,4})$/.test(value)) {
    values.warnings.add(`${source}: ${value} is not a port.`);
    return;
  }
  values.first.set(keyword, { value, source });
}

function matchApplies(args: readonly string[], source: string, at: Walk): boolean {
  const { values, config } = at;
  const rest = [...args];
  let isMatch = true;
  let isAboutHost = false;
  while (rest.length > 0) {
    const word = rest.shift() as string;
    const isNegated = word.startsWith('!');
    const [criterion = '', joined] = (isNegated ? word.slice(1) : word).split(/=(.*)/s);
    const name = criterion.toLowerCase();
    if (name === 'all') continue;
    if (name === 'canonical' || name === 'final') {
      if (name === 'final') values.wantsFinalPass = true;
      if (at.isFinal === isNegated) isMatch = false;
      continue;
    }
    const value = joined ?? rest.shift();
    if (value === undefined) {
      values.warnings.add(`${source}: Match ${criterion} has no value; the lines under it are left out.`);
      return false;
    }
    const subject = matchSubject(name, at);
    if (subject === undefined) {
      const why = name === 'exec' ? 'runs a command, which Berth never does' : 'is not known to Berth';
      values.warnings.add(`${source}: Match ${criterion} ${why}; the lines under it are left out.`);
      isMatch = false;
      continue;
    }
    if (name === 'host' || name === 'originalhost') isAboutHost = true;
    if (matchesPatternList(subject, value.split(',')) === isNegated) isMatch = false;
  }
  if (isMatch && isAboutHost) values.isNamed = true;
  return isMatch;

  function matchSubject(name: string, { originalHost }: Walk): string | undefined {
    if (name === 'host') return hostNameOf(values, at.host);
    if (name === 'originalhost') return originalHost;
    if (name === 'user') return values.first.get('user')?.value ?? config.localUser;
    if (name === 'localuser') return config.localUser;
    return undefined;
  }
}

function hostNameOf(values: Values, host: string): string {
  const configured = values.first.get('hostname')?.value;
  return configured === undefined ? host : configured.replaceAll('%h', host).replaceAll('%%', '%');
}

function finish(config: SshConfig, values: Values, originalHost: string): ResolvedConfig {
  const get = (keyword: string) => values.first.get(keyword);
  const address = {
    value: hostNameOf(values, originalHost).toLowerCase(),
    source: get('hostname')?.source ?? 'the name itself',
  };
  const port = get('port') ?? { value: '22', source: 'default' };
  const user = get('user') ?? { value: config.localUser, source: 'your login on this computer' };
  const alias = get('hostkeyalias')?.value.toLowerCase();
  const expand = (value: string) =>
    expandTokens(value, {
      config,
      originalHost,
      address: address.value,
      port: port.value,
      user: user.value,
      alias,
    });
  const isNone = (value: string | undefined) => value?.toLowerCase() === 'none';
  const files = (keyword: string, fallback: readonly string[]) => {
    const value = get(keyword)?.value;
    if (isNone(value)) return [];
    return value === undefined ? [...fallback] : value.split(' ').map(expand);
  };
  const ssh = join(config.homeFolder, '.ssh');
  const family = get('addressfamily')?.value.toLowerCase();
  return {
    originalHost,
    address,
    port: { ...port, number: Number(port.value) },
    user,
    identityFiles: values.identityFiles
      .filter(({ value }) => !isNone(value))
      .map(({ value, source }) => ({ value: expand(value), source })),
    identityAgent: agentOf(get('identityagent'), expand, config),
    isIdentitiesOnly: /^(yes|true)$/i.test(get('identitiesonly')?.value ?? ''),
    proxyJump: isNone(get('proxyjump')?.value) ? undefined : get('proxyjump'),
    proxyCommand: isNone(get('proxycommand')?.value) ? undefined : get('proxycommand'),
    userKnownHostsFiles: files('userknownhostsfile', [join(ssh, 'known_hosts'), join(ssh, 'known_hosts2')]),
    globalKnownHostsFiles: files('globalknownhostsfile', [
      '/etc/ssh/ssh_known_hosts',
      '/etc/ssh/ssh_known_hosts2',
    ]),
    hostKeyAlias: alias,
    strictHostKeyChecking: get('stricthostkeychecking'),
    addressFamily: family === 'inet' ? 4 : family === 'inet6' ? 6 : undefined,
    isNamed: values.isNamed,
    warnings: [...values.warnings],
  };
}

function agentOf(
  configured: SourcedValue | undefined,
  expand: (value: string) => string,
  config: SshConfig,
): SourcedValue | undefined {
  if (configured === undefined || configured.value === 'SSH_AUTH_SOCK') return undefined;
  if (configured.value.toLowerCase() === 'none') return { value: 'none', source: configured.source };
  // `$NAME`: the environment variable holds the path (ssh_config(5), IdentityAgent).
  const variable = /^\$([A-Za-z_]\w*)$/.exec(configured.value)?.[1];
  if (variable !== undefined) {
    const path = config.env[variable];
    return path === undefined ? undefined : { value: path, source: configured.source };
  }
  return { value: expand(configured.value), source: configured.source };
}

interface TokenValues {
  readonly config: SshConfig;
  readonly originalHost: string;
  readonly address: string;
  readonly port: string;
  readonly user: string;
  readonly alias: string | undefined;
}

/** `~`, `${NAME}` and the percent tokens of ssh_config(5), TOKENS. An unknown token stays as it is. */
function expandTokens(value: string, at: TokenValues): string {
  const local = hostname();
  const tokens: Record<string, string> = {
    '%': '%',
    d: at.config.homeFolder,
    h: at.address,
    i: String(process.getuid?.() ?? ''),
    k: at.alias ?? at.originalHost,
    L: local.split('.')[0] ?? local,
    l: local,
    n: at.originalHost,
    p: at.port,
    r: at.user,
    u: at.config.localUser,
    C: createHash('sha1').update(`${local}${at.address}${at.port}${at.user}`).digest('hex'),
  };
  const home = value === '~' || value.startsWith('~/') ? at.config.homeFolder + value.slice(1) : value;
  return home
    .replaceAll(/\$\{([^}]+)\}/g, (whole, name: string) => at.config.env[name] ?? whole)
    .replaceAll(/%(.)/g, (whole, token: string) => tokens[token] ?? whole);
}
