/**
 * Rules on a host that close to workspaces what is none of their business (metadata, private ranges, the host's own
 * services), through resources/remote/network-guard.sh. Applied anew on each connect: it is idempotent, and rules do
 * not survive a reboot.
 */
import { label } from '../workspaces/labels.ts';
import { bridgePrefix, type ContainerEngine } from '../interfaces/container-engine.ts';
import type { HostConnection } from '../interfaces/host-connection.ts';
import { parseScriptReport, type ScriptReport } from './script-report.ts';

const GUARD_MS = 15_000;

export interface GuardStatus {
  /** `unknown`: we are not allowed to look (then we could not set any either). */
  readonly state: 'on' | 'partly' | 'off' | 'unknown';
  readonly privilege: 'root' | 'sudo' | 'none' | 'unknown';
  readonly backend: 'nft' | 'iptables' | null;
  /** What the host said when it refused. */
  readonly reason: string | null;
}

/** `open`: the person turned the rules off, and those that are there are removed. `left-alone`: none of Berth's business. */
export type GuardWish = 'closed' | 'open' | 'left-alone';

export async function runNetworkGuard(
  verb: 'status' | 'apply' | 'remove',
  target: { connection: HostConnection; engine: ContainerEngine | undefined },
  signal: AbortSignal,
): Promise<GuardStatus> {
  const bridges = await bridgesOf(target.engine, signal);
  const result = await target.connection.runScript('network-guard', [verb, ...bridges], {
    timeoutMs: GUARD_MS,
    signal,
  });
  return guardStatusOf(parseScriptReport(result.stdout));
}

/** All present and future networks by their prefix, and those that an earlier Berth made without it. */
async function bridgesOf(engine: ContainerEngine | undefined, signal: AbortSignal): Promise<string[]> {
  const networks = (await engine?.listNetworks({ [label.managed]: null }, signal)) ?? [];
  // The engine names a bridge `br-` and the first 12 characters of the network's id, unless told otherwise.
  const named = networks
    .map(({ id }) => `br-${id.slice(0, 12)}`)
    .filter((name) => /^br-[0-9a-f]{12}$/.test(name))
    .sort();
  return [`${bridgePrefix}*`, ...named];
}

export function guardStatusOf(report: ScriptReport): GuardStatus {
  const oneOf = <T extends string>(allowed: readonly T[], key: string): T | undefined =>
    allowed.find((one) => one === report.text(key));
  return {
    state: oneOf(['on', 'partly', 'off', 'unknown'] as const, 'guard') ?? 'unknown',
    privilege: oneOf(['root', 'sudo', 'none'] as const, 'privilege') ?? 'unknown',
    backend: oneOf(['nft', 'iptables'] as const, 'backend') ?? null,
    reason: report.text('reason'),
  };
}
