/** What this computer's SSH set-up already offers: configured names and the agent with its keys. Changes nothing. */
import type { HostCandidate } from '#contract/hosts.ts';
import { type AgentKey, listAgentKeys } from './agent.ts';
import { configuredNames, configWarnings, resolveSshConfig, type SshConfig } from './ssh-config.ts';
import { hopName } from './target.ts';

export interface AgentAndCandidates {
  readonly candidates: HostCandidate[];
  readonly agent: {
    socketPath: string;
    keys: { comment: string; type: string; fingerprint: string }[];
  } | null;
  readonly warnings: string[];
}

export async function sshCandidates(
  config: SshConfig,
  env: Readonly<Record<string, string | undefined>>,
): Promise<AgentAndCandidates> {
  const warnings = configWarnings(config);
  const candidates = configuredNames(config).map(({ name, source }): HostCandidate => {
    const resolved = resolveSshConfig(config, name);
    for (const warning of resolved.warnings) if (!warnings.includes(warning)) warnings.push(warning);
    const place = hopName(resolved.user.value, resolved.address.value, resolved.port.number);
    const jump = resolved.proxyJump ? ` through ${resolved.proxyJump.value}` : '';
    return {
      source: 'ssh-config',
      name,
      detail: `${place}${jump} (${source})`,
      definition: {
        kind: 'ssh',
        configName: name,
        address: null,
        port: null,
        user: null,
        auth: { method: 'automatic' },
        jumps: [],
        engineSocket: null,
      },
    };
  });
  return { candidates, agent: await runningAgent(env, warnings), warnings };
}

async function runningAgent(
  env: Readonly<Record<string, string | undefined>>,
  warnings: string[],
): Promise<AgentAndCandidates['agent']> {
  const socketPath = env.SSH_AUTH_SOCK;
  if (!socketPath) return null;
  try {
    const keys = await listAgentKeys(socketPath);
    const shown = ({ comment, type, fingerprint }: AgentKey) => ({ comment, type, fingerprint });
    return { socketPath, keys: keys.map(shown) };
  } catch (error) {
    warnings.push(error instanceof Error ? error.message : String(error));
    return null;
  }
}
