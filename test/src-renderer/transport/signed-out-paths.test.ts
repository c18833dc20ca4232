/** The way back after a sign-in leads to this origin's window, whatever an address in somebody's mail says. */
import { describe, expect, it } from 'vitest';
import { placeAfterSignIn, signInPath } from '#renderer/transport/signed-out-paths.ts';

const origin = 'https://berth.example';
const next = (value: string) => placeAfterSignIn(`?next=${encodeURIComponent(value)}`, origin);

describe('the way to the sign-in page', () => {
  it('keeps where the window was, and none of its fragment', () => {
    expect(signInPath({ pathname: '/', search: '' })).toBe('/sign-in');
    const place = new URL('https://berth.example/?window=second&x=1#secret');
    expect(signInPath(place)).toBe('/sign-in?next=%2F%3Fwindow%3Dsecond%26x%3D1');
    expect(placeAfterSignIn(new URL(signInPath(place), origin).search, origin)).toBe('/?window=second&x=1');
  });
});

describe('the way back', () => {
  it('is the beginning where none is said', () => {
    expect(placeAfterSignIn('', origin)).toBe('/');
    expect(next('')).toBe('/');
  });

  it.each([
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example/',
    '\\\\evil.example/',
    'javascript:alert(1)',
    'data:text/html,x',
    ' //evil.example',
    '/\t/evil.example',
    'evil',
  ])('never leads elsewhere: %s', (value) => {
    const place = next(value);
    expect(new URL(place, origin).origin).toBe(origin);
    expect(place.startsWith('/')).toBe(true);
    expect(place.startsWith('//')).toBe(false);
  });

  it('leads neither round in a circle nor to a raw answer', () => {
    expect(next('/sign-in')).toBe('/');
    expect(next('/verify?x')).toBe('/');
    expect(next('/api/v1/about')).toBe('/');
  });
});
