/** What a web app may do: by itself, after a person was asked, and never. */
import { describe, expect, it, vi } from 'vitest';

vi.mock('electron', () => ({}));
const { createAppPermissions } = await import('#main/desktop/app-permissions.ts');

const origin = 'http://shop-3000.localhost:47100';
const page = { requestingUrl: `${origin}/basket`, isMainFrame: true };
const made = () => createAppPermissions(() => origin);

describe('an app', () => {
  it.each(['clipboard-sanitized-write', 'fullscreen'])('may %s without a question, at home alone', (name) => {
    const permissions = made();
    expect(permissions.request(name, page)).toBe(true);
    expect(permissions.check(name, `${origin}/`, page)).toBe(true);
    for (const elsewhere of ['https://example.org/', 'http://lab-1.localhost:47100/', 'null', '']) {
      expect(permissions.request(name, { ...page, requestingUrl: elsewhere })).toBe(false);
      expect(permissions.check(name, elsewhere, page)).toBe(false);
    }
  });

  it.each([
    ['clipboard-read', {}, 'read what is in your clipboard'],
    ['notifications', {}, 'show notifications'],
    ['pointerLock', {}, 'hold your mouse pointer (Esc gives it back)'],
    ['media', { mediaTypes: ['audio'] }, 'use your microphone'],
    ['media', { mediaTypes: ['audio', 'video'] }, 'use your camera and microphone'],
    ['fileSystem', { filePath: '/home/dev/a', fileAccessType: 'writable' }, 'change /home/dev/a'],
    ['fileSystem', { filePath: '/home/dev', isDirectory: true }, 'read the files in /home/dev'],
  ])('is asked about %s %o: to %s', (name, facts, words) => {
    const permissions = made();
    const details = { ...page, ...facts } as typeof page;
    expect(permissions.request(name, details)).toMatchObject({ words });
    // Before anybody has answered it is not granted, and elsewhere it is not even asked about.
    expect(permissions.check(name, origin, { ...details, mediaType: 'audio' })).toBe(false);
    expect(permissions.request(name, { ...details, requestingUrl: 'https://example.org/' })).toBe(false);
  });

  it.each([
    ...['geolocation', 'hid', 'usb', 'serial', 'midi', 'midiSysex', 'openExternal', 'display-capture'],
    ...['keyboardLock', 'idle-detection', 'local-network-access', 'window-management', 'unknown', 'toString'],
  ])('is never given %s, and nobody is asked', (name) => {
    expect(made().request(name, page)).toBe(false);
    expect(made().check(name, origin, page)).toBe(false);
  });

  it('keeps a yes for what was asked alone, and a no until it is opened anew', () => {
    const permissions = made();
    const ask = (mediaTypes: ('audio' | 'video')[]) => permissions.request('media', { ...page, mediaTypes });
    const microphone = ask(['audio']);
    if (typeof microphone === 'boolean') throw new Error('nobody is asked');
    permissions.answer(microphone, true);
    expect(ask(['audio'])).toBe(true);
    // The screen, in the words that Chromium had before `getDisplayMedia`: it comes without any kind of device.
    expect(ask([])).toBe(false);
    expect(ask(['audio', 'video'])).toMatchObject({ words: 'use your camera and microphone' });
    expect(permissions.check('media', origin, { ...page, mediaType: 'audio' })).toBe(true);
    expect(permissions.check('media', origin, { ...page, mediaType: 'video' })).toBe(false);

    const clipboard = permissions.request('clipboard-read', page);
    if (typeof clipboard === 'boolean') throw new Error('nobody is asked');
    permissions.answer(clipboard, false);
    expect(permissions.request('clipboard-read', page)).toBe(false);
    permissions.forgetRefusals();
    expect(permissions.request('clipboard-read', page)).toMatchObject({ keys: ['clipboard-read'] });
    expect(ask(['audio'])).toBe(true);
  });
});
