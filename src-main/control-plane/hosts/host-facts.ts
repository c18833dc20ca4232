/** What a connection learnt about its machine, from the connection itself, the engine and facts.sh. */
import type { HostFacts } from '#contract/hosts.ts';
import { type Clock, instantOf } from '../interfaces/clock.ts';
import type { EngineInfo } from '../interfaces/container-engine.ts';
import type { HostConnection } from '../interfaces/host-connection.ts';
import type { Log } from '../interfaces/log.ts';
import { parseScriptReport, type ScriptReport } from './script-report.ts';
import { versionIn } from './version.ts';

const FACTS_MS = 15_000;

export async function readHostFacts(deps: {
  connection: HostConnection;
  engineInfo: EngineInfo | undefined;
  clock: Clock;
  log: Log;
  signal: AbortSignal;
}): Promise<HostFacts> {
  const { connection, engineInfo, clock, log, signal } = deps;
  let output = '';
  try {
    output = (await connection.runScript('facts', [], { timeoutMs: FACTS_MS, signal })).stdout;
  } catch (cause) {
    if (signal.aborted) throw cause;
    // A machine without a shell for us still has an engine that tells most of it.
    log.info('the facts of a host could not be read', { cause });
  }
  return factsOf(parseScriptReport(output), connection.learnt, engineInfo, instantOf(clock));
}

export function factsOf(
  report: ScriptReport,
  learnt: HostConnection['learnt'],
  engine: EngineInfo | undefined,
  readAt: string,
): HostFacts {
  const tmux = report.text('tmux');
  const zstd = report.text('zstd');
  return {
    readAt,
    hostname: report.text('hostname'),
    operatingSystem: report.text('os') ?? engine?.operatingSystem ?? null,
    kernel: report.text('kernel') ?? engine?.kernel ?? null,
    architecture: report.text('architecture') ?? engine?.architecture ?? null,
    cpus: report.count('cpus') ?? engine?.cpus ?? null,
    memoryBytes: report.count('memory_bytes') ?? engine?.memoryBytes ?? null,
    engineName: engine?.name ?? null,
    engineVersion: engine?.version ?? null,
    engineApiVersion: engine?.apiVersion ?? null,
    runtimes: engine ? [...engine.runtimes] : [],
    tmuxVersion: tmux && (versionIn(tmux)?.text ?? tmux),
    zstdVersion: zstd && (versionIn(zstd)?.text ?? zstd),
    sshServer: learnt.sshServer,
    hostKey: learnt.hostKey,
  };
}
