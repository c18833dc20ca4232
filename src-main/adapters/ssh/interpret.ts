/**
 * Reads what a person types or pastes to name a server: `user@host:port`, `ssh://…`, a name of the SSH configuration, or a
 * whole `ssh -p 2222 -i key -J jump user@host` command. Pure. Must never run what it reads.
 */
import type { SshAuth, SshDefinition } from '#contract/hosts.ts';
import { HostAddress, LoginName } from '#contract/hosts.ts';
import { BerthError } from '#contract/berth-error.ts';
import type { InterpretedTarget } from '../../control-plane/interfaces/host-connector.ts';
import { type ResolvedConfig, resolveSshConfig, type SshConfig } from './ssh-config.ts';
import { splitLine } from './ssh-config-file.ts';
import {
  type Hop,
  type JumpSpecification,
  parseDestination,
  parseProxyJump,
  resolveTarget,
} from './target.ts';

interface Typed {
  readonly destination: JumpSpecification;
  readonly user: string | undefined;
  readonly port: number | undefined;
  readonly keyPath: string | undefined;
  readonly jumps: readonly JumpSpecification[] | undefined;
  readonly ignored: readonly string[];
}

/** Options of ssh(1) that take a value, and those that take none. */
const WITH_VALUE = 'BbcDEeFIiJLlmOopQRSWw';
const WITHOUT_VALUE = '46AaCfGgKkMNnqsTtVvXxYy';

/** @throws invalid-input, host.ssh-config-invalid */
export function interpretText(text: string, config: SshConfig): InterpretedTarget {
  const trimmed = text.trim();
  const typed = /^(\S*\/)?ssh\s/.test(trimmed) ? parseCommand(trimmed) : parsePlain(trimmed);
  const { host } = typed.destination;
  const overrides = {
    ...(typed.user === undefined ? {} : { user: typed.user }),
    ...(typed.port === undefined ? {} : { port: typed.port }),
  };
  const resolved = resolveSshConfig(config, host, overrides);
  const isConfigured = resolved.isNamed;
  const auth: SshAuth = typed.keyPath
    ? { method: 'key', source: { kind: 'file', path: typed.keyPath }, passphraseId: null }
    : { method: 'automatic' };
  const definition: SshDefinition = {
    kind: 'ssh',
    configName: isConfigured ? host : null,
    address: isConfigured ? null : host,
    port: typed.port ?? (isConfigured ? null : 22),
    user: typed.user ?? (isConfigured ? null : resolved.user.value),
    auth,
    jumps: (typed.jumps ?? []).map((jump) => {
      const way = resolveSshConfig(config, jump.host, {
        ...(jump.user === undefined ? {} : { user: jump.user }),
        ...(jump.port === undefined ? {} : { port: jump.port }),
      });
      return {
        address: way.address.value,
        port: way.port.number,
        user: way.user.value,
        auth: { method: 'automatic' as const },
      };
    }),
    engineSocket: null,
  };
  if (definition.address !== null && !HostAddress.safeParse(definition.address).success)
    throw unreadableText();
  if (definition.user !== null && !LoginName.safeParse(definition.user).success)
    throw problem(
      'The part before the @ is no login name. Type user@host, with a user as the server knows it.',
    );
  const hops = resolveTarget(definition, config);
  return { name: host, definition, effective: describe(hops, resolved, typed) };
}

function parsePlain(text: string): Typed {
  const destination = parseDestination(text);
  if (destination === undefined) throw unreadableText();
  return {
    destination,
    user: destination.user,
    port: destination.port,
    keyPath: undefined,
    jumps: undefined,
    ignored: [],
  };
}

