/** Shortcuts are read, printed and matched the same way everywhere, and terminals keep their keys. */
import { chordId, chordOfEvent } from '#contract/key-chord.ts';
import { describe, expect, it } from 'vitest';
import type { Command } from '#renderer/state/commands.ts';
import { buildKeymap } from '#renderer/state/keymap.ts';
import { chordInTerminal, chordKeys, electronAccelerator, parseShortcut } from '#renderer/state/shortcut.ts';

const command = (id: string, shortcut?: string, webShortcut?: string): Command => ({
  id,
  label: id,
  menu: 'View',
  group: 1,
  isEnabled: () => true,
  run: () => undefined,
  ...(shortcut === undefined ? {} : { shortcut }),
  ...(webShortcut === undefined ? {} : { webShortcut }),
});
const options = { platform: 'linux', isBrowser: false, changed: {} } as const;
const press = (key: string, code: string, more: Partial<KeyboardEvent> = {}) =>
  chordOfEvent({ key, code, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more });

describe('a shortcut', () => {
  it('is Ctrl or ⌘ by platform', () => {
    expect(chordKeys(parseShortcut('Mod+Shift+P', 'darwin')!, 'darwin')).toEqual(['⇧', '⌘', 'P']);
    expect(chordKeys(parseShortcut('Mod+Shift+P', 'linux')!, 'linux')).toEqual(['Ctrl', 'Shift', 'P']);
    expect(electronAccelerator(parseShortcut('Mod+Alt+Left', 'win32')!)).toBe('Control+Alt+Left');
  });

  it.each(['K', 'Shift+K', 'Enter', 'Space', '', 'Foo+K', 'Mod+'])(
    '%j is none: it would take away typing',
    (text) => {
      expect(parseShortcut(text, 'linux')).toBeUndefined();
    },
  );

  it('matches what a keyboard sends, on any layout', () => {
    const wanted = (text: string) => chordId(parseShortcut(text, 'linux')!);
    const id = (chord: ReturnType<typeof press>) => chord && chordId(chord);
    expect(id(press('k', 'KeyK', { ctrlKey: true }))).toBe(wanted('Mod+K'));
    // Shift makes another character of a digit and of a backslash.
    expect(id(press('!', 'Digit1', { ctrlKey: true, shiftKey: true }))).toBe(wanted('Mod+Shift+1'));
    expect(id(press('|', 'Backslash', { ctrlKey: true, shiftKey: true }))).toBe(wanted('Mod+Shift+\\'));
    // A Russian layout has no Latin letters: the place of the key counts.
    expect(id(press('л', 'KeyK', { ctrlKey: true }))).toBe(wanted('Mod+K'));
    // A Dvorak layout has them elsewhere: the letter counts.
    expect(id(press('k', 'KeyV', { ctrlKey: true }))).toBe(wanted('Mod+K'));
    expect(press('Shift', 'ShiftLeft', { shiftKey: true })).toBeUndefined();
  });
});

describe('in a terminal', () => {
  const inside = (text: string, platform: 'linux' | 'darwin') => {
    const chord = chordInTerminal(parseShortcut(text, platform)!, platform);
    return chord && chordId(chord);
  };
  it('the app takes Ctrl+Shift on Linux, and ⌘ on macOS', () => {
    expect(inside('Mod+K', 'linux')).toBe('Ctrl+Shift+K');
    expect(inside('Mod+Shift+T', 'linux')).toBe('Ctrl+Alt+Shift+T');
    expect(inside('Mod+K', 'darwin')).toBe('Meta+K');
  });
  it('plain Ctrl, Alt and function keys stay with the terminal', () => {
    const map = buildKeymap(
      [command('a', 'Mod+C'), command('b', 'F1'), command('c', 'Alt+W'), command('d', 'Ctrl+Tab')],
      options,
    );
    for (const text of ['Ctrl+C', 'F1', 'Alt+W'])
      expect(map.inTerminal.has(chordId(parseShortcut(text, 'linux')!))).toBe(false);
    expect(map.inTerminal.get('Ctrl+Tab')).toBe('d');
  });
});

describe('the keymap', () => {
  it('lets settings change and take away keys', () => {
    const rows = [command('a', 'Mod+A'), command('b', 'Mod+B')];
    const map = buildKeymap(rows, { ...options, changed: { a: 'Mod+J', b: '' } });
    expect(map.plain).toEqual(new Map([['Ctrl+J', 'a']]));
  });
  it('says when two want the same keys; the first keeps them', () => {
    const map = buildKeymap([command('a', 'Mod+A'), command('b', 'Mod+A')], options);
    expect(map.plain.get('Ctrl+A')).toBe('a');
    expect(map.conflicts.map((entry) => entry.ids)).toEqual([['a', 'b']]);
    expect(map.chords.has('b')).toBe(false);
  });
  it('leaves the browser its own keys', () => {
    const map = buildKeymap([command('a', 'Mod+W', 'Alt+W')], { ...options, isBrowser: true });
    expect([...map.plain.keys()]).toEqual(['Alt+W']);
  });
  it('has no conflict in the app’s own table, on any platform, in the browser or out of it', async () => {
    const { workbenchCommands } = await import('#renderer/features/workbench/workbench-commands.ts');
    for (const platform of ['darwin', 'linux', 'win32'] as const)
      for (const isBrowser of [true, false])
        expect(buildKeymap(workbenchCommands, { platform, isBrowser, changed: {} }).conflicts).toEqual([]);
  });
});
