/** The address that this Berth comes from, as a machine sees it: what its SSH server says of our connection. */
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import type { HostConnection } from '../../interfaces/host-connection.ts';

/**
 * Of `SSH_CONNECTION` (sshd(8)): client address, client port, server address, server port. An IPv4 address that comes as an
 * IPv6 one (RFC 4291, 2.5.5.2) is given as IPv4, as firewalls want it. Undefined where it says none.
 */
export function addressIn(sshConnection: string): string | undefined {
  const [told = ''] = sshConnection.trim().split(' ');
  const address = told.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '');
  return z.union([z.ipv4(), z.ipv6()]).safeParse(address).success ? address : undefined;
}

/** Throws machine.action-failed where the machine does not tell. */
export async function readOurAddress(connection: HostConnection, signal: AbortSignal): Promise<string> {
  const { stdout } = await connection.exec(['printenv', 'SSH_CONNECTION'], { signal });
  const address = addressIn(stdout);
  if (address !== undefined) return address;
  throw new BerthError(
    'machine.action-failed',
    'The machine does not say which address this Berth comes from. Type the address yourself.',
  );
}
