import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { keychainError } from '#main/adapters/keychain/keychain-error.ts';

describe('keychainError', () => {
  it.each([
    ['libsecret-1.so.0: cannot open shared object file: No such file or directory', /apt install libsecret/],
    ['Failed to load keytar native addon, checked []', /cannot be loaded/],
    ['Cannot autolaunch D-Bus without X11 $DISPLAY', /no D-Bus session bus/],
    ['Could not connect: No such file or directory', /no D-Bus session bus/],
    ['The name org.freedesktop.secrets was not provided by any .service files', /No Secret Service runs/],
    ['Object does not exist at path “/org/freedesktop/secrets/collection/login”', /locked or missing/],
    ['The session wrapping the secret does not exist', /Start Berth again/],
    ['The name :1.2 was not provided by any .service files', /Start Berth again/],
    ['something new', /The keychain refused/],
  ])('%s', (text, message) => {
    const cause = new Error(text);
    const error = keychainError(cause);
    expect(error).toMatchObject({
      code: 'credential.keychain-unavailable',
      message: expect.stringMatching(message),
    });
    expect(error.cause).toBe(cause);
  });

  it('leaves our own errors as they are', () => {
    const error = new BerthError('conflict', 'x');
    expect(keychainError(error)).toBe(error);
  });
});
