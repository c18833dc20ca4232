/** The form of a token, so that what cannot be one is never sent anywhere. Says what is wrong, and never repeats it. */
import { BerthError } from '#contract/berth-error.ts';

/** Personal access tokens and those that a program got for a person (docs.digitalocean.com/reference/api/). */
const prefixes = ['dop_v1_', 'doo_v1_'] as const;
const HEX_LENGTH = 64;

/** Throws invalid-input (field `token`). */
export function assertTokenForm(token: string): void {
  const prefix = prefixes.find((one) => token.startsWith(one));
  if (token === '') throw wrong('There is no token.');
  if (/\s/.test(token)) throw wrong('There is a space or a line break in the token. Copy it anew.');
  if (token.startsWith('dor_v1_'))
    throw wrong(
      'This is a refresh token (dor_v1_). Berth needs a personal access token: it begins with dop_v1_.',
    );
  if (prefix === undefined)
    throw wrong('This is no token of DigitalOcean: it begins with dop_v1_ (or doo_v1_).');
  const rest = token.slice(prefix.length);
  if (rest.length !== HEX_LENGTH)
    throw wrong(
      `A token of DigitalOcean has ${HEX_LENGTH} characters after ${prefix}; this one has ${rest.length}. Copy it anew.`,
    );
  if (!/^[0-9a-f]+$/.test(rest))
    throw wrong(`After ${prefix} there may be digits and the letters a to f only. Copy the token anew.`);
}

function wrong(message: string): BerthError {
  return BerthError.atField('token', message);
}
