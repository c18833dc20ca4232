/**
 * A connection to a machine that is no host yet, with its own key and no other: nobody is asked, and no file of known hosts
 * says anything. Guarantees: it is closed whatever happens, and it is given up when it takes too long.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { HostConnection } from '../../interfaces/host-connection.ts';
import type { Ask } from '../../interfaces/host-connector.ts';
import type { MachineRecord } from '../machine.ts';
import { definitionOf, type MakingDeps } from './making-deps.ts';

/** Milliseconds for a handshake: a machine that boots answers late, and is asked again. */
const CONNECT_MS = 30_000;

const askNobody = (async () => undefined) as Ask;

/** Throws host.*, credential.*, timed-out, connection-lost, and machine.overdue where it has no address. */
export async function overSsh<T>(
  deps: Pick<MakingDeps, 'clock' | 'connector' | 'credentials'>,
  record: MachineRecord,
  pinnedFingerprints: readonly string[],
  signal: AbortSignal,
  use: (connection: HostConnection) => Promise<T>,
): Promise<T> {
  const definition = definitionOf(record);
  // Without a pin the files of known hosts would decide, and this must never be.
  if (definition === undefined || pinnedFingerprints.length === 0)
    throw new BerthError('machine.overdue', 'The machine has no address, or no key, yet.');
  const over = new AbortController();
  const stopTimer = deps.clock.after(CONNECT_MS, () =>
    over.abort(new BerthError('timed-out', `No connection within ${CONNECT_MS / 1000} seconds.`)),
  );
  let connection: HostConnection;
  try {
    connection = await deps.connector.connect(definition, {
      signal: AbortSignal.any([signal, over.signal]),
      ask: askNobody,
      secretOf: (id) => deps.credentials.secretOf(id),
      onStep: () => {},
      pinnedFingerprints,
    });
  } finally {
    stopTimer();
  }
  try {
    return await use(connection);
  } finally {
    // Its work is done, or has failed: how its end fails changes nothing.
    await connection.close().catch(() => undefined);
  }
}
