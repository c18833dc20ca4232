/**
 * The 49,000 passwords that turn up most in leaks (the list of zxcvbn). Loaded when the first password is chosen: a
 * megabyte that a server which nobody registers at does not pay for.
 */
import type { KnownPasswords } from '../../control-plane/interfaces/known-passwords.ts';

export function createKnownPasswords(): KnownPasswords {
  let loading: Promise<ReadonlySet<string>> | undefined;
  return {
    async has(password) {
      loading ??= load();
      return (await loading).has(password.toLowerCase());
    },
  };
}

async function load(): Promise<ReadonlySet<string>> {
  const { dictionary } = await import('@zxcvbn-ts/language-common');
  return new Set(dictionary['passwords-common'].map((password) => password.toLowerCase()));
}
