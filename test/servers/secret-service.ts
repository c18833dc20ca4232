/**
 * A private session bus with a real Secret Service (gnome-keyring) on it, or with none: what the keychain adapter meets on
 * a Linux desktop. Everything lives in a folder of its own; the person's own keyring is never seen.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureRequirements } from './requirements.ts';
import { runProcess } from './run-process.ts';
import { endWithThisProcess, stopProcess, withParent } from './stop-process.ts';
import { waitUntil } from './wait-until.ts';

export interface SecretService extends AsyncDisposable {
  /** For the process under test: bus address, HOME and the XDG folders. Undefined values must be unset. */
  readonly env: Readonly<Record<string, string>>;
  /** The folder with the keyring files, to search for what must not be in clear there. */
  readonly keyringsFolder: string;
  /** Locks every collection; nothing can show the prompt that unlocks it. */
  lock(): Promise<void>;
  /** Unlocks the login collection again. */
  unlock(): Promise<void>;
  /** The service dies (SIGKILL); the bus stays, with nobody at org.freedesktop.secrets. */
  killService(): Promise<void>;
  /** A new service over the same keyring files, unlocked. */
  restartService(): Promise<void>;
  stop(): Promise<void>;
}

export interface SecretServiceOptions {
  /** false: a bus on which nobody is the Secret Service, and nobody can be activated. Default true. */
  readonly service?: boolean;
}

const KEYRING_PASSWORD = 'berth-test-keyring';
const SERVICE_NAME = 'org.freedesktop.secrets';

/** A session bus that starts no services by itself: what is not on it is missing for good. */
const busConfig = (
  folder: string,
) => `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=${folder}/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`;

/** What a process must have in its environment to find no session bus at all. */
export function environmentWithoutBus(): Record<string, string> {
  return {
    DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent/berth-test-bus',
    XDG_RUNTIME_DIR: '/nonexistent',
  };
}

export async function startSecretService({
  service = true,
}: SecretServiceOptions = {}): Promise<SecretService> {
  await ensureRequirements(['secret-service']);
  const folder = await mkdtemp(join(tmpdir(), 'berth-secrets-'));
  const env = {
    DBUS_SESSION_BUS_ADDRESS: `unix:path=${folder}/bus`,
    HOME: join(folder, 'home'),
    XDG_RUNTIME_DIR: join(folder, 'run'),
    XDG_DATA_HOME: join(folder, 'home/.local/share'),
    XDG_CONFIG_HOME: join(folder, 'home/.config'),
    XDG_CACHE_HOME: join(folder, 'home/.cache'),
  };
  for (const path of [env.XDG_RUNTIME_DIR, env.XDG_DATA_HOME, env.XDG_CONFIG_HOME, env.XDG_CACHE_HOME])
    await mkdir(path, { recursive: true, mode: 0o700 });
  const childEnv: NodeJS.ProcessEnv = { ...process.env, ...env };
  for (const name of ['DISPLAY', 'WAYLAND_DISPLAY', 'GNOME_KEYRING_CONTROL', 'SSH_AUTH_SOCK'])
    delete childEnv[name];

  await writeFile(join(folder, 'bus.conf'), busConfig(folder));
  const busArgs = [
    'dbus-daemon',
    '--nofork',
    '--nopidfile',
    '--nosyslog',
    `--config-file=${folder}/bus.conf`,
  ];
  const bus = spawn(...withParent(busArgs), { stdio: 'ignore', env: childEnv });
  endWithThisProcess(bus);

  const send = (...args: string[]) =>
    runProcess(['dbus-send', '--session', '--print-reply', '--reply-timeout=5000', ...args], {
      env: childEnv,
    });
  const owned = async () => {
    const reply = await send(
      '--dest=org.freedesktop.DBus',
      '/',
      'org.freedesktop.DBus.NameHasOwner',
      `string:${SERVICE_NAME}`,
    );
    return reply.exitCode === 0 ? reply.stdout.includes('boolean true') : undefined;
  };
  await waitUntil(async () => (await owned()) !== undefined, { what: 'the session bus answers' });

  let keyring: ChildProcess | undefined;
  if (service) await startKeyring();

  return {
    env,
    keyringsFolder: join(env.XDG_DATA_HOME, 'keyrings'),
    async lock() {
      const objects = 'array:objpath:/org/freedesktop/secrets/collection/login';
      const path = '/org/freedesktop/secrets';
      const reply = await send(
        `--dest=${SERVICE_NAME}`,
        path,
        'org.freedesktop.Secret.Service.Lock',
        objects,
      );
      if (reply.exitCode !== 0) throw new Error(`locking the keyring: ${reply.stderr}`);
    },
    async unlock() {
      await killKeyring();
      await startKeyring();
    },
    killService: killKeyring,
    restartService: startKeyring,
    stop,
    [Symbol.asyncDispose]: stop,
  };

  async function startKeyring(): Promise<void> {
    const argv = ['gnome-keyring-daemon', '--foreground', '--unlock', '--components=secrets'];
    const child = spawn(...withParent(argv), { stdio: ['pipe', 'ignore', 'ignore'], env: childEnv });
    endWithThisProcess(child);
    keyring = child;
    // The login collection is made, or unlocked, with what comes in here.
    child.stdin.end(KEYRING_PASSWORD);
    await waitUntil(async () => (await owned()) === true, { what: 'gnome-keyring-daemon is on the bus' });
    const collection = '/org/freedesktop/secrets/collection/login';
    const property = ['string:org.freedesktop.Secret.Collection', 'string:Locked'];
    await waitUntil(
      async () => {
        const reply = await send(
          `--dest=${SERVICE_NAME}`,
          collection,
          'org.freedesktop.DBus.Properties.Get',
          ...property,
        );
        return reply.stdout.includes('boolean false');
      },
      { what: 'the login keyring is unlocked' },
    );
  }

  async function killKeyring(): Promise<void> {
    if (!keyring) return;
    keyring.kill('SIGKILL');
    keyring = undefined;
    await waitUntil(async () => (await owned()) === false, { what: 'gnome-keyring-daemon is off the bus' });
  }

  async function stop(): Promise<void> {
    if (keyring) await stopProcess(keyring);
    await stopProcess(bus);
    await rm(folder, { recursive: true, force: true });
  }
}
