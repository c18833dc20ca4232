/**
 * From a definition and the SSH configuration to the hops that lead to the host, outermost first. Pure.
 * A definition that names a configured host is resolved anew at each connect; what the person set overrides it.
 */
import type { SshAuth, SshDefinition } from '#contract/hosts.ts';
import { BerthError } from '#contract/berth-error.ts';
import { type ResolvedConfig, resolveSshConfig, type SshConfig } from './ssh-config.ts';

export interface Hop {
  /** `dev@atlas:22`: how messages and questions call it. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly auth: SshAuth;
  readonly config: ResolvedConfig;
  readonly isTarget: boolean;
}

export const MAX_JUMPS = 8;

export interface JumpSpecification {
  readonly host: string;
  readonly user: string | undefined;
  readonly port: number | undefined;
}

/** @throws invalid-input (address or user missing), host.ssh-config-invalid (loops, ProxyCommand, unreadable ProxyJump) */
export function resolveTarget(definition: SshDefinition, config: SshConfig): [...Hop[], Hop] {
  const { configName } = definition;
  const name = configName ?? definition.address;
  if (name === null) throw missing('address', 'Give the address of the server.');
  if (configName === null && definition.user === null) throw missing('user', 'Give the user to sign in as.');
  const resolved = resolveSshConfig(config, name, {
    ...(definition.user === null ? {} : { user: definition.user }),
    // Without a configured name the definition is complete: the configuration only says how to sign in.
    ...(definition.port !== null ? { port: definition.port } : configName === null ? { port: 22 } : {}),
  });
  const address = definition.address ?? (configName === null ? name : resolved.address.value);
  const target = hopOf(unbracketed(address), resolved, definition.auth, true);
  if (definition.jumps.length > 0) {
    const jumps = definition.jumps.map((jump) => {
      const settings = resolveSshConfig(config, jump.address, { user: jump.user, port: jump.port });
      return hopOf(unbracketed(jump.address), settings, jump.auth, false);
    });
    return [...jumps, target];
  }
  if (configName === null) return [target];
  return [...jumpsOf(resolved, config, new Set([name])), target];
}

function jumpsOf(resolved: ResolvedConfig, config: SshConfig, seen: ReadonlySet<string>): Hop[] {
  if (resolved.proxyCommand !== undefined)
    throw new BerthError(
      'host.ssh-config-invalid',
      `${resolved.proxyCommand.source} sets ProxyCommand for ${resolved.originalHost}. Berth runs no commands from the configuration: use ProxyJump, or add the jump host here.`,
      { details: { source: resolved.proxyCommand.source } },
    );
  if (resolved.proxyJump === undefined) return [];
  const { value, source } = resolved.proxyJump;
  const specifications = parseProxyJump(value);
  if (specifications === undefined)
    throw new BerthError(
      'host.ssh-config-invalid',
      `${source}: ProxyJump ${value} cannot be read. It is a list of [user@]host[:port].`,
      { details: { source } },
    );
  const hops: Hop[] = [];
  for (const [index, jump] of specifications.entries()) {
    if (seen.has(jump.host))
      throw new BerthError(
        'host.ssh-config-invalid',
        `${source}: ProxyJump leads back to ${jump.host}. Take the loop out of the configuration.`,
        { details: { source } },
      );
    const settings = resolveSshConfig(config, jump.host, {
      ...(jump.user === undefined ? {} : { user: jump.user }),
      ...(jump.port === undefined ? {} : { port: jump.port }),
    });
    // Only the first jump's own ProxyJump counts: to the others the way is the list itself, as with ssh -J.
    if (index === 0) hops.push(...jumpsOf(settings, config, new Set([...seen, jump.host])));
    hops.push(hopOf(settings.address.value, settings, { method: 'automatic' }, false));
  }
  if (hops.length > MAX_JUMPS)
    throw new BerthError(
      'host.ssh-config-invalid',
      `${source}: more than ${MAX_JUMPS} jump hosts in a row.`,
      {
        details: { source },
      },
    );
  return hops;
}

function hopOf(address: string, config: ResolvedConfig, auth: SshAuth, isTarget: boolean): Hop {
  const user = config.user.value;
  const port = config.port.number;
  return { name: hopName(user, address, port), address, port, user, auth, config, isTarget };
}

export function hopName(user: string, address: string, port: number): string {
  return `${user}@${address.includes(':') ? `[${address}]` : address}:${port}`;
}

export function unbracketed(address: string): string {
  return /^\[.*\]$/.test(address) ? address.slice(1, -1) : address;
}

function missing(field: string, message: string): BerthError {
  return BerthError.atField(`definition.${field}`, message);
}

/** A ProxyJump value; `[]` for none, undefined when it cannot be read. */
export function parseProxyJump(text: string): JumpSpecification[] | undefined {
  if (text.toLowerCase() === 'none') return [];
  const parsed = text.split(',').map((part) => parseDestination(part.trim()));
  return parsed.every((part) => part !== undefined) ? parsed : undefined;
}

/** `[user@]host[:port]`, IPv6 in brackets or bare, or `ssh://[user@]host[:port]` (ssh(1)). */
export function parseDestination(text: string): JumpSpecification | undefined {
  const isUri = /^ssh:\/\//i.test(text);
  const body = isUri ? text.slice('ssh://'.length).replace(/\/$/, '') : text;
  const at = body.lastIndexOf('@');
  const rawUser = at < 0 ? undefined : body.slice(0, at);
  const place = body.slice(at + 1);
  const match =
    /^\[(?<six>[0-9A-Fa-f:.%\w]+)\](?::(?<sixPort>\d+))?$/.exec(place) ??
    /^(?<bare>[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.%\w]*)$/.exec(place) ??
    /^(?<name>[A-Za-z0-9_%.][A-Za-z0-9_%.-]*)(?::(?<port>\d+))?$/.exec(place);
  const groups = match?.groups;
  if (!groups) return undefined;
  const portText = groups.sixPort ?? groups.port;
  const port = portText === undefined ? undefined : Number(portText);
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined;
  const host = groups.six ?? groups.bare ?? groups.name;
  if (host === undefined) return undefined;
  // RFC 3986 user information: percent-encoded, and OpenSSH ignores what follows a `;`.
  const user = isUri && rawUser !== undefined ? decode(rawUser.split(';')[0] ?? '') : rawUser;
  if (user !== undefined && (!/^[^\s:/\u0000-\u001f]+$/.test(user) || user.startsWith('-'))) return undefined;
  return { host, user, port };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
