import { describe, expect, it } from 'vitest';
import {
  appCookieNames,
  cookieFromApp,
  cookieIn,
  cookiesForApp,
  sessionCookie,
  withCookies,
} from '#main/server/apps/app-cookies.ts';

const names = appCookieNames(false, '47100', ['berth-7474', 'berth-7474-attempt']);

describe('the gateway’s own cookies', () => {
  it.each([
    [false, 'browser', 'berth-app-47100=v; Path=/; HttpOnly; SameSite=Lax'],
    [true, 'browser', '__Host-berth-app=v; Path=/; HttpOnly; SameSite=Lax; Secure'],
    [false, 'frame', 'berth-app-frame-47100=v; Path=/; HttpOnly; SameSite=None; Secure; Partitioned'],
    [true, 'frame', '__Host-berth-app-frame=v; Path=/; HttpOnly; SameSite=None; Secure; Partitioned'],
  ] as const)(
    'are for one host name, no script and no foreign page: secure %s, in a %s',
    (isSecure, shownIn, text) => {
      const own = appCookieNames(isSecure, isSecure ? '' : '47100', []);
      expect(sessionCookie(own, shownIn, { value: 'v', isSecure })).toBe(text);
    },
  );
});

describe('cookies of a browser', () => {
  it.each([
    ['a=1; berth-app-47100=secret; b=2', 'a=1; b=2'],
    ['berth-app-47100=secret', undefined],
    ['berth-app-frame-47100=secret; berth-7474=secret; berth-7474-attempt=secret; a=1', 'a=1'],
    ['berth-app-47100=one; a=1; berth-app-47100=two', 'a=1'],
    // Of a Berth that runs in the workspace itself.
    ['berth-7575=theirs', 'berth-7575=theirs'],
    ['a="x=y"; flag', 'a="x=y"; flag'],
  ])('reach an app without those of Berth: %s', (header, kept) => {
    expect(cookiesForApp(header, names)).toBe(kept);
  });

  it('are read by their whole name, the first of it', () => {
    expect(cookieIn(['xberth-app-47100=no; berth-app-47100=a; berth-app-47100=b'], 'berth-app-47100')).toBe(
      'a',
    );
    expect(cookieIn(['a=1', 'b=2'], 'b')).toBe('2');
    expect(cookieIn(['a=1'], 'b')).toBeUndefined();
  });
});

describe('cookies of an app', () => {
  it.each([
    ['sid=1; Path=/; HttpOnly', 'sid=1; Path=/; HttpOnly'],
    ['sid=1; Domain=localhost; Path=/', 'sid=1; Path=/'],
    ['sid=1;domain=.example.org ;Secure', 'sid=1;Secure'],
    ['berth-app-47100=mine; Path=/', undefined],
    [' berth-app-frame-47100 =mine', undefined],
    ['berth-7474=mine', undefined],
    ['berth-app-1=other', 'berth-app-1=other'],
  ])('are for its own name alone: %s', (header, kept) => {
    expect(cookieFromApp(header, names, false)).toBe(kept);
  });

  it.each([
    ['sid=1; Path=/; SameSite=Lax; HttpOnly', 'sid=1; Path=/; HttpOnly; SameSite=None; Secure; Partitioned'],
    ['sid=1; secure; partitioned; samesite=strict', 'sid=1; SameSite=None; Secure; Partitioned'],
    ['sid=; Max-Age=0; Domain=x', 'sid=; Max-Age=0; SameSite=None; Secure; Partitioned'],
  ])('stay in a frame, and apart from those in a tab: %s', (header, kept) => {
    expect(cookieFromApp(header, names, true)).toBe(kept);
  });

  it('are sent with the very next request, as a browser does', () => {
    expect(withCookies('a=1; b=2', ['b=3; Path=/', 'c=4', 'a=; Max-Age=0'])).toBe('b=3; c=4');
    expect(withCookies(undefined, ['c=4; HttpOnly'])).toBe('c=4');
    expect(withCookies('a=1', ['a=; Max-Age=-1'])).toBeUndefined();
  });
});
