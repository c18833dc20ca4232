/** A host's states in the words and signals of the window. Pure. */
import type { Host, HostDefinition, HostState } from '#contract/hosts.ts';
import type { Mark } from '../../state/feature.ts';

const steps = {
  resolving: 'resolving',
  dialling: 'dialling',
  'verifying-key': 'checking the key',
  authenticating: 'signing in',
  'reaching-engine': 'reaching the engine',
  probing: 'probing',
} as const;

export function hostMark(state: HostState): Mark {
  switch (state.phase) {
    case 'disconnected':
      return { signal: 'stopped', word: 'disconnected' };
    case 'connecting':
      return { signal: 'busy', word: steps[state.step] };
    case 'ready':
      return state.engineRoute === 'none'
        ? { signal: 'attention', word: 'no engine' }
        : { signal: 'running', word: 'ready' };
    case 'lost':
      return { signal: 'attention', word: 'lost' };
    case 'needs-you':
      return { signal: 'attention', word: 'needs you' };
    case 'failed':
      return { signal: 'failed', word: 'failed' };
    default:
      return state satisfies never;
  }
}

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