function parseCommand(text: string): Typed {
  const split = splitLine(`ssh ${text.replace(/^\S+\s+/, '')}`);
  if (split === undefined || 'problem' in split) throw unreadableText();
  const words = [...split.args];
  const ignored: string[] = [];
  let user: string | undefined;
  let port: number | undefined;
  let keyPath: string | undefined;
  let jumps: readonly JumpSpecification[] | undefined;
  let destination: JumpSpecification | undefined;
  const set = (name: string, value: string) => {
    // ssh(1) takes the first value of an option, as of a keyword.
    if (name === 'user') user ??= value;
    else if (name === 'port') port ??= portOf(value);
    else if (name === 'identityfile') keyPath ??= value;
    else if (name === 'proxyjump') {
      const parsed = parseProxyJump(value);
      if (parsed === undefined)
        throw problem('The jump hosts cannot be read: write [user@]host[:port], separated by commas.');
      jumps ??= parsed;
    } else ignored.push(name);
  };
  while (words.length > 0 && destination === undefined) {
    const word = words.shift() as string;
    if (!word.startsWith('-')) {
      destination = parseDestination(word);
      if (destination === undefined) throw unreadableText();
      continue;
    }
    for (let index = 1; index < word.length; index++) {
      const letter = word[index] as string;
      if (WITHOUT_VALUE.includes(letter)) {
        ignored.push(`-${letter}`);
        continue;
      }
      if (!WITH_VALUE.includes(letter)) throw problem(`ssh has no option -${letter}.`);
      const value = word.slice(index + 1) || words.shift();
      if (value === undefined) throw problem(`The option -${letter} needs a value.`);
      if (letter === 'l') set('user', value);
      else if (letter === 'p') set('port', value);
      else if (letter === 'i') set('identityfile', value);
      else if (letter === 'J') set('proxyjump', value);
      else if (letter === 'o') setOption(value, set);
      else ignored.push(`-${letter}`);
      break;
    }
  }
  if (destination === undefined) throw problem('The command names no host.');
  return {
    destination,
    user: destination.user ?? user,
    port: destination.port ?? port,
    keyPath,
    jumps,
    ignored,
  };
}

function setOption(text: string, set: (name: string, value: string) => void): void {
  const split = splitLine(text);
  if (split === undefined || 'problem' in split)
    throw problem('The value of -o cannot be read: write Keyword=value.');
  set(split.keyword, split.args[0] as string);
}

function portOf(value: string): number {
  const port = Number(value);
  if (!/^\d+$/.test(value) || port < 1 || port > 65_535)
    throw problem('The port must be a number from 1 to 65535.');
  return port;
}

function describe(
  hops: [...Hop[], Hop],
  resolved: ResolvedConfig,
  typed: Typed,
): InterpretedTarget['effective'] {
  const target = hops.at(-1) as Hop;
  const rows: InterpretedTarget['effective'] = [];
  const add = (label: string, value: string, source: string) => rows.push({ label, value, source });
  const sourceOf = (isTyped: boolean, source: string) => (isTyped ? 'typed' : source);
  add(
    'Address',
    target.address,
    resolved.address.source === 'the name itself' ? 'typed' : resolved.address.source,
  );
  add('Port', String(target.port), sourceOf(typed.port !== undefined, resolved.port.source));
  add('User', target.user, sourceOf(typed.user !== undefined, resolved.user.source));
  if (typed.keyPath) add('Key', typed.keyPath, 'typed');
  else for (const file of resolved.identityFiles) add('Key', file.value, file.source);
  if (resolved.identityAgent) add('Agent', resolved.identityAgent.value, resolved.identityAgent.source);
  if (resolved.isIdentitiesOnly) add('Only these keys', 'yes', 'SSH configuration');
  for (const jump of hops.slice(0, -1))
    add('Jump host', jump.name, typed.jumps ? 'typed' : (resolved.proxyJump?.source ?? 'SSH configuration'));
  if (resolved.hostKeyAlias) add('Host key known as', resolved.hostKeyAlias, 'SSH configuration');
  if (resolved.strictHostKeyChecking)
    add(
      'Host key checking',
      `${resolved.strictHostKeyChecking.value} (Berth always asks for an unknown key)`,
      resolved.strictHostKeyChecking.source,
    );
  if (typed.ignored.length > 0) add('Not used', typed.ignored.join(' '), 'typed');
  return rows;
}

function unreadableText(): BerthError {
  return problem(
    'This names no server. Type user@host, user@host:port, a name from the SSH configuration, or paste an ssh command.',
  );
}

function problem(message: string): BerthError {
  return BerthError.atField('text', message);
}
