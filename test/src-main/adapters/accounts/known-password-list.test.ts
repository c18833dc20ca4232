/** The list of what is guessed first. */
import { expect, it } from 'vitest';
import { createKnownPasswords } from '#main/adapters/accounts/known-password-list.ts';

it('knows what turns up in leaks, in any case, and nothing else', async () => {
  const list = createKnownPasswords();
  for (const known of ['password', 'PASSWORD', 'qwertyuiop', 'iloveyou'])
    expect(await list.has(known)).toBe(true);
  for (const other of ['violet harbour gravel', '', '__proto__', 'constructor'])
    expect(await list.has(other)).toBe(false);
});
