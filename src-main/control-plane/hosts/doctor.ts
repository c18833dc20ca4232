/**
 * Looks a host over and yields each finding as it is known: what the engine says first, then what doctor.sh reads, then
 * the network's rules. Changes nothing on the host.
 */
import { BerthError, type ErrorShape } from '#contract/berth-error.ts';
import type { Finding, HostDefinition } from '#contract/hosts.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { ContainerEngine, EngineInfo } from '../interfaces/container-engine.ts';
import type { HostConnection } from '../interfaces/host-connection.ts';
import type { Log } from '../interfaces/log.ts';
import { distributionOf } from './distribution.ts';
import {
  architectureFinding,
  clockFinding,
  diskFindings,
  engineFindings,
  exposureFindings,
  guardFinding,
  routeFinding,
  runcFinding,
  socketFinding,
  sshdFindings,
} from './doctor-findings.ts';
import type { EngineRouteShown } from './host.ts';
import { engineErrorOf } from './open-host.ts';
import { type GuardStatus, type GuardWish, runNetworkGuard } from './network-guard.ts';
import { parseScriptReport, type ScriptReport } from './script-report.ts';
import { toolFindings } from './tool-findings.ts';

const DOCTOR_MS = 30_000;

export interface Patient {
  readonly definition: HostDefinition;
  readonly connection: HostConnection;
  readonly engine: ContainerEngine | undefined;
  readonly engineInfo: EngineInfo | undefined;
  readonly engineRoute: EngineRouteShown;
  readonly engineError: ErrorShape | null;
  readonly guardWish: GuardWish;
}

export async function* examine(
  patient: Patient,
  deps: { clock: Clock; log: Log; signal: AbortSignal },
): AsyncGenerator<Finding> {
  const { connection, engineRoute } = patient;
  const { clock, signal } = deps;
  const { info, engineError } = await readEngine(patient, deps);
  const guard = readGuard(patient, deps);
  const beforeMs = clock.nowMs();
  const report = await readReport(patient, info, signal);
  const distribution = distributionOf(report);
  yield* engineFindings(info, engineError, distribution);
  const found = [
    routeFinding(engineRoute, report, distribution),
    ...diskFindings(report, distribution),
    socketFinding(report, distribution),
    clockFinding(report, [beforeMs, clock.nowMs()], distribution),
    architectureFinding(report, info),
    ...toolFindings(report, distribution),
    runcFinding(report, info, distribution),
    ...(connection.kind === 'ssh'
      ? sshdFindings(report, connection.learnt.sshServer, engineRoute, distribution)
      : []),
    ...exposureFindings(report, distribution),
  ];
  for (const finding of found) if (finding) yield finding;
  if (connection.kind === 'ssh') yield guardFinding(await guard, info, patient.guardWish);
}

/** What the engine says now, which is not always what it said when it was opened. A sick one is a finding. */
async function readEngine(
  { engine, engineInfo, engineError }: Patient,
  { log, signal }: { log: Log; signal: AbortSignal },
): Promise<{ info: EngineInfo | undefined; engineError: ErrorShape | null }> {
  if (!engine) return { info: engineInfo, engineError };
  try {
    return { info: await engine.info(signal), engineError: null };
  } catch (cause) {
    if (signal.aborted) throw cause;
    log.info('the engine of a host does not tell about itself', { cause });
    return { info: undefined, engineError: engineErrorOf(cause) };
  }
}

async function readReport(
  { connection, definition }: Patient,
  info: EngineInfo | undefined,
  signal: AbortSignal,
): Promise<ScriptReport> {
  const socket = definition.kind === 'ssh' ? definition.engineSocket : definition.socketPath;
  const result = await connection.runScript('doctor', [info?.rootFolder ?? '', socket ?? ''], {
    timeoutMs: DOCTOR_MS,
    signal,
  });
  const report = parseScriptReport(result.stdout);
  if (!report.isComplete)
    throw new BerthError(
      'host.command-failed',
      'The host’s shell did not run the doctor’s script to its end.',
      {
        details: { exitCode: result.exitCode, said: result.stderr.slice(0, 500) },
      },
    );
  return report;
}

/** Undefined where it cannot be told; never rejects, for it is awaited late. */
async function readGuard(
  { connection, engine }: Patient,
  { log, signal }: { log: Log; signal: AbortSignal },
): Promise<GuardStatus | undefined> {
  if (connection.kind !== 'ssh') return undefined;
  try {
    return await runNetworkGuard('status', { connection, engine }, signal);
  } catch (cause) {
    log.info('the network rules of a host could not be read', { cause });
    return undefined;
  }
}
