/**
 * Finds what stands behind org.freedesktop.secrets on Linux and whether it can be used, without raising a prompt
 * (Secret Service API Draft 0.2). Never throws: what cannot be found out is said in the result.
 */
import { readFile } from 'node:fs/promises';
import { BusError, busItself, type SessionBus, sessionBusPath, withSessionBus } from './session-bus.ts';

export interface SecretServiceFacts {
  /** As a person knows it, "Secret Service (GNOME Keyring)". */
  readonly name: string;
  /** `usable` is a hope: only a write that was read back is a proof. */
  readonly state: 'usable' | 'locked' | 'missing';
  /** What is wrong and the remedy; empty when usable. */
  readonly detail: string;
}

const service = 'org.freedesktop.secrets';
const servicePath = '/org/freedesktop/secrets';
/** The service may have to be started first. */
const BUS_TIMEOUT_MS = 10_000;

/** First 15 characters of the program's name, as the kernel gives them (proc_pid_comm(5)). */
const programs: readonly (readonly [prefix: string, name: string])[] = [
  ['gnome-keyring', 'GNOME Keyring'],
  ['ksecretd', 'KWallet'],
  ['kwalletd', 'KWallet'],
  ['keepassxc', 'KeePassXC'],
  ['oo7', 'oo7'],
  ['pass_secret', 'pass'],
];

const missing = (detail: string): SecretServiceFacts => ({
  name: 'Secret Service',
  state: 'missing',
  detail,
});

export async function findSecretService(
  env: Readonly<Record<string, string | undefined>>,
): Promise<SecretServiceFacts> {
  const path = sessionBusPath(env);
  if (path === undefined)
    return missing(
      'This session has no D-Bus session bus, so no keychain can be reached. Start Berth from a desktop session or under dbus-run-session, or use a vault file.',
    );
  try {
    return await withSessionBus(path, BUS_TIMEOUT_MS, look);
  } catch (error) {
    if (error instanceof BusError && error.busName !== 'unreachable')
      return missing(`The Secret Service answers with an error (${error.busName}). Use a vault file.`);
    return missing(
      'The D-Bus session bus cannot be reached. Start Berth from a desktop session or under dbus-run-session, or use a vault file.',
    );
  }
}

/** The bus knows nobody of that name and cannot start one (D-Bus Specification, "Message Bus Starting Services"). */
const isAbsent = (error: unknown) =>
  error instanceof BusError &&
  /^org\.freedesktop\.DBus\.Error\.(ServiceUnknown|NameHasNoOwner|Spawn\..*)$/.test(error.busName);

async function look(bus: SessionBus): Promise<SecretServiceFacts> {
  let collection: Awaited<ReturnType<SessionBus['call']>>;
  try {
    // A call to the service itself comes first: the bus starts it where it knows how to.
    collection = await bus.call({
      destination: service,
      path: servicePath,
      interfaceName: 'org.freedesktop.Secret.Service',
      member: 'ReadAlias',
      args: ['default'],
    });
  } catch (error) {
    if (!isAbsent(error)) throw error;
    return missing(
      'No Secret Service runs on the session bus. Install and start one (GNOME Keyring, KWallet or KeePassXC with its Secret Service on), or use a vault file.',
    );
  }
  const name = `Secret Service${await programName(bus)}`;
  if (typeof collection !== 'string' || collection === '/')
    return {
      name,
      state: 'missing',
      detail:
        'The keychain has no default keyring. Make one in the desktop’s password program (Seahorse, KWalletManager), or use a vault file.',
    };
  const isLocked = await bus.call({
    destination: service,
    path: collection,
    interfaceName: 'org.freedesktop.DBus.Properties',
    member: 'Get',
    args: ['org.freedesktop.Secret.Collection', 'Locked'],
  });
  if (isLocked === true)
    return {
      name,
      state: 'locked',
      detail:
        'The default keyring is locked. Unlock it in the desktop’s password program or sign in to the desktop again, then try again; or use a vault file.',
    };
  return { name, state: 'usable', detail: '' };
}

async function programName(bus: SessionBus): Promise<string> {
  try {
    const pid = await bus.call({ ...busItself, member: 'GetConnectionUnixProcessID', args: [service] });
    const program = (await readFile(`/proc/${Number(pid)}/comm`, 'utf8')).trim();
    const known = programs.find(([prefix]) => program.startsWith(prefix));
    return known ? ` (${known[1]})` : ` (${program})`;
  } catch {
    return '';
  }
}
