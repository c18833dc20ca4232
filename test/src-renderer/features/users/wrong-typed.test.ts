/** A refusal stands at the field that it can be about, and nothing else does. */
import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { wrongTyped } from '#renderer/features/users/wrong-typed.ts';

const refused = new BerthError('account.sign-in-failed', 'No.');

describe('what was typed wrong', () => {
  it('is the one field that there is', () => {
    expect(wrongTyped(refused, ['code'])).toEqual({ code: 'This code is not right.' });
    expect(wrongTyped(refused, ['password'])).toEqual({ password: 'This password is not right.' });
  });
  it('is not told apart where the plane does not tell', () => {
    expect(wrongTyped(refused, ['password', 'code'])).toEqual({
      password: 'The password or the code is not right.',
    });
  });
  it('is nothing of a field where something else failed', () => {
    expect(wrongTyped(null, ['code'])).toEqual({});
    expect(wrongTyped(new BerthError('too-many', 'Wait.'), ['code'])).toEqual({});
  });
});
