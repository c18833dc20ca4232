import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  parseEditorMark,
  parsePromptMark,
  parseWorkingDirectory,
} from '#renderer/features/terminals/shell-marks.ts';

describe('parseWorkingDirectory', () => {
  it('reads the path of a file URL, with or without a host', () => {
    expect(parseWorkingDirectory('file://atlas/srv/app')).toBe('/srv/app');
    expect(parseWorkingDirectory('file:///srv/a%20b')).toBe('/srv/a b');
    expect(parseWorkingDirectory('FILE://h/%C3%A9t%C3%A9')).toBe('/été');
    expect(parseWorkingDirectory('file://h/100%')).toBe('/100%');
  });

  it('takes nothing else', () => {
    for (const data of ['', '/srv', 'http://a/b', 'file://host', 'file:///a%0Ab', 'file:///a%1b[2J'])
      expect([data, parseWorkingDirectory(data)]).toEqual([data, null]);
    expect(parseWorkingDirectory(`file:///${'a'.repeat(5_000)}`)).toBeNull();
  });

  it('brings every path through', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }), { maxLength: 6 }),
        (parts) => {
          const path = `/${parts.join('/')}`;
          const hasControl = /[\u0000-\u001f\u007f-\u009f]/.test(path);
          const encoded = path.split('/').map(encodeURIComponent).join('/');
          expect(parseWorkingDirectory(`file://host${encoded}`)).toBe(hasControl ? null : path);
        },
      ),
    );
  });
});

describe('prompt marks', () => {
  it('reads the four letters with their options', () => {
    expect(parsePromptMark('A')).toEqual({ kind: 'prompt' });
    expect(parsePromptMark('A;cl=m;aid=12')).toEqual({ kind: 'prompt' });
    expect(parsePromptMark('B')).toEqual({ kind: 'command' });
    expect(parsePromptMark('C;')).toEqual({ kind: 'output' });
    expect(parsePromptMark('D')).toEqual({ kind: 'finished', exitCode: null });
    expect(parsePromptMark('D;0')).toEqual({ kind: 'finished', exitCode: 0 });
    expect(parsePromptMark('D;130;aid=12')).toEqual({ kind: 'finished', exitCode: 130 });
    expect(parsePromptMark('D;err=x')).toEqual({ kind: 'finished', exitCode: null });
    expect(parsePromptMark('Z')).toBeNull();
    expect(parsePromptMark('Apple')).toBeNull();
  });

  it('reads the command line and the folder of the editor’s superset', () => {
    expect(parseEditorMark('E;echo a\\x3b ls \\\\;nonce')).toEqual({
      kind: 'command-line',
      text: 'echo a; ls \\',
    });
    expect(parseEditorMark('P;Cwd=/srv/x\\x3by')).toEqual({ kind: 'directory', path: '/srv/x;y' });
    expect(parseEditorMark('P;Cwd=relative')).toBeNull();
    expect(parseEditorMark('P;Cwd=/a\\x1b[2J')).toBeNull();
    expect(parseEditorMark('P;IsWindows=True')).toBeNull();
    expect(parseEditorMark('D;3')).toEqual({ kind: 'finished', exitCode: 3 });
  });

  it('never throws and never lets a control character into a path', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 200 }),
        fc.constantFrom('', 'E;', 'P;Cwd=/', 'D;', 'A'),
        (rest, head) => {
          for (const mark of [parsePromptMark(head + rest), parseEditorMark(head + rest)])
            if (mark?.kind === 'directory') expect(mark.path).toMatch(/^\/[^\u0000-\u001f\u007f-\u009f]*$/);
          parseWorkingDirectory(head + rest);
        },
      ),
    );
  });
});
