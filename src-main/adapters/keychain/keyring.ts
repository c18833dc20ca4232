/**
 * The operating system's keychain through keytar. Owns two facts about it: a call can hang for as long as a prompt is
 * open, and each hanging call holds one of libuv's four worker threads. So there is one call at a time; one that takes
 * too long is given up (it ends when its prompt does), and until it has ended every other fails at once.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { Clock } from '../../control-plane/interfaces/clock.ts';
import { keychainError } from './keychain-error.ts';

/** The three calls of keytar that are used. */
export interface KeychainCalls {
  getPassword(service: string, account: string): Promise<string | null>;
  setPassword(service: string, account: string, password: string): Promise<void>;
  deletePassword(service: string, account: string): Promise<boolean>;
}

export interface Keyring {
  get(account: string): Promise<string | undefined>;
  set(account: string, value: string): Promise<void>;
  delete(account: string): Promise<void>;
}

export interface KeyringOptions {
  /** Throws when the native part or its library is not there. */
  readonly load: () => Promise<KeychainCalls>;
  readonly clock: Clock;
  /** Long enough to type a password into a prompt, short enough to be told. Default 30,000. */
  readonly timeoutMs?: number;
  /** A call that had been given up has ended: the prompt was answered. */
  readonly onLateEnd?: () => void;
}

const service = 'dev.berth';

/** Loaded at the first use: a missing libsecret is then a status, not a crash at start. */
export async function loadKeytar(): Promise<KeychainCalls> {
  const keytar = await import('keytar');
  // CommonJS through import(): the functions are on `default` in Node, on the namespace in a bundle.
  return 'default' in keytar ? (keytar.default as KeychainCalls) : keytar;
}

export function createKeyring(options: KeyringOptions): Keyring {
  const timeoutMs = options.timeoutMs ?? 30_000;
  let calls: Promise<KeychainCalls> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let isStuck = false;

  const stuck = () =>
    new BerthError(
      'credential.keychain-unavailable',
      'The keychain does not answer. It may be waiting for a password in a window of its own: look for it, then try again.',
    );

  const bounded = <R>(call: Promise<R>): Promise<R> =>
    new Promise((resolve, reject) => {
      const cancel = options.clock.after(timeoutMs, () => {
        isStuck = true;
        reject(stuck());
      });
      const end = () => {
        cancel();
        if (!isStuck) return;
        isStuck = false;
        options.onLateEnd?.();
      };
      call.then(
        (value) => {
          resolve(value);
          end();
        },
        (error: unknown) => {
          reject(keychainError(error));
          end();
        },
      );
    });

  const run = <R>(use: (calls: KeychainCalls) => Promise<R>): Promise<R> => {
    const result = last.then(async () => {
      if (isStuck) throw stuck();
      let loaded: KeychainCalls;
      try {
        calls ??= options.load();
        loaded = await calls;
      } catch (error) {
        // Asked again next time: the library may be installed meanwhile.
        calls = undefined;
        throw keychainError(error);
      }
      return bounded(use(loaded));
    });
    last = result.catch(() => {});
    return result;
  };

  return {
    get: (account) => run(async (keytar) => (await keytar.getPassword(service, account)) ?? undefined),
    set: (account, value) => run((keytar) => keytar.setPassword(service, account, value)),
    delete: (account) => run(async (keytar) => void (await keytar.deletePassword(service, account))),
  };
}
