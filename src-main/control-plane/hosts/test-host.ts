/** Tries a definition that is not saved: connects, asks what must be asked, looks the host over, and leaves nothing open. */
import { BerthError } from '#contract/berth-error.ts';
import type { Finding } from '#contract/hosts.ts';
import type { OutputOf, ParsedInputOf } from '#contract/index.ts';
import type { Log } from '../interfaces/log.ts';
import { examine, type Patient } from './doctor.ts';
import { readHostFacts } from './host-facts.ts';
import { closeQuietly, openHost, type OpenHostDeps } from './open-host.ts';

export async function testHost(
  deps: OpenHostDeps,
  log: Log,
  { definition, hostId }: ParsedInputOf<'hosts.test'>,
  pinnedFingerprints: readonly string[],
  signal: AbortSignal,
): Promise<OutputOf<'hosts.test'>> {
  const { clock } = deps;
  const open = await openHost(deps, { hostId, definition, pinnedFingerprints, isTrial: true, signal });
  const { connection, engine, engineInfo, roundTripMs, engineRoute, engineError } = open;
  try {
    if (engineError) throw BerthError.fromShape(engineError);
    const facts = await readHostFacts({ connection, engineInfo, clock, log, signal });
    const patient: Patient = {
      definition,
      connection,
      engine,
      engineInfo,
      engineRoute,
      engineError,
      guardWish: 'left-alone',
    };
    const findings: Finding[] = [];
    for await (const finding of examine(patient, { clock, log, signal })) findings.push(finding);
    deps.trials.keep(definition, open.answers);
    return { facts, findings, roundTripMs, engineRoute };
  } finally {
    engine?.close();
    await closeQuietly(connection);
  }
}
