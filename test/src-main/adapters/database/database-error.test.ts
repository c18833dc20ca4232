import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { databaseError, isBusy, isDamage } from '#main/adapters/database/database-error.ts';

const sqlite = (errcode: number) => Object.assign(new Error('sqlite'), { code: 'ERR_SQLITE_ERROR', errcode });

describe('databaseError', () => {
  it.each([
    ['full', sqlite(13), 'store.unwritable', /full/],
    ['read-only', sqlite(8), 'store.unwritable', /permissions/],
    ['an extended code (IOERR_FSYNC)', sqlite(1034), 'store.unwritable', /reports errors/],
    ['damage', sqlite(11), 'store.unwritable', /damaged/],
    ['held by another program', sqlite(5), 'store.unwritable', /Another program/],
    [
      'a full disk under a file call',
      Object.assign(new Error(''), { code: 'ENOSPC' }),
      'store.unwritable',
      /full/,
    ],
    ['our own mistake', sqlite(1), 'internal', /refused/],
    ['something else', new Error('x'), 'internal', /refused/],
  ])('%s', (_what, cause, code, message) => {
    const error = databaseError(cause);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(error.cause).toBe(cause);
  });

  it('leaves our own errors as they are', () => {
    const error = new BerthError('conflict', 'x');
    expect(databaseError(error)).toBe(error);
  });

  it('tells damage and waiting from the rest, also by extended codes', () => {
    expect([sqlite(11), sqlite(26), sqlite(267), sqlite(13), new Error('x'), null].map(isDamage)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
    expect([sqlite(5), sqlite(261), sqlite(6), sqlite(11)].map(isBusy)).toEqual([true, true, true, false]);
  });
});
