/**
 * keytar's failures in Berth's words. It gives messages without codes (libsecret's and D-Bus's own text, or the
 * loader's), so they are told apart by what they contain; all are credential.keychain-unavailable, and the message says
 * which part is missing and what to do.
 */
import { BerthError } from '#contract/berth-error.ts';

const rows: readonly (readonly [pattern: RegExp, message: string])[] = [
  [
    // libsecret keeps one session with the service for the life of the process and never makes another (measured).
    /The name :\d|session wrapping the secret/i,
    'The keychain’s service was started anew since Berth started. Start Berth again to use it; secrets that are kept stay as they are.',
  ],
  [
    /libsecret/i,
    'The library libsecret is not installed (Debian: apt install libsecret-1-0). Install it and start Berth again, or use a vault file.',
  ],
  [
    /Failed to load keytar|Cannot find (module|package)/i,
    'The part of Berth that speaks to the keychain cannot be loaded on this system. Check that libsecret is installed, or use a vault file.',
  ],
  [
    /autolaunch|Could not connect|Cannot spawn a message bus|Failed to connect|connection is closed/i,
    'This session has no D-Bus session bus, so no keychain can be reached. Start Berth from a desktop session or under dbus-run-session, or use a vault file.',
  ],
  [
    /not provided by any \.service files|ServiceUnknown|was not provided/i,
    'No Secret Service runs on the session bus. Install and start one (GNOME Keyring, KWallet or KeePassXC with its Secret Service on), or use a vault file.',
  ],
  [
    /locked|Object does not exist|No such object|dismissed|Prompt|Cannot create an item/i,
    'The default keyring is locked or missing. Unlock it in the desktop’s password program and try again, or use a vault file.',
  ],
];

const otherwise = 'The keychain refused. Check it in the system’s own program, or use a vault file.';

export function keychainError(cause: unknown): BerthError {
  if (BerthError.is(cause)) return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  const message = rows.find(([pattern]) => pattern.test(text))?.[1] ?? otherwise;
  return new BerthError('credential.keychain-unavailable', message, { cause });
}
