/** Where a host is and how its engine is reached, in words. Its state's words are state/marks.ts. Pure. */
import type { Host, HostDefinition, HostState } from '#contract/hosts.ts';

/** Where it is, as `dev@atlas.example:2222` or "this computer". */
export function hostAddress(definition: HostDefinition): string {
  if (definition.kind === 'local') return 'this computer';
  const target = definition.address ?? definition.configName ?? '';
  const user = definition.user === null ? '' : `${definition.user}@`;
  const port = definition.port === null || definition.port === 22 ? '' : `:${definition.port}`;
  return `${user}${target.includes(':') ? `[${target}]` : target}${port}`;
}

const routes = {
  'stream-forward': 'Engine over a forwarded stream of the one SSH connection',
  'dial-stdio': 'Engine through docker system dial-stdio, since the server forwards no streams',
  'local-socket': 'Engine over its socket on this computer',
  none: 'No usable engine',
} as const;

export function engineRouteText(host: Host): string | null {
  return host.state.phase === 'ready' ? routes[host.state.engineRoute] : null;
}

export function roundTripText(state: HostState): string | null {
  if (state.phase !== 'ready' || state.roundTripMs === null) return null;
  return state.roundTripMs < 10
    ? `${state.roundTripMs.toFixed(1)} ms`
    : `${Math.round(state.roundTripMs)} ms`;
}
